//! `replacement-unknown`.

use crate::lint::context::package_path;
use crate::lint::finding::Place;
use crate::lint::rule::{Check, Input, Rule, Severity};
use crate::model::doc::nearest;
use crate::model::name::PackageName;

pub(super) const RULE: Rule = Rule {
    id: "replacement-unknown",
    severity: Severity::Warning,
    summary: "a package is given up for one that is not here",
    explain: "`[deprecated] replaced_by` names the package that users are to install instead. One that is not in this source cannot \
        be found by them.",
    help: "name a package of this source, or say in `reason` where to go",
    inputs: &[Input::Names],
    checks: &[Check::Package(|context, package, findings| {
        let deprecated = package.doc.deprecated.as_ref();
        let Some(name) = deprecated.and_then(|deprecated| deprecated.replaced_by.as_deref()) else {
            return;
        };
        let names = &context.view.trees;
        if name != package.name.as_str() && names.contains_key(name) {
            return;
        }
        let place = Place::key(package_path(&package.name), "deprecated.replaced_by");
        let found = findings.add(
            place,
            format!("`{name}` is no other package of this source"),
        );
        if let Some(nearest) = nearest(name, names.keys().map(PackageName::as_str)) {
            found.help(format!("did you mean `{nearest}`?"));
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_replacement_is_here() {
        let mut repo = Repo::sound();
        repo.package("apps");
        repo.append(
            "packages/app/package.toml",
            "[deprecated]\nreason = \"old\"\nreplaced_by = \"apps\"\n",
        );
        assert_eq!(repo.findings("replacement-unknown"), [""; 0]);
        repo.commit();
        repo.remove("packages/apps/");
        assert_eq!(
            repo.findings("replacement-unknown"),
            ["packages/app/package.toml:4: `apps` is no other package of this source"],
            "though nothing but `apps` has changed"
        );
    }
}
