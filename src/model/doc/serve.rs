//! `[serve]` in `spkrepo.toml`: settings of `serve`, each a text, a number, a truth value, or a list of them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::read::line_of;
use crate::model::setting::{SETTINGS, Setting, Shape};

/// What the table states, by the names of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServeDoc(BTreeMap<&'static str, StatedValue>);

/// The value of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatedValue {
    /// Counted from 1, once [`ServeDoc::find_lines`] has counted.
    pub(crate) line: usize,
    start: usize,
    pub(crate) texts: Vec<String>,
}

impl ServeDoc {
    /// Returns what is stated for a setting.
    pub(crate) fn get(&self, setting: &Setting) -> Option<&StatedValue> {
        self.0.get(setting.name)
    }

    /// Counts the lines of the values in the bytes that they were read from.
    pub(super) fn find_lines(&mut self, bytes: &[u8]) {
        for value in self.0.values_mut() {
            value.line = line_of(bytes, value.start);
        }
    }
}

impl<'de> Deserialize<'de> for ServeDoc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TableVisitor)
    }
}

struct TableVisitor;

impl<'de> Visitor<'de> for TableVisitor {
    type Value = ServeDoc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ServeDoc, A::Error> {
        let mut stated = BTreeMap::new();
        while let Some(setting) = map.next_key_seed(KeySeed)? {
            stated.insert(setting.name, map.next_value_seed(ValueSeed(setting))?);
        }
        Ok(ServeDoc(stated))
    }
}

/// Reads a key; one that is unknown is worded as serde does, so that the nearest known one is found.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = &'static Setting;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let key = String::deserialize(deserializer)?;
        let setting = SETTINGS.iter().find(|setting| setting.key() == key);
        match setting {
            Some(setting) if setting.is_in_file() => Ok(setting),
            Some(_) => Err(D::Error::custom(format!(
                "`{key}` says which commit is served, so it cannot be a setting of that commit"
            ))),
            None => {
                let known = SETTINGS.iter().filter(|setting| setting.is_in_file());
                let known: Vec<String> = known.map(|one| format!("`{}`", one.key())).collect();
                Err(D::Error::custom(format!(
                    "unknown field `{key}`, expected one of {}",
                    known.join(", ")
                )))
            }
        }
    }
}

/// Reads the value of a setting and checks it.
struct ValueSeed(&'static Setting);

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = StatedValue;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let value = toml::Spanned::<Texts>::deserialize(deserializer)?;
        let start = value.span().start;
        let Texts { is_list, texts } = value.into_inner();
        if is_list && self.0.shape != Shape::List {
            return Err(D::Error::custom("a list where one value is expected"));
        }
        (self.0.check)(&texts).map_err(D::Error::custom)?;
        let line = 0;
        Ok(StatedValue { line, start, texts })
    }
}

/// One value or a list, as texts.
struct Texts {
    is_list: bool,
    texts: Vec<String>,
}

impl Texts {
    fn one(text: String) -> Self {
        let texts = vec![text];
        Self {
            is_list: false,
            texts,
        }
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number, `true` or `false`, or a list of them")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Texts, E> {
        Ok(Texts::one(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Texts, E> {
        Ok(Texts::one(value.to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Texts, E> {
        Ok(Texts::one(value.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(value) = list.next_element::<Texts>()? {
            if value.is_list {
                return Err(A::Error::custom("a list within a list"));
            }
            texts.extend(value.texts);
        }
        let is_list = true;
        Ok(Texts { is_list, texts })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::doc::{DocError, SettingsDoc};
    use crate::model::setting::Setting;

    fn read(table: &str) -> Result<SettingsDoc, DocError> {
        let text = format!("format = 1\n[serve]\n{table}");
        SettingsDoc::read("spkrepo.toml", text.as_bytes())
    }

    #[test]
    fn values_are_texts_with_their_lines() {
        let doc = read("port = 0\nlisten = '::1'\n\ntrusted_proxy = [\n  '::1',\n  '10.0.0.0/8',\n]\ndebug_package = true\n")
            .expect("valid");
        let get = |name| {
            let setting = Setting::named(name).expect("a setting");
            let value = doc.serve.get(setting)?;
            Some((value.line, value.texts.join(" ")))
        };
        assert_eq!(get("port"), Some((3, "0".to_owned())));
        assert_eq!(get("listen"), Some((4, "::1".to_owned())));
        assert_eq!(get("trusted-proxy"), Some((6, "::1 10.0.0.0/8".to_owned())));
        assert_eq!(get("debug-package"), Some((10, "true".to_owned())));
        assert_eq!(get("url-prefix"), None);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (table, line, message) in [
            ("port = 1\nsend_timeout = '30'\n", 4, "`30` is not a time"),
            ("port = '80a'\n", 3, "`80a` is not a port"),
            ("port = -1\n", 3, "`-1` is not a port"),
            ("port = 1.5\n", 3, "expected a text, a whole number"),
            ("port = [1]\n", 3, "a list where one value is expected"),
            ("allowed_host = [['a']]\n", 3, "a list within a list"),
            ("allowed_host = ['a', 'b/c']\n", 3, "`b/c` is not a host"),
            ("\nref = 'main'\n", 4, "`ref` says which commit is served"),
        ] {
            let error = read(table).expect_err(table);
            assert_eq!(error.line, line, "{error}");
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let error = read("port = 1\nmax_conections = 5\n").expect_err("unknown");
        assert_eq!(
            (error.line, error.help.as_deref()),
            (4, Some("did you mean `max_connections`?"))
        );
        assert!(
            error.message.starts_with("unknown field `max_conections`"),
            "{error}"
        );
    }
}
