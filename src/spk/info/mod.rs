//! `INFO`: what a package says about itself (developer guide, "INFO necessary fields" and "INFO optional fields").

mod lines;
mod quote;
mod take;

use std::collections::BTreeMap;

use super::error::SpkError;
use super::warning::Warnings;
use crate::model::doc::{Install, Text};
use take::Taker;

/// A value and where it is stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stated {
    /// The line of an earlier value that is another one; this one, the last, counts as in a shell.
    pub(crate) contradicts: Option<usize>,
    pub(crate) key: &'static str,
    /// Of INFO, counted from 1.
    pub(crate) line: usize,
    /// Not empty.
    pub(crate) value: String,
}

/// The keys of INFO. Identity is kept as written, see [`super::Identity`] for what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Info {
    pub(crate) arch: Option<Stated>,
    /// The MD5 of `package.tgz`.
    pub(crate) checksum: Option<Stated>,
    pub(crate) exclude_arch: Option<Stated>,
    pub(crate) exclude_model: Option<Stated>,
    /// Everything without a place of its own, verbatim.
    pub(crate) extra: BTreeMap<String, String>,
    pub(crate) install: Install,
    pub(crate) model: Option<Stated>,
    pub(crate) os_max_ver: Option<Stated>,
    /// `os_min_ver`, or `firmware` as it was called before DSM 6.1.
    pub(crate) os_min_ver: Option<Stated>,
    pub(crate) package: Option<Stated>,
    pub(crate) text: Text,
    pub(crate) version: Option<Stated>,
}

impl Info {
    /// Returns the keys that decide what the package is and what it runs on.
    pub(super) fn decisive(&self) -> impl Iterator<Item = &Stated> {
        [
            &self.arch,
            &self.checksum,
            &self.exclude_arch,
            &self.exclude_model,
            &self.model,
            &self.os_max_ver,
            &self.os_min_ver,
            &self.package,
            &self.version,
        ]
        .into_iter()
        .flatten()
    }
}

/// An icon inside INFO, in base64.
pub(super) struct IconText {
    pub(super) line: usize,
    /// The width that the key states.
    pub(super) stated: Option<u32>,
    pub(super) value: String,
}

/// Reads INFO and the icons that it holds.
pub(super) fn parse(
    bytes: &[u8],
    warnings: &mut Warnings,
) -> Result<(Info, Vec<IconText>), SpkError> {
    let mut taker = Taker::new(lines::parse(bytes, warnings)?, warnings);
    let icons = taker.icons();
    let (minimum, firmware) = (taker.stated("os_min_ver"), taker.stated("firmware"));
    let info = Info {
        arch: taker.stated("arch"),
        checksum: taker.stated("checksum"),
        exclude_arch: taker.stated("exclude_arch"),
        exclude_model: taker.stated("exclude_model"),
        install: install(&mut taker),
        model: taker.stated("model"),
        os_max_ver: taker.stated("os_max_ver"),
        os_min_ver: minimum.or(firmware),
        package: taker.stated("package"),
        text: text(&mut taker),
        version: taker.stated("version"),
        extra: taker.rest(),
    };
    Ok((info, icons))
}

fn text(taker: &mut Taker<'_>) -> Text {
    Text {
        beta: taker.if_yes("beta"),
        changelog: taker.text("changelog"),
        description: taker.text("description"),
        displayname: taker.text("displayname"),
        distributor: taker.text("distributor"),
        distributor_url: taker.text("distributor_url"),
        helpurl: taker.text("helpurl"),
        languages: taker.languages(),
        maintainer: taker.text("maintainer"),
        maintainer_url: taker.text("maintainer_url"),
        report_url: taker.text("report_url"),
        support_url: taker.text("support_url"),
    }
}

/// Keys whose documented default is "no" only count when they say yes; the others also when they say no.
fn install(taker: &mut Taker<'_>) -> Install {
    let startable = taker.boolean("startable");
    Install {
        auto_upgrade_from: taker.text("auto_upgrade_from"),
        install_break_packages: taker.text("install_break_packages"),
        install_conflict_packages: taker.text("install_conflict_packages"),
        install_dep_packages: taker.text("install_dep_packages"),
        install_dep_services: taker.text("install_dep_services"),
        install_on_cold_storage: taker.if_yes("install_on_cold_storage"),
        install_reboot: taker.if_yes("install_reboot"),
        install_replace_packages: taker.text("install_replace_packages"),
        install_type: taker.text("install_type"),
        offline_install: taker.if_yes("offline_install"),
        qinst: taker.boolean("qinst"),
        qstart: taker.boolean("qstart"),
        qupgrade: taker.boolean("qupgrade"),
        silent_install: taker.if_yes("silent_install"),
        silent_uninstall: taker.if_yes("silent_uninstall"),
        silent_upgrade: taker.if_yes("silent_upgrade"),
        start_dep_services: taker.text("start_dep_services"),
        // DSM 6.1 renamed the key; a package that has both means the new one where it is known.
        startable: taker.boolean("ctl_stop").or(startable),
        support_move: taker.if_yes("support_move"),
        thirdparty: taker.if_yes("thirdparty"),
        ..Install::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::warning::Warning;
    use super::*;

    fn read(text: &str) -> (Info, Vec<Warning>) {
        let mut warnings = Warnings::default();
        let (info, _) = parse(text.as_bytes(), &mut warnings).expect("few keys");
        (info, warnings.into_vec())
    }

    fn info(text: &str) -> Info {
        read(text).0
    }

    #[test]
    fn the_newer_key_wins_in_any_order() {
        for text in [
            "firmware=\"5.0-1\"\nos_min_ver=\"7.0-40000\"\nctl_stop=no\nstartable=yes\n",
            "startable=yes\nctl_stop=no\nos_min_ver=\"7.0-40000\"\nfirmware=\"5.0-1\"\n",
        ] {
            let info = info(text);
            let minimum = info.os_min_ver.expect("stated");
            assert_eq!(
                (minimum.key, minimum.value.as_str()),
                ("os_min_ver", "7.0-40000")
            );
            assert_eq!(info.install.startable, Some(false));
            assert!(info.extra.is_empty(), "neither key is left over");
        }
        let minimum = info("os_min_ver=\"\"\nfirmware=\"5.0-1\"")
            .os_min_ver
            .expect("stated");
        assert_eq!((minimum.key, minimum.line), ("firmware", 2));
    }

    #[test]
    fn yes_and_no_are_read_in_every_spelling() {
        for yes in ["yes", "\"YES\"", "true", "1", "on", "'On'"] {
            assert_eq!(info(&format!("beta={yes}")).text.beta, Some(true), "{yes}");
        }
        for no in ["no", "false", "0", "OFF", ""] {
            assert_eq!(
                info(&format!("silent_install={no}")).install.silent_install,
                None,
                "{no}"
            );
        }
        assert_eq!(info("startable=\"no\"").install.startable, Some(false));
        let (info, warnings) = read("\nbeta=maybe");
        assert_eq!(info.text.beta, None);
        assert_eq!(
            warnings[0].to_string(),
            "INFO:2: `beta` is `maybe`, neither yes nor no, and is left out"
        );
    }

    #[test]
    fn texts_per_language_are_together_and_unknown_keys_are_kept() {
        let info = info(
            "displayname_fre=\"A\"\ndescription_fre=\"B\"\ndescription_enu=\"\"\ndescription_x=1\ncreate_time=now\n",
        );
        let french = &info.text.languages["fre"];
        assert_eq!(
            (french.displayname.as_deref(), french.description.as_deref()),
            (Some("A"), Some("B"))
        );
        assert_eq!(info.text.languages.len(), 1, "an empty text is none");
        let extra: Vec<&str> = info.extra.keys().map(String::as_str).collect();
        assert_eq!(extra, ["create_time", "description_x"]);
    }

    #[test]
    fn icons_are_taken_out_of_the_keys() {
        let mut warnings = Warnings::default();
        let text = b"package_icon=\"AAAA\"\npackage_icon_256=\"BBBB\"\npackage_icon_big=\"C\"\n";
        let (info, icons) = parse(text, &mut warnings).expect("few keys");
        let icons: Vec<_> = icons
            .iter()
            .map(|icon| (icon.line, icon.stated, icon.value.as_str()))
            .collect();
        assert_eq!(icons, [(1, None, "AAAA"), (2, Some(256), "BBBB")]);
        assert_eq!(info.extra.len(), 1);
    }
}
