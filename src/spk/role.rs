//! What a member is for, by its path.
//!
//! Names: developer guide, "Package Structure" and "WIZARD_UIFILES"; screenshots as SynoCommunity's and jdel's tools name
//! them. Case counts except for images, which the wild has as `PACKAGE_ICON.png` and `PACKAGE_SCREEN_01.PnG` too.

/// What a member is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role<'a> {
    Conflicts,
    Dependencies,
    /// With the width that the name states.
    Icon(Option<u32>),
    Info,
    License,
    Other,
    PackageTgz,
    Privilege,
    Resource,
    Screenshot,
    /// With the path below `scripts/`.
    Script(&'a str),
    Signature,
    Wizard(Step),
}

/// When a wizard is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Install,
    Uninstall,
    Upgrade,
}

/// Which wizards there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Wizards {
    pub(crate) install: bool,
    pub(crate) uninstall: bool,
    pub(crate) upgrade: bool,
}

impl Wizards {
    pub(super) fn insert(&mut self, step: Step) {
        match step {
            Step::Install => self.install = true,
            Step::Uninstall => self.uninstall = true,
            Step::Upgrade => self.upgrade = true,
        }
    }
}

/// Returns what the member at `path` is for.
pub(super) fn role(path: &str) -> Role<'_> {
    match path {
        "INFO" => Role::Info,
        "conf/PKG_CONX" => Role::Conflicts,
        "conf/PKG_DEPS" => Role::Dependencies,
        "conf/privilege" => Role::Privilege,
        "conf/resource" => Role::Resource,
        "package.tgz" => Role::PackageTgz,
        "syno_signature.asc" => Role::Signature,
        _ => match path.split_once('/') {
            None => top_level(path),
            Some(("WIZARD_UIFILES", name)) => wizard(name).map_or(Role::Other, Role::Wizard),
            Some(("scripts", name)) => Role::Script(name),
            Some(_) => Role::Other,
        },
    }
}

/// Returns whether DSM or this program gives the path a meaning, so that it must be a file of its own.
pub(super) fn is_special(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or(path);
    matches!(first, "WIZARD_UIFILES" | "conf" | "scripts") || role(path) != Role::Other
}

fn top_level(name: &str) -> Role<'_> {
    if is_localised(name, "LICENSE") {
        return Role::License;
    }
    let lower = name.to_ascii_lowercase();
    let Some((stem, extension)) = lower.rsplit_once('.') else {
        return Role::Other;
    };
    if extension == "png"
        && let Some(width) = icon_width(stem)
    {
        return Role::Icon(width);
    }
    let number = stem
        .strip_prefix("screen_")
        .or_else(|| stem.strip_prefix("package_screen_"));
    if number.is_some_and(is_number) && matches!(extension, "jpeg" | "jpg" | "png") {
        return Role::Screenshot;
    }
    Role::Other
}

fn icon_width(stem: &str) -> Option<Option<u32>> {
    let rest = stem.strip_prefix("package_icon")?;
    if rest.is_empty() {
        return Some(None);
    }
    rest.strip_prefix('_')?.parse().ok().map(Some)
}

fn wizard(name: &str) -> Option<Step> {
    let name = name.strip_suffix(".sh").unwrap_or(name);
    [
        ("install_uifile", Step::Install),
        ("uninstall_uifile", Step::Uninstall),
        ("upgrade_uifile", Step::Upgrade),
    ]
    .into_iter()
    .find_map(|(stem, step)| is_localised(name, stem).then_some(step))
}

/// Returns whether `name` is `stem`, with or without one of DSM's language codes (`_enu`).
fn is_localised(name: &str, stem: &str) -> bool {
    name.strip_prefix(stem).is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix('_').is_some_and(|language| {
                language.len() == 3 && language.bytes().all(|b| b.is_ascii_alphabetic())
            })
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_names_are_matched_in_case_and_images_in_any() {
        for (path, expected) in [
            ("INFO", Role::Info),
            ("LICENSE", Role::License),
            ("LICENSE_ger", Role::License),
            ("LICENSE.txt", Role::Other),
            ("PACKAGE_ICON.png", Role::Icon(None)),
            ("PACKAGE_ICON_256.PNG", Role::Icon(Some(256))),
            ("PACKAGE_ICON_big.PNG", Role::Other),
            ("PACKAGE_SCREEN_01.PnG", Role::Screenshot),
            ("WIZARD_UIFILES/install_uifile", Role::Wizard(Step::Install)),
            ("WIZARD_UIFILES/uninstall", Role::Other),
            (
                "WIZARD_UIFILES/uninstall_uifile_ger.sh",
                Role::Wizard(Step::Uninstall),
            ),
            (
                "WIZARD_UIFILES/upgrade_uifile.sh",
                Role::Wizard(Step::Upgrade),
            ),
            ("conf/privilege", Role::Privilege),
            ("conf/privilege.root", Role::Other),
            ("info", Role::Other),
            ("package/INFO", Role::Other),
            ("screen_12.jpg", Role::Screenshot),
            ("screen_a.png", Role::Other),
            ("scripts/lib/x", Role::Script("lib/x")),
        ] {
            assert_eq!(role(path), expected, "{path}");
        }
    }

    #[test]
    fn folders_with_a_meaning_are_special_as_a_whole() {
        for path in [
            "conf",
            "conf/x",
            "scripts",
            "WIZARD_UIFILES/x.json",
            "syno_signature.asc",
        ] {
            assert!(is_special(path), "{path}");
        }
        assert!(!is_special("package/scripts/x"));
    }
}
