//! `firmware-range-empty`.

use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "firmware-range-empty",
    severity: Severity::Error,
    summary: "a range of DSM that no device is in",
    explain: "`os_max_ver` below `os_min_ver`: no DSM is at once as new as the one and as old as the other. Where both state a \
        build number, that decides.",
    help: "mend the bound that is wrong; it must be that of INFO",
    inputs: &[],
    checks: &[Check::Build(|_, spot, findings| {
        let (minimum, maximum) = (spot.build.doc.os_min_ver, spot.build.doc.os_max_ver);
        if let Some(maximum) = maximum.filter(|maximum| !maximum.allows_as_maximum(minimum)) {
            let message =
                format!("the maximum {maximum} is below the minimum {minimum}: no device fits");
            findings.add(spot.key("os_max_ver"), message);
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn the_maximum_is_not_below_the_minimum() {
        let mut repo = Repo::sound();
        repo.build(
            "app/2.0-1",
            "x86_64",
            "7.2-64570",
            "os_max_ver = \"7.2-64570\"\n",
        );
        assert_eq!(repo.findings("firmware-range-empty"), [""; 0]);
        repo.build(
            "app/2.0-1",
            "x86_64",
            "7.2-64570",
            "os_max_ver = \"7.1-42661\"\n",
        );
        assert_eq!(
            repo.findings("firmware-range-empty"),
            [
                "packages/app/2.0-1/dsm7.2-64570-x86_64.toml:4: the maximum 7.1-42661 is below the minimum 7.2-64570: \
              no device fits"
            ]
        );
    }
}
