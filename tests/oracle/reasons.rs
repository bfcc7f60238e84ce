//! Why answers differ from those of SynoCommunity's spkrepo: rules about what was asked and answered.

use super::asked::line_of;
use super::compare::Difference;
use super::known::Known;

const PAGES: &str = "a client that is not clearly a browser is answered in JSON, and no redirection leads to a page";

/// The builds of SRM that the original was told of.
const SRM_BUILDS: [u64; 3] = [6931, 7742, 9193];

impl Difference {
    fn is(&self, theirs: &[&str], ours: &str) -> bool {
        theirs.contains(&self.theirs.as_str()) && self.ours == ours
    }

    fn only_ours(&self) -> bool {
        self.theirs == "absent"
    }

    /// Returns the build number of the minimum that the original's link says.
    fn minimum(&self) -> u64 {
        let (_, rest) = self.theirs.rsplit_once(".f").expect("a link to an SPK");
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
        digits
            .and_then(|digits| digits.parse().ok())
            .expect("a number")
    }

    fn is_for_srm(&self) -> bool {
        SRM_BUILDS.contains(&self.minimum())
    }

    fn asks_for_srm(&self) -> bool {
        self.asked.is_router() || self.asked.major() == Some(1)
    }

    /// The major version that the device says, or else that of its build.
    fn major(&self) -> Option<i64> {
        let line = self.asked.build().map(line_of);
        self.asked.major().or(line)
    }

    /// Whether the device's major version is another one than that of its build.
    fn contradicts_itself(&self) -> bool {
        let line = self.asked.build().map(line_of);
        self.asked.major().is_some_and(|major| Some(major) != line)
    }
}

/// The original takes the number after the last `-` alone, so of what it offers that number is higher.
fn is_version_order(difference: &Difference) -> bool {
    let (ours, theirs) = (parts(&difference.ours), parts(&difference.theirs));
    ours > theirs && ours.1 < theirs.1
}

/// The numbers and words of a version; words come before numbers.
fn parts(version: &str) -> (Vec<(bool, u64, String)>, u64) {
    let (feature, revision) = version.rsplit_once('-').expect("a version with a revision");
    let words = feature.split(|letter: char| !letter.is_ascii_alphanumeric());
    let runs = words.flat_map(|word| {
        word.as_bytes()
            .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
    });
    let part = |run: &[u8]| {
        let text = String::from_utf8_lossy(run).into_owned();
        match text.parse() {
            Ok(number) => (true, number, String::new()),
            Err(_) => (false, 0, text),
        }
    };
    (
        runs.map(part).collect(),
        revision.parse().expect("a number"),
    )
}

fn theirs_keeps_backslashes(difference: &Difference) -> bool {
    let unescaped = |text: &str| text.replace(r#"\\\""#, r#"\""#);
    unescaped(&difference.theirs) == difference.ours
}

/// What the original says of entries, in both corpora.
pub(super) const ENTRIES: [Known; 8] = [
    Known {
        example: "m_x86_64_42661",
        what: "version",
        holds: is_version_order,
        reason: "versions are ordered by all their parts, as DSM orders them when it looks for updates; by the number \
            after the last `-` alone, 1.5-10 would hide 2.0-1",
    },
    Known {
        example: "x86_64_42661",
        what: "changelog desc",
        holds: theirs_keeps_backslashes,
        reason: "a backslash before a quotation mark is an escape of INFO and no part of the text",
    },
    Known {
        example: "x86_64_42661",
        what: "conf_conxpkgs conf_deppkgs depsers support_url beta",
        holds: Difference::only_ours,
        reason: "Package Center reads or shows it; a package is a beta by INFO's `beta` too",
    },
    Known {
        example: "x86_64_42661",
        what: "start silent_install silent_upgrade silent_uninstall install_reboot install_type auto_upgrade_from \
            install_on_cold_storage",
        holds: Difference::only_ours,
        reason: "DSM knows it from the version on that the developer guide names",
    },
    Known {
        example: "x86_64_25556",
        what: "price category subcategory type thirdparty is_security_version ignore_rolling",
        holds: |difference| difference.only_ours() && difference.major() < Some(7),
        reason: "Synology's own list has it for DSM before 7",
    },
    Known {
        example: "x86_64_42661",
        what: "conflictpkgs deppkgs",
        holds: |difference| difference.is(&["\"\""], "null"),
        reason: "an empty list of packages is none",
    },
    Known {
        example: "x86_64_42661",
        what: "download_count recent_download_count",
        holds: |difference| difference.ours == "0",
        reason: "downloads are not counted",
    },
    Known {
        example: "x86_64_42661",
        what: "startable",
        holds: |difference| difference.only_ours() && difference.ours == "\"yes\"",
        reason: "only a change of the original's database makes it unknown: INFO's default is yes",
    },
];

/// What is offered, in both corpora.
pub(super) const OFFERS: [Known; 9] = [
    Known {
        example: "x86_64_42661",
        what: "twice",
        holds: |_| true,
        reason: "a package is listed once, by its closest platform",
    },
    Known {
        example: "link_of_inact-native",
        what: "status",
        holds: |difference| {
            difference.package.starts_with("inact") && difference.is(&["200"], "404")
        },
        reason: "the original lists and hands out a build that is switched off beside one that is not",
    },
    Known {
        example: "srm_7742",
        what: "build missing",
        holds: |difference| difference.asks_for_srm() && !difference.is_for_srm(),
        reason: "a router is offered builds for SRM only, not those for DSM",
    },
    Known {
        example: "srm_as_dsm",
        what: "extra",
        holds: |difference| difference.asked.is_router() && difference.asked.major() != Some(1),
        reason: "a router's platform tells that it runs SRM, also when it does not say major=1",
    },
    Known {
        example: "x86_64_25556",
        what: "build missing",
        holds: |difference| !difference.asks_for_srm() && difference.is_for_srm(),
        reason: "a device with DSM is not offered builds for SRM",
    },
    Known {
        example: "major0",
        what: "extra missing",
        holds: |difference| difference.asked.major().is_some_and(|major| major < 1),
        reason: "no system has a major version below 1: the build number tells it",
    },
    Known {
        example: "major2",
        what: "build missing",
        holds: |difference| {
            difference.contradicts_itself()
                && difference.asked.major() != Some(line_of(difference.minimum()))
        },
        reason: "a device is offered builds for the DSM that it says it has, whatever build it says besides",
    },
    Known {
        example: "x86_64_4458",
        what: "extra",
        holds: |difference| {
            difference.ours.contains("noarch") && matches!(difference.major(), Some(3..=5))
        },
        reason: "noarch for DSM 3 serves 4 and 5, and so does noarch for DSM 2",
    },
    Known {
        example: "beta_cedar",
        what: "extra",
        holds: |difference| {
            difference.ours.ends_with("-x86_64.spk")
                && difference.asked.get("arch") != Some("x86_64")
        },
        reason: "a build for the family x86_64 runs on its platforms",
    },
];

/// How requests are refused.
pub(super) const REQUESTS: [Known; 7] = [
    Known {
        example: "bad_arch",
        what: "status",
        holds: |difference| {
            let asked = &difference.asked;
            let fits = asked.has_platform() && asked.build().is_some();
            fits && difference.is(&["422"], "200")
        },
        reason: "platforms, languages and builds that are not known work by rule",
    },
    Known {
        example: "missing_language_accept_json",
        what: "status",
        holds: |difference| {
            let asked = &difference.asked;
            asked.get("language").is_none()
                && asked.has_platform()
                && difference.is(&["302", "400"], "200")
        },
        reason: "without a language, texts are in English",
    },
    Known {
        example: "build_odd_1",
        what: "status",
        holds: |difference| {
            let asked = &difference.asked;
            let is_complete = asked.has_platform() && asked.build().is_some();
            !is_complete && difference.is(&["422", "500"], "400")
        },
        reason: "a request that is not Package Center's is a bad request, whether a parameter is empty or missing",
    },
    Known {
        example: "build_odd_4",
        what: "status",
        holds: |difference| {
            let build = difference.asked.get("build").unwrap_or_default().trim();
            !build.bytes().all(|byte| byte.is_ascii_digit()) && difference.is(&["200"], "400")
        },
        reason: "what Python's `int` takes (`4_2661`, `+1`, digits of other scripts) is no build number",
    },
    Known {
        example: "missing_arch_accept_any",
        what: "status",
        holds: |difference| {
            let asked = &difference.asked;
            let lacks = asked.get("arch").is_none() || asked.get("build").is_none();
            lacks && !asked.parameters.is_empty() && difference.is(&["302"], "400")
        },
        reason: PAGES,
    },
    Known {
        example: "no_params",
        what: "status",
        holds: |difference| {
            difference.asked.parameters.is_empty() && difference.is(&["302", "400"], "200")
        },
        reason: "DSM's probe when a source is added may lack all parameters and must read a catalog",
    },
    Known {
        example: "if_none_match_star",
        what: "status",
        holds: |difference| {
            difference.asked.header("if-none-match") == Some("*") && difference.is(&["200"], "304")
        },
        reason: "the catalog has an entity tag",
    },
];

/// Downloads, icons and pages.
pub(super) const FILES: [Known; 9] = [
    Known {
        example: "front_root",
        what: "type content-length body",
        holds: |difference| !difference.asked.path.starts_with("/nas"),
        reason: "pages for people are our own, and what is not clearly a browser's gets JSON",
    },
    Known {
        example: "front_admin",
        what: "status",
        holds: |difference| {
            let pages = ["/nas", "/package", "/api"];
            let is_other = !pages
                .iter()
                .any(|page| difference.asked.path.starts_with(page));
            is_other && difference.is(&["200", "301", "302", "308", "401", "403", "405"], "404")
        },
        reason: "the source is administered in git: there is nothing to sign in to, and no script or style",
    },
    Known {
        example: "nul",
        what: "status",
        holds: |difference| {
            let path = difference.asked.path.to_ascii_lowercase();
            let is_odd = ["%00", "%2f", "%5c", "..", "%2e"]
                .iter()
                .any(|odd| path.contains(odd));
            is_odd && difference.ours == "400"
        },
        reason: "a path that could mean another file is refused before anything is looked for",
    },
    Known {
        example: "spk_range_multi",
        what: "status",
        holds: |difference| {
            let range = difference.asked.header("range").unwrap_or_default();
            range.contains(',')
                && ["200", "206"]
                    .iter()
                    .any(|ours| difference.is(&["416"], ours))
        },
        reason: "several ranges get their parts",
    },
    Known {
        example: "icon_ims",
        what: "status last-modified",
        holds: |difference| {
            let compares_date = difference.asked.header("if-modified-since").is_some();
            difference.is(&["given"], "") || compares_date && difference.is(&["304"], "200")
        },
        reason: "files have an entity tag, the same on every server, and no date: when one came to a disk is not the \
                 same, and the dates of commits go back when a branch is set back",
    },
    Known {
        example: "icon_inm",
        what: "accept-ranges content-disposition",
        holds: |difference| {
            let is_condition = |name| difference.asked.header(name).is_some();
            let is_icon = difference.asked.path.contains("/icon_");
            let may_be_304 = is_condition("if-none-match") || is_condition("if-modified-since");
            difference.ours.is_empty() && (may_be_304 || is_icon)
        },
        reason: "a 304 repeats what a cache needs and no more (RFC 9110 §15.4.5), and an icon is shown, not kept",
    },
    Known {
        example: "spk_head",
        what: "content-disposition",
        holds: |difference| {
            difference.ours.starts_with("attachment; filename=")
                && difference.theirs.starts_with("inline; filename=")
        },
        reason: "a file is kept under the name that it has in this source, and never shown in a browser",
    },
    Known {
        example: "spk_head",
        what: "cache-control",
        holds: |difference| {
            let policies = [
                "public, no-cache",
                "private, no-cache",
                "no-cache",
                "no-store",
            ];
            ["", "public", "no-store, private"].contains(&difference.theirs.as_str())
                && policies.contains(&difference.ours.as_str())
        },
        reason: "`public` alone lets a cache guess for how long (RFC 9111 §4.2.2): here it asks by entity tag, and keeps \
                 no problem",
    },
    Known {
        example: "front_root",
        what: "vary etag content-encoding",
        holds: |difference| {
            !difference.asked.path.starts_with("/nas/") && difference.theirs.is_empty()
        },
        reason: "pages can be asked for again by their entity tag, come in gzip, and differ for browsers",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_all_their_parts() {
        for (older, newer) in [
            ("1.5-10", "2.0-1"),
            ("1.9-12", "1.10-3"),
            ("1.0b-1", "1.0.1-1"),
            ("1.0-9", "1.0-10"),
        ] {
            assert!(parts(older) < parts(newer), "{older} {newer}");
        }
    }
}
