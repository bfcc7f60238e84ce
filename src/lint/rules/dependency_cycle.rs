//! `dependency-cycle`.

use std::collections::BTreeSet;

use crate::lint::context::{Context, package_path};
use crate::lint::dependencies::needs;
use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};
use crate::model::name::PackageName;

pub(super) const RULE: Rule = Rule {
    id: "dependency-cycle",
    severity: Severity::Error,
    summary: "packages that need each other",
    explain: "Package Center installs what a package needs before the package itself. When that needs the package again, none of them \
        can ever be installed. Looked at is the newest release of each that is offered.",
    help: "take one of the dependencies away",
    inputs: &[],
    checks: &[Check::Package(|context, package, findings| {
        let Some(cycle) = cycle(context, &package.name) else {
            return;
        };
        // Each cycle is reported once, at the first of its packages that are looked at.
        let looked_at = |name: &&PackageName| context.view.snapshot.packages.contains_key(*name);
        if cycle.iter().filter(looked_at).min() == Some(&package.name) {
            let names: Vec<&str> = cycle.iter().map(PackageName::as_str).collect();
            let message = format!(
                "the package needs itself: {} → {}",
                names.join(" → "),
                package.name
            );
            findings.add(Place::file(package_path(&package.name)), message);
        }
    })],
};

/// Returns the packages on a way from `start` back to itself, `start` first.
fn cycle(context: &Context<'_>, start: &PackageName) -> Option<Vec<PackageName>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![start.clone()]];
    while let Some(way) = ways.pop() {
        let package = context.package(way.last().unwrap_or(start))?;
        for name in needs(context, &package) {
            if name == *start {
                return Some(way);
            }
            if seen.insert(name.clone()) {
                let mut longer = way.clone();
                longer.push(name);
                ways.push(longer);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{RELEASE, Repo};

    #[test]
    fn no_package_needs_itself() {
        let mut repo = Repo::sound();
        let needing = |name: &str| format!("[install]\ninstall_dep_packages = \"{name}\"\n");
        for name in ["base", "core"] {
            repo.package(name)
                .release(&format!("{name}/1.0-1"), RELEASE);
        }
        repo.build("app/2.0-1", "x86_64", "7.2-64570", &needing("base"));
        repo.build("base/1.0-1", "x86_64", "7.2-64570", &needing("core"));
        repo.build("core/1.0-1", "x86_64", "7.2-64570", "");
        assert_eq!(repo.findings("dependency-cycle"), [""; 0]);
        repo.build("core/1.0-1", "x86_64", "7.2-64570", &needing("app"));
        let line = |name: &str, way: &str| {
            format!("packages/{name}/package.toml:1: the package needs itself: {way}")
        };
        assert_eq!(
            repo.findings("dependency-cycle"),
            [line("app", "app → base → core → app")]
        );
        repo.commit();
        repo.append("packages/core/package.toml", "# of the base\n");
        assert_eq!(
            repo.findings("dependency-cycle"),
            [line("core", "core → app → base → core")],
            "the others are read for that"
        );
    }
}
