//! What a source must be able to do, whether it is a folder or on the web.

use std::path::PathBuf;

use jiff::Timestamp;

use super::error::{ImportError, Refusal};
use super::offered::Offered;
use super::report::Refused;
use super::web::Manners;
use crate::base::digest::{Digests, Sha256};
use crate::model::arch::Arch;
use crate::model::base_url::BaseUrl;
use crate::model::channel::Channel;
use crate::ops::progress::Progress;
use crate::ops::target::DsmLine;

/// Where SPKs come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Folder(PathBuf),
    Web(BaseUrl),
}

/// How they are taken in.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The platforms that a source on the web is asked for; all that are known when there are none.
    pub(crate) arch: Vec<Arch>,
    /// Where all builds go, instead of where the source has them.
    pub(crate) channel: Option<Channel>,
    /// A source on the web is asked as devices ask, even if it would list everything at once.
    pub(crate) devices: bool,
    pub(crate) dry_run: bool,
    /// The versions of DSM that a source on the web is asked for; all that are known when there are none.
    pub(crate) dsm: Vec<DsmLine>,
    /// A release's texts stay where an SPK says otherwise.
    pub(crate) keep_texts: bool,
    pub(crate) manners: Manners,
    pub(crate) reject_signed: bool,
    /// What the source does not offer any more is yanked.
    pub(crate) yank_gone: bool,
}

/// What a source has.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Whether everything that the source has is known.
    pub(super) is_complete: bool,
    pub(super) notes: Vec<String>,
    pub(super) offered: Vec<Offered>,
    pub(super) questions: usize,
    pub(super) refused: Vec<Refused>,
}

/// An SPK that is here.
#[derive(Debug)]
pub(super) struct Brought {
    pub(super) date: Option<Timestamp>,
    /// Whether all of it came just now: what was kept may have been damaged since.
    pub(super) is_fresh: bool,
    pub(super) path: PathBuf,
}

/// Brings the bytes of what a source offers.
pub(super) trait Bytes {
    /// Brings a build here; the outer error says that no other can be brought either.
    fn bring(
        &mut self,
        offered: &Offered,
        progress: &dyn Progress,
    ) -> Result<Result<Brought, Refusal>, ImportError>;

    /// Forgets what was brought: it is in the repository, with these digests, or wrong.
    fn forget(&mut self, _offered: &Offered, _taken: Option<&Digests>) -> Result<(), ImportError> {
        Ok(())
    }

    /// Returns what was taken in before for bytes that are offered like this.
    fn arrived(&self, _offered: &Offered) -> Option<Sha256> {
        None
    }
}
