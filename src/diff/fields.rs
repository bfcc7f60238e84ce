//! Texts and settings that differ, key by key, with both values.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::pairs::Pair;
use super::powers;
use crate::repo::Package;

/// A key with another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldChange {
    /// `description`, `languages.fre.displayname`, `maintainers`.
    pub(crate) field: String,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
    /// Empty when it is true of the package, or of the repository, and not of builds.
    pub(crate) builds: Vec<String>,
}

/// Keys and values as texts.
pub(super) type Fields = BTreeMap<String, String>;

/// Returns the keys of a document; those of its tables have the table's name and a dot before them.
pub(super) fn fields<T: Serialize>(document: &T) -> Fields {
    let value = serde_json::to_value(document).expect("documents have text keys");
    let mut fields = Fields::new();
    flatten("", &value, &mut fields);
    fields
}

fn flatten(name: &str, value: &Value, fields: &mut Fields) {
    match value {
        Value::Null => {}
        Value::Array(values) if values.is_empty() => {}
        Value::Object(keys) => {
            for (key, value) in keys {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                flatten(&name, value, fields);
            }
        }
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(text).collect();
            fields.insert(name.to_owned(), values.join(", "));
        }
        value => {
            fields.insert(name.to_owned(), text(value));
        }
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the keys whose values differ.
pub(super) fn changes(old: &Fields, new: &Fields) -> Vec<FieldChange> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| FieldChange {
            field: name.clone(),
            old: old.get(name).cloned(),
            new: new.get(name).cloned(),
            builds: Vec::new(),
        })
        .collect()
}

/// Returns what differs in `package.toml` and in the texts of builds that are new or were edited.
pub(super) fn compare(
    old: Option<&Package>,
    new: Option<&Package>,
    pairs: &[Pair<'_>],
) -> Vec<FieldChange> {
    let document = |package: Option<&Package>| {
        package
            .map(|package| fields(&package.doc))
            .unwrap_or_default()
    };
    let mut found = changes(&document(old), &document(new));
    for pair in pairs.iter().filter(|pair| pair.is_edit) {
        let before = pair.old.map(of_build).unwrap_or_default();
        for change in changes(&before, &of_build(pair.new)) {
            let known = found.iter_mut().find(|known| {
                (&known.field, &known.old, &known.new) == (&change.field, &change.old, &change.new)
                    && !known.builds.is_empty()
            });
            match known {
                Some(known) => known.builds.push(pair.label()),
                None => found.push(FieldChange {
                    builds: vec![pair.label()],
                    ..change
                }),
            }
        }
    }
    found
}

fn of_build(build: crate::catalog::Offer<'_>) -> Fields {
    let mut all = fields(&*build.build.text);
    let install = fields(&*build.build.install);
    let is_told = |key: &str| powers::KEYS.contains(&key.split('.').next().unwrap_or(key));
    all.extend(install.into_iter().filter(|(key, _)| !is_told(key)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::doc::Text;

    #[test]
    fn keys_of_tables_and_lists_are_compared_one_by_one() {
        let text = |source: &str| fields(&toml::from_str::<Text>(source).expect("valid"));
        let old = text("description = 'a'\nbeta = true\n[languages.fre]\ndescription = 'b'\n");
        let new = text("description = 'a'\n[languages.fre]\ndescription = 'c'\n");
        let told: Vec<_> = changes(&old, &new)
            .into_iter()
            .map(|change| (change.field, change.old, change.new))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("beta".to_owned(), some("true"), None),
                ("languages.fre.description".to_owned(), some("b"), some("c")),
            ]
        );
    }
}
