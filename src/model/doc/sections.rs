//! What a release states once for all its builds, and a build may state otherwise: `[text]`, `[install]`, `[permissions]`.
//!
//! The keys are those of INFO (developer guide, "INFO necessary fields" and "INFO optional fields"), so a packager
//! finds what he wrote. Every key is optional: absent in a build means "as the release says".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Declares a section whose every field is optional, with its overlay.
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* } $(tables { $($(#[$table_doc:meta])* $table:ident: $row:ty,)* })?) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[$field_doc])* #[serde(default, skip_serializing_if = "Option::is_none")] pub(crate) $field: Option<$type>,)*
            $($($(#[$table_doc])* #[serde(default, skip_serializing_if = "BTreeMap::is_empty")] pub(crate) $table: BTreeMap<String, $row>,)*)?
        }

        impl $name {
            /// Returns whether nothing is stated.
            pub(crate) fn is_empty(&self) -> bool {
                true $(&& self.$field.is_none())* $($(&& self.$table.is_empty())*)?
            }

            /// Returns what `self` says, and what `base` says where `self` says nothing.
            pub(crate) fn over(&self, base: &Self) -> Self {
                Self {
                    $($field: self.$field.clone().or_else(|| base.$field.clone()),)*
                    $($($table: {
                        let mut rows = base.$table.clone();
                        rows.extend(self.$table.iter().map(|(key, row)| (key.clone(), row.clone())));
                        rows
                    },)*)?
                }
            }
        }
    };
}

section! {
    /// The texts and links that people see in Package Center.
    Text {
        displayname: String,
        description: String,
        maintainer: String,
        maintainer_url: String,
        distributor: String,
        distributor_url: String,
        support_url: String,
        /// Where testers of a beta report; its presence marks a beta, as SynoCommunity's spkrepo has it.
        report_url: String,
        helpurl: String,
        /// HTML, as Package Center shows it.
        changelog: String,
        beta: bool,
    }
    tables {
        /// By DSM's language codes (`enu`, `fre`).
        languages: LocalText,
    }
}

/// The texts in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocalText {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) displayname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
}

section! {
    /// How DSM installs, starts and upgrades the package.
    Install {
        /// `A>2.2.2:B`: packages that must be there.
        install_dep_packages: String,
        install_conflict_packages: String,
        install_break_packages: String,
        install_replace_packages: String,
        /// Services, separated by spaces.
        install_dep_services: String,
        start_dep_services: String,
        startable: bool,
        silent_install: bool,
        silent_upgrade: bool,
        silent_uninstall: bool,
        auto_upgrade_from: String,
        /// Hides the build from the package list: it is for manual installation.
        offline_install: bool,
        install_reboot: bool,
        install_type: String,
        install_on_cold_storage: bool,
        support_move: bool,
        thirdparty: bool,
        /// The SPK has a licence that the user must accept.
        license: bool,
        install_wizard: bool,
        upgrade_wizard: bool,
        uninstall_wizard: bool,
        qinst: bool,
        qstart: bool,
        qupgrade: bool,
    }
    tables {
        /// `conf/PKG_DEPS`: DSM prefers it to `install_dep_packages`.
        conf_deppkgs: PackageBounds,
        /// `conf/PKG_CONX`: DSM prefers it to `install_conflict_packages`.
        conf_conxpkgs: PackageBounds,
    }
}

/// The keys of one package in `conf/PKG_DEPS` or `conf/PKG_CONX` (`pkg_min_ver`, `dsm_max_ver`, …), as written.
pub(crate) type PackageBounds = BTreeMap<String, String>;

section! {
    /// What the package may do on the NAS: for reviewers.
    Permissions {
        /// `conf/privilege`, `defaults.run-as`; absent means root before DSM 7.
        run_as: String,
        /// Scripts and programs that `conf/privilege` runs as root.
        root: Vec<String>,
        /// The workers of `conf/resource` (`port-config`, `data-share`).
        resources: Vec<String>,
        scripts: Vec<String>,
    }
}

/// The three sections together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sections {
    pub(crate) install: Install,
    pub(crate) permissions: Permissions,
    pub(crate) text: Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_overrides_key_by_key_and_language_by_language() {
        let release: Text = toml::from_str(
            "displayname = 'A'\ndescription = 'a'\n[languages.enu]\ndescription = 'e'\n[languages.fre]\ndescription = 'f'\n",
        )
        .expect("valid");
        let build: Text = toml::from_str("description = 'b'\n[languages.fre]\ndescription = 'g'\n")
            .expect("valid");
        let text = build.over(&release);
        assert_eq!(text.displayname.as_deref(), Some("A"));
        assert_eq!(text.description.as_deref(), Some("b"));
        assert_eq!(text.languages["enu"].description.as_deref(), Some("e"));
        assert_eq!(text.languages["fre"].description.as_deref(), Some("g"));
        assert!(!text.is_empty() && Text::default().is_empty());
    }

    #[test]
    fn what_a_nas_must_do_beside_installing_stands_in_its_place_or_nowhere() {
        let text = "silent_install = true\ninstall_reboot = true\ninstall_type = \"system\"\n\
            install_on_cold_storage = true\nthirdparty = true\n";
        let install: Install = toml::from_str(text).expect("valid");
        assert_eq!(toml::to_string(&install).expect("TOML"), text);
        let older: Install = toml::from_str("silent_install = true\n").expect("valid");
        assert_eq!(
            (older.install_reboot, older.install_on_cold_storage),
            (None, None)
        );
        assert_eq!(
            toml::to_string(&older).expect("TOML"),
            "silent_install = true\n"
        );
    }
}
