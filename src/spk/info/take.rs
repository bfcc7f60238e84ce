//! Takes keys out of INFO as the types that they have; what nobody takes is left over.

use std::collections::BTreeMap;

use super::super::text::printable;
use super::super::warning::{Warning, Warnings};
use super::lines::{Entries, Entry};
use super::{IconText, Stated};
use crate::model::doc::LocalText;

/// The keys that are not taken yet.
pub(super) struct Taker<'a> {
    entries: Entries,
    warnings: &'a mut Warnings,
}

impl<'a> Taker<'a> {
    pub(super) fn new(entries: Entries, warnings: &'a mut Warnings) -> Self {
        Self { entries, warnings }
    }

    /// Takes a text; an empty one is none.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let entry = self.entries.remove(key)?;
        (!entry.value.is_empty()).then_some(entry.value)
    }

    /// Takes a text and where it is stated.
    pub(super) fn stated(&mut self, key: &'static str) -> Option<Stated> {
        let Entry {
            contradicts,
            line,
            value,
        } = self.entries.remove(key)?;
        (!value.is_empty()).then_some(Stated {
            contradicts,
            key,
            line,
            value,
        })
    }

    /// Takes a yes or no; anything else is a warning.
    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let Stated { line, value, .. } = self.stated(key)?;
        match value.to_ascii_lowercase().as_str() {
            "1" | "on" | "true" | "yes" => Some(true),
            "0" | "false" | "no" | "off" => Some(false),
            _ => {
                let (key, value) = (key.to_owned(), printable(value.as_bytes()));
                self.warnings.push(Warning::Boolean { key, line, value });
                None
            }
        }
    }

    /// Takes a yes; a no is the default, which is not worth stating.
    pub(super) fn if_yes(&mut self, key: &'static str) -> Option<bool> {
        self.boolean(key).filter(|yes| *yes)
    }

    /// Takes `displayname_<language>` and `description_<language>`.
    pub(super) fn languages(&mut self) -> BTreeMap<String, LocalText> {
        let mut languages: BTreeMap<String, LocalText> = BTreeMap::new();
        let local = |key: &String, _: &mut Entry| language(key).is_some();
        for (key, entry) in self.entries.extract_if(.., local) {
            let Some((name, code)) = language(&key) else {
                continue;
            };
            if entry.value.is_empty() {
                continue;
            }
            let texts = languages.entry(code).or_default();
            let text = if name == "displayname" {
                &mut texts.displayname
            } else {
                &mut texts.description
            };
            *text = Some(entry.value);
        }
        languages
    }

    /// Takes `package_icon` and `package_icon_<width>`.
    pub(super) fn icons(&mut self) -> Vec<IconText> {
        let icon = |key: &String, _: &mut Entry| icon_width(key).is_some();
        self.entries
            .extract_if(.., icon)
            .filter(|(_, entry)| !entry.value.is_empty())
            .map(|(key, entry)| IconText {
                line: entry.line,
                stated: icon_width(&key).flatten(),
                value: entry.value,
            })
            .collect()
    }

    /// Returns what was not taken.
    pub(super) fn rest(self) -> BTreeMap<String, String> {
        self.entries
            .into_iter()
            .map(|(key, entry)| (key, entry.value))
            .collect()
    }
}

/// Splits off one of DSM's language codes, which have three letters.
fn language(key: &str) -> Option<(&str, String)> {
    let (name, code) = key.split_once('_')?;
    let valid = matches!(name, "description" | "displayname")
        && code.len() == 3
        && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    valid.then(|| (name, code.to_ascii_lowercase()))
}

fn icon_width(key: &str) -> Option<Option<u32>> {
    let rest = key.strip_prefix("package_icon")?;
    if rest.is_empty() {
        return Some(None);
    }
    rest.strip_prefix('_')?.parse().ok().map(Some)
}
