//! What every source file keeps to: a header that says what it is for, a bounded length, nothing left for later.

use std::path::{Path, PathBuf};

/// Lines of a file before its tests.
const MAX_LINES: usize = 400;

/// Returns the folder of `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the Rust files below a folder of the root, sorted.
pub(crate) fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of the sources") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Returns the path as it is known in the repository.
pub(crate) fn short(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.to_string_lossy().replace('\\', "/")
}

/// Returns the words that say that something is unfinished; put together so that they are not in this file.
fn unfinished() -> [String; 3] {
    [["TO", "DO"], ["FIX", "ME"], ["dbg", "!("]].map(|parts| parts.concat())
}

/// Returns what is wrong with a file in `src`.
fn faults(text: &str) -> Vec<String> {
    let mut faults = unfinished_lines(text);
    if !text.starts_with("//! ") {
        faults.push("does not begin with `//! `".to_owned());
    }
    let lines = text
        .lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .count();
    if lines > MAX_LINES {
        faults.push(format!(
            "has {lines} lines before its tests, more than {MAX_LINES}"
        ));
    }
    faults
}

fn unfinished_lines(text: &str) -> Vec<String> {
    let words = unfinished();
    let hits = text.lines().zip(1..).flat_map(|(line, number)| {
        let words = words
            .iter()
            .filter(move |word| line.contains(word.as_str()));
        words.map(move |word| format!("line {number} has `{word}`"))
    });
    hits.collect()
}

/// Applies a check to the files of a folder.
fn check(folder: &str, faults: fn(&str) -> Vec<String>) {
    let found: Vec<String> = rust_files(folder)
        .iter()
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).expect("UTF-8");
            faults(&text)
                .into_iter()
                .map(|fault| format!("{}: {fault}", short(path)))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn sources_keep_the_rules() {
    check("src", faults);
}

#[test]
fn tests_have_a_header_and_nothing_unfinished() {
    check("tests", |text| {
        let mut faults = unfinished_lines(text);
        if !text.starts_with("//! ") {
            faults.push("does not begin with `//! `".to_owned());
        }
        faults
    });
}

#[test]
fn each_fault_is_found() {
    let [todo, fixme, dbg] = unfinished();
    assert_eq!(faults("//! Good.\n\nfn f() {}\n"), [""; 0]);
    assert_eq!(faults("fn f() {}\n"), ["does not begin with `//! `"]);
    assert_eq!(
        faults(&format!("//! A.\n// {todo}: b\n")),
        [format!("line 2 has `{todo}`")]
    );
    assert_eq!(
        faults(&format!("//! A {fixme}.\n")),
        [format!("line 1 has `{fixme}`")]
    );
    assert_eq!(
        faults(&format!("//! A.\nfn f() {{ {dbg}1); }}\n")),
        [format!("line 2 has `{dbg}`")]
    );
    let long = format!("//! A.\n{}", "\n".repeat(MAX_LINES));
    assert_eq!(
        faults(&long),
        ["has 401 lines before its tests, more than 400"]
    );
    let tested = format!("//! A.\n#[cfg(test)]\n{}", "\n".repeat(MAX_LINES));
    assert_eq!(faults(&tested), [""; 0]);
}
