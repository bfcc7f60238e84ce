//! Carries blobs between this repository and the LFS store of a remote, by `git lfs`.

use super::{Network, RemoteBranch, RemoteError, Store};

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
}
