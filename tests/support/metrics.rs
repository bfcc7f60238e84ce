//! Reads the text of `/metrics` as strictly as OpenMetrics 1.0 has it, independently of who wrote it.

use std::collections::BTreeMap;

/// The samples by name and labels, such as `a_total{b="c"}`.
#[derive(Debug)]
pub(crate) struct Samples(BTreeMap<String, f64>);

/// What the samples of a family of each type may be named behind its name.
const SUFFIXES: [(&str, &[&str]); 4] = [
    ("counter", &["_total"]),
    ("gauge", &[""]),
    ("histogram", &["_bucket", "_sum", "_count"]),
    ("info", &["_info"]),
];

impl Samples {
    /// Reads a whole text; any fault ends the test.
    #[track_caller]
    pub(crate) fn parse(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("the end is marked");
        let mut samples = BTreeMap::new();
        let mut families: Vec<(String, &[&str])> = Vec::new();
        for line in body.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                family(comment, &mut families);
                continue;
            }
            let (series, value) = series(line);
            let name = series.split('{').next().expect("a first part");
            let (family, suffixes) = families.last().expect("a type before any sample");
            let suffix = name.strip_prefix(family.as_str());
            assert!(
                suffix.is_some_and(|suffix| suffixes.contains(&suffix)),
                "`{line}` is not of `{family}`"
            );
            let before = samples.insert(series.to_owned(), value);
            assert!(before.is_none(), "`{series}` is there twice");
        }
        Self(samples)
    }

    /// Returns the value of a series, which must be there.
    #[track_caller]
    pub(crate) fn get(&self, series: &str) -> f64 {
        self.find(series)
            .unwrap_or_else(|| panic!("no `{series}` in {:#?}", self.0))
    }

    pub(crate) fn find(&self, series: &str) -> Option<f64> {
        self.0.get(series).copied()
    }
}

/// Reads a line of `HELP`, `TYPE` or `UNIT`.
#[track_caller]
fn family(comment: &str, families: &mut Vec<(String, &[&str])>) {
    let mut words = comment.splitn(3, ' ');
    let mut word = || words.next().expect("a keyword, a name and a text");
    let (keyword, name, text) = (word(), word(), word());
    match keyword {
        "HELP" | "UNIT" => assert!(!text.is_empty()),
        "TYPE" => {
            let known = SUFFIXES.iter().find(|(kind, _)| *kind == text);
            let (_, suffixes) = known.unwrap_or_else(|| panic!("an unknown type: {text}"));
            let is_new = families.iter().all(|(known, _)| known != name);
            assert!(is_new, "`{name}` is there twice");
            families.push((name.to_owned(), suffixes));
        }
        _ => panic!("`{comment}`"),
    }
}

/// Reads `name{label="value",…} number`.
#[track_caller]
fn series(line: &str) -> (&str, f64) {
    let (series, value) = line.rsplit_once(' ').expect("a value");
    let value = value.parse().expect("a number");
    let (name, labels) = match series.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}').expect("a closing brace")),
        None => (series, ""),
    };
    let is_name = |text: &str| {
        let is_letter = |c: char| c.is_ascii_lowercase() || c == '_';
        !text.is_empty() && text.chars().all(is_letter)
    };
    assert!(is_name(name), "`{line}`");
    for label in labels.split(',').filter(|label| !label.is_empty()) {
        let (name, value) = label.split_once('=').expect("a value of the label");
        let inner = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let is_plain = |text: &str| !text.contains(['"', '\\', '\n']);
        assert!(is_name(name) && inner.is_some_and(is_plain), "`{line}`");
    }
    (series, value)
}

#[test]
fn samples_are_read_and_faults_are_found() {
    let good = "# HELP a Some.\n# TYPE a counter\na_total{b=\"c\",d=\"e\"} 2\na_total 1.5\n\
        # HELP g G.\n# TYPE g gauge\ng 0\n# EOF\n";
    let samples = Samples::parse(good);
    assert_eq!(samples.get("a_total{b=\"c\",d=\"e\"}"), 2.0);
    assert_eq!((samples.find("g"), samples.find("h")), (Some(0.0), None));
    for (from, to) in [
        ("# EOF\n", ""),
        ("a_total 1.5", "a 1.5"),
        ("a_total 1.5", "g 1.5"),
        ("a_total 1.5", "a_total x"),
        ("a_total 1.5", "a_total{b=\"c\",d=\"e\"} 3"),
        ("b=\"c\"", "b=c"),
        ("counter", "number"),
        ("# TYPE g", "# TYPE a"),
    ] {
        let bad = good.replace(from, to);
        let read = std::panic::catch_unwind(|| Samples::parse(&bad));
        assert!(read.is_err(), "{bad}");
    }
}
