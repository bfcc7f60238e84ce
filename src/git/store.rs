//! Opens a repository and answers what its references and configuration say.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Repository};

use super::uncommitted::Overlay;
use super::{CommitId, GitError};

/// An open git repository: with a working tree, linked, or bare.
pub(crate) struct Store {
    /// Where objects are that the repository does not have, and new ones go.
    pub(super) overlay: Option<Overlay>,
    pub(super) repo: Repository,
}

/// What HEAD names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// A branch, which has no commit yet when `tip` is absent.
    Branch {
        name: String,
        tip: Option<CommitId>,
    },
    Detached {
        commit: CommitId,
    },
}

impl From<Repository> for Store {
    fn from(repo: Repository) -> Self {
        let overlay = None;
        Self { overlay, repo }
    }
}

impl Store {
    /// Opens the repository that `start` is in or is.
    pub(crate) fn discover(start: &Path) -> Result<Self, GitError> {
        match Repository::discover(start) {
            Ok(repo) => Ok(repo.into()),
            Err(error) if error.code() == ErrorCode::NotFound => Err(GitError::NotARepository {
                path: start.to_owned(),
            }),
            Err(error) => Err(GitError::at("open the git repository of", start.display())(
                error,
            )),
        }
    }

    /// Opens the same repository once more, for another thread.
    pub(crate) fn reopen(&self) -> Result<Self, GitError> {
        let path = self.repo.path();
        let repo = Repository::open(path)
            .map_err(GitError::at("open the git repository", path.display()))?;
        if let Some(overlay) = &self.overlay {
            overlay.lay_over(&repo)?;
        }
        Ok(Self {
            overlay: self.overlay.clone(),
            repo,
        })
    }

    /// Makes a repository at `path`, whose first branch is what git's `init.defaultBranch` says, or `main`.
    pub(crate) fn init(path: &Path, bare: bool) -> Result<Self, GitError> {
        let branch = git2::Config::open_default()
            .and_then(|config| config.get_string("init.defaultBranch"))
            .unwrap_or_else(|_| "main".to_owned());
        let mut options = git2::RepositoryInitOptions::new();
        options.bare(bare).initial_head(&branch).mkpath(true);
        Repository::init_opts(path, &options)
            .map(Self::from)
            .map_err(GitError::at("make a git repository at", path.display()))
    }

    /// Returns the folder that all working trees share (`.git`, or the bare repository).
    pub(crate) fn common_dir(&self) -> &Path {
        self.repo.commondir()
    }

    /// Returns the root of the working tree, absent in a bare repository.
    pub(crate) fn work_dir(&self) -> Option<&Path> {
        self.repo.workdir()
    }

    /// Returns the folder to name to people: the working tree, or the bare repository.
    pub(crate) fn shown_path(&self) -> &Path {
        self.work_dir().unwrap_or_else(|| self.repo.path())
    }

    /// Returns what HEAD names.
    pub(crate) fn head(&self) -> Result<Head, GitError> {
        let failed = GitError::at("read", "HEAD");
        let head = match self.repo.find_reference("HEAD") {
            Ok(head) => head,
            Err(error) => return Err(failed(error)),
        };
        match head.symbolic_target() {
            Ok(Some(name)) => Ok(Head::Branch {
                tip: self.tip(name)?,
                name: name.to_owned(),
            }),
            _ => Ok(Head::Detached {
                commit: CommitId(head.target().ok_or_else(|| GitError::UnknownRevision {
                    revision: "HEAD".to_owned(),
                })?),
            }),
        }
    }

    /// Returns the commit that the reference `name` points to, if there is one.
    pub(crate) fn tip(&self, name: &str) -> Result<Option<CommitId>, GitError> {
        match self
            .repo
            .find_reference(name)
            .and_then(|reference| reference.peel_to_commit())
        {
            Ok(commit) => Ok(Some(CommitId(commit.id()))),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(GitError::at("read the reference", name)(error)),
        }
    }

    /// Returns the commit that `revision` names, in git's notation (gitrevisions(7)).
    pub(crate) fn resolve(&self, revision: &str) -> Result<CommitId, GitError> {
        self.repo
            .revparse_single(revision)
            .and_then(|object| object.peel_to_commit())
            .map(|commit| CommitId(commit.id()))
            .map_err(|_| GitError::UnknownRevision {
                revision: revision.to_owned(),
            })
    }

    /// Returns the value of a path in git's configuration, with `~` expanded.
    pub(crate) fn config_path(&self, key: &str) -> Result<Option<PathBuf>, GitError> {
        let config = self
            .repo
            .config()
            .map_err(GitError::at("read the configuration key", key))?;
        match config.get_path(key) {
            Ok(path) => Ok(Some(path)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(GitError::at("read the configuration key", key)(error)),
        }
    }

    /// Returns the folder where Git LFS keeps what it stores.
    ///
    /// "If not absolute, it is joined to the git directory" (git-lfs-config(5), `lfs.storage`).
    pub(crate) fn lfs_storage(&self) -> Result<PathBuf, GitError> {
        let storage = self.config_path("lfs.storage")?;
        let storage = storage.unwrap_or_else(|| PathBuf::from("lfs"));
        Ok(self.common_dir().join(storage))
    }

    /// Sets `key` in the repository's own configuration.
    pub(crate) fn set_config(&self, key: &str, value: &str) -> Result<(), GitError> {
        self.repo
            .config()
            .and_then(|config| config.open_level(git2::ConfigLevel::Local))
            .and_then(|mut config| config.set_str(key, value))
            .map_err(GitError::at("set the configuration key", key))
    }
}

/// Says whether a reference can have this name (git-check-ref-format(1)).
pub(crate) fn is_reference_name(name: &str) -> bool {
    git2::Reference::is_valid_name(name)
}
