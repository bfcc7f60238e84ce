//! No file under `tests/` is forgotten: each is a module of the one that holds its folder.

use std::path::{Path, PathBuf};

use crate::source_rules::{root, rust_files};

/// Returns the files that may declare the module of `file`.
fn parents(file: &Path) -> [PathBuf; 3] {
    let folder = match file.file_stem() {
        Some(stem) if stem == "mod" => file.parent().and_then(Path::parent),
        _ => file.parent(),
    };
    let folder = folder.expect("a file in a folder");
    [
        folder.join("main.rs"),
        folder.join("mod.rs"),
        folder.with_extension("rs"),
    ]
}

/// Returns the name of the module in `file`.
fn module(file: &Path) -> String {
    let stem = file.file_stem().expect("a file's name").to_string_lossy();
    match file.parent().and_then(Path::file_name) {
        Some(folder) if stem == "mod" => folder.to_string_lossy().into_owned(),
        _ => stem.into_owned(),
    }
}

fn declares(text: &str, module: &str) -> bool {
    let line = format!("mod {module};");
    text.lines()
        .any(|text| text == line || text.ends_with(&format!(" {line}")))
}

#[test]
fn every_file_is_a_module() {
    let main = root().join("tests/main.rs");
    // A program of its own, which other tools build.
    let fuzz = root().join("tests/fuzz");
    let is_module = |file: &PathBuf| *file != main && !file.starts_with(&fuzz);
    for file in rust_files("tests").into_iter().filter(is_module) {
        let found = parents(&file)
            .iter()
            .filter_map(|parent| std::fs::read_to_string(parent).ok())
            .any(|text| declares(&text, &module(&file)));
        assert!(
            found,
            "{} is in no module: its tests do not run",
            file.display()
        );
    }
}

#[test]
fn a_module_is_declared_by_its_own_line() {
    assert!(declares("//! Text.\n\nmod add;\n", "add"));
    assert!(declares("pub(crate) mod add;\n", "add"));
    assert!(!declares("mod added;\n// mod add; is missing\n", "add"));
    assert_eq!(module(Path::new("tests/support/mod.rs")), "support");
    assert_eq!(
        parents(Path::new("tests/a/b.rs"))[2],
        Path::new("tests/a.rs")
    );
    assert_eq!(
        parents(Path::new("tests/a/mod.rs"))[0],
        Path::new("tests/main.rs")
    );
}
