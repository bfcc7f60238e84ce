//! What came of an import, for people and programs.

use serde::Serialize;

use super::offered::Offered;
use crate::model::channel::Channel;
use crate::ops::add::FileReport;
use crate::repo::Landed;

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The folder or the address.
    pub(crate) source: String,
    /// Requests for catalogs; none of a folder.
    pub(crate) questions: usize,
    /// In the order in which they were taken in; with `--dry-run`, those that would be.
    pub(crate) releases: Vec<ReleaseReport>,
    /// Builds that were in the repository before.
    pub(crate) already_there: usize,
    pub(crate) refused: Vec<Refused>,
    pub(crate) promoted: Vec<Promoted>,
    pub(crate) gone: Vec<Gone>,
    /// What else is worth a word.
    pub(crate) notes: Vec<String>,
    /// What an interrupted command had left to do.
    #[serde(skip)]
    pub(crate) begun: Landed,
}

/// A release that was taken in, or that builds were added to.
#[derive(Debug, Serialize)]
pub(crate) struct ReleaseReport {
    pub(crate) package: String,
    pub(crate) version: String,
    /// When it was made, by the source's word.
    pub(crate) date: Option<String>,
    /// Absent with `--dry-run`.
    pub(crate) commit: Option<String>,
    pub(crate) builds: Vec<BuildReport>,
    #[serde(skip)]
    pub(crate) landed: Option<Landed>,
}

/// A build of it; what only its bytes tell is absent with `--dry-run`.
#[derive(Debug, Serialize)]
pub(crate) struct BuildReport {
    pub(crate) from: String,
    pub(crate) channel: Channel,
    pub(crate) size: Option<u64>,
    pub(crate) build: Option<String>,
    pub(crate) platforms: Option<String>,
    pub(crate) range: Option<String>,
    pub(crate) sha256: Option<String>,
    pub(crate) warnings: Vec<String>,
}

/// Something that the source has and that was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Refused {
    /// A file, a link, or the address of a catalog.
    pub(crate) what: String,
    pub(crate) package: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) reason: String,
}

/// Builds that are stable at the source now.
#[derive(Debug, Serialize)]
pub(crate) struct Promoted {
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) builds: Vec<String>,
    /// Absent with `--dry-run`.
    pub(crate) commit: Option<String>,
    #[serde(skip)]
    pub(crate) landed: Landed,
}

/// A newest release that the source does not offer any more.
#[derive(Debug, Serialize)]
pub(crate) struct Gone {
    pub(crate) package: String,
    pub(crate) version: String,
    /// Whether it was yanked for that.
    pub(crate) yanked: bool,
    #[serde(skip)]
    pub(crate) landed: Landed,
}

/// What has just happened, for whoever watches.
#[derive(Debug)]
pub(crate) enum News<'a> {
    Gone(&'a Gone),
    Promoted(&'a Promoted),
    Refused(&'a Refused),
    Release(&'a ReleaseReport),
}

/// Is told what happens.
pub(crate) type Tell<'a> = dyn Fn(&News<'_>) + 'a;

impl Report {
    pub(super) fn new(source: String) -> Self {
        Self {
            already_there: 0,
            begun: Landed::default(),
            gone: Vec::new(),
            notes: Vec::new(),
            promoted: Vec::new(),
            questions: 0,
            refused: Vec::new(),
            releases: Vec::new(),
            source,
        }
    }

    /// Says whether somebody should look at it.
    pub(crate) fn has_problems(&self) -> bool {
        !self.refused.is_empty() || self.gone.iter().any(|gone| !gone.yanked)
    }
}

impl Refused {
    /// Says that a build was not taken in.
    pub(super) fn build(offered: &Offered, reason: String) -> Self {
        Self {
            package: Some(offered.package.to_string()),
            reason,
            version: Some(offered.version.to_string()),
            what: offered.place.name(),
        }
    }

    /// Says that something is of no use of which no more is known.
    pub(super) fn unnamed(what: String, reason: String) -> Self {
        Self {
            package: None,
            reason,
            version: None,
            what,
        }
    }
}

impl BuildReport {
    /// Describes what would be taken in.
    pub(super) fn expected(offered: &Offered) -> Self {
        Self {
            build: None,
            channel: offered.channel,
            from: offered.place.name(),
            platforms: None,
            range: None,
            sha256: offered.sha256.map(|sha256| sha256.to_string()),
            size: offered.size,
            warnings: Vec::new(),
        }
    }

    /// Describes what was taken in.
    pub(super) fn taken(file: FileReport) -> Self {
        Self {
            build: Some(file.build),
            channel: file.channel,
            from: file.file,
            platforms: Some(file.platforms),
            range: Some(file.range),
            sha256: Some(file.sha256),
            size: Some(file.size),
            warnings: file.warnings,
        }
    }
}
