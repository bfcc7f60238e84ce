//! What a recorded request asks, as far as it explains a difference.

use std::collections::BTreeMap;

/// A request's path, parameters and headers.
#[derive(Default)]
pub(super) struct Asked {
    /// By their names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    /// The first value of each, the query's before the form's.
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) path: String,
}

/// The platforms of routers.
const ROUTERS: [&str; 5] = ["cypress", "dakota", "hawkeye", "ipq806x", "northstarplus"];

/// The first build of each major version of DSM.
const LINES: [(i64, u64); 6] = [
    (2, 0),
    (3, 1337),
    (4, 2166),
    (5, 4418),
    (6, 7321),
    (7, 40000),
];

/// Returns the major version of DSM that a build belongs to.
pub(super) fn line_of(build: u64) -> i64 {
    let mut lines = LINES.iter().rev();
    let line = lines.find(|(_, first)| *first <= build);
    line.expect("the first line begins at 0").0
}

impl Asked {
    /// Returns a parameter that is there, be it empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Returns whether a parameter is there and not empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.is_empty())
    }

    /// Returns the build number, where it is one that a DSM sends.
    pub(super) fn build(&self) -> Option<u64> {
        let digits = self.get("build")?.trim();
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().ok())?
    }

    /// Returns the major version, where it is a number.
    pub(super) fn major(&self) -> Option<i64> {
        self.get("major")?.parse().ok()
    }

    /// Returns whether the platform is a text that may name one.
    pub(super) fn has_platform(&self) -> bool {
        let is_platform = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        self.has("arch")
            && self
                .get("arch")
                .is_some_and(|arch| is_platform(arch.trim()))
    }

    /// Returns whether the platform is a router's.
    pub(super) fn is_router(&self) -> bool {
        self.get("arch").is_some_and(|arch| ROUTERS.contains(&arch))
    }

    /// Returns the value of a header, whose name is given in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}
