//! What a build states otherwise than its release: shared texts must not differ, the rest becomes overrides.

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::error::Difference;
use crate::model::doc::{ReleaseDoc, Sections};

/// Returns what the build's document says beside its release's, or the shared fields that contradict it.
///
/// Texts are the same for all builds; a text that only the SPK has becomes the build's own. How DSM installs it and
/// what it may do differs between lines of DSM, so there each difference becomes an override.
pub(super) fn overrides(
    release: &ReleaseDoc,
    spk: &Sections,
    keep_texts: bool,
) -> Result<Sections, Vec<Difference>> {
    let (text, mut differences) = text(&table(&release.text), &table(&spk.text));
    if keep_texts {
        differences.clear();
    }
    let install = replaced(
        &table(&release.install),
        &table(&spk.install),
        &mut differences,
    );
    let permissions = replaced(
        &table(&release.permissions),
        &table(&spk.permissions),
        &mut differences,
    );
    if !differences.is_empty() {
        return Err(differences);
    }
    Ok(Sections {
        install: section(install),
        permissions: section(permissions),
        text: section(text),
    })
}

fn table<T: Serialize>(section: &T) -> Table {
    Table::try_from(section).expect("a section is a table")
}

fn section<T: DeserializeOwned>(table: Table) -> T {
    table
        .try_into()
        .expect("the values come from the same type")
}

/// Splits the SPK's texts into those that the release lacks and those that contradict it.
fn text(release: &Table, spk: &Table) -> (Table, Vec<Difference>) {
    let mut own = Table::new();
    let mut differences = Vec::new();
    for (key, value) in spk {
        match (release.get(key), value) {
            (None, _) => {
                own.insert(key.clone(), value.clone());
            }
            (Some(Value::Table(release)), Value::Table(spk)) => {
                let (inner, found) = text(release, spk);
                if !inner.is_empty() {
                    own.insert(key.clone(), Value::Table(inner));
                }
                differences.extend(found.into_iter().map(|difference| Difference {
                    field: format!("{key}.{}", difference.field),
                    ..difference
                }));
            }
            (Some(release), spk) if release == spk => {}
            (Some(release), spk) => differences.push(difference(key, Some(release), Some(spk))),
        }
    }
    (own, differences)
}

/// Returns the values that the build has instead of the release's.
fn replaced(release: &Table, spk: &Table, differences: &mut Vec<Difference>) -> Table {
    let mut own: Table = spk
        .iter()
        .filter(|(key, value)| release.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, value) in release.iter().filter(|(key, _)| !spk.contains_key(*key)) {
        match absent(key, value) {
            Some(absent) => {
                own.insert(key.clone(), absent);
            }
            None => differences.push(difference(key, Some(value), None)),
        }
    }
    own
}

/// Returns the value that means the same as a missing key: DSM's default. Tables have none.
fn absent(key: &str, value: &Value) -> Option<Value> {
    match value {
        Value::Array(_) => Some(Value::Array(Vec::new())),
        Value::Boolean(_) => Some(Value::Boolean(key == "startable")),
        Value::String(_) => Some(Value::String(String::new())),
        _ => None,
    }
}

fn difference(key: &str, release: Option<&Value>, spk: Option<&Value>) -> Difference {
    Difference {
        field: key.to_owned(),
        release: shown(release),
        spk: shown(spk),
    }
}

/// Characters of a value that a message shows.
const SHOWN: usize = 120;

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "nothing".to_owned();
    };
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(toml: &str) -> ReleaseDoc {
        toml::from_str(toml).expect("valid")
    }

    fn sections(toml: &str) -> Sections {
        let ReleaseDoc {
            install,
            permissions,
            text,
        } = release(toml);
        Sections {
            install,
            permissions,
            text,
        }
    }

    const RELEASE: &str = "[text]\ndescription='d'\n[text.languages.enu]\ndescription='e'\n\
        [install]\ninstall_dep_packages='A'\nstartable=false\n[permissions]\nrun_as='root'\nscripts=['postinst']\n";

    #[test]
    fn equal_sections_leave_nothing_to_say() {
        let own =
            overrides(&release(RELEASE), &sections(RELEASE), false).expect("no contradiction");
        assert_eq!(own, Sections::default());
    }

    #[test]
    fn texts_that_differ_are_contradictions_with_both_values() {
        let spk = sections(&RELEASE.replace("'d'", "'x'").replace("'e'", "'y'"));
        let differences =
            overrides(&release(RELEASE), &spk, false).expect_err("two contradictions");
        let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "description: the release has \"d\", the SPK has \"x\"",
                "languages.enu.description: the release has \"e\", the SPK has \"y\""
            ]
        );
        assert_eq!(
            overrides(&release(RELEASE), &spk, true),
            Ok(Sections::default())
        );
    }

    #[test]
    fn texts_that_only_one_side_has_are_no_contradiction() {
        let own = overrides(
            &release(RELEASE),
            &sections("[text]\nchangelog='c'\n[text.languages.fre]\ndescription='f'"),
            false,
        );
        let text = own.expect("no contradiction").text;
        assert_eq!(text.changelog.as_deref(), Some("c"));
        assert_eq!(text.languages.len(), 1);
        assert_eq!(text.description, None);
    }

    #[test]
    fn what_dsm_does_with_the_package_may_differ_and_be_absent() {
        let spk = sections(
            "[install]\nsilent_install=true\n[permissions]\nrun_as='package'\nscripts=['postinst']\n",
        );
        let own = overrides(&release(RELEASE), &spk, false).expect("no contradiction");
        assert_eq!(own.install.install_dep_packages.as_deref(), Some(""));
        assert_eq!(own.install.startable, Some(true));
        assert_eq!(own.install.silent_install, Some(true));
        assert_eq!(own.permissions.run_as.as_deref(), Some("package"));
        assert_eq!(own.permissions.scripts, None);
    }
}
