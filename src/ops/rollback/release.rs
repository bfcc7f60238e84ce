//! Rolls a package back to one of its releases: yanks what is newer and offered to the same devices.

use std::sync::Arc;

use super::{
    Asked, BuildReport, Outcome, PackageReport, Plan, RollbackError, check_offered, offers,
};
use crate::base::limits::Limits;
use crate::git::Node;
use crate::model::channel::Channel;
use crate::model::doc::{BuildDoc, BuildEdit, Compatibility, read};
use crate::ops::target::Target;
use crate::repo::{Build, Change, Message, Package, Release, Repository, Snapshot};

/// Plans to yank every newer build that is offered to devices which the release is for, and to take yanks of its own back.
pub(super) fn plan(
    repository: &Repository,
    snapshot: &Snapshot,
    target: &Target,
    asked: &Asked,
) -> Result<Plan, RollbackError> {
    let (package, release) = target.release(snapshot)?;
    let own: Vec<&Build> = release
        .builds
        .values()
        .filter(|build| build.doc.channel != Channel::Staged)
        .collect();
    if own.is_empty() {
        return Err(RollbackError::NeverOffered {
            package: package.name.to_string(),
            version: release.version.to_string(),
        });
    }
    let again: Vec<(&Package, &Release, &Build)> = own
        .iter()
        .filter(|build| build.doc.yanked.is_some())
        .map(|build| (package, release, *build))
        .collect();
    let offered: Vec<_> = own.iter().map(|build| (package, release, *build)).collect();
    check_offered(repository, snapshot, &offered, asked.allow_missing)?;
    let rule = snapshot.settings.catalog.compatibility;
    let newer = newer(package, release, &own, rule);
    let default = format!("rolled back to {}", release.version);
    let reason = asked
        .reason
        .as_deref()
        .map(str::trim)
        .filter(|reason| !reason.is_empty());
    let reason = reason.unwrap_or(&default);
    let mut change = Change::default();
    let mut after = Altered::of(package);
    let mut builds = Vec::new();
    let yanks = newer
        .iter()
        .map(|(release, build)| (*release, *build, Some(reason)));
    let unyanks = again
        .iter()
        .map(|(_, release, build)| (*release, *build, None));
    for (release, build, reason) in unyanks.chain(yanks) {
        let path = Build::path(&package.name, &release.version, &build.id);
        let text = edited(repository, snapshot, &path, reason)?;
        after.set(release, build, read(&path, text.as_bytes())?);
        change.put(path, text);
        builds.push(BuildReport {
            version: release.version.to_string(),
            build: build.id.to_string(),
            outcome: if reason.is_some() {
                Outcome::Yanked
            } else {
                Outcome::Unyanked
            },
        });
    }
    change.message = message(package, release, &builds, reason);
    let after = [(package.name.clone(), Arc::new(after.0))].into();
    let report = PackageReport {
        package: package.name.to_string(),
        builds,
        offers: offers(snapshot, &after, &package.name),
    };
    Ok(Plan {
        change,
        packages: vec![report],
    })
}

/// Returns the newer builds that are offered where one of `own` would be: others leave nobody without a version.
fn newer<'a>(
    package: &'a Package,
    release: &Release,
    own: &[&Build],
    rule: Compatibility,
) -> Vec<(&'a Release, &'a Build)> {
    let newer = package
        .releases
        .values()
        .filter(|other| other.version > release.version);
    newer
        .flat_map(|release| {
            release
                .builds
                .values()
                .map(move |build| (&**release, build))
        })
        .filter(|(_, build)| build.offered_on().is_some())
        .filter(|(_, build)| own.iter().any(|own| meet(&own.doc, &build.doc, rule)))
        .collect()
}

/// Whether some device could be offered either build: a platform and a line of the system in common.
fn meet(a: &BuildDoc, b: &BuildDoc, rule: Compatibility) -> bool {
    let (first, second) = (a.os_min_ver, b.os_min_ver);
    let same_line = match rule {
        Compatibility::Dsm7Boundary => (first.major >= 7) == (second.major >= 7),
        Compatibility::SameMajor => first.major == second.major,
    };
    let covers = |a: &crate::model::arch::Arch| {
        b.arch
            .iter()
            .any(|b| a.covers(b).is_some() || b.covers(a).is_some())
    };
    first.os() == second.os() && same_line && a.arch.iter().any(covers)
}

/// A package with other builds than the repository has yet.
struct Altered(Package);

impl Altered {
    fn of(package: &Package) -> Self {
        Self(Package {
            doc: package.doc.clone(),
            name: package.name.clone(),
            releases: package.releases.clone(),
            screenshots: package.screenshots.clone(),
            tree: package.tree,
        })
    }

    /// Gives a build another document, whose texts and rights are the same.
    fn set(&mut self, release: &Release, build: &Build, doc: BuildDoc) {
        let Some(known) = self.0.releases.get_mut(&release.version) else {
            return;
        };
        let copy = |known: &Build| Build {
            doc: known.doc.clone(),
            id: known.id.clone(),
            install: Arc::clone(&known.install),
            permissions: Arc::clone(&known.permissions),
            text: Arc::clone(&known.text),
        };
        let mut builds: std::collections::BTreeMap<_, _> = known
            .builds
            .iter()
            .map(|(id, build)| (id.clone(), copy(build)))
            .collect();
        builds.insert(
            build.id.clone(),
            Build {
                doc: Box::new(doc),
                ..copy(build)
            },
        );
        *known = Arc::new(Release {
            builds,
            doc: known.doc.clone(),
            icons: known.icons.clone(),
            tree: known.tree,
            version: known.version.clone(),
        });
    }
}

fn edited(
    repository: &Repository,
    snapshot: &Snapshot,
    path: &str,
    reason: Option<&str>,
) -> Result<String, RollbackError> {
    let store = &repository.store;
    let Some(Node::Blob(blob)) = store.find(snapshot.tree, path)? else {
        unreachable!("the snapshot read this document from this tree");
    };
    let bytes = store.read(path, blob, Limits::DEFAULT.document)?;
    let mut edit = BuildEdit::new(path, &String::from_utf8_lossy(&bytes))?;
    edit.set_yanked(reason);
    Ok(edit.finish())
}

fn message(package: &Package, release: &Release, builds: &[BuildReport], reason: &str) -> Message {
    let mut trailers = vec![
        ("Action", "rollback".to_owned()),
        ("Package", package.name.to_string()),
        ("Version", release.version.to_string()),
        ("Reason", reason.to_owned()),
    ];
    trailers.extend(
        builds
            .iter()
            .map(|build| ("Build", format!("{} {}", build.version, build.build))),
    );
    let line = |build: &BuildReport| {
        let what = match build.outcome {
            Outcome::Unyanked => "offered again",
            _ => "yanked",
        };
        format!("- {} {}: {what}", build.version, build.build)
    };
    Message {
        body: std::iter::once(reason.to_owned())
            .chain(builds.iter().map(line))
            .collect(),
        subject: format!("rollback {} to {}", package.name, release.version),
        trailers,
    }
}
