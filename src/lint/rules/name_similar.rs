//! `name-similar`.

use std::collections::{BTreeMap, BTreeSet};

use crate::lint::context::{Context, package_path};
use crate::lint::finding::{Findings, Place};
use crate::lint::rule::{Check, Rule, Severity};
use crate::model::name::PackageName;

pub(super) const RULE: Rule = Rule {
    id: "name-similar",
    severity: Severity::Warning,
    summary: "a package whose name can be taken for another's",
    explain: "Who picks `transmision` or `git1ab` from a list gets another package than he thinks. Two names are alike when one letter \
        is wrong, missing, added or swapped with its neighbour, or when they differ by what looks the same: capitals, `-` and `_`, \
        `0` and `o`, `1` and `l`. Names that differ by digits alone (`php74`, `php80`) are a series. When commits are compared, only \
        packages that are new are looked at.",
    help: "choose another name, or except the package from the rule when the two belong together",
    inputs: &[],
    checks: &[Check::Source(check)],
};

/// Of shorter names, every other is a letter away.
const SHORTEST: usize = 5;

fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut by_trace: BTreeMap<String, Vec<&PackageName>> = BTreeMap::new();
    for name in context.view.trees.keys() {
        for trace in traces(name.as_str()) {
            by_trace.entry(trace).or_default().push(name);
        }
    }
    let mut pairs = BTreeSet::new();
    for names in by_trace.values().filter(|names| names.len() > 1) {
        for (index, name) in names.iter().enumerate() {
            let others = names[..index].iter().filter(|other| are_alike(other, name));
            pairs.extend(others.filter_map(|other| order(context, other, name)));
        }
    }
    for (name, other) in pairs {
        let message = format!("`{name}` can be taken for `{other}`");
        findings.add(Place::file(package_path(name)), message);
    }
}

/// Returns the newer of two names first; nothing when neither is looked at.
fn order<'a>(
    context: &Context<'_>,
    one: &'a PackageName,
    other: &'a PackageName,
) -> Option<(&'a PackageName, &'a PackageName)> {
    if context.before.is_none() {
        return Some((one.max(other), one.min(other)));
    }
    match (context.is_new(one), context.is_new(other)) {
        (false, false) => None,
        (true, false) => Some((one, other)),
        (_, true) => Some((other, one)),
    }
}

/// Returns what names that are alike have in common: the name without one of its letters, or as it is.
fn traces(name: &str) -> BTreeSet<String> {
    let shape = shape(name);
    let mut traces = BTreeSet::from([shape.clone()]);
    if shape.len() >= SHORTEST {
        traces.extend(shape.char_indices().map(|(index, letter)| {
            [&shape[..index], &shape[index + letter.len_utf8()..]].concat()
        }));
    }
    traces
}

/// Returns the name as it looks from afar.
fn shape(name: &str) -> String {
    let letters = name
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|letter| letter.is_alphanumeric());
    letters
        .map(|letter| match letter {
            '0' => 'o',
            '1' | 'i' => 'l',
            letter => letter,
        })
        .collect()
}

fn are_alike(one: &PackageName, other: &PackageName) -> bool {
    let without_digits = |name: &PackageName| -> String {
        name.as_str()
            .chars()
            .filter(|letter| !letter.is_ascii_digit())
            .collect()
    };
    if one == other || without_digits(one) == without_digits(other) {
        return false;
    }
    let (one, other) = (shape(one.as_str()), shape(other.as_str()));
    one == other || strsim::osa_distance(&one, &other) == 1
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn names_are_told_apart_at_a_glance() {
        let mut repo = Repo::sound();
        for name in [
            "transmission",
            "python310",
            "python311",
            "gitea",
            "gitlab",
            "abc",
            "abd",
        ] {
            repo.package(name);
        }
        assert_eq!(repo.findings("name-similar"), [""; 0]);
        repo.commit();
        for name in ["transmision", "gitIab", "Git-ea", "tranmsission", "app2"] {
            repo.package(name);
        }
        let line = |name: &str, other: &str| {
            format!("packages/{name}/package.toml:1: `{name}` can be taken for `{other}`")
        };
        assert_eq!(
            repo.findings("name-similar"),
            [
                line("Git-ea", "gitea"),
                line("gitIab", "gitlab"),
                line("tranmsission", "transmission"),
                line("transmision", "transmission"),
            ]
        );
        repo.commit();
        assert_eq!(
            repo.findings("name-similar"),
            [""; 0],
            "they are not new any more"
        );
    }
}
