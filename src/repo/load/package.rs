//! Reads the folder of one package.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::problems::{Problems, folder_error};
use super::shared::Shared;
use crate::blob::Pointer;
use crate::git::{BlobId, Entry, GitError, Node, Store, TreeId};
use crate::model::build_id::BuildId;
use crate::model::doc::{BuildDoc, DocError, Fault, PackageDoc, ReleaseDoc, read};
use crate::model::name::PackageName;
use crate::model::version::Version;
use crate::repo::snapshot::{Asset, Build, Package, Release};

/// Reads the package whose folder is `tree`; returns what is wrong with it beside what could be read.
///
/// Releases that `previous` has with the same tree are not read again.
pub(super) fn parse(
    store: &Store,
    name: &PackageName,
    tree: TreeId,
    previous: Option<&Package>,
) -> Result<(Option<Package>, Vec<DocError>), GitError> {
    let mut reader = Reader {
        previous,
        problems: Problems::default(),
        store,
    };
    let package = reader.package(name, tree)?;
    Ok((package, reader.problems.into_vec()))
}

struct Reader<'a> {
    previous: Option<&'a Package>,
    problems: Problems,
    store: &'a Store,
}

impl Reader<'_> {
    fn package(&mut self, name: &PackageName, tree: TreeId) -> Result<Option<Package>, GitError> {
        let folder = Package::folder(name);
        let mut package = Package {
            doc: PackageDoc::default(),
            name: name.clone(),
            releases: BTreeMap::new(),
            screenshots: Vec::new(),
            tree,
        };
        for entry in self.store.entries(tree)? {
            let path = format!("{folder}/{}", entry.name);
            match (entry.name.as_str(), entry.node) {
                ("package.toml", Node::Blob(blob)) => {
                    package.doc = self.document(&path, blob)?.unwrap_or_default()
                }
                ("screenshots", Node::Tree(tree)) => {
                    package.screenshots = self.screenshots(&path, tree)?
                }
                (version, Node::Tree(tree)) => {
                    let version = version.parse().map_err(|error| folder_error(path, &error));
                    if let Some(version) = self.problems.take(version) {
                        let release = self.release(name, version, tree)?;
                        package.releases.insert(release.version.clone(), release);
                    }
                }
                (_, Node::Other) => self.problems.note_link(&path),
                _ => {}
            }
        }
        Ok(Some(package))
    }

    fn document<T: serde::de::DeserializeOwned>(
        &mut self,
        path: &str,
        blob: BlobId,
    ) -> Result<Option<T>, GitError> {
        let bytes = self.problems.bytes(self.store, path, blob)?;
        Ok(bytes.and_then(|bytes| self.problems.take(read(path, &bytes))))
    }

    fn screenshots(&mut self, folder: &str, tree: TreeId) -> Result<Vec<Asset>, GitError> {
        let entries = self.entries(folder, tree)?;
        Ok(entries
            .into_iter()
            .filter_map(asset)
            .filter(|asset| is_picture(&asset.name))
            .collect())
    }

    /// Returns the entries of a folder, and notes those that are neither file nor folder.
    fn entries(&mut self, folder: &str, tree: TreeId) -> Result<Vec<Entry>, GitError> {
        let entries = self.store.entries(tree)?;
        for entry in entries
            .iter()
            .filter(|entry| matches!(entry.node, Node::Other))
        {
            self.problems.note_link(&format!("{folder}/{}", entry.name));
        }
        Ok(entries)
    }

    /// Takes the release over from the previous package, or reads it.
    fn release(
        &mut self,
        package: &PackageName,
        version: Version,
        tree: TreeId,
    ) -> Result<Arc<Release>, GitError> {
        let known = self.previous.and_then(|known| known.releases.get(&version));
        match known.filter(|known| known.tree == tree) {
            Some(known) => Ok(Arc::clone(known)),
            None => self.new_release(package, version, tree).map(Arc::new),
        }
    }

    fn new_release(
        &mut self,
        package: &PackageName,
        version: Version,
        tree: TreeId,
    ) -> Result<Release, GitError> {
        let folder = Release::folder(package, &version);
        let entries = self.entries(&folder, tree)?;
        let blobs: BTreeMap<&str, BlobId> = entries.iter().filter_map(named_blob).collect();
        let doc = self.release_doc(&folder, &entries)?;
        let shared = Shared::of(&doc);
        let mut release = Release {
            builds: BTreeMap::new(),
            doc,
            icons: BTreeMap::new(),
            tree,
            version,
        };
        for entry in &entries {
            let Node::Blob(blob) = entry.node else {
                continue;
            };
            if let Some(width) = icon_width(&entry.name) {
                let name = entry.name.clone();
                release.icons.insert(width, Asset { blob, name });
            } else if let Some(stem) = entry
                .name
                .strip_suffix(".toml")
                .filter(|stem| *stem != "release")
                && let Some(build) =
                    self.build(&format!("{folder}/{}", entry.name), stem, blob, &shared)?
            {
                self.check_pointer(&folder, &build, &blobs)?;
                release.builds.insert(build.id.clone(), build);
            }
        }
        Ok(release)
    }

    /// Returns what the builds share; an empty document when there is a problem with it, so that those of the builds are
    /// found too.
    fn release_doc(&mut self, folder: &str, entries: &[Entry]) -> Result<ReleaseDoc, GitError> {
        let path = format!("{folder}/release.toml");
        let entry = entries.iter().find(|entry| entry.name == "release.toml");
        match entry.map(|entry| entry.node) {
            Some(Node::Blob(blob)) => Ok(self.document(&path, blob)?.unwrap_or_default()),
            // It is noted as what it is.
            Some(Node::Other) => Ok(ReleaseDoc::default()),
            Some(Node::Tree(_)) | None => {
                let help = "write what the builds share there, or remove the folder";
                self.problems.note(
                    Fault::Document,
                    &path,
                    "the file is missing".to_owned(),
                    help,
                );
                Ok(ReleaseDoc::default())
            }
        }
    }

    fn build(
        &mut self,
        path: &str,
        stem: &str,
        blob: BlobId,
        shared: &Shared,
    ) -> Result<Option<Build>, GitError> {
        let id = stem
            .parse::<BuildId>()
            .map_err(|error| folder_error(path.to_owned(), &error));
        let (Some(id), Some(doc)) = (
            self.problems.take(id),
            self.document::<BuildDoc>(path, blob)?,
        ) else {
            return Ok(None);
        };
        Ok(Some(shared.build(id, doc)))
    }

    /// The pointer and the document must name the same bytes: one is what git-lfs fetches, the other what a NAS checks.
    fn check_pointer(
        &mut self,
        folder: &str,
        build: &Build,
        blobs: &BTreeMap<&str, BlobId>,
    ) -> Result<(), GitError> {
        let spk = &build.doc.spk;
        let path = format!("{folder}/{}", spk.file);
        let expected = Pointer {
            oid: spk.sha256,
            size: spk.size,
        };
        let Some(blob) = blobs.get(spk.file.as_str()).copied() else {
            if self.problems.has(&path) {
                return Ok(());
            }
            let message = format!("the file is missing, though `{}.toml` names it", build.id);
            self.problems.note(
                Fault::PointerMissing,
                &path,
                message,
                "restore the Git LFS pointer, or remove the build",
            );
            return Ok(());
        };
        if blob == BlobId::of(expected.to_text().as_bytes()) {
            return Ok(());
        }
        let found = match self.store.read(&path, blob, Pointer::MAX_BYTES) {
            Ok(bytes) => Pointer::parse(&bytes).map_err(|error| error.to_string()),
            Err(GitError::Oversized { size, .. }) => Err(format!(
                "the file is {size} bytes long, too long for a Git LFS pointer"
            )),
            Err(error) => return Err(error),
        };
        match found {
            Ok(pointer) if pointer == expected => {}
            Ok(pointer) => {
                let message = format!(
                    "the pointer names {} of {} bytes, `{}.toml` {} of {} bytes",
                    pointer.oid, pointer.size, build.id, expected.oid, expected.size
                );
                self.problems.note(
                    Fault::PointerDisagrees,
                    &path,
                    message,
                    "released bytes never change: restore the two that belong together",
                );
            }
            Err(message) => {
                let help = "an SPK is committed as a Git LFS pointer: install git-lfs, or use `spkrepo add`";
                self.problems.note(Fault::Pointer, &path, message, help);
            }
        }
        Ok(())
    }
}

fn asset(entry: Entry) -> Option<Asset> {
    match entry.node {
        Node::Blob(blob) => Some(Asset {
            blob,
            name: entry.name,
        }),
        _ => None,
    }
}

fn named_blob(entry: &Entry) -> Option<(&str, BlobId)> {
    match entry.node {
        Node::Blob(blob) => Some((&entry.name, blob)),
        _ => None,
    }
}

fn is_picture(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".png", ".jpg", ".jpeg"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

fn icon_width(name: &str) -> Option<u32> {
    name.strip_prefix("icon_")?
        .strip_suffix(".png")?
        .parse()
        .ok()
}
