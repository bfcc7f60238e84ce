//! The settings of `serve`: one table that flags, variables, `[serve]` in `spkrepo.toml`, defaults, help and README are
//! made of.
//!
//! A value is a text, or several, wherever it is stated; [`kind`] turns texts into types. Which source counts is not
//! known here.

mod amount;
mod kind;
mod remote;
mod table;

pub(crate) use amount::{Age, Period, Size};
pub(crate) use kind::{AccessLog, DownloadsFrom, Shape, ValueError};
pub(crate) use remote::Remote;
pub(crate) use table::{SETTINGS, ServeSettings};

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Says what is wrong with the texts of a value.
    pub(crate) check: fn(&[String]) -> Result<(), ValueError>,
    /// As a text; empty when there is none.
    pub(crate) default: &'static str,
    /// What it does, in one sentence without its full stop.
    pub(crate) doc: &'static str,
    /// As a flag, without the two dashes.
    pub(crate) name: &'static str,
    /// Whether values are several.
    pub(crate) shape: Shape,
    /// What a value is, in capitals.
    pub(crate) value_name: &'static str,
}

/// What says which commit is served: a setting of that commit would come too late.
const NOT_IN_FILE: [&str; 3] = ["follow", "ref", "rev"];

impl Setting {
    /// Returns the setting whose flag is `name`.
    #[cfg(test)]
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// Returns the key in `spkrepo.toml`.
    pub(crate) fn key(&self) -> String {
        self.name.replace('-', "_")
    }

    /// Returns the name of the variable.
    pub(crate) fn variable(&self) -> String {
        format!("SPKREPO_{}", self.key().to_ascii_uppercase())
    }

    /// Returns whether `spkrepo.toml` may state it.
    pub(crate) fn is_in_file(&self) -> bool {
        !NOT_IN_FILE.contains(&self.name)
    }

    /// Returns the texts of the default.
    pub(crate) fn default_texts(&self) -> Vec<String> {
        texts_of(self.shape, self.default)
    }
}

/// Returns the values in a text where several are separated by commas; an empty text has none.
pub(crate) fn texts_of(shape: Shape, text: &str) -> Vec<String> {
    let values: Vec<&str> = match shape {
        Shape::List => text.split(',').map(str::trim).collect(),
        Shape::One | Shape::Switch => vec![text],
    };
    let values = values.into_iter().filter(|value| !value.is_empty());
    values.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_has_a_name_of_its_own_that_suits_all_sources() {
        for (at, setting) in SETTINGS.iter().enumerate() {
            let is_plain = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(setting.name.chars().all(is_plain), "{}", setting.name);
            assert!(std::ptr::eq(
                Setting::named(setting.name).expect("it is in the table"),
                &raw const SETTINGS[at]
            ));
            assert!(!setting.doc.ends_with('.'), "{}", setting.name);
        }
        let setting = Setting::named("max-body-size").expect("a setting");
        assert_eq!(setting.key(), "max_body_size");
        assert_eq!(setting.variable(), "SPKREPO_MAX_BODY_SIZE");
    }

    #[test]
    fn each_default_is_a_value() {
        for setting in SETTINGS {
            (setting.check)(&setting.default_texts()).expect(setting.name);
        }
    }

    #[test]
    fn several_values_are_separated_by_commas() {
        assert_eq!(texts_of(Shape::List, "a, b,,c"), ["a", "b", "c"]);
        assert_eq!(texts_of(Shape::One, "a, b"), ["a, b"]);
        assert!(texts_of(Shape::One, "").is_empty());
    }
}
