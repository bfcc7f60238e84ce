//! Replaces what differs from run to run by its name: the sandbox's path, hashes, ports.

use std::path::Path;

/// Returns `text` with `[ROOT]`, `[SHA256]`, `[COMMIT]`, `[MD5]` and `[PORT]` in place of such values.
pub(crate) fn redact(text: &str, root: &Path) -> String {
    let mut text = text.to_owned();
    // The longer form first: on macOS, the real path holds the other one.
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    for path in [real.as_path(), root] {
        text = text.replace(&path.display().to_string(), "[ROOT]");
    }
    redact_ports(&redact_hashes(&text))
}

fn redact_hashes(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for run in runs(text, |letter| letter.is_ascii_alphanumeric()) {
        let hexadecimal = run
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        clean.push_str(match run.len() {
            64 if hexadecimal => "[SHA256]",
            40 if hexadecimal => "[COMMIT]",
            32 if hexadecimal => "[MD5]",
            _ => run,
        });
    }
    clean
}

fn redact_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        clean.push_str("127.0.0.1:");
        clean.push_str(if rest.len() < part.len() {
            "[PORT]"
        } else {
            ""
        });
        clean.push_str(rest);
    }
    clean
}

/// Cuts `text` wherever `belongs` changes.
fn runs(text: &str, belongs: fn(char) -> bool) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, letter) in text.char_indices() {
        if last.is_some_and(|last| last != belongs(letter)) {
            runs.push(&text[start..at]);
            start = at;
        }
        last = Some(belongs(letter));
    }
    runs.push(&text[start..]);
    runs
}

#[test]
fn paths_hashes_and_ports_are_replaced_and_nothing_else() {
    let oid = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let text = format!(
        "/no/where/repo oid sha256:{oid}, {}; {}x http://127.0.0.1:4711/?a",
        &oid[..40],
        &oid[..40]
    );
    assert_eq!(
        redact(&text, Path::new("/no/where")),
        format!(
            "[ROOT]/repo oid sha256:[SHA256], [COMMIT]; {}x http://127.0.0.1:[PORT]/?a",
            &oid[..40]
        )
    );
    assert_eq!(
        redact("é 127.0.0.1: añb", Path::new("/no/where")),
        "é 127.0.0.1: añb"
    );
}
