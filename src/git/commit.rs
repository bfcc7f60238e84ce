//! Writes trees and commits, and moves a branch by compare-and-swap.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use fs_err as fs;
use git2::ErrorCode;
use git2::build::TreeUpdateBuilder;

use super::index::blank_entry;
use super::{BlobId, CommitId, GitError, Store, TreeId};

/// What became of an attempt to move a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    Done,
    /// The reference does not point where it did: the change must be planned anew.
    Lost,
}

/// Who a commit is by, other than git's configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) email: String,
    pub(crate) name: String,
}

/// What a commit says of itself other than git's environment and configuration do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin<'a> {
    pub(crate) author: Option<&'a Author>,
    /// When it was made, in seconds since 1970: the same for author and committer.
    pub(crate) seconds: Option<i64>,
}

/// How long a lock of another git process is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// After this time an empty lock file has no writer any more: git and libgit2 write it at once.
const EMPTY_LOCK_AGE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(20);

impl Store {
    /// Makes every object and reference that this instance writes durable before the call returns. It must not have read
    /// or written any before.
    ///
    /// libgit2 offers this as configuration only (`core.fsyncObjectFiles`), so it is laid over the user's own for this
    /// process, from a file in `folder`.
    pub(crate) fn make_durable(&self, folder: &Path) -> Result<(), GitError> {
        let file = folder.join("durable.gitconfig");
        if !file.exists() {
            crate::base::atomic_file::write(&file, b"[core]\n\tfsyncObjectFiles = true\n")
                .map_err(GitError::file("write", &file))?;
        }
        self.repo
            .config()
            .and_then(|mut config| config.add_file(&file, git2::ConfigLevel::App, true))
            .map_err(GitError::at("read the configuration", file.display()))
    }

    /// Removes objects that were not written to their end. The caller must be the only one who writes by this library: git
    /// has other names for them, and removes its own (git-prune(1)).
    pub(crate) fn remove_stale_objects(&self) -> Result<(), GitError> {
        let objects = self.common_dir().join("objects");
        let entries = fs::read_dir(&objects).map_err(GitError::file("read", &objects))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with("tmp_object_git2_") {
                fs::remove_file(entry.path()).map_err(GitError::file("remove", &entry.path()))?;
            }
        }
        Ok(())
    }

    /// Stores `bytes` as a git blob.
    pub(crate) fn write_blob(&self, bytes: &[u8]) -> Result<BlobId, GitError> {
        self.repo
            .blob(bytes)
            .map(BlobId)
            .map_err(GitError::at("write a blob to", self.repo.path().display()))
    }

    /// Writes the tree that `base`, or nothing, becomes when each path gets its blob, or goes.
    pub(crate) fn write_tree<'a>(
        &self,
        base: Option<TreeId>,
        edits: impl Iterator<Item = (&'a str, Option<BlobId>)>,
    ) -> Result<TreeId, GitError> {
        let tree = match base {
            Some(base) => self.update_tree(base, edits),
            None => self.first_tree(edits),
        };
        tree.map(TreeId)
            .map_err(GitError::at("write a tree to", self.repo.path().display()))
    }

    fn update_tree<'a>(
        &self,
        base: TreeId,
        edits: impl Iterator<Item = (&'a str, Option<BlobId>)>,
    ) -> Result<git2::Oid, git2::Error> {
        let mut update = TreeUpdateBuilder::new();
        for (path, blob) in edits {
            match blob {
                Some(blob) => update.upsert(path, blob.0, git2::FileMode::Blob),
                None => update.remove(path),
            };
        }
        update.create_updated(&self.repo, &self.repo.find_tree(base.0)?)
    }

    /// An update needs a tree to begin with; an index in memory needs none, and leaves no empty tree behind.
    fn first_tree<'a>(
        &self,
        edits: impl Iterator<Item = (&'a str, Option<BlobId>)>,
    ) -> Result<git2::Oid, git2::Error> {
        let mut index = git2::Index::new()?;
        for (path, blob) in edits {
            if let Some(blob) = blob {
                index.add(&blank_entry(path, blob))?;
            }
        }
        index.write_tree_to(&self.repo)
    }

    /// Writes a commit by `origin`'s author, or else by the person that git's environment and configuration name, signed
    /// when they say so.
    pub(crate) fn write_commit(
        &self,
        tree: TreeId,
        parent: Option<CommitId>,
        message: &str,
        origin: Origin<'_>,
    ) -> Result<CommitId, GitError> {
        let failed = |error| GitError::at("write a commit to", self.repo.path().display())(error);
        let (author, committer) = self.people(origin)?;
        if self.wants_signatures() {
            let is_told = origin.author.is_some() || origin.seconds.is_some();
            let [author, committer] = [&author, &committer].map(|person| is_told.then_some(person));
            return self.write_signed_commit(tree, parent, message, author, committer);
        }
        let tree = self.repo.find_tree(tree.0).map_err(failed)?;
        let parents: Vec<git2::Commit<'_>> = parent
            .iter()
            .map(|id| self.repo.find_commit(id.0))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        self.repo
            .commit(None, &author, &committer, message, &tree, &parents)
            .map(CommitId)
            .map_err(failed)
    }

    /// Returns author and committer.
    fn people(
        &self,
        origin: Origin<'_>,
    ) -> Result<(git2::Signature<'static>, git2::Signature<'static>), GitError> {
        let failed = |error| GitError::at("name an author in", self.repo.path().display())(error);
        let now = |author: &Author| git2::Signature::now(&author.name, &author.email);
        let (author, committer) = match origin.author {
            Some(author) => {
                let author = now(author).map_err(failed)?;
                (author.clone(), author)
            }
            None => (
                self.repo
                    .author_from_env()
                    .map_err(|_| GitError::NoIdentity)?,
                self.repo
                    .committer_from_env()
                    .map_err(|_| GitError::NoIdentity)?,
            ),
        };
        let Some(seconds) = origin.seconds else {
            return Ok((author, committer));
        };
        let dated = |person: &git2::Signature<'_>| {
            let (name, email) = (person.name_bytes(), person.email_bytes());
            let (name, email) = (
                String::from_utf8_lossy(name),
                String::from_utf8_lossy(email),
            );
            git2::Signature::new(&name, &email, &git2::Time::new(seconds, 0)).map_err(failed)
        };
        Ok((dated(&author)?, dated(&committer)?))
    }

    /// Refuses to go on when git does not know who commits, before anything is written.
    pub(crate) fn check_identity(&self) -> Result<(), GitError> {
        match (self.repo.author_from_env(), self.repo.committer_from_env()) {
            (Ok(_), Ok(_)) => Ok(()),
            _ => Err(GitError::NoIdentity),
        }
    }

    pub(super) fn wants_signatures(&self) -> bool {
        self.repo
            .config()
            .and_then(|config| config.get_bool("commit.gpgsign"))
            .unwrap_or(false)
    }

    /// Leaves the signature to git itself, which knows every format and agent that its configuration can name.
    pub(super) fn write_signed_commit(
        &self,
        tree: TreeId,
        parent: Option<CommitId>,
        message: &str,
        author: Option<&git2::Signature<'_>>,
        committer: Option<&git2::Signature<'_>>,
    ) -> Result<CommitId, GitError> {
        const COMMAND: &str = "commit-tree -S";
        let failed = |message: String| GitError::Program {
            command: COMMAND,
            message,
        };
        let mut command = Command::new("git");
        command
            .arg("--git-dir")
            .arg(self.repo.path())
            .args(["commit-tree", "-S"]);
        command.args(
            parent
                .iter()
                .flat_map(|parent| ["-p".to_owned(), parent.to_string()]),
        );
        command.arg(tree.to_string());
        for (role, person) in [("AUTHOR", author), ("COMMITTER", committer)] {
            let Some(person) = person else { continue };
            let (name, email) = (person.name_bytes(), person.email_bytes());
            let mut tell = |what: &str, value: &str| {
                command.env(format!("GIT_{role}_{what}"), value);
            };
            tell("NAME", &String::from_utf8_lossy(name));
            tell("EMAIL", &String::from_utf8_lossy(email));
            tell("DATE", &date(person.when()));
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let mut input = child.stdin.take().expect("standard input is piped");
        input
            .write_all(message.as_bytes())
            .map_err(|error| failed(error.to_string()))?;
        drop(input);
        let output = child
            .wait_with_output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            ));
        }
        String::from_utf8_lossy(&output.stdout).trim().parse()
    }

    /// Points the reference `name` to `new` if it still points to `old` (or does not exist, when `old` is absent).
    pub(crate) fn move_reference(
        &self,
        name: &str,
        old: Option<CommitId>,
        new: CommitId,
        log: &str,
    ) -> Result<Moved, GitError> {
        let deadline = Instant::now() + LOCK_PATIENCE;
        loop {
            let moved = match old {
                Some(old) => self.repo.reference_matching(name, new.0, true, old.0, log),
                None => self.repo.reference(name, new.0, false, log),
            };
            match moved {
                Ok(_) => return Ok(Moved::Done),
                Err(error) if is_lost(&error) => return Ok(Moved::Lost),
                Err(error) if error.code() == ErrorCode::Locked => {
                    if Instant::now() > deadline {
                        return Err(GitError::Locked {
                            path: self.reference_lock(name),
                        });
                    }
                    std::thread::sleep(POLL);
                }
                Err(error) => return Err(GitError::at("move the reference", name)(error)),
            }
        }
    }

    fn reference_lock(&self, name: &str) -> std::path::PathBuf {
        self.common_dir().join(format!("{name}.lock"))
    }

    /// Removes the lock of the reference `name` that a killed process left while it moved it to `new`.
    ///
    /// The lock is known to be ours by what is in it: the commit's name. One that stays empty has no writer any more.
    pub(crate) fn remove_stale_reference_lock(
        &self,
        name: &str,
        new: CommitId,
    ) -> Result<(), GitError> {
        let lock = self.reference_lock(name);
        // The lock's own time is of no use when clocks differ, as on network file systems.
        let deadline = Instant::now() + EMPTY_LOCK_AGE;
        loop {
            let Ok(content) = fs::read_to_string(&lock) else {
                return Ok(());
            };
            if !content.trim().is_empty() && content.trim() != new.to_string() {
                return Ok(());
            }
            if !content.is_empty() || is_old(&lock) || Instant::now() > deadline {
                return fs::remove_file(&lock).map_err(GitError::file("remove", &lock));
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Returns a time as git reads it (git-commit-tree(1), "Git internal format").
fn date(time: git2::Time) -> String {
    let minutes = time.offset_minutes().abs();
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!("@{} {}{hours:02}{minutes:02}", time.seconds(), time.sign())
}

fn is_old(lock: &Path) -> bool {
    let age = fs::metadata(lock)
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|modified| SystemTime::now().duration_since(modified).ok());
    age.is_some_and(|age| age > EMPTY_LOCK_AGE)
}

/// libgit2 says `Modified` when the old value differs, `Exists` when a reference to be made is there, `NotFound` when
/// one to be moved is gone.
fn is_lost(error: &git2::Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::Exists | ErrorCode::Modified | ErrorCode::NotFound
    )
}
