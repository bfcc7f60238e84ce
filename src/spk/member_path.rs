//! Names of members as paths below the SPK, or why they are unsafe.

use super::text::latin1;

/// A member's name: relative, with `/` between its parts and neither `.` nor empty ones.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MemberPath {
    /// The name ended in `/`.
    pub(super) folder: bool,
    /// The name was not UTF-8 and was read as Latin-1.
    pub(super) not_utf8: bool,
    /// Empty for the archive's own folder (`./`).
    pub(super) path: String,
}

/// Longest path in bytes, and all of them together: each is kept, so 20 000 long ones would fill the memory.
const MAX_PATH: usize = 1024;

/// Reads the name of a member; the error says what an attacker would gain by it.
pub(super) fn parse(raw: &[u8]) -> Result<MemberPath, &'static str> {
    let (text, not_utf8) = match std::str::from_utf8(raw) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (latin1(raw), true),
    };
    check(&text)?;
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    // A path out of the package's folder overwrites files of the system.
    if parts.contains(&"..") {
        return Err("has the part `..`, which leads out of the package's folder");
    }
    Ok(MemberPath {
        folder: text.ends_with('/'),
        not_utf8,
        path: parts.join("/"),
    })
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.len() > MAX_PATH {
        return Err("is longer than 1024 bytes");
    }
    if text.is_empty() {
        return Err("is empty");
    }
    if text.starts_with('/') {
        return Err("is absolute, so it can overwrite files of the system");
    }
    // Windows takes both for ways out of the folder.
    if text.contains('\\') {
        return Err("has a backslash, which is a separator on some systems");
    }
    if text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic() {
        return Err("begins with a drive letter");
    }
    // NUL ends the name for some unpackers; escape sequences take over terminals that show it.
    if text.chars().any(char::is_control) {
        return Err("has a control character");
    }
    Ok(())
}

/// Returns whether a symbolic link at `path` to `target` stays inside the archive.
pub(super) fn stays_inside(path: &str, target: &str, hard: bool) -> bool {
    if check(target).is_err() {
        return false;
    }
    // A hard link's target is a member's name, a symbolic link's is relative to its own folder.
    let mut depth = if hard { 0 } else { path.split('/').count() - 1 };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return false,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_slash_and_doubled_separators_are_dropped() {
        for raw in ["INFO", "./INFO", ".//INFO", "././INFO"] {
            assert_eq!(parse(raw.as_bytes()).expect("safe").path, "INFO");
        }
        let folder = parse(b"./conf/").expect("safe");
        assert_eq!((folder.path.as_str(), folder.folder), ("conf", true));
        assert_eq!(parse(b"./").expect("safe").path, "");
        assert_eq!(parse(b"a\xe9").expect("safe").path, "aé");
    }

    #[test]
    fn names_that_leave_the_package_or_are_read_differently_are_refused() {
        for raw in [
            "",
            "/etc/passwd",
            "..",
            "a/../../b",
            "a/..",
            "a\\b",
            "C:x",
            "a\0b",
            "a\nb",
            &"x".repeat(MAX_PATH + 1),
        ] {
            assert!(parse(raw.as_bytes()).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn links_are_inside_when_they_never_climb_above_the_archive() {
        assert!(stays_inside("a/b", "../c", false));
        assert!(stays_inside("a", "b/../c", false));
        assert!(stays_inside("a/b", "c", true));
        for (path, target, hard) in [
            ("a", "../c", false),
            ("a/b", "../c", true),
            ("a", "/c", false),
            ("a", "", false),
        ] {
            assert!(!stays_inside(path, target, hard), "{path} -> {target}");
        }
    }
}
