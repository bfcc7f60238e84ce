//! Whether two builds of a release would compete for a device with nothing to decide between them.

use std::collections::BTreeSet;

use super::select::rank;
use crate::model::arch::Arch;
use crate::model::doc::BuildDoc;

/// Returns a platform on which some device could be offered either build: the same minimum DSM and a common platform.
/// A higher minimum or a closer platform would decide, so then there is no competition.
pub(crate) fn competition<'a>(a: &'a BuildDoc, b: &BuildDoc) -> Option<&'a Arch> {
    if rank(a.os_min_ver) != rank(b.os_min_ver) || !share_model(a, b) {
        return None;
    }
    common_platform(&a.arch, &b.arch)
}

fn common_platform<'a>(a: &'a BTreeSet<Arch>, b: &BTreeSet<Arch>) -> Option<&'a Arch> {
    a.iter()
        .find(|a| b.iter().any(|b| a.canonical() == b.canonical()))
}

/// Builds for different models never meet; nor does one for a model with one that excludes it.
fn share_model(a: &BuildDoc, b: &BuildDoc) -> bool {
    let reachable = |of: &BuildDoc, model: &String| {
        (of.model.is_empty() || of.model.contains(model)) && !of.exclude_model.contains(model)
    };
    match (a.model.is_empty(), b.model.is_empty()) {
        (true, true) => true,
        (false, _) => a.model.iter().any(|model| reachable(b, model)),
        (true, false) => b.model.iter().any(|model| reachable(a, model)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::doc::read;

    fn compete(a: &BuildDoc, b: &BuildDoc) -> bool {
        competition(a, b).is_some()
    }

    fn build(keys: &str) -> BuildDoc {
        let text = format!(
            "channel='staged'\n{keys}\n[spk]\nfile='a.spk'\nsize=1\n\
             sha256='e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\nmd5='d41d8cd98f00b204e9800998ecf8427e'\n"
        );
        read("b.toml", text.as_bytes()).expect("a valid build")
    }

    #[test]
    fn builds_compete_when_nothing_decides_between_them() {
        let base = build("arch=['x86_64','avoton']\nos_min_ver='7.0-40000'");
        for (keys, rivals) in [
            ("arch=['avoton']\nos_min_ver='7.0-40000'", true),
            (
                "arch=['x86_64']\nos_min_ver='7.0-40000'\nos_max_ver='7.1-59999'",
                true,
            ),
            ("arch=['apollolake']\nos_min_ver='7.0-40000'", false),
            ("arch=['noarch']\nos_min_ver='7.0-40000'", false),
            ("arch=['avoton']\nos_min_ver='7.1-42661'", false),
        ] {
            assert_eq!(compete(&base, &build(keys)), rivals, "{keys}");
        }
    }

    #[test]
    fn builds_for_different_models_do_not_compete() {
        let keys = "arch=['x86_64']\nos_min_ver='7.0-40000'\n";
        let all = build(keys);
        let one = build(&format!("{keys}model=['synology_apollolake_918+']"));
        let other = build(&format!("{keys}model=['synology_apollolake_718+']"));
        let rest = build(&format!("{keys}exclude_model=['synology_apollolake_918+']"));
        assert!(compete(&all, &one));
        assert!(!compete(&one, &other));
        assert!(!compete(&one, &rest));
        assert!(compete(&other, &rest));
    }
}
