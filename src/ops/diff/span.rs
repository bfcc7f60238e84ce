//! Which two commits are compared.

use super::{Asked, DiffError};
use crate::git::CommitId;
use crate::repo::Repository;

/// A commit with its name; absent before the first one.
pub(super) struct Point {
    pub(super) commit: Option<CommitId>,
    /// Whether only this process sees it.
    pub(super) is_scratch: bool,
    pub(super) name: String,
}

/// The two sides, in a repository that has both.
pub(super) struct Span {
    pub(super) from: Point,
    pub(super) repository: Option<Repository>,
    pub(super) to: Point,
}

/// Returns the two sides that are asked for.
pub(super) fn span(repository: &Repository, asked: &Asked) -> Result<Span, DiffError> {
    let named = |name: &str| -> Result<Point, DiffError> {
        Ok(Point {
            commit: Some(repository.commit(Some(name))?),
            is_scratch: false,
            name: name.to_owned(),
        })
    };
    let committed = |from, to| Span {
        from,
        repository: None,
        to,
    };
    match (asked.from.as_deref(), asked.to.as_deref()) {
        (Some(from), Some(to)) => Ok(committed(named(from)?, named(to)?)),
        (Some(range), None) if range.contains("..") => {
            let (from, to, is_from_base) = parse_range(range);
            let (mut from, to) = (named(from)?, named(to)?);
            if is_from_base {
                from = base(repository, &from, &to)?;
            }
            Ok(committed(from, to))
        }
        (Some(from), None) => {
            let from = named(from)?;
            let (repository, to) = newest(repository)?;
            Ok(Span {
                from,
                repository,
                to,
            })
        }
        (None, _) => from_main(repository),
    }
}

/// Reads `A..B` or `A...B`; what is left out is HEAD (gitrevisions(7)).
fn parse_range(range: &str) -> (&str, &str, bool) {
    let (from, rest) = range.split_once("..").unwrap_or((range, ""));
    let is_from_base = rest.starts_with('.');
    let to = rest.trim_start_matches('.');
    (or_head(from), or_head(to), is_from_base)
}

fn or_head(name: &str) -> &str {
    if name.is_empty() { "HEAD" } else { name }
}

/// Returns the working tree, when anything in it is not committed, or HEAD.
fn newest(repository: &Repository) -> Result<(Option<Repository>, Point), DiffError> {
    if let Some((scratch, commit)) = repository.uncommitted()? {
        let name = "the working tree".to_owned();
        let point = Point {
            commit: Some(commit),
            is_scratch: true,
            name,
        };
        return Ok((Some(scratch), point));
    }
    let commit = Some(repository.commit(None)?);
    let name = "HEAD".to_owned();
    Ok((
        None,
        Point {
            commit,
            is_scratch: false,
            name,
        },
    ))
}

/// From where the branch left the main branch; when it never did, what is not committed, or else the last commit.
fn from_main(repository: &Repository) -> Result<Span, DiffError> {
    let head = repository.commit(None)?;
    let (scratch, to) = newest(repository)?;
    let (name, tip) = repository.store.main_branch()?.ok_or(DiffError::NoMain)?;
    let main = Point {
        commit: Some(tip),
        is_scratch: false,
        name,
    };
    let at_head = Point {
        commit: Some(head),
        is_scratch: false,
        name: "HEAD".to_owned(),
    };
    let base = base(repository, &main, &at_head)?;
    let from = if base.commit != Some(head) {
        base
    } else if to.is_scratch {
        at_head
    } else {
        let parents = repository.store.commit_info(head)?.parents;
        Point {
            commit: parents.first().copied(),
            is_scratch: false,
            name: format!(
                "before the last commit, since HEAD is part of {}",
                main.name
            ),
        }
    };
    Ok(Span {
        from,
        repository: scratch,
        to,
    })
}

fn base(repository: &Repository, a: &Point, b: &Point) -> Result<Point, DiffError> {
    let (Some(first), Some(second)) = (a.commit, b.commit) else {
        return Err(DiffError::NoMain);
    };
    let base = repository.store.merge_base(first, second)?;
    let commit = base.ok_or_else(|| DiffError::NothingInCommon {
        a: a.name.clone(),
        b: b.name.clone(),
    })?;
    let name = format!("{}, where {} left it", a.name, b.name);
    Ok(Point {
        commit: Some(commit),
        is_scratch: false,
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_git() {
        assert_eq!(parse_range("a..b"), ("a", "b", false));
        assert_eq!(parse_range("a...b"), ("a", "b", true));
        assert_eq!(parse_range("a.."), ("a", "HEAD", false));
        assert_eq!(parse_range("...b"), ("HEAD", "b", true));
    }
}
