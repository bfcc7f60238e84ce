//! Carries blobs between this repository and the LFS store of a remote, by `git lfs`.

use super::{CommitId, Network, RemoteBranch, RemoteError, Store};

impl Store {
    /// Returns whether `git lfs` is there.
    pub(crate) fn has_lfs(&self, network: &Network) -> bool {
        let ended = self.run_git(network, &["lfs", "version"], "");
        ended.is_ok_and(|ended| ended.is_success)
    }

    /// Uploads the blobs with these names; those that the remote has already are not sent again.
    pub(crate) fn push_blobs(
        &self,
        network: &Network,
        remote: &RemoteBranch,
        oids: &[String],
    ) -> Result<(), RemoteError> {
        let arguments = ["lfs", "push", "--object-id", &remote.address, "--stdin"];
        let input: String = oids.iter().map(|oid| format!("{oid}\n")).collect();
        let ended = self.run_git(network, &arguments, &input)?;
        remote.demand("upload SPKs to", ended).map(drop)
    }

    /// Downloads the blobs of all pointers of `commit` that are not here.
    pub(crate) fn fetch_blobs(
        &self,
        network: &Network,
        remote: &RemoteBranch,
        commit: CommitId,
    ) -> Result<(), RemoteError> {
        let commit = commit.to_string();
        // What the configuration leaves out is for people's clones.
        let arguments = [
            "lfs",
            "fetch",
            "--include=",
            "--exclude=",
            &remote.address,
            &commit,
        ];
        let ended = self.run_git(network, &arguments, "")?;
        remote.demand("download SPKs from", ended).map(drop)
    }
}
