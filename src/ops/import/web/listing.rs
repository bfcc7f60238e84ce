//! What an answer says: the entries of a catalog, in whichever of the forms that are in the world.
//!
//! DSM reads a bare array, or an object with `packages` and perhaps `keyrings` (SynoCommunity's spkrepo, `get_catalog`).
//! gosspks writes numbers as texts. sspks 1.2 writes texts with bare quotes in them, so that its catalogs are no JSON
//! whenever a changelog quotes something; what is needed of them can be read all the same.

use serde_json::{Map, Value};

use super::super::error::Refusal;
use super::super::report::Refused;
use super::entry_list::Entry;
use super::link::resolve;
use crate::base::causes::with_causes;

/// Entries that are read of one answer: stops one that is nothing but entries.
const MAX_ENTRIES: usize = 20_000;

/// What an answer says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) entries: Vec<Entry>,
    pub(super) refused: Vec<Refused>,
}

/// Reads the answer that came from `address`.
pub(super) fn read(address: &str, body: &[u8]) -> Result<Listing, Refusal> {
    let found = match serde_json::from_slice::<Value>(body) {
        Ok(found) => found,
        Err(_) => salvaged(&String::from_utf8_lossy(body)).ok_or(Refusal::NoCatalog {
            what: "it is no JSON",
        })?,
    };
    let list = found.get("packages").unwrap_or(&found);
    let list = list.as_array().ok_or(Refusal::NoCatalog {
        what: "it has no list of packages",
    })?;
    let mut listing = Listing::default();
    for value in list.iter().take(MAX_ENTRIES) {
        match entry(address, value) {
            Ok(entry) => listing.entries.push(entry),
            Err(refusal) => listing.refused.push(Refused {
                package: text(value, "package").map(shown),
                reason: with_causes(&refusal),
                version: text(value, "version").map(shown),
                what: text(value, "link").map_or_else(|| address.to_owned(), shown),
            }),
        }
    }
    if list.len() > MAX_ENTRIES {
        let refusal = Refusal::Many { max: MAX_ENTRIES };
        let reason = refusal.to_string();
        listing
            .refused
            .push(Refused::unnamed(address.to_owned(), reason));
    }
    Ok(listing)
}

fn entry(address: &str, value: &Value) -> Result<Entry, Refusal> {
    let wanted = |key: &'static str| text(value, key).ok_or(Refusal::Key { key });
    Ok(Entry {
        is_beta: value.get("beta").is_some_and(is_true),
        link: resolve(address, wanted("link")?)?,
        md5: match text(value, "md5").map(str::trim) {
            None | Some("") => None,
            Some(md5) => Some(
                md5.to_ascii_lowercase()
                    .parse()
                    .map_err(|_| Refusal::Key { key: "md5" })?,
            ),
        },
        package: wanted("package")?.parse()?,
        size: match value.get("size") {
            None | Some(Value::Null) => None,
            Some(size) => Some(number(size).ok_or(Refusal::Key { key: "size" })?),
        },
        version: wanted("version")?.parse()?,
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => matches!(text.as_str(), "true" | "yes" | "1"),
        _ => false,
    }
}

/// What a stranger sends has bounds, and moves no cursor.
fn shown(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(200).collect()
}

/// What stands at the beginning of each entry of sspks.
const BEGIN: &str = "{\"package\":";

/// Reads what sspks writes: its entries begin with the package, and what is needed of them is never quoted by hand.
fn salvaged(body: &str) -> Option<Value> {
    let mut parts = body.split(BEGIN);
    let head = parts.next()?.trim();
    let is_list = head == "[" || head == "{\"packages\":[";
    // What was cut off is no catalog: something would seem to be gone.
    if !is_list || !body.contains(BEGIN) || !body.trim_end().ends_with([']', '}']) {
        return None;
    }
    let entries = parts.map(|part| {
        let part = format!("{BEGIN}{part}");
        let keys = ["package", "version", "link", "md5", "size", "beta"];
        let found = keys
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), value(&part, key)?)));
        Value::Object(found.collect::<Map<String, Value>>())
    });
    Some(Value::Array(entries.collect()))
}

/// Returns the value of a key whose text has no quotes in it.
fn value(part: &str, key: &str) -> Option<Value> {
    let at = part.find(&format!("\"{key}\":"))?;
    let rest = &part[at + key.len() + 3..];
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    values.next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "https://spk.example.org/?arch=avoton";
    const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

    fn shown(body: &str) -> Vec<String> {
        let listing = read(AT, body.as_bytes()).expect("a catalog");
        let entries = listing.entries.iter().map(|entry| {
            let (md5, size) = (entry.md5.map(|md5| md5.to_string()), entry.size);
            format!(
                "{} {} {} {} {} {}",
                entry.package,
                entry.version,
                entry.link,
                md5.as_deref().unwrap_or("-"),
                size.map_or_else(|| "-".to_owned(), |size| size.to_string()),
                entry.is_beta
            )
        });
        let refused = listing.refused.iter();
        let refused = refused.map(|refused| format!("{}: {}", refused.what, refused.reason));
        entries.chain(refused).collect()
    }

    #[test]
    fn the_three_forms_of_catalogs_and_numbers_as_texts_are_read() {
        let entry =
            format!(r#"{{"package":"a","version":"1-1","link":"/a.spk","md5":"{MD5}","size":7}}"#);
        let text = entry.replace(":7", r#":"7","beta":true"#);
        let expected = format!("a 1-1 https://spk.example.org/a.spk {MD5} 7 ");
        for body in [
            format!("[{entry}]"),
            format!(r#"{{"keyrings":["x"],"packages":[{entry}]}}"#),
            format!(r#"{{"packages":[{entry}]}}"#),
        ] {
            assert_eq!(shown(&body), [format!("{expected}false")], "{body}");
        }
        assert_eq!(shown(&format!("[{text}]")), [format!("{expected}true")]);
        assert_eq!(shown("[]"), [""; 0]);
        assert_eq!(
            shown(r#"[{"package":"a","version":"1","link":"a.spk"}]"#),
            ["a 1 https://spk.example.org/a.spk - - false"]
        );
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_refused_and_the_others_are_read() {
        let body = r#"[{"package":"a","version":"1"},{"package":"../a","version":"1","link":"/a"},
            {"package":"a","version":"1","link":"file:///a"},{"package":"a","version":"1","link":"/b","md5":"x"},
            {"package":"a","version":"1","link":"/c","size":-1},7,{"package":"b","version":"2","link":"/d"}]"#;
        let shown = shown(body);
        assert_eq!(shown.len(), 7, "{shown:#?}");
        assert_eq!(shown[0], "b 2 https://spk.example.org/d - - false");
        assert_eq!(
            shown[1],
            format!("{AT}: the entry of a catalog has no `link` that can be read")
        );
        assert!(
            shown[3].contains("does not lead to the web"),
            "{}",
            shown[3]
        );
        assert!(shown[4].contains("`md5`"), "{}", shown[4]);
        assert!(shown[5].contains("`size`"), "{}", shown[5]);
    }

    #[test]
    fn catalogs_of_sspks_are_read_whose_texts_have_bare_quotes() {
        let entry = format!(
            r#"{{"package":"a","version":"1-1","link":"http://x/a.spk","size":7,"md5":"{MD5}","changelog":"1. Fix "quotes"<br/>","beta":true}}"#
        );
        let body = format!(
            "{{\"packages\":[{entry},{}]}}",
            entry.replace("\"a\"", "\"b\"")
        );
        assert!(serde_json::from_str::<Value>(&body).is_err());
        let expected = |name: &str| format!("{name} 1-1 http://x/a.spk {MD5} 7 true");
        assert_eq!(shown(&body), [expected("a"), expected("b")]);
    }

    #[test]
    fn what_is_no_catalog_is_refused() {
        for body in ["", "<html>", "{}", "7", "{\"packages\":{}}", "[", "\"[]\""] {
            assert!(
                matches!(read(AT, body.as_bytes()), Err(Refusal::NoCatalog { .. })),
                "{body}"
            );
        }
    }
}
