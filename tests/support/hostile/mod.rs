//! Files that are no SPK, broken SPKs and SPKs made to do harm, with what the refusal must say.
//!
//! Those that claim gigabytes are small: the claim is in a header or in compressed zeros.

mod container;
mod headers;
mod meaning;
mod members;

use super::spk::Spk;

/// What says that the end is missing.
const TRUNCATED: &str =
    "truncated|cut off|incomplete|ends within|ends in the middle|unexpected end";
/// What says that something is larger than it may be.
const TOO_LARGE: &str = "too large|too long|more than|larger than|limit|at most|exceeds";
/// What says that a name must not be followed.
const UNSAFE: &str = "unsafe|absolute|`..`|outside|backslash|not allowed|link";

/// One file that must be refused.
pub(crate) struct Hostile {
    make: fn() -> Vec<u8>,
    pub(crate) name: &'static str,
    words: &'static [&'static str],
}

impl Hostile {
    const fn new(
        name: &'static str,
        words: &'static [&'static str],
        make: fn() -> Vec<u8>,
    ) -> Self {
        Self { make, name, words }
    }

    /// Returns the file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        (self.make)()
    }

    /// Returns the expected words (`|` separates alternatives) that a message lacks, in any case of letters.
    pub(crate) fn missing_words(&self, message: &str) -> Vec<&'static str> {
        let message = message.to_lowercase();
        let said = |words: &str| {
            words
                .split('|')
                .any(|word| message.contains(&word.to_lowercase()))
        };
        self.words
            .iter()
            .copied()
            .filter(|words| !said(words))
            .collect()
    }
}

/// Returns all of them.
pub(crate) fn all() -> Vec<&'static Hostile> {
    let groups: [&'static [Hostile]; 4] = [
        container::FILES,
        headers::FILES,
        members::FILES,
        meaning::FILES,
    ];
    groups.into_iter().flatten().collect()
}

/// Returns what the hostile ones deviate from.
fn plain() -> Spk {
    Spk::new("hostile", "1.0-1")
}

#[test]
fn they_are_many_differ_and_are_small() {
    let all = all();
    assert!(all.len() >= 60, "{} files", all.len());
    let names: std::collections::BTreeSet<_> = all.iter().map(|file| file.name).collect();
    assert_eq!(names.len(), all.len(), "two have one name");
    let mut seen = std::collections::BTreeMap::new();
    for file in all {
        let bytes = file.bytes();
        assert!(
            bytes.len() < 64 << 20,
            "{} has {} bytes",
            file.name,
            bytes.len()
        );
        let twin = seen.insert(super::digest::sha256(&bytes), file.name);
        assert_eq!(twin, None, "{} is the same file", file.name);
    }
}

#[test]
fn a_message_must_have_one_alternative_of_each_word() {
    const FILE: Hostile = Hostile::new("x", &["INFO", "twice|duplicate"], Vec::new);
    assert_eq!(FILE.missing_words("error: `info` is there twice"), [""; 0]);
    assert_eq!(FILE.missing_words("error: duplicate member"), ["INFO"]);
    assert_eq!(FILE.missing_words("error"), ["INFO", "twice|duplicate"]);
}
