//! `size-jump`.

use crate::lint::context::Spot;
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "size-jump",
    severity: Severity::Warning,
    summary: "an SPK that is much larger or smaller than before",
    explain: "More than twice the size of the same build of the release before, or less than half, by at least a mebibyte: debug \
        symbols that were not stripped, a payload that is missing, another program altogether. Without `--changed-since`, the \
        newest release is compared with the one before it.",
    help: "look at what is in it with `spkrepo inspect`; if it is meant so, except the release from the rule",
    inputs: &[],
    checks: &[Check::Release(|context, package, release, findings| {
        let Some(before) = context.predecessor(package, release) else {
            return;
        };
        for build in release.builds.values() {
            let Some(old) = before.builds.get(&build.id) else {
                continue;
            };
            let (was, is) = (old.doc.spk.size, build.doc.spk.size);
            let (less, more) = (was.min(is), was.max(is));
            if more / 2 > less && more - less >= LEAST {
                let spot = Spot {
                    build,
                    package,
                    release,
                };
                let message = format!(
                    "the SPK has {is} bytes, that of {} had {was}",
                    before.version
                );
                findings.add(spot.key("spk.size"), message);
            }
        }
    })],
};

/// Below that, a picture more or less makes the difference.
const LEAST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn an_spk_is_about_as_large_as_the_one_before() {
        let mut repo = Repo::sound();
        let path = |version: &str| format!("packages/app/{version}/dsm7.2-64570-x86_64.toml");
        repo.replace(&path("1.0-1"), "5120", "3000000")
            .point(&path("1.0-1"));
        repo.replace(&path("2.0-1"), "5120", "6000001")
            .point(&path("2.0-1"));
        assert_eq!(repo.findings("size-jump"), [""; 0]);
        repo.replace(&path("2.0-1"), "6000001", "6000002")
            .point(&path("2.0-1"));
        let line = |size: u64| {
            format!(
                "{}:7: the SPK has {size} bytes, that of 1.0-1 had 3000000",
                path("2.0-1")
            )
        };
        assert_eq!(repo.findings("size-jump"), [line(6_000_002)]);
        repo.replace(&path("2.0-1"), "6000002", "1000000")
            .point(&path("2.0-1"));
        assert_eq!(repo.findings("size-jump"), [line(1_000_000)]);
    }
}
