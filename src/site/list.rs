//! What packages are here, and which version is where.

use serde::Serialize;

use crate::model::channel::Channel;
use crate::repo::{Package, Release, Snapshot};

/// One package.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) package: String,
    /// The newest version that is offered on stable.
    pub(crate) stable: Option<String>,
    /// The newest version that is offered on beta.
    pub(crate) beta: Option<String>,
    /// The newest version that is staged.
    pub(crate) staged: Option<String>,
    /// Versions of which every build is yanked.
    pub(crate) yanked: Vec<String>,
    pub(crate) releases: usize,
    pub(crate) builds: usize,
}

/// Returns a row for each package, in the order of names.
pub(crate) fn list(snapshot: &Snapshot) -> Vec<Row> {
    snapshot
        .packages
        .values()
        .map(|package| row(package))
        .collect()
}

fn row(package: &Package) -> Row {
    Row {
        package: package.name.to_string(),
        stable: newest(package, Channel::Stable),
        beta: newest(package, Channel::Beta),
        staged: newest(package, Channel::Staged),
        yanked: package
            .releases
            .values()
            .filter(|release| is_yanked(release))
            .map(|release| release.version.to_string())
            .collect(),
        releases: package.releases.len(),
        builds: package
            .releases
            .values()
            .map(|release| release.builds.len())
            .sum(),
    }
}

fn newest(package: &Package, channel: Channel) -> Option<String> {
    let has = |release: &&Release| {
        let mut builds = release.builds.values();
        builds.any(|build| build.doc.yanked.is_none() && build.doc.channel == channel)
    };
    package
        .releases
        .values()
        .map(|release| &**release)
        .rev()
        .find(has)
        .map(|release| release.version.to_string())
}

fn is_yanked(release: &Release) -> bool {
    !release.builds.is_empty()
        && release
            .builds
            .values()
            .all(|build| build.doc.yanked.is_some())
}
