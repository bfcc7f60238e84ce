//! What a change does to devices: `diff`.

mod span;

use std::collections::BTreeSet;

use serde::Serialize;
use span::{Point, Span, span};

use crate::diff::{Diff, Documents, Line, Risk, Scripts, Severity, Sides, compare};
use crate::git::{CommitId, GitError};
use crate::model::doc::{DocError, PeopleDoc, SettingsDoc};
use crate::model::name::PackageName;
use crate::repo::{
    Keys, LoadError, Loaded, OpenError, Packages, Repository, load_packages, package_trees,
};

/// What is compared: nothing, one revision, two, or `A..B` and `A...B` as git has them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
}

/// What the change does.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) from: Revision,
    pub(crate) to: Revision,
    #[serde(flatten)]
    pub(crate) diff: Diff,
    /// Files of the new side that cannot be read; what they would say is not compared.
    pub(crate) problems: Vec<String>,
    /// Packages that have such files.
    pub(crate) not_compared: Vec<String>,
    /// Changed files that are not part of the package source.
    pub(crate) other_files: Vec<String>,
}

/// One side.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Revision {
    /// As people call it: `HEAD`, `the working tree`.
    pub(crate) name: String,
    /// Absent for what is not committed, and for what is before the first commit.
    pub(crate) commit: Option<String>,
}

/// Says why nothing can be compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiffError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("no main branch is known here to compare with")]
    NoMain,
    #[error("{a} and {b} have no commit in common here")]
    NothingInCommon { a: String, b: String },
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Compares what is `asked` for.
pub(crate) fn diff(repository: &Repository, asked: &Asked) -> Result<Report, DiffError> {
    let span = span(repository, asked)?;
    let repository = span.repository.as_ref().unwrap_or(repository);
    report(repository, &span)
}

/// What was read of one side.
#[derive(Default)]
struct Side {
    keys: Keys,
    packages: Packages,
    people: PeopleDoc,
    problems: Vec<DocError>,
    settings: SettingsDoc,
}

impl Side {
    fn documents(&self) -> Documents<'_> {
        Documents {
            keys: &self.keys,
            people: &self.people,
            settings: &self.settings,
        }
    }
}

/// Reads a side; before the first commit, and before `spkrepo init`, there is nothing.
fn read(
    repository: &Repository,
    commit: Option<CommitId>,
    names: Option<&BTreeSet<PackageName>>,
) -> Result<Side, DiffError> {
    let Some(commit) = commit else {
        return Ok(Side::default());
    };
    match load_packages(&repository.store, commit, names) {
        Ok(Loaded { problems, snapshot }) => Ok(Side {
            keys: (*snapshot.keys).clone(),
            packages: snapshot.packages,
            people: (*snapshot.people).clone(),
            problems,
            settings: snapshot.settings,
        }),
        Err(LoadError::NotAPackageSource { .. }) => Ok(Side::default()),
        Err(error) => Err(error.into()),
    }
}

fn report(repository: &Repository, span: &Span) -> Result<Report, DiffError> {
    let (from, to) = (span.from.commit, span.to.commit);
    let names = changed_packages(repository, from, to)?;
    let mut sides = [from, to].map(|commit| read(repository, commit, Some(&names)));
    let rule = |side: &Result<Side, DiffError>| {
        side.as_ref()
            .ok()
            .map(|side| side.settings.catalog.compatibility)
    };
    if rule(&sides[0]) != rule(&sides[1]) {
        // Packages that nobody touched may be offered to others now.
        sides = [from, to].map(|commit| read(repository, commit, None));
    }
    let [old, new] = sides;
    let (mut old, mut new) = (old?, new?);
    let not_compared = set_aside(&mut old, &mut new);
    let sides = Sides {
        old: (&old.packages, old.documents()),
        new: (&new.packages, new.documents()),
    };
    let mut diff = compare(sides, &mut Scripts::new(&repository.blobs));
    let other_files = other_files(repository, from, to)?;
    diff.risks
        .extend(risks_of_files(&new.problems, &other_files));
    diff.risks.sort_by_key(|risk| risk.severity);
    Ok(Report {
        from: revision(&span.from),
        to: revision(&span.to),
        diff,
        problems: new.problems.iter().map(ToString::to_string).collect(),
        not_compared,
        other_files,
    })
}

/// Leaves out what has files that cannot be read: what is missing there would count as removed.
fn set_aside(old: &mut Side, new: &mut Side) -> Vec<String> {
    let paths: Vec<&str> = new
        .problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    let is_broken = |start: &str| paths.iter().any(|path| path.starts_with(start));
    if is_broken("spkrepo.toml") {
        new.settings = old.settings.clone();
    }
    if is_broken("maintainers.toml") {
        new.people = old.people.clone();
    }
    if is_broken("keys/") {
        new.keys = old.keys.clone();
    }
    let names: BTreeSet<String> = paths
        .iter()
        .filter_map(|path| path.strip_prefix("packages/")?.split('/').next())
        .map(str::to_owned)
        .collect();
    for packages in [&mut old.packages, &mut new.packages] {
        packages.retain(|name, _| !names.contains(name.as_str()));
    }
    names.into_iter().collect()
}

fn revision(point: &Point) -> Revision {
    let commit = point.commit.filter(|_| !point.is_scratch);
    Revision {
        name: point.name.clone(),
        commit: commit.map(|commit| commit.to_string()),
    }
}

fn changed_packages(
    repository: &Repository,
    from: Option<CommitId>,
    to: Option<CommitId>,
) -> Result<BTreeSet<PackageName>, GitError> {
    let trees = |commit: Option<CommitId>| {
        commit.map_or_else(
            || Ok(Default::default()),
            |commit| package_trees(&repository.store, commit),
        )
    };
    let (old, new) = (trees(from)?, trees(to)?);
    let names = old.keys().chain(new.keys());
    Ok(names
        .filter(|name| old.get(*name) != new.get(*name))
        .cloned()
        .collect())
}

/// What is part of the package source stands in the report in other words.
fn other_files(
    repository: &Repository,
    from: Option<CommitId>,
    to: Option<CommitId>,
) -> Result<Vec<String>, GitError> {
    let Some(to) = to else { return Ok(Vec::new()) };
    let store = &repository.store;
    let old = from.map(|from| store.root(from)).transpose()?;
    let changed = store.changed_paths(old, store.root(to)?, "")?;
    let is_part = |path: &str| {
        ["keys/", "packages/"]
            .iter()
            .any(|folder| path.starts_with(folder))
            || ["maintainers.toml", "spkrepo.toml"].contains(&path)
    };
    let paths = changed.into_iter().map(|change| change.path);
    Ok(paths.filter(|path| !is_part(path)).collect())
}

fn risks_of_files(problems: &[DocError], others: &[String]) -> Vec<Risk> {
    let risk = |risk, severity, line| Risk {
        risk,
        severity,
        package: None,
        line,
    };
    let broken = problems.iter().map(|problem| {
        let line = Line::quoted(problem.to_string()).say(": a server refuses this commit");
        risk("broken-file", Severity::High, line)
    });
    let is_machinery = |path: &&String| {
        path.starts_with(".github/")
            || path.starts_with(".gitlab")
            || *path == ".gitattributes"
            || path.ends_with("CODEOWNERS")
    };
    let machinery: Vec<&String> = others.iter().filter(is_machinery).collect();
    let machinery = (!machinery.is_empty()).then(|| {
        let line = Line::said("changes what runs on, or guards, this repository: ")
            .quote_all(machinery, 5);
        risk("workflow-changed", Severity::Medium, line)
    });
    broken.chain(machinery).collect()
}
