//! Which files a call is about: files, folders, patterns and standard input.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::error::AddError;

/// An argument of `add`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// A file, a folder of SPKs, or a pattern such as `out/*.spk`.
    Path(PathBuf),
    Stdin,
}

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    File(PathBuf),
    Stdin,
}

impl Source {
    /// Returns the name for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "standard input".to_owned(),
        }
    }
}

/// Returns the files that `inputs` stand for; one that stands for none is an error.
pub(super) fn expand(inputs: &[Input]) -> Result<Vec<Source>, AddError> {
    let mut sources = Vec::new();
    for input in inputs {
        match input {
            Input::Stdin => sources.push(Source::Stdin),
            Input::Path(path) => sources.extend(expand_path(path)?.into_iter().map(Source::File)),
        }
    }
    Ok(sources)
}

fn expand_path(path: &Path) -> Result<Vec<PathBuf>, AddError> {
    let found = if path.is_dir() {
        spks_below(path)?
    } else if path.exists() {
        vec![path.to_owned()]
    } else {
        matches(path)?
    };
    if found.is_empty() {
        let path = path.to_owned();
        return Err(AddError::NoSpk { path });
    }
    Ok(found)
}

fn matches(path: &Path) -> Result<Vec<PathBuf>, AddError> {
    let pattern = path.to_string_lossy();
    if !pattern.contains(['*', '?', '[']) {
        let path = path.to_owned();
        return Err(AddError::NotFound { path });
    }
    let paths = glob::glob(&pattern).map_err(|source| AddError::Glob {
        pattern: pattern.clone().into_owned(),
        source,
    })?;
    Ok(paths.flatten().filter(|path| path.is_file()).collect())
}

/// Returns the files below `folder` that are called `*.spk`, in path order; links to folders are not followed.
pub(crate) fn spks_below(folder: &Path) -> Result<Vec<PathBuf>, AddError> {
    let failed = |source| AddError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            paths.extend(spks_below(&path)?);
        } else if is_spk(&path) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_spk(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("spk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_patterns_stand_for_their_spks_and_nothing_is_an_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sub")).expect("writable");
        for name in ["b.spk", "a.SPK", "notes.txt", "sub/c.spk", "x[1].spk"] {
            fs::write(path(name), b"").expect("writable");
        }
        let expanded = |name: &str| expand(&[Input::Path(path(name))]);
        let files = |names: &[&str]| {
            names
                .iter()
                .map(|name| Source::File(path(name)))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            expanded("").expect("found"),
            files(&["a.SPK", "b.spk", "sub/c.spk", "x[1].spk"])
        );
        assert_eq!(
            expanded("*.spk").expect("found"),
            files(&["b.spk", "x[1].spk"])
        );
        assert_eq!(expanded("x[1].spk").expect("found"), files(&["x[1].spk"]));
        assert_eq!(expanded("notes.txt").expect("found"), files(&["notes.txt"]));
        assert!(matches!(
            expanded("none/*.spk"),
            Err(AddError::NoSpk { .. })
        ));
        assert!(matches!(
            expanded("none.spk"),
            Err(AddError::NotFound { .. })
        ));
    }
}
