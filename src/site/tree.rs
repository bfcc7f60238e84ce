//! All files of an export: the catalogs, one after the other, and then what goes with them.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogs::{CatalogFile, Listed, catalogs};
use super::finder;
use super::headers;
use super::page;
use crate::base::digest::Sha256;
use crate::catalog::{Links, Offer};
use crate::git::BlobId;
use crate::repo::{Asset, Package, Release, Snapshot};

/// The package source at one commit, as files.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    pub(crate) links: Links<'a>,
    pub(crate) snapshot: &'a Snapshot,
}

/// A file, by its path with `/`.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) content: Content,
    pub(crate) path: String,
}

/// What is in a file.
#[derive(Debug)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    /// A picture in git.
    Picture {
        blob: BlobId,
    },
    /// A blob of the store.
    Spk {
        sha256: Sha256,
        size: u64,
    },
}

/// Says that the repository has names that cannot be files.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TreeError {
    #[error("`{path}` is to be a file and a folder")]
    FileAndFolder { path: String },
    #[error("`{name}` of the package `{package}` cannot be the name of a file")]
    Name { name: String, package: String },
}

/// Which pictures the catalogs link to.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    icons: BTreeMap<String, BlobId>,
    screenshots: BTreeMap<String, BlobId>,
}

impl<'a> Tree<'a> {
    /// Returns the catalogs, each made when its turn comes: together they may be large.
    pub(crate) fn catalogs(&self) -> impl Iterator<Item = CatalogFile<'a>> {
        catalogs(self.snapshot, self.links)
    }

    /// Returns all other files, given for whom catalogs are and what they show.
    pub(crate) fn others(&self, listed: &[Listed], shown: Shown) -> Result<Vec<File>, TreeError> {
        let text = |path: &str, text: String| File {
            content: Content::Bytes(text.into_bytes()),
            path: path.to_owned(),
        };
        let index = finder::index(self.snapshot, self.links.base_url, listed);
        let mut files = vec![
            text(".nojekyll", String::new()),
            text(headers::PATH, headers::TEXT.to_owned()),
            text("index.html", index),
        ];
        for package in self.snapshot.packages.values() {
            if let Some(page) = page::package(package, &self.links, finder::HEAD) {
                files.push(text(&format!("package/{}/index.html", package.name), page));
            }
        }
        let pictures = shown.icons.into_iter().chain(shown.screenshots);
        files.extend(pictures.map(|(path, blob)| File {
            content: Content::Picture { blob },
            path,
        }));
        if self.links.downloads.is_none() {
            files.extend(self.spks()?);
        }
        check_paths(&files)?;
        Ok(files)
    }

    /// Returns how many packages are offered to anybody.
    pub(crate) fn offered_packages(&self) -> usize {
        let rows = super::list(self.snapshot).into_iter();
        rows.filter(|row| row.stable.is_some() || row.beta.is_some())
            .count()
    }

    /// Returns the SPKs that are offered to anybody; where two have one name, the newer one has it, as on a server.
    fn spks(&self) -> Result<Vec<File>, TreeError> {
        let mut files = BTreeMap::new();
        for package in self.snapshot.packages.values() {
            let releases = package.releases.values().rev();
            let builds = releases.flat_map(|release| release.builds.values());
            for build in builds.filter(|build| build.offered_on().is_some()) {
                let spk = &build.doc.spk;
                let path = format!("packages/{}/{}", package.name, named(package, &spk.file)?);
                let content = Content::Spk {
                    sha256: spk.sha256,
                    size: spk.size,
                };
                files.entry(path).or_insert(content);
            }
        }
        let file = |(path, content)| File { content, path };
        Ok(files.into_iter().map(file).collect())
    }
}

impl Shown {
    /// Notes the pictures of what is offered.
    pub(crate) fn note(&mut self, offers: &[Offer<'_>]) -> Result<(), TreeError> {
        for offer in offers {
            self.note_release(offer.package, offer.release)?;
        }
        Ok(())
    }

    fn note_release(&mut self, package: &Package, release: &Release) -> Result<(), TreeError> {
        let folder = format!("packages/{}", package.name);
        for Asset { blob, name } in release.icons.values() {
            let name = named(package, name)?;
            self.icons
                .insert(format!("{folder}/{}/{name}", release.version), *blob);
        }
        for Asset { blob, name } in &package.screenshots {
            let name = named(package, name)?;
            self.screenshots
                .insert(format!("{folder}/screenshots/{name}"), *blob);
        }
        Ok(())
    }
}

/// Git itself allows names that lead out of a folder, in trees that nobody checked.
fn named<'n>(package: &Package, name: &'n str) -> Result<&'n str, TreeError> {
    let leads_away =
        name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', '\0']);
    if leads_away {
        return Err(TreeError::Name {
            name: name.to_owned(),
            package: package.name.to_string(),
        });
    }
    Ok(name)
}

/// A package may call an SPK as it calls a release.
fn check_paths(files: &[File]) -> Result<(), TreeError> {
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    for path in &paths {
        let mut folder = *path;
        while let Some((above, _)) = folder.rsplit_once('/') {
            if paths.contains(above) {
                return Err(TreeError::FileAndFolder {
                    path: above.to_owned(),
                });
            }
            folder = above;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalog::testing::{BUILD, snapshot};
    use crate::model::doc::Text;

    const URL: &str = "https://example.org/spk";

    fn source() -> Snapshot {
        let release = ("1.0-1".to_owned(), vec![BUILD.clone()], Text::default());
        snapshot(
            &BTreeMap::from([("a b".to_owned(), vec![release])]),
            "same-major",
        )
    }

    fn paths(snapshot: &Snapshot) -> Result<Vec<String>, TreeError> {
        let links = Links::below(URL);
        let files = Tree { links, snapshot }.others(&[], Shown::default())?;
        Ok(files.into_iter().map(|file| file.path).collect())
    }

    fn rename(snapshot: &mut Snapshot, file: &str) {
        let package = snapshot.packages.values_mut().next().expect("one");
        let package = std::sync::Arc::get_mut(package).expect("nobody else has it");
        for release in package.releases.values_mut() {
            let release = std::sync::Arc::get_mut(release).expect("nobody else has it");
            for build in release.builds.values_mut() {
                build.doc.spk.file = file.to_owned();
            }
        }
    }

    #[test]
    fn spks_are_where_a_server_has_them() {
        let paths = paths(&source()).expect("plain names");
        assert_eq!(
            paths,
            [
                ".nojekyll",
                "_headers",
                "index.html",
                "package/a b/index.html",
                "packages/a b/1.0-1_dsm7.0-40000-noarch.spk",
            ]
        );
    }

    #[test]
    fn names_that_lead_away_are_refused() {
        for name in ["..", ".", "", "a/b", "../../x.spk", "a\\b", "a\0"] {
            let mut source = source();
            rename(&mut source, name);
            let error = paths(&source).expect_err(name);
            assert!(matches!(error, TreeError::Name { .. }), "{name}: {error}");
        }
    }

    #[test]
    fn file_with_the_name_of_a_folder_is_refused() {
        let mut source = source();
        rename(&mut source, "1.0-1");
        let links = Links::below(URL);
        let tree = Tree {
            links,
            snapshot: &source,
        };
        let icon = ("packages/a b/1.0-1/icon_72.png".to_owned(), BlobId::of(b""));
        let shown = Shown {
            icons: BTreeMap::from([icon]),
            ..Shown::default()
        };
        let path = "packages/a b/1.0-1".to_owned();
        let error = tree.others(&[], shown).expect_err("two things");
        assert_eq!(error, TreeError::FileAndFolder { path });
    }
}
