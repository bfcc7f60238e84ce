//! What git finds wrong with its own.

use super::{Finding, FsckError, Kind};
use crate::repo::Repository;

/// Has git look at everything that is its own.
pub(super) fn look(repository: &Repository) -> Result<Vec<Finding>, FsckError> {
    let lines = repository.store.fsck(&repository.manner.network)?;
    Ok(lines.into_iter().map(finding).collect())
}

fn finding(line: String) -> Finding {
    Finding::new(kind(&line), line)
}

/// A line about a reference names it.
fn kind(line: &str) -> Kind {
    let is_reference = ["refs/", "HEAD", "reflog", "worktree"]
        .iter()
        .any(|word| line.contains(word));
    match is_reference {
        true => Kind::GitReference,
        false => Kind::GitObject,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_objects_by_the_words_of_git() {
        for line in [
            "error: refs/heads/side: invalid sha1 pointer 0123",
            "error: HEAD: invalid reflog entry 0123",
            "error: invalid HEAD",
        ] {
            assert_eq!(kind(line), Kind::GitReference, "{line}");
        }
        for line in ["missing blob 0123", "broken link from    tree 0123"] {
            assert_eq!(kind(line), Kind::GitObject, "{line}");
        }
    }
}
