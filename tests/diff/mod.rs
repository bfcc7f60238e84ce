//! `spkrepo diff`: prepared pull requests, each with what a maintainer reads of it and the risks that it has.
//!
//! Each request begins at the same package source; `NAME.md` is the comment on it. `UPDATE_REFERENCE=1` writes them anew:
//! read what changed as a maintainer would.

mod forms;
mod requests;

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const PRIVILEGE: &str = "{\"defaults\": {\"run-as\": \"package\"}}\n";
const POSTINST: &str = "#!/bin/sh\nset -e\nmkdir -p \"$SYNOPKG_PKGVAR\"\nexit 0\n";
const START: &str = "#!/bin/sh\ncase $1 in\n  start) exec demo ;;\nesac\nexit 0\n";

/// Returns an SPK of the package that most requests are about.
pub(crate) fn demo(version: &str, arch: &str) -> Spk {
    demo_with(version, arch, PRIVILEGE)
}

/// Returns one with other rights.
pub(crate) fn demo_with(version: &str, arch: &str, privilege: &str) -> Spk {
    Spk::new("demo", version)
        .arch(arch)
        .info("maintainer_url", "https://example.org/demo")
        .info("install_dep_packages", "WebStation>=3.0")
        .conf("privilege", privilege)
        .script("postinst", POSTINST)
        .script("start-stop-status", START)
}

/// Returns the package for one platform and DSM 6.
pub(crate) fn demo_for_6(version: &str) -> Spk {
    demo(version, "x86_64")
        .os_min("6.2-23739")
        .os_max("6.2-25556")
}

/// Makes the package source that every request begins at, on a branch of its own.
pub(crate) fn base() -> Sandbox {
    let sandbox = Sandbox::initialized();
    add(
        &sandbox,
        "stable",
        &[
            demo("1.0-1", "x86_64"),
            demo("1.0-1", "armv8"),
            demo_for_6("1.0-1"),
        ],
    );
    add(
        &sandbox,
        "stable",
        &[Spk::new("tool", "2.0-5").info("displayname", "The tool")],
    );
    add(
        &sandbox,
        "beta",
        &[demo("1.1-2", "x86_64"), demo("1.1-2", "armv8")],
    );
    sandbox.git("switch --quiet -c request");
    sandbox
}

/// Adds SPKs, in one commit.
pub(crate) fn add(sandbox: &Sandbox, channel: &str, spks: &[Spk]) {
    let folder = sandbox.path("incoming");
    let _ = fs_err::remove_dir_all(&folder);
    for (index, spk) in spks.iter().enumerate() {
        sandbox.spk(&format!("incoming/{index}.spk"), spk);
    }
    sandbox
        .run(&format!("add --channel {channel} ../incoming"))
        .success();
}

/// Commits what was written by hand.
pub(crate) fn commit(sandbox: &Sandbox, subject: &str) {
    sandbox.git("add --all");
    sandbox.git(&format!("commit --quiet -m '{subject}'"));
}

/// Replaces a text in a file of the repository, which has it.
#[track_caller]
pub(crate) fn replace(sandbox: &Sandbox, path: &str, old: &str, new: &str) {
    let text = sandbox.read(path);
    assert!(text.contains(old), "{path} lacks `{old}`:\n{text}");
    sandbox.write(path, &text.replace(old, new));
}

/// Replaces runs of digits that are random or change with the template: names of commits, digests, fingerprints.
fn redact(text: &str) -> String {
    let mut out = String::new();
    let is_digit = |letter: char| letter.is_ascii_alphanumeric();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter| !is_digit(letter)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let has_both = word.bytes().any(|byte| byte.is_ascii_digit());
        out.push_str(match word.len() {
            10 if is_hex && has_both => "COMMIT",
            12 if is_hex && has_both => "DIGEST",
            40 if is_hex && has_both => "FINGERPRINT",
            _ => word,
        });
        let next = after.find(is_digit).unwrap_or(after.len());
        out.push_str(&after[..next]);
        rest = &after[next..];
    }
    out
}

/// Returns the comment on the request.
fn comment(sandbox: &Sandbox) -> String {
    redact(
        &sandbox
            .run("diff --format markdown")
            .success()
            .stderr("")
            .out(),
    )
}

/// Compares the comment with the file `name`, and the risks with those that are expected.
#[track_caller]
pub(crate) fn check(name: &str, sandbox: &Sandbox, risks: &[&str]) {
    let json = sandbox.run("diff --json").success().json();
    let found: Vec<String> = json["risks"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|risk| {
            let words =
                ["severity", "risk", "package"].map(|key| risk[key].as_str().unwrap_or("-"));
            words.join(" ")
        })
        .collect();
    let text = comment(sandbox);
    assert_eq!(found, risks, "{name}:\n{text}");
    let path = format!("{}/tests/diff/{name}.md", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs_err::write(&path, &text).expect("the sources are writable");
    }
    let known = fs_err::read_to_string(&path).expect("the reference");
    assert!(
        text == known,
        "the reference {path} differs; UPDATE_REFERENCE=1 writes it anew:\n{text}"
    );
}
