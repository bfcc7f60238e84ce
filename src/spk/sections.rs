//! An SPK as the sections of the repository's documents.

use super::read::Spk;
use crate::model::doc::{Install, Permissions, Sections};

impl Spk {
    /// Returns what the SPK states, ready to be reviewed and changed in the repository; the absent is left out.
    pub(crate) fn sections(&self) -> Sections {
        Sections {
            install: self.install(),
            permissions: self.permissions(),
            text: self.info.text.clone(),
        }
    }

    fn install(&self) -> Install {
        Install {
            conf_conxpkgs: self.conf.conflicts.clone(),
            conf_deppkgs: self.conf.dependencies.clone(),
            install_wizard: self.wizards.install.then_some(true),
            license: self.license.then_some(true),
            uninstall_wizard: self.wizards.uninstall.then_some(true),
            upgrade_wizard: self.wizards.upgrade.then_some(true),
            ..self.info.install.clone()
        }
    }

    fn permissions(&self) -> Permissions {
        Permissions {
            resources: unless_empty(&self.conf.resources),
            root: unless_empty(&self.conf.privilege.root),
            run_as: self.conf.privilege.run_as.clone(),
            scripts: unless_empty(&self.scripts),
        }
    }
}

fn unless_empty(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

#[cfg(test)]
mod tests {
    use crate::base::limits::Limits;
    use crate::model::doc::Permissions;
    use crate::spk::read;
    use crate::spk::test_spk::TestSpk;

    #[test]
    fn members_become_what_reviewers_see() {
        let bytes = TestSpk::with_info("silent_install=\"no\"\nstartable=\"yes\"\n")
            .file("scripts/preinst", b"")
            .file("scripts/lib/common", b"")
            .file("LICENSE", b"")
            .file("WIZARD_UIFILES/install_uifile_enu.sh", b"")
            .file("conf/PKG_DEPS", b"[Perl]\npkg_min_ver=5\n")
            .file("conf/PKG_CONX", b"[Old]\n")
            .file("conf/privilege", br#"{"defaults": {"run-as": "package"}}"#)
            .file("conf/resource", br#"{"port-config": {}}"#)
            .build();
        let sections = read(&bytes[..], &Limits::DEFAULT)
            .expect("readable")
            .sections();
        let install = &sections.install;
        assert_eq!(
            (install.license, install.install_wizard),
            (Some(true), Some(true))
        );
        assert_eq!(
            (install.upgrade_wizard, install.uninstall_wizard),
            (None, None)
        );
        assert_eq!(
            (install.silent_install, install.startable),
            (None, Some(true))
        );
        assert_eq!(install.conf_deppkgs["Perl"]["pkg_min_ver"], "5");
        assert!(install.conf_conxpkgs["Old"].is_empty());
        let expected = Permissions {
            resources: Some(vec!["port-config".to_owned()]),
            root: None,
            run_as: Some("package".to_owned()),
            scripts: Some(vec!["lib/common".to_owned(), "preinst".to_owned()]),
        };
        assert_eq!(sections.permissions, expected);
    }

    #[test]
    fn what_is_absent_is_left_out() {
        let spk = read(&TestSpk::minimal().build()[..], &Limits::DEFAULT).expect("readable");
        assert!(spk.sections().install.is_empty());
        assert!(spk.sections().permissions.is_empty());
        assert!(spk.sections().text.is_empty());
    }
}
