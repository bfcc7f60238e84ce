//! Has git itself look at all objects, references, logs and indexes: nothing knows better what is damaged.

use super::{Network, RemoteError, Store};

impl Store {
    /// Returns what `git fsck` finds wrong, line by line.
    pub(crate) fn fsck(&self, network: &Network) -> Result<Vec<String>, RemoteError> {
        let arguments = ["fsck", "--full", "--no-dangling", "--no-progress"];
        let ended = self.run_git(network, &arguments, "")?;
        if ended.is_success {
            return Ok(Vec::new());
        }
        let lines = ended
            .said
            .into_iter()
            .chain(ended.stdout.lines().map(str::to_owned));
        let is_bad = |line: &String| {
            let is_remark = line.starts_with("notice:") || line.starts_with("hint:");
            !line.trim().is_empty() && !is_remark
        };
        Ok(lines.filter(is_bad).collect())
    }
}
