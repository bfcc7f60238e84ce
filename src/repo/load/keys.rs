//! Reads the certificates of the repository: `keys/*.asc`, and those of time servers below.

use super::problems::Problems;
use crate::git::{GitError, Node, Store, TreeId};
use crate::model::doc::Fault;
use crate::pgp::Certificate;
use crate::repo::snapshot::Keys;

/// Reads all certificates of `tree`; one that is none, or that has a secret key beside it, is a problem.
pub(super) fn read(store: &Store, tree: TreeId, problems: &mut Problems) -> Result<Keys, GitError> {
    let signers = folder(store, tree, Keys::FOLDER, problems)?;
    let timestamps = folder(store, tree, Keys::TIMESTAMPS, problems)?;
    Ok(Keys::new(signers, timestamps))
}

fn folder(
    store: &Store,
    tree: TreeId,
    folder: &str,
    problems: &mut Problems,
) -> Result<Vec<Certificate>, GitError> {
    let Some(Node::Tree(tree)) = store.find(tree, folder)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in store.entries(tree)? {
        let path = format!("{folder}/{}", entry.name);
        if !entry.name.ends_with(".asc") {
            continue;
        }
        match entry.node {
            Node::Blob(blob) => {
                let bytes = problems.bytes(store, &path, blob)?;
                found.extend(bytes.map(|bytes| certificates(&path, &bytes, problems)));
            }
            Node::Other => problems.note_link(&path),
            Node::Tree(_) => {}
        }
    }
    Ok(found.into_iter().flatten().collect())
}

fn certificates(path: &str, bytes: &[u8], problems: &mut Problems) -> Vec<Certificate> {
    Certificate::read_all(bytes).unwrap_or_else(|error| {
        let help = "put what `gpg --armor --export KEY` prints there";
        problems.note(Fault::Document, path, error.to_string(), help);
        Vec::new()
    })
}
