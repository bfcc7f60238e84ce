//! `dependency-unresolved`.

use crate::lint::context::{Context, Spot};
use crate::lint::dependencies::{Dependency, dependencies};
use crate::lint::finding::Findings;
use crate::lint::rule::{Check, Input, Rule, Severity};
use crate::model::channel::Channel;
use crate::model::doc::nearest;
use crate::model::name::PackageName;

pub(super) const RULE: Rule = Rule {
    id: "dependency-unresolved",
    severity: Severity::Warning,
    summary: "a build that needs a package that nobody can get here",
    explain: "Package Center installs what `install_dep_packages` and conf/PKG_DEPS name from the same source or from Synology's. \
        What is neither here nor known to be Synology's cannot be found; what is here must be offered on the same channel, in a \
        version that is asked for.",
    help: "mend the name, add the package, or except this one when it comes from elsewhere",
    inputs: &[Input::Names],
    checks: &[Check::Build(|context, spot, findings| {
        let Some(channel) = spot.build.offered_on() else {
            return;
        };
        let (needed, odd) = dependencies(&spot.build.install);
        for (key, part) in odd {
            let message = format!("`{part}` names no package, or bounds it by no version");
            findings.add(spot.section_key(is_own(spot, key), key), message);
        }
        for dependency in &needed {
            look(context, spot, dependency, channel, findings);
        }
    })],
};

fn look(
    context: &Context<'_>,
    spot: &Spot<'_>,
    dependency: &Dependency,
    channel: Channel,
    findings: &mut Findings,
) {
    let (name, key) = (&dependency.name, dependency.key);
    let place = spot.section_key(is_own(spot, key), key);
    match context.package(name) {
        Some(package) if dependency.is_met_by(&package, channel) => {}
        Some(_) => {
            let message =
                format!("`{name}` is not offered on `{channel}` in a version that is needed");
            findings.add(place, message);
        }
        // A package whose documents cannot be read is here all the same.
        None if context.view.trees.contains_key(name) || is_synologys(name.as_str()) => {}
        None => {
            let found = findings.add(
                place,
                format!("`{name}` is not here, and not known to be Synology's"),
            );
            let names = context.view.trees.keys().map(PackageName::as_str);
            if let Some(nearest) = nearest(name.as_str(), names.chain(SYNOLOGYS)) {
                found.help(format!("did you mean `{nearest}`?"));
            }
        }
    }
}

fn is_own(spot: &Spot<'_>, key: &str) -> bool {
    let own = &spot.build.doc.install;
    match key {
        "install.conf_deppkgs" => !own.conf_deppkgs.is_empty(),
        _ => own.install_dep_packages.is_some(),
    }
}

/// Packages of Synology that others build on; those with a version in their name by how they begin.
const SYNOLOGYS: [&str; 22] = [
    "ActiveBackup",
    "CloudSync",
    "ContainerManager",
    "DNSServer",
    "Docker",
    "DownloadStation",
    "FileStation",
    "Git",
    "Java7",
    "Java8",
    "MailPlus-Server",
    "MariaDB",
    "PHP",
    "Perl",
    "PythonModule",
    "ReverseProxy",
    "SMBService",
    "SynologyPhotos",
    "VideoStation",
    "WebStation",
    "phpMyAdmin",
    "py3k",
];
const SERIES: [&str; 7] = [
    "Apache2.",
    "MariaDB1",
    "Node.js_v",
    "PHP5.",
    "PHP7.",
    "PHP8.",
    "Python",
];

fn is_synologys(name: &str) -> bool {
    SYNOLOGYS.contains(&name) || SERIES.iter().any(|series| name.starts_with(series))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{RELEASE, Repo};

    const PATH: &str = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";

    fn needing(packages: &str) -> Repo {
        let mut repo = Repo::sound();
        let table = format!("[install]\ninstall_dep_packages = \"{packages}\"\n");
        repo.build("app/2.0-1", "x86_64", "7.2-64570", &table);
        repo.package("base").release("base/1.0-1", RELEASE).build(
            "base/1.0-1",
            "noarch",
            "7.0-40000",
            "",
        );
        repo
    }

    #[test]
    fn what_is_needed_can_be_had() {
        let found = |packages: &str| needing(packages).findings("dependency-unresolved");
        assert_eq!(found("base>=1.0-1:PHP8.2:WebStation>=3.0.0-0309"), [""; 0]);
        assert_eq!(
            found("bse:base>1.0-1:base<"),
            [
                format!("{PATH}:12: `base<` names no package, or bounds it by no version"),
                format!("{PATH}:12: `base` is not offered on `stable` in a version that is needed"),
                format!("{PATH}:12: `bse` is not here, and not known to be Synology's"),
            ]
        );
    }

    #[test]
    fn what_goes_away_is_missed_by_those_who_need_it() {
        let mut repo = needing("base");
        repo.commit();
        repo.replace(PATH, "stable", "beta");
        assert_eq!(
            repo.findings("dependency-unresolved"),
            [""; 0],
            "`base` is read for that"
        );
        repo.replace(PATH, "beta", "stable")
            .remove("packages/base/");
        let expected = [format!(
            "{PATH}:12: `base` is not here, and not known to be Synology's"
        )];
        assert_eq!(repo.findings("dependency-unresolved"), expected);
    }
}
