//! A branch of another repository: what it points to, and how commits get from there and there.

use std::collections::BTreeSet;

use super::network::{Ended, address_of, has_password, redacted};
use super::{CommitId, GitError, Network, RemoteError, Store};
use crate::base::backoff::Backoff;

/// A branch of another repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteBranch {
    /// The name of a remote in git's configuration, or an address.
    pub(crate) address: String,
    /// `refs/heads/main`.
    pub(crate) reference: String,
}

/// Which way commits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    From,
    To,
}

impl Way {
    /// Returns what may name the remote of a branch, the first that does counts.
    fn keys(self, branch: &str) -> Vec<String> {
        let own = format!("branch.{branch}.remote");
        match self {
            Self::From => vec![own],
            Self::To => vec![
                format!("branch.{branch}.pushremote"),
                "remote.pushdefault".to_owned(),
                own,
            ],
        }
    }
}

/// What came of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    Done,
    /// The remote did not take the commit; it says why.
    Not {
        said: Vec<String>,
    },
}

/// How often another process that updates what is known of a remote is waited for.
const LOCK_ATTEMPTS: u32 = 8;
const HEADS: &str = "refs/heads/";

impl RemoteBranch {
    /// Returns the name of the branch without `refs/heads/`.
    pub(crate) fn branch(&self) -> &str {
        self.reference
            .strip_prefix(HEADS)
            .unwrap_or(&self.reference)
    }

    /// Returns the address as people may see it.
    pub(crate) fn shown_address(&self) -> String {
        redacted(&self.address)
    }

    /// Returns what people call it.
    pub(crate) fn shown(&self) -> String {
        match self.address.contains("://") || self.address.contains(':') {
            true => format!("{} of {}", self.branch(), self.shown_address()),
            false => format!("{}/{}", self.address, self.branch()),
        }
    }
}

impl Store {
    /// Returns the value of a key in git's configuration.
    pub(super) fn config_text(&self, key: &str) -> Result<Option<String>, GitError> {
        let value = self.repo.config().and_then(|config| config.get_string(key));
        match value {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(GitError::at("read the configuration key", key)(error)),
        }
    }

    /// Returns the branch that the local one, such as `refs/heads/main`, goes to or comes from: at `given`, or where `git
    /// push` would push it and `git pull` pull from (git-config(1), `remote.pushDefault` and `branch.<name>.remote`).
    pub(crate) fn remote_branch(
        &self,
        given: Option<&str>,
        local: &str,
        way: Way,
    ) -> Result<RemoteBranch, RemoteError> {
        let name = local.strip_prefix(HEADS).unwrap_or(local);
        let text = |key: &str| self.config_text(key).ok().flatten();
        let upstream = text(&format!("branch.{name}.remote"));
        let address = match given {
            Some(given) if has_password(given) => {
                let address = redacted(given);
                return Err(RemoteError::Password { address });
            }
            Some(given) => Some(given.to_owned()),
            None => way
                .keys(name)
                .iter()
                .find_map(|key| text(key))
                .or_else(|| self.only_remote()),
        };
        let branch = name.to_owned();
        let address = address.ok_or(RemoteError::NoRemote { branch })?;
        let merge =
            text(&format!("branch.{name}.merge")).filter(|_| Some(&address) == upstream.as_ref());
        let is_name = self.remotes().contains(&address);
        Ok(RemoteBranch {
            address: if is_name {
                address
            } else {
                address_of(&address)
            },
            reference: merge.unwrap_or_else(|| local.to_owned()),
        })
    }

    /// Returns the branch `branch` of a remote or address, or its default one.
    pub(crate) fn branch_of(
        &self,
        given: &str,
        branch: Option<&str>,
    ) -> Result<RemoteBranch, RemoteError> {
        if has_password(given) {
            let address = redacted(given);
            return Err(RemoteError::Password { address });
        }
        let is_name = self.remotes().contains(given);
        Ok(RemoteBranch {
            address: if is_name {
                given.to_owned()
            } else {
                address_of(given)
            },
            reference: branch.map_or_else(|| "HEAD".to_owned(), |name| format!("{HEADS}{name}")),
        })
    }

    fn remotes(&self) -> BTreeSet<String> {
        let names = self.repo.remotes();
        let names = names.iter().flat_map(|names| names.iter());
        names
            .filter_map(|name| name.ok().flatten().map(str::to_owned))
            .collect()
    }

    /// Fetches every reference of every remote in git's configuration into references of spkrepo's own, so that all that any of
    /// them names is known here.
    pub(crate) fn fetch_everything(&self, network: &Network) -> Result<(), RemoteError> {
        for name in self.remotes() {
            let own = "refs/spkrepo/remotes/";
            let everything = format!("+refs/*:{own}{name}/*");
            // What they know of others is not theirs.
            let without = format!("^{own}*");
            let arguments = [
                "fetch",
                "--quiet",
                "--prune",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
                // What the user's own references say of the remote stays as it is.
                "--refmap=",
                "--",
                &name,
                &everything,
                &without,
            ];
            let ended = self.run_git(network, &arguments, "")?;
            let remote = RemoteBranch {
                address: name.clone(),
                reference: "HEAD".to_owned(),
            };
            remote.demand("fetch from", ended)?;
        }
        Ok(())
    }

    /// Returns whether git's configuration has a remote.
    pub(crate) fn has_remote(&self) -> bool {
        !self.remotes().is_empty()
    }

    /// Returns `origin`, or the remote that is the only one.
    fn only_remote(&self) -> Option<String> {
        let mut names = self.remotes();
        match (names.contains("origin"), names.len()) {
            (true, _) => Some("origin".to_owned()),
            (false, 1) => names.pop_first(),
            _ => None,
        }
    }

    /// Returns what the remote's branch points to, with all its commits here; nothing when there is no such branch.
    pub(crate) fn remote_commit(
        &self,
        network: &Network,
        remote: &RemoteBranch,
    ) -> Result<Option<CommitId>, RemoteError> {
        for _ in 0..LOCK_ATTEMPTS {
            match self.remote_tip(network, remote)? {
                // It may be rewritten between the question and the fetch.
                Some(tip) if !self.has_commit(tip) => self.fetch(network, remote)?,
                tip => return Ok(tip),
            }
        }
        Err(RemoteError::Refused {
            action: "keep up with",
            address: remote.shown_address(),
            said: vec!["the branch is rewritten all the time".to_owned()],
        })
    }

    /// Asks the remote what its branch points to; nothing when there is no such branch.
    pub(crate) fn remote_tip(
        &self,
        network: &Network,
        remote: &RemoteBranch,
    ) -> Result<Option<CommitId>, RemoteError> {
        let arguments = [
            "ls-remote",
            "--quiet",
            "--",
            &remote.address,
            &remote.reference,
        ];
        let ended = self.run_git(network, &arguments, "")?;
        let answer = remote.demand("ask", ended)?;
        let tip = answer.lines().find_map(|line| {
            let (id, name) = line.split_once('\t')?;
            (name == remote.reference).then_some(id)
        });
        let unfit = |_| RemoteError::Refused {
            action: "understand",
            address: remote.shown_address(),
            said: vec![redacted(&answer)],
        };
        tip.map(|id| id.parse().map_err(unfit)).transpose()
    }

    /// Returns whether some branch of a remote, as far as it was fetched, has the commit.
    pub(crate) fn is_on_a_remote(&self, commit: CommitId) -> Result<bool, GitError> {
        let failed = |error| GitError::at("read", "refs/remotes")(error);
        let references = self.repo.references_glob("refs/remotes/*");
        for reference in references.map_err(failed)? {
            let tip = reference.map_err(failed)?.peel_to_commit();
            // One that leads nowhere has nothing.
            if let Ok(tip) = tip
                && self.is_ancestor(commit, CommitId(tip.id()))?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns whether the commit is here.
    pub(crate) fn has_commit(&self, id: CommitId) -> bool {
        self.repo.find_commit(id.0).is_ok()
    }

    /// Brings the commits of the remote's branch here; no reference of ours moves, but what git knows of the remote's own.
    ///
    /// Nothing may point to them yet: git keeps what nobody points to for two weeks (git-gc(1), `--prune`).
    pub(crate) fn fetch(
        &self,
        network: &Network,
        remote: &RemoteBranch,
    ) -> Result<(), RemoteError> {
        let arguments = [
            "-c",
            // As one pack, which is there or not: of loose objects, a killed process can leave a commit without its files.
            "fetch.unpackLimit=1",
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--",
            &remote.address,
            &remote.reference,
        ];
        let mut backoff = Backoff::default();
        loop {
            let ended = self.run_git(network, &arguments, "")?;
            let is_locked = ended
                .said
                .iter()
                .any(|line| line.contains("cannot lock ref"));
            if !is_locked || backoff.attempts() >= LOCK_ATTEMPTS {
                return remote.demand("fetch from", ended).map(drop);
            }
            // Another process of git's notes at this instant what the remote has.
            backoff.pause();
        }
    }

    /// Points the remote's branch to `commit`, if that is a descendant of what it points to. With `with_hook`, git-lfs's own
    /// hook may upload what it finds missing.
    pub(crate) fn push(
        &self,
        network: &Network,
        remote: &RemoteBranch,
        commit: CommitId,
        with_hook: bool,
    ) -> Result<Pushed, RemoteError> {
        let refspec = format!("{commit}:{}", remote.reference);
        let skip = if with_hook { "0" } else { "1" };
        let ended = self.run_git_with(
            network,
            &["push", "--porcelain", "--", &remote.address, &refspec],
            "",
            // git-lfs(1): its hook then does nothing.
            &[("GIT_LFS_SKIP_PUSH", skip)],
        )?;
        Ok(match ended.is_success {
            true => Pushed::Done,
            false => Pushed::Not { said: ended.said },
        })
    }
}

impl RemoteBranch {
    /// Returns what a command printed that must have succeeded.
    pub(super) fn demand(&self, action: &'static str, ended: Ended) -> Result<String, RemoteError> {
        if ended.is_success {
            return Ok(ended.stdout);
        }
        Err(RemoteError::Refused {
            action,
            address: self.shown_address(),
            said: ended.said,
        })
    }
}
