//! The package source as files for a plain web root, and the pages that it shares with the server.
//!
//! Pure: from a snapshot to paths and contents; `ops::export` writes them.
//!
//! ```text
//! dsm7.2/apollolake.json          for every apollolake with DSM 7.2, whichever build: what each of them may have
//! dsm7.2-64570/apollolake.json    from build 64570 on to the next such folder: exactly what `serve` answers
//! dsm7.2/noarch.json              for every platform: what fits all of them
//! beta/dsm7.2/apollolake.json     with beta versions too, as below /beta/ of a server
//! packages/…                      icons, screenshots and SPKs, where a server has them
//! package/…/index.html            the builds of a package, for people
//! index.html                      which address is whose
//! spkrepo.json                    what was written, for `verify --url` and the next export
//! .nojekyll  _headers             for GitHub Pages, and for Netlify and Cloudflare Pages
//! ```
//!
//! Why so: DSM wants JSON at the very address that was added, and adds a query, which a plain server ignores. The address
//! of a folder answers with `index.html` as HTML, so each catalog is a file of its own whose name ends in `.json`, which
//! every host sends as `application/json` (known to work: `facts/static_hosting.md` §1). Platform and version come from
//! DSM's own info page. The folder comes first because its names are ours: no platform, however it is called, can take
//! the place of `packages`.
//!
//! A minimum or maximum in the middle of a version splits it. The folder without a build then has what fits every build of
//! the version, so that nobody is offered what does not fit; the folders with a build are exact. Splits follow from all
//! builds that were ever released, so that yanking and promoting take no address away. Builds for some models only are in
//! no platform's file; each model that is named has a file of its own, `apollolake-918plus.json`.
//!
//! Texts are English: which language is asked for is in the query, too.

mod audience;
mod catalogs;
mod finder;
mod headers;
mod list;
mod manifest;
pub(crate) mod page;
#[cfg(test)]
mod properties;
mod tree;

pub(crate) use catalogs::{CatalogFile, Listed, listed};
pub(crate) use list::{Row, list};
pub(crate) use manifest::{MANIFEST, Manifest, ManifestFile};
pub(crate) use tree::{Content, File, Shown, Tree, TreeError};
