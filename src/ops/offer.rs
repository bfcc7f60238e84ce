//! Changes where builds are offered: `promote`, `yank`, `unyank`.

use serde::Serialize;

use super::per_build;
use super::target::{Filters, Target, TargetError};
use super::words;
use crate::base::limits::Limits;
use crate::git::{GitError, Node};
use crate::model::channel::Channel;
use crate::model::doc::{BuildDoc, BuildEdit, DocError};
use crate::repo::{
    Build, Change, Landed, Message, OpenError, Package, Release, Repository, Snapshot, WriteError,
    preview,
};

/// What is done to the builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Moves them up to a channel, or to the one after the lowest that they are on.
    Promote {
        to: Option<Channel>,
    },
    Unyank,
    /// Withdraws them from every channel.
    Yank {
        reason: String,
    },
}

/// What came of it.
pub(crate) type Report = per_build::Report<Outcome>;

type BuildOutcome = per_build::BuildOutcome<Outcome>;

/// What became of a build, in the words of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Outcome {
    AlreadyOn {
        channel: Channel,
    },
    AlreadyYanked,
    NotYanked,
    Promoted {
        from: Channel,
        to: Channel,
    },
    /// It must be unyanked before it can be promoted.
    StaysYanked,
    Unyanked {
        channel: Channel,
    },
    Yanked {
        channel: Channel,
    },
}

impl Outcome {
    fn changes(&self) -> bool {
        matches!(
            self,
            Self::Promoted { .. } | Self::Unyanked { .. } | Self::Yanked { .. }
        )
    }
}

/// Says why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OfferError {
    #[error("{package} {version} is yanked: no build of it can be promoted")]
    AllYanked { package: String, version: String },
    #[error(transparent)]
    Document(#[from] DocError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(
        "{package} {version} ({build}) is on {from}, above {to}: builds are promoted upwards only"
    )]
    Downwards {
        build: String,
        from: Channel,
        package: String,
        to: Channel,
        version: String,
    },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("a yank needs a reason: it is what people are told")]
    Reasonless,
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(
        "{package} {version} ({build}) has no signature that is known here, which `signing.required` asks for on {to}"
    )]
    Unsigned {
        build: String,
        package: String,
        to: Channel,
        version: String,
    },
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Does `action` to the builds of `target` in one commit; with `dry_run`, returns what it would be.
pub(crate) fn offer(
    repository: &Repository,
    target: &Target,
    filters: &Filters,
    action: &Action,
    dry_run: bool,
) -> Result<Report, OfferError> {
    if matches!(action, Action::Yank { reason } if reason.trim().is_empty()) {
        return Err(OfferError::Reasonless);
    }
    let plan = |snapshot: &Snapshot| plan(repository, snapshot, target, filters, action);
    if dry_run {
        let snapshot = repository.snapshot()?;
        let (mut report, change) = plan(&snapshot)?;
        report.diff = Some(preview(repository, &snapshot, &change)?);
        return Ok(report);
    }
    let mut planned = None;
    let landed = repository.writer()?.land(|snapshot| {
        let (report, change) = plan(snapshot)?;
        planned = Some(report);
        Ok::<_, OfferError>(Some(change))
    })?;
    let mut report = planned.expect("a landed change was planned");
    report.commit = landed.commit.map(|commit| commit.to_string());
    report.landed = landed;
    Ok(report)
}

fn plan(
    repository: &Repository,
    snapshot: &Snapshot,
    target: &Target,
    filters: &Filters,
    action: &Action,
) -> Result<(Report, Change), OfferError> {
    let (package, release, builds) = target.builds(snapshot, filters)?;
    let outcomes = outcomes(package, release, &builds, action)?;
    for (build, outcome) in builds.iter().zip(&outcomes) {
        check_signed(snapshot, package, release, build, outcome)?;
    }
    let mut change = Change::default();
    let mut changed = Vec::new();
    for (build, outcome) in builds.iter().zip(&outcomes) {
        if outcome.changes() {
            let path = Build::path(&package.name, &release.version, &build.id);
            let text = edited(repository, snapshot, &path, outcome, action)?;
            change.put(path, text);
            changed.push(*build);
        }
    }
    change.message = message(package, release, &changed, &outcomes, action);
    let report = Report {
        package: package.name.to_string(),
        version: release.version.to_string(),
        builds: builds
            .iter()
            .zip(outcomes)
            .map(|(build, outcome)| described(build, outcome))
            .collect(),
        commit: None,
        diff: None,
        landed: Landed::default(),
    };
    Ok((report, change))
}

/// Only what is signed goes to a channel that asks for it.
fn check_signed(
    snapshot: &Snapshot,
    package: &Package,
    release: &Release,
    build: &Build,
    outcome: &Outcome,
) -> Result<(), OfferError> {
    match outcome {
        Outcome::Promoted { to, .. } | Outcome::Unyanked { channel: to }
            if build.doc.signature.is_none() && snapshot.settings.signing.required.contains(to) =>
        {
            Err(OfferError::Unsigned {
                build: build.id.to_string(),
                package: package.name.to_string(),
                to: *to,
                version: release.version.to_string(),
            })
        }
        _ => Ok(()),
    }
}

fn described(build: &Build, outcome: Outcome) -> BuildOutcome {
    BuildOutcome {
        build: build.id.to_string(),
        platforms: words::platforms(&build.doc),
        range: words::range(&build.doc),
        outcome,
    }
}

fn outcomes(
    package: &Package,
    release: &Release,
    builds: &[&Build],
    action: &Action,
) -> Result<Vec<Outcome>, OfferError> {
    let channel = |build: &Build| build.doc.channel;
    match action {
        Action::Promote { to } => promotions(package, release, builds, *to),
        Action::Unyank => Ok(builds
            .iter()
            .map(|build| match build.doc.yanked {
                Some(_) => Outcome::Unyanked {
                    channel: channel(build),
                },
                None => Outcome::NotYanked,
            })
            .collect()),
        Action::Yank { .. } => Ok(builds
            .iter()
            .map(|build| match build.doc.yanked {
                Some(_) => Outcome::AlreadyYanked,
                None => Outcome::Yanked {
                    channel: channel(build),
                },
            })
            .collect()),
    }
}

/// Without a channel, all builds move to the one after the lowest: builds of a release that came later catch up.
fn promotions(
    package: &Package,
    release: &Release,
    builds: &[&Build],
    to: Option<Channel>,
) -> Result<Vec<Outcome>, OfferError> {
    let living = || builds.iter().filter(|build| build.doc.yanked.is_none());
    let Some(lowest) = living().map(|build| build.doc.channel).min() else {
        return Err(OfferError::AllYanked {
            package: package.name.to_string(),
            version: release.version.to_string(),
        });
    };
    if let Some((build, to)) =
        to.and_then(|to| Some((living().find(|build| build.doc.channel > to)?, to)))
    {
        return Err(OfferError::Downwards {
            build: build.id.to_string(),
            from: build.doc.channel,
            package: package.name.to_string(),
            to,
            version: release.version.to_string(),
        });
    }
    let to = to.or(lowest.next()).unwrap_or(lowest);
    Ok(builds
        .iter()
        .map(|build| match (&build.doc.yanked, build.doc.channel) {
            (Some(_), _) => Outcome::StaysYanked,
            (None, channel) if channel >= to => Outcome::AlreadyOn { channel },
            (None, from) => Outcome::Promoted { from, to },
        })
        .collect())
}

/// Edits the text of the document and keeps what a person wrote around it.
fn edited(
    repository: &Repository,
    snapshot: &Snapshot,
    path: &str,
    outcome: &Outcome,
    action: &Action,
) -> Result<String, OfferError> {
    let store = &repository.store;
    let Some(Node::Blob(blob)) = store.find(snapshot.tree, path)? else {
        unreachable!("the snapshot read this document from this tree");
    };
    let bytes = store.read(path, blob, Limits::DEFAULT.document)?;
    let mut edit = BuildEdit::new(path, &String::from_utf8_lossy(&bytes))?;
    match (outcome, action) {
        (Outcome::Promoted { to, .. }, _) => edit.set_channel(*to),
        (Outcome::Yanked { .. }, Action::Yank { reason }) => edit.set_yanked(Some(reason.trim())),
        (Outcome::Unyanked { .. }, _) => edit.set_yanked(None),
        _ => {}
    }
    Ok(edit.finish())
}

fn message(
    package: &Package,
    release: &Release,
    changed: &[&Build],
    outcomes: &[Outcome],
    action: &Action,
) -> Message {
    let docs: Vec<&BuildDoc> = changed.iter().map(|build| &*build.doc).collect();
    let release_name = format!("{} {}", package.name, release.version);
    let (verb, subject, reason) = match action {
        Action::Promote { .. } => {
            let to = outcomes.iter().find_map(|outcome| match outcome {
                Outcome::Promoted { to, .. } => Some(to.as_str()),
                _ => None,
            });
            (
                "promote",
                format!("{release_name} to {}", to.unwrap_or_default()),
                None,
            )
        }
        Action::Unyank => ("unyank", release_name, None),
        Action::Yank { reason } => ("yank", release_name, Some(reason.trim())),
    };
    let mut trailers = vec![
        ("Action", verb.to_owned()),
        ("Package", package.name.to_string()),
        ("Version", release.version.to_string()),
    ];
    trailers.extend(changed.iter().map(|build| ("Build", build.id.to_string())));
    trailers.extend(reason.map(|reason| ("Reason", reason.to_owned())));
    Message {
        body: reason
            .map(str::to_owned)
            .into_iter()
            .chain(docs.iter().map(|doc| line(doc)))
            .collect(),
        subject: format!("{verb} {subject} ({})", words::builds(&docs)),
        trailers,
    }
}

fn line(doc: &BuildDoc) -> String {
    format!("- {}, {}", words::platforms(doc), words::range(doc))
}
