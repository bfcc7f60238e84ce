//! `conf/PKG_DEPS` and `conf/PKG_CONX`: one section per package, keys such as `pkg_min_ver` (developer guide, "PKG_DEPS").

use std::collections::BTreeMap;

use super::super::error::SpkError;
use super::super::text::{clean, decode, lines, printable};
use super::super::warning::{Warning, Warnings};
use crate::model::doc::PackageBounds;

/// Sections and keys of one file.
const MAX_ROWS: usize = 1000;

/// Reads the sections of the file at `place`; lines that are neither section, key nor comment are a warning each.
pub(in crate::spk) fn parse(
    place: &str,
    bytes: &[u8],
    warnings: &mut Warnings,
) -> Result<BTreeMap<String, PackageBounds>, SpkError> {
    let decoded = decode(bytes);
    if let Some(line) = decoded.not_utf8 {
        let place = place.to_owned();
        warnings.push(Warning::NotUtf8 { line, place });
    }
    let mut sections: BTreeMap<String, PackageBounds> = BTreeMap::new();
    let mut current: Option<String> = None;
    let mut rows = 0;
    for (index, text) in lines(&decoded.text).enumerate() {
        let text = text.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        rows += 1;
        // Hundreds of thousands of tiny rows take many times their size in memory.
        if rows > MAX_ROWS {
            return Err(SpkError::TooMany {
                max: MAX_ROWS,
                place: place.to_owned(),
                what: "lines",
            });
        }
        match (row(text), &current) {
            (Row::Section(name), _) => {
                sections.entry(name.clone()).or_default();
                current = Some(name);
            }
            (Row::Key(key, value), Some(section)) => {
                sections
                    .entry(section.clone())
                    .or_default()
                    .insert(key, value);
            }
            _ => warnings.push(Warning::Line {
                line: index + 1,
                place: place.to_owned(),
                text: printable(text.as_bytes()),
            }),
        }
    }
    Ok(sections)
}

enum Row {
    Key(String, String),
    Odd,
    Section(String),
}

fn row(text: &str) -> Row {
    if let Some(name) = text.strip_prefix('[') {
        let name = clean(name.strip_suffix(']').unwrap_or_default());
        return if name.is_empty() {
            Row::Odd
        } else {
            Row::Section(name)
        };
    }
    let Some((key, value)) = text.split_once('=') else {
        return Row::Odd;
    };
    let (key, value) = (clean(key), clean(value));
    let unquoted = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    let value = unquoted.unwrap_or(&value).to_owned();
    if key.is_empty() {
        Row::Odd
    } else {
        Row::Key(key, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_packages_and_keys_are_kept_as_written() {
        let text = "\u{feff}; comment\r\n[Perl]\r\npkg_min_ver = 5.8\r\n\r\n[Web Station]\r\ndsm_min_ver=\"6.0\"\r\nodd\r\n";
        let mut warnings = Warnings::default();
        let bounds = parse("conf/PKG_DEPS", text.as_bytes(), &mut warnings).expect("small");
        assert_eq!(bounds["Perl"]["pkg_min_ver"], "5.8");
        assert_eq!(bounds["Web Station"]["dsm_min_ver"], "6.0");
        let warnings = warnings.into_vec();
        assert_eq!(
            warnings[0].to_string(),
            "conf/PKG_DEPS:7: not understood: `odd`"
        );
    }

    #[test]
    fn a_key_before_the_first_section_and_an_open_section_are_warned_of() {
        let mut warnings = Warnings::default();
        assert!(
            parse("x", b"a=1\n[b\n[]\n", &mut warnings)
                .expect("small")
                .is_empty()
        );
        assert_eq!(warnings.into_vec().len(), 3);
    }

    #[test]
    fn too_many_rows_are_refused() {
        let error = parse(
            "x",
            "[a]\n".repeat(MAX_ROWS + 1).as_bytes(),
            &mut Warnings::default(),
        );
        assert!(matches!(error, Err(SpkError::TooMany { .. })));
    }
}
