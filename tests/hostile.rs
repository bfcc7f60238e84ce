//! Hostile files through `inspect` and `add`: one clear error each, nothing written, bounded memory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fs_err as fs;

use crate::support::hostile::{Hostile, all};
use crate::support::outcome::Outcome;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// Mebibytes of address space; the bombs claim a thousand and more.
const MEMORY: u32 = 400;
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that a command could have written: files of the working tree, of git and of the blob store.
fn files(sandbox: &Sandbox) -> BTreeSet<(PathBuf, u64)> {
    fn collect(folder: &Path, files: &mut BTreeSet<(PathBuf, u64)>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("readable");
            let metadata = entry.metadata().expect("readable");
            if metadata.is_dir() {
                collect(&entry.path(), files);
            } else {
                files.insert((entry.path(), metadata.len()));
            }
        }
    }
    let mut all = BTreeSet::new();
    collect(&sandbox.path("repo"), &mut all);
    all
}

/// Returns exit code, standard output and standard error.
fn run(sandbox: &Sandbox, line: &str) -> (Option<i32>, String, String) {
    let start = Instant::now();
    let Outcome { output, .. } = sandbox.run_in_memory(MEMORY, line);
    let took = start.elapsed();
    assert!(took < PATIENCE, "`{line}` took {took:?}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Returns what is wrong with the one error that `message` shall be.
fn faults_of_error(file: &Hostile, message: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !message.starts_with("error: `../hostile.spk`") || message.matches("error: ").count() != 1 {
        faults.push("is not one error that names the file".to_owned());
    }
    let missing = file.missing_words(message);
    if !missing.is_empty() {
        faults.push(format!("lacks {missing:?}"));
    }
    if message.contains("panicked") || message.contains("RUST_BACKTRACE") {
        faults.push("is a panic".to_owned());
    }
    faults
}

fn faults(sandbox: &Sandbox, file: &Hostile) -> Vec<String> {
    fs::write(sandbox.path("hostile.spk"), file.bytes()).expect("a writable folder");
    let mut faults = Vec::new();
    let (code, out, err) = run(sandbox, "inspect ../hostile.spk");
    let of_inspect = match code {
        Some(1) if !out.contains("\n  refused") => vec!["shows no defect".to_owned()],
        Some(1) if err.is_empty() => file
            .missing_words(&out)
            .iter()
            .map(|words| format!("lacks {words}"))
            .collect(),
        Some(2) if out.is_empty() => faults_of_error(file, &err),
        _ => vec![format!("ended with {code:?}")],
    };
    faults.extend(
        of_inspect
            .into_iter()
            .map(|fault| format!("inspect {fault}\n{out}{err}")),
    );
    let (code, out, err) = run(sandbox, "add ../hostile.spk");
    let of_add = match code {
        Some(2) if out.is_empty() => faults_of_error(file, &err),
        _ => vec![format!("ended with {code:?}")],
    };
    faults.extend(
        of_add
            .into_iter()
            .map(|fault| format!("add {fault}\n{out}{err}")),
    );
    faults
}

#[test]
fn each_hostile_file_is_one_clear_error_and_nothing_is_written() {
    let sandbox = Sandbox::initialized();
    sandbox.spk("good.spk", &Spk::new("good", "1.0-1"));
    sandbox.run("add ../good.spk").success();
    let head = sandbox.head();
    let before = files(&sandbox);
    let mut all_faults = Vec::new();
    for file in all() {
        let mut found = faults(&sandbox, file);
        if files(&sandbox) != before {
            found.push("something was written".to_owned());
        }
        all_faults.extend(
            found
                .into_iter()
                .map(|fault| format!("{}: {fault}", file.name)),
        );
    }
    assert!(all_faults.is_empty(), "{}", all_faults.join("\n"));
    assert_eq!((sandbox.head(), sandbox.status()), (head, String::new()));
    sandbox.fsck();
}

#[test]
fn one_hostile_file_among_good_ones_stops_all_of_them() {
    let sandbox = Sandbox::initialized();
    sandbox.spk("in/a.spk", &Spk::new("a", "1.0-1"));
    sandbox.spk(
        "in/b.spk",
        &Spk::new("b", "1.0-1").member("../../escape", "x"),
    );
    let before = files(&sandbox);
    sandbox
        .run("add ../in")
        .failure(2)
        .stderr_has("error: `../in/b.spk` cannot be read as an SPK");
    assert_eq!(files(&sandbox), before);
}

#[test]
fn an_icon_that_is_no_png_is_left_out_with_a_warning() {
    let sandbox = Sandbox::initialized();
    let spk = Spk::new("a", "1.0-1").member("PACKAGE_ICON.PNG", "<svg onload=alert(1)>");
    sandbox.spk("a.spk", &spk);
    sandbox
        .run("inspect ../a.spk")
        .success()
        .stdout_has("PACKAGE_ICON.PNG: not a PNG image, the icon is left out");
    sandbox
        .run("add ../a.spk")
        .success()
        .stderr_has("warning: ../a.spk: PACKAGE_ICON.PNG: not a PNG image, the icon is left out");
    assert!(!sandbox.tree().iter().any(|path| path.contains("icon_")));
}

#[test]
fn an_info_that_is_not_utf8_is_read_with_a_warning() {
    let sandbox = Sandbox::initialized();
    let text =
        b"package=\"a\"\nversion=\"1.0-1\"\nos_min_ver=\"7.0-40000\"\ndescription=\"caf\xE9\"\n";
    sandbox.spk("a.spk", &Spk::new("a", "1.0-1").raw_info(text.as_slice()));
    let added = sandbox.run("add ../a.spk").success().stderr_has("UTF-8");
    assert!(
        added.err().starts_with("warning: ../a.spk: INFO"),
        "{}",
        added.err()
    );
}
