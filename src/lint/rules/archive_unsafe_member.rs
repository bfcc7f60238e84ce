//! `archive-unsafe-member`.

use crate::base::causes::with_causes;
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "archive-unsafe-member",
    severity: Severity::Error,
    summary: "an SPK that unpackers could read differently, or that leaves its folder",
    explain: "A member that is there twice, a link that leads outside, a device, a name that climbs out of the folder, records \
        that some unpackers know and others do not: what was reviewed need not be what is installed. Also archives that unpack \
        to more than anybody has room for.",
    help: "yank the build, find out how that came to be, and build it anew",
    inputs: &[],
    checks: &[Check::Spk(|_, spot, inside, findings| {
        if let Err(error) = &inside.spk
            && error.is_unsafe()
        {
            findings.add(spot.key("spk.file"), with_causes(error));
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::{Repo, SPK, looked_into, spk};

    #[test]
    fn a_member_stays_in_its_folder_and_is_there_once() {
        let repo = Repo::sound();
        let look = |path: &'static str| {
            move |at: &str| looked_into(at, "2.0-1", &spk(&[SPK[0], SPK[1], (path, "x")]))
        };
        assert_eq!(
            repo.findings_with("archive-unsafe-member", look("scripts/a")),
            [""; 0]
        );
        let place = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml:6: member `package.tgz`";
        let found = repo.findings_with("archive-unsafe-member", look("package.tgz"));
        assert!(found.len() == 1 && found[0].starts_with(place), "{found:?}");
        assert_eq!(
            repo.findings_with("spk-invalid", look("package.tgz")),
            [""; 0]
        );
    }
}
