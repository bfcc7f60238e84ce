//! Writes the files of an export, those that are the same once.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::ExportError;
use crate::base::digest::Sha256;
use crate::base::limits::Limits;
use crate::repo::Repository;
use crate::site::{CatalogFile, Content, File, ManifestFile};

/// A tree that is being written.
pub(super) struct Writing<'a> {
    /// Where content is that was written already.
    known: HashMap<Sha256, PathBuf>,
    pub(super) files: BTreeMap<String, ManifestFile>,
    repository: &'a Repository,
    root: &'a Path,
}

impl<'a> Writing<'a> {
    pub(super) fn new(root: &'a Path, repository: &'a Repository) -> Self {
        Self {
            known: HashMap::new(),
            files: BTreeMap::new(),
            repository,
            root,
        }
    }

    pub(super) fn catalog(&mut self, catalog: &CatalogFile<'_>) -> Result<(), ExportError> {
        let sha256 = Sha256::of(&catalog.body);
        let listed = &catalog.listed;
        for path in listed.names.iter().map(|name| listed.path(name)) {
            self.shared(&path, &catalog.body, sha256)?;
        }
        Ok(())
    }

    pub(super) fn file(&mut self, file: File) -> Result<(), ExportError> {
        match file.content {
            Content::Bytes(bytes) => self.bytes(&file.path, &bytes),
            Content::Picture { blob } => {
                let store = &self.repository.store;
                let bytes = store.read(&file.path, blob, Limits::DEFAULT.image)?;
                self.bytes(&file.path, &bytes)
            }
            Content::Spk { sha256, size } => {
                let blob = self.repository.blobs.path(sha256);
                let target = self.root.join(&file.path);
                place_blob(&blob, &target).map_err(failed(&target))?;
                self.files.insert(file.path, ManifestFile { sha256, size });
                Ok(())
            }
        }
    }

    pub(super) fn bytes(&mut self, path: &str, bytes: &[u8]) -> Result<(), ExportError> {
        self.shared(path, bytes, Sha256::of(bytes))
    }

    /// Catalogs of platforms that are offered the same are one file with many names, where the file system can.
    fn shared(&mut self, path: &str, bytes: &[u8], sha256: Sha256) -> Result<(), ExportError> {
        let target = self.root.join(path);
        let known = self.known.get(&sha256);
        make_parent(&target).map_err(failed(&target))?;
        if known.is_none_or(|known| fs::hard_link(known, &target).is_err()) {
            write_new(&target, bytes).map_err(failed(&target))?;
            self.known.insert(sha256, target);
        }
        let size = bytes.len() as u64;
        self.files
            .insert(path.to_owned(), ManifestFile { sha256, size });
        Ok(())
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> ExportError {
    let path = path.to_owned();
    move |source| ExportError::Write { path, source }
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Two names that are one on this file system must not become one file.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).open(path)?;
    io::Write::write_all(&mut file, bytes)
}

/// Gives a blob a second name, or copies it: to another file system, or when a web server could not read it.
fn place_blob(blob: &Path, target: &Path) -> io::Result<()> {
    make_parent(target)?;
    if is_readable_by_all(blob)? && fs::hard_link(blob, target).is_ok() {
        return Ok(());
    }
    let mut source = fs::File::open(blob)?;
    let mut options = fs::OpenOptions::new();
    let mut copy = options.write(true).create_new(true).open(target)?;
    io::copy(&mut source, &mut copy).map(drop)
}

fn is_readable_by_all(path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        const READ: u32 = 0o444;
        Ok(fs::metadata(path)?.permissions().mode() & READ == READ)
    }
    #[cfg(not(unix))]
    {
        fs::metadata(path).map(|_| true)
    }
}
