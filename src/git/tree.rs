//! Reads trees and blobs.

use super::{BlobId, CommitId, GitError, Store, TreeId};

/// One entry of a tree.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) node: Node,
}

/// What an entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Blob(BlobId),
    /// A symbolic link or a submodule.
    Other,
    Tree(TreeId),
}

const SYMLINK: i32 = 0o120_000;

impl Store {
    /// Returns the tree of `commit`.
    pub(crate) fn root(&self, commit: CommitId) -> Result<TreeId, GitError> {
        self.repo
            .find_commit(commit.0)
            .map(|commit| TreeId(commit.tree_id()))
            .map_err(GitError::at("read the commit", commit))
    }

    /// Returns the entries of `tree` in git's order; names that are not UTF-8 are shown with `\u{fffd}`.
    pub(crate) fn entries(&self, tree: TreeId) -> Result<Vec<Entry>, GitError> {
        let tree = self
            .repo
            .find_tree(tree.0)
            .map_err(GitError::at("read the tree", tree))?;
        Ok(tree
            .iter()
            .map(|entry| Entry {
                name: String::from_utf8_lossy(entry.name_bytes()).into_owned(),
                node: node(&entry),
            })
            .collect())
    }

    /// Returns what `path` names below `tree`.
    pub(crate) fn find(&self, tree: TreeId, path: &str) -> Result<Option<Node>, GitError> {
        let found = self
            .repo
            .find_tree(tree.0)
            .and_then(|tree| tree.get_path(std::path::Path::new(path)));
        match found {
            Ok(entry) => Ok(Some(node(&entry))),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(GitError::at("read", path)(error)),
        }
    }

    /// Returns the bytes of `blob`, which `path` names; refuses more than `limit` bytes before reading them.
    pub(crate) fn read(&self, path: &str, blob: BlobId, limit: u64) -> Result<Vec<u8>, GitError> {
        let failed = |error| GitError::at("read", path)(error);
        let odb = self.repo.odb().map_err(failed)?;
        let (size, _) = odb.read_header(blob.0).map_err(failed)?;
        let size = size as u64;
        if size > limit {
            let path = path.to_owned();
            return Err(GitError::Oversized { limit, path, size });
        }
        let object = odb.read(blob.0).map_err(failed)?;
        Ok(object.data().to_vec())
    }

    /// Returns the bytes of a file at `path` below `tree`, if there is one.
    pub(crate) fn read_path(
        &self,
        tree: TreeId,
        path: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, GitError> {
        match self.find(tree, path)? {
            Some(Node::Blob(blob)) => self.read(path, blob, limit).map(Some),
            _ => Ok(None),
        }
    }
}

fn node(entry: &git2::TreeEntry<'_>) -> Node {
    match entry.kind() {
        Some(git2::ObjectType::Tree) => Node::Tree(TreeId(entry.id())),
        Some(git2::ObjectType::Blob) if entry.filemode() != SYMLINK => {
            Node::Blob(BlobId(entry.id()))
        }
        _ => Node::Other,
    }
}
