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
        let stated = self.lfs_url_of(network, commit)?;
        let stated = stated.map(|url| format!("lfs.url={url}"));
        let commit = commit.to_string();
        // What the configuration leaves out is for people's clones.
        let fetch = [
            "lfs",
            "fetch",
            "--include=",
            "--exclude=",
            &remote.address,
            &commit,
        ];
        let stated = stated
            .as_ref()
            .map_or(Vec::new(), |stated| vec!["-c", stated]);
        let ended = self.run_git(network, &[&stated[..], &fetch].concat(), "")?;
        remote.demand("download SPKs from", ended).map(drop)
    }

    /// Returns where the `.lfsconfig` of `commit` says that the blobs are, unless the repository's own configuration says
    /// it (git-lfs-config(5), "LFSCONFIG").
    ///
    /// git-lfs would read the file of a working tree, of the index or of HEAD, and `commit` may be none of these.
    fn lfs_url_of(
        &self,
        network: &Network,
        commit: CommitId,
    ) -> Result<Option<String>, RemoteError> {
        if let Ok(Some(_)) = self.config_text("lfs.url") {
            return Ok(None);
        }
        let file = format!("--blob={commit}:.lfsconfig");
        let ended = self.run_git(network, &["config", &file, "--get", "lfs.url"], "")?;
        let url = ended.stdout.trim();
        let is_network = ["http://", "https://", "ssh://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        // It comes from whoever may commit, and not every file of this machine is theirs.
        Ok((ended.is_success && is_network).then(|| url.to_owned()))
    }
}
