//! A document in the form that spkrepo writes, with the comments that a person put there.

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml_edit::{Array, Decor, DocumentMut, Item, RawString, Table, Value};

use crate::model::doc::{read, write};

/// Returns `text` in canonical form with its comments and blank lines; nothing when it is no valid document of type `T`,
/// or has a comment that would get lost.
pub(super) fn canonical<T: DeserializeOwned + Serialize>(text: &str) -> Option<String> {
    let document: T = read("", text.as_bytes()).ok()?;
    let plain = write(&document);
    if plain == text {
        return Some(plain);
    }
    let original: DocumentMut = text.parse().ok()?;
    let mut result: DocumentMut = plain.parse().ok()?;
    carry(original.as_table(), result.as_table_mut());
    let trailing = commented(original.trailing());
    result.set_trailing(trailing);
    let result = result.to_string();
    let is_whole = comments(text) == comments(&result) && read::<T>("", result.as_bytes()).is_ok();
    is_whole.then_some(result)
}

/// Copies what stands around the keys of one table to the same keys of the other.
fn carry(from: &Table, to: &mut Table) {
    for (mut key, item) in to.iter_mut() {
        let Some((old_key, old)) = from.get_key_value(key.get()) else {
            continue;
        };
        match (old, item) {
            (Item::Table(old), Item::Table(new)) => {
                around(old.decor(), new.decor_mut());
                carry(old, new);
            }
            (Item::ArrayOfTables(old), Item::ArrayOfTables(new)) => {
                for (old, new) in old.iter().zip(new.iter_mut()) {
                    around(old.decor(), new.decor_mut());
                    carry(old, new);
                }
            }
            (Item::Value(old), Item::Value(new)) => {
                before(old_key.leaf_decor(), key.leaf_decor_mut());
                let suffix = old.decor().suffix().and_then(RawString::as_str);
                if let Some(suffix) = suffix.filter(|suffix| suffix.contains('#')) {
                    new.decor_mut().set_suffix(format!(" {}", suffix.trim()));
                }
                if let (Value::Array(old), Value::Array(new)) = (old, new) {
                    carry_array(old, new);
                }
            }
            _ => {}
        }
    }
}

/// Comments before the values of a list go with the values.
fn carry_array(old: &Array, new: &mut Array) {
    let text = |raw: Option<&RawString>| raw.and_then(RawString::as_str).unwrap_or("").to_owned();
    let has_comments = old.to_string().contains('#');
    if !has_comments || old.len() != new.len() {
        return;
    }
    for (old, new) in old.iter().zip(new.iter_mut()) {
        let prefix = text(old.decor().prefix());
        if prefix.contains('#') {
            let lines = prefix
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty());
            let lines: String = lines.map(|line| format!("\n    {line}")).collect();
            new.decor_mut().set_prefix(format!("{lines}\n    "));
        }
    }
}

/// Copies the lines before a header, and the comment behind it.
fn around(from: &Decor, to: &mut Decor) {
    before(from, to);
    let suffix = from.suffix().and_then(RawString::as_str);
    if let Some(suffix) = suffix.filter(|suffix| suffix.contains('#')) {
        to.set_suffix(format!(" {}", suffix.trim()));
    }
}

/// Copies the lines before a key or header where they say anything; blank lines alone follow the canonical form, or are
/// more than it has.
fn before(from: &Decor, to: &mut Decor) {
    let text = |decor: &Decor| {
        decor
            .prefix()
            .and_then(RawString::as_str)
            .unwrap_or("")
            .to_owned()
    };
    let (old, new) = (text(from), text(to));
    let has_more = old.trim().is_empty() && old.matches('\n').count() > new.matches('\n').count();
    if old.contains('#') || has_more {
        let lines: Vec<&str> = old.split('\n').map(str::trim).collect();
        to.set_prefix(lines.join("\n"));
    }
}

fn commented(raw: &RawString) -> String {
    let text = raw.as_str().unwrap_or("");
    if text.contains('#') {
        text.replace('\r', "")
    } else {
        String::new()
    }
}

/// Returns the comments of a document in their order by text: a comment that moved with its key is still the same.
fn comments(text: &str) -> Vec<String> {
    let Ok(document) = text.parse::<DocumentMut>() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    table_comments(document.as_table(), &mut found);
    note(document.trailing().as_str(), &mut found);
    found.sort();
    found
}

fn table_comments(table: &Table, found: &mut Vec<String>) {
    decor_comments(table.decor(), found);
    for (name, item) in table {
        if let Some(key) = table.key(name) {
            decor_comments(key.leaf_decor(), found);
        }
        match item {
            Item::ArrayOfTables(tables) => {
                tables.iter().for_each(|table| table_comments(table, found))
            }
            Item::Table(table) => table_comments(table, found),
            Item::Value(value) => value_comments(value, found),
            Item::None => {}
        }
    }
}

fn value_comments(value: &Value, found: &mut Vec<String>) {
    decor_comments(value.decor(), found);
    match value {
        Value::Array(array) => {
            array.iter().for_each(|value| value_comments(value, found));
            note(array.trailing().as_str(), found);
        }
        Value::InlineTable(table) => table
            .iter()
            .for_each(|(_, value)| value_comments(value, found)),
        _ => {}
    }
}

fn decor_comments(decor: &Decor, found: &mut Vec<String>) {
    note(decor.prefix().and_then(RawString::as_str), found);
    note(decor.suffix().and_then(RawString::as_str), found);
}

fn note(raw: Option<&str>, found: &mut Vec<String>) {
    let lines = raw.unwrap_or("").lines().map(str::trim);
    found.extend(
        lines
            .filter(|line| line.starts_with('#'))
            .map(str::to_owned),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::doc::{PackageDoc, ReleaseDoc};

    #[test]
    fn comments_go_with_their_keys() {
        let text = "# the file\r\nmaintainers = ['b', 'a'] # all\r\n\r\n# where\r\n[links] # out\r\n# first\r\nz = 'z'\r\na = \"a\"\r\n# end\r\n";
        let expected = "# the file\nmaintainers = [\n    \"b\",\n    \"a\",\n] # all\n\n# where\n[links] # out\n\
            a = \"a\"\n# first\nz = \"z\"\n# end\n";
        assert_eq!(canonical::<PackageDoc>(text).as_deref(), Some(expected));
        assert_eq!(canonical::<PackageDoc>(expected).as_deref(), Some(expected));
    }

    #[test]
    fn a_list_keeps_what_is_said_of_its_values() {
        let text = "maintainers = [\n  # one\n  'a',\n  'b',\n]\n";
        let expected = "maintainers = [\n    # one\n    \"a\",\n    \"b\",\n]\n";
        assert_eq!(canonical::<PackageDoc>(text).as_deref(), Some(expected));
        let tail = "maintainers = [\n  'a',\n  'b', # two\n]\n";
        assert_eq!(
            canonical::<PackageDoc>(tail),
            None,
            "a comment that would get lost"
        );
    }

    #[test]
    fn what_is_no_document_has_no_form() {
        assert_eq!(canonical::<ReleaseDoc>("[txt]\n"), None);
        let inline = "text = { displayname = 'a' } # why\n";
        assert_eq!(
            canonical::<ReleaseDoc>(inline),
            None,
            "the comment has no place"
        );
        let plain = "text = { displayname = 'a' }\n";
        assert_eq!(
            canonical::<ReleaseDoc>(plain).as_deref(),
            Some("[text]\ndisplayname = \"a\"\n")
        );
    }
}
