//! What a reviewer reads of an SPK: its scripts, `conf/*` and the pages of its wizards, and the port of its interface.

use std::collections::BTreeMap;
use std::io::Read;

use super::container;
use super::error::SpkError;
use super::info;
use super::role::{Role, role};
use super::walk::walk;
use super::warning::Warnings;
use crate::base::limits::Limits;

/// The texts of an SPK.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    /// By the paths of the members; absent when a member is longer than a text may be.
    pub(crate) files: BTreeMap<String, Option<Vec<u8>>>,
    /// `adminport` of INFO.
    pub(crate) port: Option<String>,
}

/// Bytes of all texts together: each is kept.
const MAX_TOTAL: u64 = 8 << 20;

/// Reads the texts of the SPK in `source`, to its end.
pub(crate) fn texts<R: Read>(source: R, limits: &Limits) -> Result<Texts, SpkError> {
    let container = container::open(source, limits)?;
    let mut texts = Texts::default();
    let mut left = MAX_TOTAL;
    let warnings = &mut Warnings::default();
    walk(container.tar, limits, warnings, |path, body, warnings| {
        if role(path) == Role::Info {
            let (info, _) = info::parse(&body.all(limits.info)?, warnings)?;
            texts.port = info.extra.get("adminport").cloned();
        } else if is_read(path) {
            let fits = body.size() <= limits.text.min(left);
            let bytes = if fits {
                Some(body.all(limits.text)?)
            } else {
                None
            };
            left -= bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
            texts.files.insert(path.to_owned(), bytes);
        }
        Ok(())
    })?;
    Ok(texts)
}

fn is_read(path: &str) -> bool {
    ["WIZARD_UIFILES/", "conf/", "scripts/"]
        .iter()
        .any(|folder| path.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spk::test_spk::TestSpk;

    #[test]
    fn scripts_conf_and_wizards_are_read_and_nothing_else() {
        let info = "package=\"a\"\nversion=\"1\"\narch=\"noarch\"\nos_min_ver=\"7.0-40000\"\nadminport=\"8080\"\n";
        let bytes = TestSpk::with_info(info)
            .file("scripts/postinst", b"exit 0\n")
            .file("conf/privilege", b"{}")
            .file("share/readme", b"no")
            .build();
        let found = texts(&bytes[..], &Limits::DEFAULT).expect("readable");
        assert_eq!(found.port.as_deref(), Some("8080"));
        let paths: Vec<&str> = found.files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["conf/privilege", "scripts/postinst"]);
        assert_eq!(
            found.files["scripts/postinst"].as_deref(),
            Some(&b"exit 0\n"[..])
        );
    }

    #[test]
    fn a_text_that_is_too_long_is_named_without_its_bytes() {
        let limits = Limits {
            text: 4,
            ..Limits::DEFAULT
        };
        let bytes = TestSpk::minimal()
            .file("scripts/postinst", b"12345")
            .build();
        let found = texts(&bytes[..], &limits).expect("readable");
        assert_eq!(found.files["scripts/postinst"], None);
    }
}
