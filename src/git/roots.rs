//! Everything in a repository that keeps a commit, a tree or a file from being forgotten: references, HEADs, reflogs and
//! indexes of all working trees, and what merges, rebases and the like have begun.
//!
//! What `git rev-list --all --reflog --indexed-objects` begins with (git-rev-list(1)), and the files that only the command
//! which wrote them reads (gitrepository-layout(5)).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fs_err as fs;
use git2::{Index, Oid};

use super::{CommitId, GitError, Store};

/// Something that names an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Root {
    /// Whether all that it leads to must be here. Logs and what a command left may name what git has forgotten.
    pub(crate) is_firm: bool,
    /// What names it: `refs/heads/main`, `logs/HEAD`.
    pub(crate) name: String,
    pub(super) oid: Oid,
    /// The path of a file that an index names.
    pub(super) path: Option<String>,
}

impl Root {
    /// Returns the root as one that may lead to what is not here.
    fn forgiving(self) -> Self {
        Self {
            is_firm: false,
            ..self
        }
    }
}

/// Folders in which a command keeps what it has yet to do.
const UNDER_WAY: [&str; 3] = ["rebase-apply", "rebase-merge", "sequencer"];
/// Digits of an object's name.
const DIGITS: usize = 40;
const SUBMODULE: u32 = 0o160_000;

impl Store {
    /// Returns whether the oldest commits of the history were left out of the clone.
    pub(crate) fn is_shallow(&self) -> bool {
        self.repo.is_shallow()
    }

    /// Returns all roots as they are now; one that is damaged is an error.
    pub(crate) fn roots(&self) -> Result<BTreeSet<Root>, GitError> {
        self.check_references()?;
        let mut roots = BTreeSet::new();
        self.add_files(&mut roots)?;
        for folder in self.git_dirs()? {
            add_index(&folder, &mut roots)?;
        }
        Ok(roots)
    }

    /// Returns the roots that can be read, as ones that may lead to what is not here.
    pub(crate) fn readable_roots(&self) -> Result<BTreeSet<Root>, GitError> {
        let mut roots = BTreeSet::new();
        self.add_files(&mut roots)?;
        for folder in self.git_dirs()? {
            // What is read before the damage counts.
            let _ = add_index(&folder, &mut roots);
        }
        Ok(roots.into_iter().map(Root::forgiving).collect())
    }

    /// Returns the commits that branches, tags and the HEADs of all working trees name, as far as they are here.
    pub(crate) fn named_commits(&self) -> Result<BTreeSet<CommitId>, GitError> {
        let roots = self.readable_roots()?;
        let is_tip = |root: &&Root| {
            let starts = ["refs/heads/", "refs/tags/"];
            let is_reference = starts.iter().any(|start| root.name.starts_with(start));
            let is_head = root.name.rsplit('/').next() == Some("HEAD");
            is_reference || is_head && !root.name.contains("logs/")
        };
        let commit = |root: &Root| {
            let object = self.repo.find_object(root.oid, None).ok()?;
            Some(CommitId(object.peel_to_commit().ok()?.id()))
        };
        Ok(roots.iter().filter(is_tip).filter_map(commit).collect())
    }

    /// Adds all but the indexes.
    fn add_files(&self, roots: &mut BTreeSet<Root>) -> Result<(), GitError> {
        self.add_references(roots)?;
        for folder in self.git_dirs()? {
            self.add_worktree_references(&folder, roots)?;
            self.add_heads(&folder, roots)?;
            self.add_logs(&folder.join("logs"), roots)?;
            for name in UNDER_WAY {
                self.add_words(&folder.join(name), roots)?;
            }
        }
        Ok(())
    }

    /// Refuses references that name nothing: libgit2 passes over them, and what they did name is not known.
    fn check_references(&self) -> Result<(), GitError> {
        for folder in self.git_dirs()? {
            for file in files_below(&folder.join("refs"))? {
                let is_lock = file
                    .extension()
                    .is_some_and(|extension| extension == "lock");
                let text = read(&file)?;
                let is_sound = text.starts_with("ref: ") || name_at(text.as_bytes()).is_some();
                if !is_lock && !is_sound && file.exists() {
                    let name = self.short_name(&file);
                    return Err(GitError::BrokenReference { name });
                }
            }
        }
        Ok(())
    }

    /// Returns the git directory of each working tree, the common one first.
    pub(super) fn git_dirs(&self) -> Result<Vec<PathBuf>, GitError> {
        let common = self.common_dir();
        let mut folders = vec![common.to_owned()];
        folders.extend(entries(&common.join("worktrees"))?);
        Ok(folders)
    }

    fn add_references(&self, roots: &mut BTreeSet<Root>) -> Result<(), GitError> {
        let failed = |error| GitError::at("read the references of", "the repository")(error);
        for reference in self.repo.references().map_err(failed)? {
            let reference = reference.map_err(failed)?;
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            // What a symbolic one names is a reference itself.
            roots.extend(reference.target().map(|oid| firm(name, oid)));
        }
        Ok(())
    }

    /// Adds what is each working tree's own (gitrepository-layout(5), `refs/bisect`, `refs/worktree`).
    fn add_worktree_references(
        &self,
        folder: &Path,
        roots: &mut BTreeSet<Root>,
    ) -> Result<(), GitError> {
        if folder == self.common_dir() {
            return Ok(());
        }
        for file in files_below(&folder.join("refs"))? {
            let text = read(&file)?;
            let oid = Oid::from_str(text.trim()).ok();
            roots.extend(oid.map(|oid| firm(self.short_name(&file), oid)));
        }
        Ok(())
    }

    /// Adds HEAD, ORIG_HEAD, FETCH_HEAD, MERGE_HEAD and all others that are written like them.
    fn add_heads(&self, folder: &Path, roots: &mut BTreeSet<Root>) -> Result<(), GitError> {
        for file in entries(folder)? {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let is_such = name.bytes().all(|c| c.is_ascii_uppercase() || c == b'_');
            if !is_such || !file.is_file() {
                continue;
            }
            for line in read(&file)?.lines() {
                let oid = name_at(line.as_bytes());
                roots.extend(oid.map(|oid| Root {
                    is_firm: name == "HEAD",
                    ..soft(self.short_name(&file), oid)
                }));
            }
        }
        Ok(())
    }

    /// Adds both sides of each line: `OLD NEW who when what`.
    fn add_logs(&self, folder: &Path, roots: &mut BTreeSet<Root>) -> Result<(), GitError> {
        for file in files_below(folder)? {
            let name = self.short_name(&file);
            for line in read(&file)?.lines() {
                let line = line.as_bytes();
                let both = [name_at(line), line.get(DIGITS + 1..).and_then(name_at)];
                let named = both.into_iter().flatten().filter(|oid| !oid.is_zero());
                roots.extend(named.map(|oid| soft(name.clone(), oid)));
            }
        }
        Ok(())
    }

    /// Adds whatever looks like the name of an object.
    fn add_words(&self, folder: &Path, roots: &mut BTreeSet<Root>) -> Result<(), GitError> {
        for file in files_below(folder)? {
            let text = read(&file)?;
            let words = text.split(|c: char| !c.is_ascii_hexdigit());
            let named = words.filter(|word| word.len() == DIGITS);
            roots.extend(
                named
                    .filter_map(|word| Oid::from_str(word).ok())
                    .map(|oid| soft(self.short_name(&file), oid)),
            );
        }
        Ok(())
    }

    fn short_name(&self, file: &Path) -> String {
        let file = file.strip_prefix(self.common_dir()).unwrap_or(file);
        file.to_string_lossy().into_owned()
    }
}

fn firm(name: String, oid: Oid) -> Root {
    Root {
        is_firm: true,
        ..soft(name, oid)
    }
}

fn soft(name: String, oid: Oid) -> Root {
    Root {
        is_firm: false,
        name,
        oid,
        path: None,
    }
}

/// Adds the files of an index, those of a conflict too. `git add --intent-to-add` names one that need not be there.
fn add_index(folder: &Path, roots: &mut BTreeSet<Root>) -> Result<(), GitError> {
    let file = folder.join("index");
    if !file.exists() {
        return Ok(());
    }
    let failed = |error| GitError::at("read the index", file.display())(error);
    let index = Index::open(&file).map_err(failed)?;
    for entry in index.iter().filter(|entry| entry.mode != SUBMODULE) {
        roots.insert(Root {
            path: Some(String::from_utf8_lossy(&entry.path).into_owned()),
            ..soft("index".to_owned(), entry.id)
        });
    }
    Ok(())
}

/// Returns the name of an object that a line begins with.
fn name_at(line: &[u8]) -> Option<Oid> {
    let digits = std::str::from_utf8(line.get(..DIGITS)?).ok()?;
    let ends = line.get(DIGITS).is_none_or(|c| !c.is_ascii_hexdigit());
    Oid::from_str(digits).ok().filter(|_| ends)
}

/// Reads a file that another process may remove meanwhile.
fn read(file: &Path) -> Result<String, GitError> {
    match fs::read(file) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(GitError::file("read", file)(error)),
    }
}

/// Returns what is in a folder; one that is not there has nothing.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, GitError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(GitError::file("read", folder)(error)),
    };
    entries
        .map(|entry| Ok(entry.map_err(GitError::file("read", folder))?.path()))
        .collect()
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>, GitError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_with_the_name_of_an_object_or_not() {
        let digits = "0123456789abcdef0123456789abcdef01234567";
        let named = |line: &str| name_at(line.as_bytes()).map(|oid| oid.to_string());
        assert_eq!(named(digits).as_deref(), Some(digits));
        assert_eq!(named(&format!("{digits}\tfor")).as_deref(), Some(digits));
        assert_eq!(named(&format!("{digits}0")), None);
        assert_eq!(named("ref: refs/heads/main"), None);
        assert_eq!(named(&digits[1..]), None);
    }
}
