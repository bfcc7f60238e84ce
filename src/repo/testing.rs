//! Repositories in temporary folders, whose commits are made of texts.

use std::collections::BTreeMap;

use tempfile::TempDir;

use crate::blob::Pointer;
use crate::git::{CommitId, Origin, Store};
use crate::model::doc::{BuildDoc, read};

/// A bare repository and the files of its newest commit.
pub(crate) struct Source {
    files: BTreeMap<String, Vec<u8>>,
    _folder: TempDir,
    pub(crate) store: Store,
}

impl Source {
    /// Makes a package source with nothing but its settings.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::init(folder.path(), true).expect("a new repository");
        for (key, value) in [
            ("commit.gpgsign", "false"),
            ("user.email", "tess@example.org"),
            ("user.name", "Tess"),
        ] {
            store.set_config(key, value).expect("a new repository");
        }
        let mut source = Self {
            files: BTreeMap::new(),
            _folder: folder,
            store,
        };
        source.put("spkrepo.toml", "format = 1\n");
        source
    }

    /// Sets a file of the next commit.
    pub(crate) fn put(&mut self, path: &str, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.files.insert(path.to_owned(), bytes.as_ref().to_vec());
        self
    }

    /// Returns the bytes of a file of the next commit.
    pub(crate) fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Removes what is at and below a path from the next commit.
    pub(crate) fn remove(&mut self, start: &str) -> &mut Self {
        self.files.retain(|path, _| !path.starts_with(start));
        self
    }

    /// Copies what is below a path to another one.
    pub(crate) fn copy(&mut self, from: &str, to: &str) -> &mut Self {
        let copies = self.files.iter().filter_map(|(path, bytes)| {
            let rest = path.strip_prefix(from)?;
            Some((format!("{to}{rest}"), bytes.clone()))
        });
        let copies: Vec<_> = copies.collect();
        self.files.extend(copies);
        self
    }

    /// Sets the document of a build and its pointer.
    pub(crate) fn build(&mut self, folder: &str, id: &str, keys: &str, tables: &str) -> &mut Self {
        let file = format!("{}_{id}.spk", folder.replace('/', "_"));
        let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let text = format!(
            "{keys}\n[spk]\nfile = '{file}'\nsize = 1\nsha256 = '{sha256}'\n\
             md5 = 'd41d8cd98f00b204e9800998ecf8427e'\n{tables}"
        );
        let doc: BuildDoc = read(id, text.as_bytes()).expect("a valid build");
        let pointer = Pointer {
            oid: doc.spk.sha256,
            size: doc.spk.size,
        };
        self.put(&format!("packages/{folder}/{id}.toml"), &text);
        self.put(&format!("packages/{folder}/{file}"), pointer.to_text())
    }

    /// Sets a release with one build for every platform.
    pub(crate) fn release(&mut self, folder: &str, description: &str) -> &mut Self {
        let text = format!("[text]\ndescription = '{description}'\n");
        self.put(&format!("packages/{folder}/release.toml"), &text);
        let keys = "channel = 'stable'\narch = ['noarch']\nos_min_ver = '7.0-40000'";
        self.build(folder, "dsm7.0-40000-noarch", keys, "")
    }

    /// Commits the files.
    pub(crate) fn commit(&self) -> CommitId {
        let blobs = self.files.iter().map(|(path, bytes)| {
            let blob = self.store.write_blob(bytes);
            (path.as_str(), Some(blob.expect("a new blob")))
        });
        let tree = self.store.write_tree(None, blobs).expect("a new tree");
        let commit = self
            .store
            .write_commit(tree, None, "as it is", Origin::default());
        commit.expect("a new commit")
    }
}
