//! Walks all that some roots lead to, each commit, folder and file once, however many commits have it.

use std::cell::Cell;
use std::collections::{BinaryHeap, HashSet};

use git2::{ErrorCode, ObjectType, Odb, Oid};

use super::{CommitId, GitError, Root, Store};

/// Where a file was first met.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot<'a> {
    /// Absent for what only an index names.
    pub(crate) commit: Option<CommitId>,
    pub(crate) path: &'a str,
}

/// Is told of files.
pub(crate) trait Visit {
    /// Returns how many bytes a file at this path may have for its content to be wanted.
    fn limit(&self, path: &str) -> u64;
    /// Looks at a file.
    fn file(&mut self, spot: Spot<'_>, content: &[u8]);
}

/// What was walked already; a later walk goes only where none has been.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// Whether what is damaged is passed over like what is not here.
    is_forgiving: bool,
    seen: HashSet<Oid>,
}

/// One walk.
struct Walk<'a> {
    /// What this walk has added to what was seen.
    added: Vec<Oid>,
    commit: Option<CommitId>,
    /// Whether something was not here that may have been forgotten.
    has_gap: Cell<bool>,
    is_forgiving: bool,
    odb: Odb<'a>,
    root: &'a Root,
    seen: &'a mut HashSet<Oid>,
    store: &'a Store,
    visit: &'a mut dyn Visit,
}

impl Reach {
    /// Returns one that passes over what is damaged, for whoever has somebody else find that.
    pub(crate) fn forgiving() -> Self {
        Self {
            is_forgiving: true,
            ..Self::default()
        }
    }

    /// Walks what `roots` lead to and no earlier walk has seen, the newest commits first.
    pub(crate) fn extend<'r>(
        &mut self,
        store: &Store,
        roots: impl IntoIterator<Item = &'r Root>,
        visit: &mut dyn Visit,
    ) -> Result<(), GitError> {
        let odb = store.repo.odb();
        let odb = odb.map_err(GitError::at(
            "read the objects of",
            store.repo.path().display(),
        ))?;
        // Objects that came since they were read last would not be found.
        odb.refresh().map_err(GitError::at(
            "read the objects of",
            store.repo.path().display(),
        ))?;
        let mut roots: Vec<&Root> = roots.into_iter().collect();
        // A file that a commit has is better known by that than by an index.
        roots.sort_by_key(|root| (!root.is_firm, root.path.is_some()));
        for root in roots {
            if !self.seen.contains(&root.oid) {
                self.walk(store, root, visit)?;
            }
        }
        Ok(())
    }

    fn walk(&mut self, store: &Store, root: &Root, visit: &mut dyn Visit) -> Result<(), GitError> {
        let odb = store.repo.odb();
        let mut walk = Walk {
            added: Vec::new(),
            commit: None,
            has_gap: Cell::new(false),
            is_forgiving: self.is_forgiving,
            odb: odb.map_err(GitError::at(
                "read the objects of",
                store.repo.path().display(),
            ))?,
            root,
            seen: &mut self.seen,
            store,
            visit,
        };
        match &root.path {
            Some(path) => walk.file(path, root.oid)?,
            None => walk.object(root.oid)?,
        }
        let Walk {
            added,
            has_gap,
            seen,
            ..
        } = walk;
        if has_gap.get() {
            // A firm root may lead here later, when all of it is back.
            for oid in &added {
                seen.remove(oid);
            }
        }
        Ok(())
    }
}

impl Walk<'_> {
    /// Returns whether the object was not seen before.
    fn is_new(&mut self, oid: Oid) -> bool {
        let is_new = self.seen.insert(oid);
        if is_new && !self.root.is_firm {
            self.added.push(oid);
        }
        is_new
    }

    fn object(&mut self, oid: Oid) -> Result<(), GitError> {
        let mut oid = oid;
        loop {
            let header = self.odb.read_header(oid);
            let Some((_, kind)) = self.present(oid, header)? else {
                return Ok(());
            };
            match kind {
                ObjectType::Commit => return self.commits(oid),
                ObjectType::Tree => return self.trees(oid),
                ObjectType::Tag => {
                    let tag = self.store.repo.find_tag(oid);
                    let Some(tag) = self.present(oid, tag)? else {
                        return Ok(());
                    };
                    oid = tag.target_id();
                }
                // A file without a name may be anything.
                _ => return self.file("", oid),
            }
        }
    }

    /// Walks commits, the newest of those that are known first.
    fn commits(&mut self, tip: Oid) -> Result<(), GitError> {
        let mut next = BinaryHeap::from([(i64::MAX, tip)]);
        while let Some((_, oid)) = next.pop() {
            if !self.is_new(oid) {
                continue;
            }
            let commit = self.store.repo.find_commit(oid);
            let Some(commit) = self.present(oid, commit)? else {
                continue;
            };
            self.commit = Some(CommitId(oid));
            self.trees(commit.tree_id())?;
            // The time of a child is as good a guess as the parent's own, which would have to be read.
            let time = commit.time().seconds();
            let parents = commit.parent_ids();
            next.extend(
                parents
                    .filter(|oid| !self.seen.contains(oid))
                    .map(|oid| (time, oid)),
            );
        }
        Ok(())
    }

    /// Walks a folder and those in it. How deep they are nested is up to whoever made them, so no call is.
    fn trees(&mut self, root: Oid) -> Result<(), GitError> {
        let mut next = vec![(root, String::new())];
        while let Some((oid, path)) = next.pop() {
            if !self.is_new(oid) {
                continue;
            }
            let tree = self.store.repo.find_tree(oid);
            let Some(tree) = self.present(oid, tree)? else {
                continue;
            };
            for entry in &tree {
                if self.seen.contains(&entry.id()) {
                    continue;
                }
                let path = format!("{path}{}", String::from_utf8_lossy(entry.name_bytes()));
                match entry.kind() {
                    Some(ObjectType::Tree) => next.push((entry.id(), path + "/")),
                    Some(ObjectType::Blob) => self.file(&path, entry.id())?,
                    // The commit of a submodule is in another repository.
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, oid: Oid) -> Result<(), GitError> {
        let header = self.odb.read_header(oid);
        let Some((size, _)) = self.present(oid, header)? else {
            return Ok(());
        };
        // At another path, more of it may be wanted.
        if size as u64 > self.visit.limit(path) || !self.is_new(oid) {
            return Ok(());
        }
        let object = self.odb.read(oid).map(|object| object.data().to_vec());
        if let Some(content) = self.present(oid, object)? {
            let commit = self.commit;
            self.visit.file(Spot { commit, path }, &content);
        }
        Ok(())
    }

    /// Returns what was read; nothing when it is not here and need not be.
    fn present<T>(&self, oid: Oid, read: Result<T, git2::Error>) -> Result<Option<T>, GitError> {
        match read {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.code() == ErrorCode::NotFound && !self.root.is_firm => {
                self.has_gap.set(true);
                Ok(None)
            }
            Err(error) if error.code() == ErrorCode::NotFound => Err(GitError::Incomplete {
                object: oid.to_string(),
                root: self.root.name.clone(),
            }),
            Err(_) if self.is_forgiving => {
                self.has_gap.set(true);
                Ok(None)
            }
            Err(error) => Err(GitError::at("read the object", oid)(error)),
        }
    }
}
