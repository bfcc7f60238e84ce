//! In what one catalog differs from another, in words.

use std::collections::BTreeMap;

use serde_json::Value;

/// Characters of a value that are shown.
const SHOWN: usize = 120;

/// Returns what `found` has otherwise than `expected`, which is a catalog.
pub(super) fn differences(expected: &[u8], found: &[u8]) -> Vec<String> {
    if expected == found {
        return Vec::new();
    }
    let expected: Value = serde_json::from_slice(expected).expect("catalogs are JSON");
    let Ok(found) = serde_json::from_slice::<Value>(found) else {
        return vec!["is no JSON".to_owned()];
    };
    if expected == found {
        // Another order of keys, or other white space: the same to DSM.
        return Vec::new();
    }
    let Some(entries) = entries(&found) else {
        return vec!["is no catalog: there is no list of packages".to_owned()];
    };
    let wanted = self::entries(&expected).expect("catalogs have a list of packages");
    let mut out = of_entries(wanted, entries);
    if expected.is_array() != found.is_array() {
        out.push("has another form than this version of DSM reads".to_owned());
    }
    if expected.get("keyrings") != found.get("keyrings") {
        out.push("has other `keyrings`".to_owned());
    }
    if out.is_empty() {
        out.push("has keys that are not known, or an entry twice".to_owned());
    }
    out
}

fn entries(catalog: &Value) -> Option<&[Value]> {
    let list = catalog.get("packages").unwrap_or(catalog);
    list.as_array().map(Vec::as_slice)
}

fn name(entry: &Value) -> &str {
    entry.get("package").and_then(Value::as_str).unwrap_or("")
}

fn of_entries(wanted: &[Value], found: &[Value]) -> Vec<String> {
    let by_name = |entries: &'_ [Value]| -> BTreeMap<String, Value> {
        let named = entries
            .iter()
            .map(|entry| (name(entry).to_owned(), entry.clone()));
        named.collect()
    };
    let (of_wanted, of_found) = (by_name(wanted), by_name(found));
    let mut out = Vec::new();
    for (name, entry) in &of_wanted {
        match of_found.get(name) {
            None => out.push(format!("`{name}` {} is missing", shown(&entry["version"]))),
            Some(other) => out.extend(of_entry(name, entry, other)),
        }
    }
    let besides = of_found
        .iter()
        .filter(|(name, _)| !of_wanted.contains_key(*name));
    out.extend(besides.map(|(name, entry)| {
        format!(
            "`{}` {} is there besides",
            short(name),
            shown(&entry["version"])
        )
    }));
    let order = |entries: &[Value]| {
        entries
            .iter()
            .map(|entry| name(entry).to_owned())
            .collect::<Vec<_>>()
    };
    if out.is_empty() && order(wanted) != order(found) {
        out.push("the packages are in another order".to_owned());
    }
    out
}

/// What follows from another version is not said again.
fn of_entry(name: &str, wanted: &Value, found: &Value) -> Vec<String> {
    let (Some(of_wanted), Some(of_found)) = (wanted.as_object(), found.as_object()) else {
        return vec![format!("`{name}` is no entry")];
    };
    let version = "version";
    if of_wanted.get(version) != of_found.get(version) {
        let (wanted, found) = (shown(&wanted[version]), shown(&found[version]));
        return vec![format!("`{name}` is {found} instead of {wanted}")];
    }
    let mut keys: Vec<&String> = of_wanted.keys().chain(of_found.keys()).collect();
    keys.sort();
    keys.dedup();
    let differ = keys
        .into_iter()
        .filter(|key| of_wanted.get(*key) != of_found.get(*key));
    differ
        .map(|key| {
            let text = |entry: &serde_json::Map<String, Value>| {
                entry.get(key).map_or_else(|| "absent".to_owned(), shown)
            };
            let (wanted, found) = (text(of_wanted), text(of_found));
            format!("`{name}`: `{}` is {found} instead of {wanted}", short(key))
        })
        .collect()
}

/// Returns a value as people can read it; what a stranger sends has bounds, and moves no cursor.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", short(text)),
        other => format!("`{}`", short(&other.to_string())),
    }
}

fn short(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut out: String = text.chars().take(SHOWN).map(plain).collect();
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str =
        r#"{"packages":[{"package":"a","version":"1","md5":"x"},{"package":"b","version":"2"}]}"#;

    fn of(found: &str) -> String {
        differences(RIGHT.as_bytes(), found.as_bytes()).join("; ")
    }

    #[test]
    fn what_means_the_same_is_no_difference() {
        assert_eq!(of(RIGHT), "");
        assert_eq!(
            of(
                r#"{"packages": [{"version":"1","md5":"x","package":"a"}, {"package":"b","version":"2"}]}"#
            ),
            ""
        );
    }

    #[test]
    fn each_difference_is_said() {
        for (found, expected) in [
            ("<html>", "is no JSON"),
            ("{}", "is no catalog: there is no list of packages"),
            (
                r#"{"packages":[]}"#,
                "`a` `1` is missing; `b` `2` is missing",
            ),
            (
                &RIGHT.replace("\"x\"", "\"y\""),
                "`a`: `md5` is `y` instead of `x`",
            ),
            (
                &RIGHT.replace(",\"md5\":\"x\"", ""),
                "`a`: `md5` is absent instead of `x`",
            ),
            (
                &RIGHT.replace("\"1\"", "\"0\"").replace("\"x\"", "\"y\""),
                "`a` is `0` instead of `1`",
            ),
            (
                &RIGHT.replace("\"b\"", "\"c\\u001b\""),
                "`b` `2` is missing; `c\u{fffd}` `2` is there besides",
            ),
            (
                r#"{"packages":[{"package":"b","version":"2"},{"package":"a","version":"1","md5":"x"}]}"#,
                "the packages are in another order",
            ),
            (
                r#"[{"package":"a","version":"1","md5":"x"},{"package":"b","version":"2"}]"#,
                "has another form than this version of DSM reads",
            ),
            (
                &RIGHT.replace("{\"packages", "{\"keyrings\":[],\"packages"),
                "has other `keyrings`",
            ),
        ] {
            assert_eq!(of(found), expected, "{found}");
        }
    }
}
