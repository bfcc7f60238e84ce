//! Makes a package source: the template's files, in a new git repository or in one that is there.

use std::path::{Path, PathBuf};

use super::change::{Change, Message};
use super::repository::Repository;
use super::write_error::WriteError;
use super::writer::Landed;
use crate::base::limits::Limits;
use crate::git::{GitError, Store, TreeId};

/// Names a file of `repo-template/` with its text.
macro_rules! template {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../repo-template/", $path)))),*]
    };
}

/// The files of `repo-template/` that become part of a package source.
const TEMPLATE: [(&str, &str); 11] = template![
    ".gitattributes",
    ".github/CODEOWNERS",
    ".github/dependabot.yml",
    ".github/pull_request_template.md",
    ".github/workflows/check.yml",
    ".github/workflows/comment.yml",
    ".github/workflows/fsck.yml",
    ".github/workflows/publish.yml",
    "README.md",
    "maintainers.toml",
    "spkrepo.toml",
];
const ATTRIBUTES: &str = ".gitattributes";
const SETTINGS: &str = "spkrepo.toml";

/// What `init` made.
#[derive(Clone, Debug)]
pub(crate) struct Initialised {
    /// Files of the template that were there and stay as they are.
    pub(crate) kept: Vec<String>,
    pub(crate) landed: Landed,
    pub(crate) path: PathBuf,
}

/// Says why no package source was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InitError {
    #[error("`{path}` has a working tree, so it cannot be made bare")]
    NotBare { path: PathBuf },
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<GitError> for InitError {
    fn from(error: GitError) -> Self {
        Self::Write(error.into())
    }
}

/// Makes a package source in `folder` as `git init` would; with no folder, in the repository that `here` is in, or in
/// `here` itself. `settings` become entries of the new repository's own git configuration.
pub(crate) fn init(
    folder: Option<&Path>,
    here: &Path,
    bare: bool,
    settings: &[(&str, &str)],
) -> Result<Initialised, InitError> {
    if let Some(path) = folder.filter(|folder| bare && folder.join(".git").exists()) {
        let path = path.to_owned();
        return Err(InitError::NotBare { path });
    }
    let store = open_or_make(folder, here, bare)?;
    if bare && store.work_dir().is_some() {
        let path = store.shown_path().to_owned();
        return Err(InitError::NotBare { path });
    }
    for (key, value) in settings {
        store.set_config(key, value)?;
    }
    let repository = Repository::new(store)?;
    let writer = repository.writer()?;
    let branch = writer.branch()?;
    let tree = branch
        .tip
        .map(|tip| repository.store.root(tip))
        .transpose()?;
    let (change, kept) = plan(&repository.store, tree)?;
    let landed = writer.land_on(&branch, tree, &change)?;
    let path = repository.store.shown_path().to_owned();
    Ok(Initialised { kept, landed, path })
}

fn open_or_make(folder: Option<&Path>, here: &Path, bare: bool) -> Result<Store, GitError> {
    match folder {
        Some(folder) => Store::init(folder, bare),
        None => match Store::discover(here) {
            Err(GitError::NotARepository { .. }) => Store::init(here, bare),
            found => found,
        },
    }
}

fn plan(store: &Store, tree: Option<TreeId>) -> Result<(Change, Vec<String>), GitError> {
    let mut change = Change {
        message: Message {
            subject: "init: make this repository a package source".to_owned(),
            trailers: vec![("Action", "init".to_owned())],
            ..Message::default()
        },
        ..Change::default()
    };
    let is_package_source = match tree {
        Some(tree) => store.find(tree, SETTINGS)?.is_some(),
        None => false,
    };
    let mut kept = Vec::new();
    for (path, text) in TEMPLATE {
        let committed = match tree {
            Some(tree) => store.read_path(tree, path, Limits::DEFAULT.document)?,
            None => None,
        };
        match committed {
            Some(bytes) if path == ATTRIBUTES => {
                change.put(path.to_owned(), with_attributes(&bytes, text))
            }
            Some(_) => kept.push(path.to_owned()),
            // Whoever removed another file of the template later had a reason.
            None if is_package_source && path != ATTRIBUTES => {}
            // A README that is not committed is its author's business; the other files must not be taken for his.
            None if path == "README.md" && is_in_work_dir(store, path) => {
                kept.push(path.to_owned())
            }
            None => change.put(path.to_owned(), text),
        }
    }
    Ok((change, kept))
}

fn is_in_work_dir(store: &Store, path: &str) -> bool {
    store
        .work_dir()
        .is_some_and(|root| root.join(path).exists())
}

/// Adds the line that makes SPKs Git LFS objects, unless it is there.
fn with_attributes(bytes: &[u8], line: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    if text.lines().any(|known| known.trim() == line.trim()) {
        return bytes.to_vec();
    }
    let mut all = bytes.to_vec();
    if !all.is_empty() && !all.ends_with(b"\n") {
        all.push(b'\n');
    }
    all.extend_from_slice(line.as_bytes());
    all
}
