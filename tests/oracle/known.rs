//! Differences that are meant, each with its reason.

use std::collections::BTreeSet;

use super::compare::Difference;

/// Differences that are there for one reason.
pub(super) struct Known {
    /// Ids of requests, between spaces; one that ends in `*` stands for all that begin so.
    pub(super) ids: &'static str,
    /// What differs, between spaces, as [`Difference::what`]; `*` stands for everything.
    pub(super) what: &'static str,
    /// Names of packages, between spaces; `*` stands for all.
    pub(super) packages: &'static str,
    /// Whether the difference is just the one that is meant.
    pub(super) holds: fn(&Difference) -> bool,
    pub(super) reason: &'static str,
}

impl Known {
    fn covers(&self, difference: &Difference) -> bool {
        matches(self.ids, &difference.id)
            && matches(self.what, &difference.what)
            && matches(self.packages, &difference.package)
            && (self.holds)(difference)
    }
}

fn matches(patterns: &str, text: &str) -> bool {
    patterns
        .split(' ')
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => text.starts_with(start),
            None => text == pattern,
        })
}

/// Fails on a difference that is not known, and on what is known and does not occur.
#[track_caller]
pub(super) fn check<'a>(differences: &[Difference], known: impl IntoIterator<Item = &'a Known>) {
    let known: Vec<&Known> = known.into_iter().collect();
    let unknown: Vec<String> = differences
        .iter()
        .filter(|difference| !known.iter().any(|known| known.covers(difference)))
        .map(Difference::to_string)
        .collect();
    let shown = unknown.iter().take(40).cloned().collect::<Vec<_>>();
    assert!(
        unknown.is_empty(),
        "{} differences without a reason:\n{}",
        unknown.len(),
        shown.join("\n")
    );
    let unused: BTreeSet<String> = known
        .iter()
        .flat_map(|known| unused(differences, known))
        .collect();
    assert!(
        unused.is_empty(),
        "reasons without a difference: {unused:#?}"
    );
}

/// Returns the patterns of `known` that no difference needs, each with the reason.
fn unused(differences: &[Difference], known: &Known) -> Vec<String> {
    let covered: Vec<&Difference> = differences
        .iter()
        .filter(|difference| known.covers(difference))
        .collect();
    type Part = fn(&Difference) -> &str;
    let parts: [(&str, Part); 3] = [
        (known.ids, |difference| &difference.id),
        (known.what, |difference| &difference.what),
        (known.packages, |difference| &difference.package),
    ];
    let patterns = parts
        .iter()
        .flat_map(|(patterns, part)| patterns.split(' ').map(move |pattern| (pattern, part)));
    patterns
        .filter(|(pattern, part)| {
            !covered
                .iter()
                .any(|difference| matches(pattern, part(difference)))
        })
        .map(|(pattern, _)| format!("`{pattern}`: {}", known.reason))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(id: &str, what: &str) -> Difference {
        Difference {
            id: id.to_owned(),
            ours: "b".to_owned(),
            package: "alpha".to_owned(),
            theirs: "a".to_owned(),
            what: what.to_owned(),
        }
    }

    fn known(ids: &'static str) -> Known {
        Known {
            holds: |difference| difference.theirs == "a",
            ids,
            packages: "*",
            reason: "a reason",
            what: "desc",
        }
    }

    fn fails(differences: &[Difference], known: &[Known]) -> bool {
        std::panic::catch_unwind(|| check(differences, known)).is_err()
    }

    #[test]
    fn what_has_no_reason_fails_and_so_does_a_reason_without_a_difference() {
        let one = [difference("m_1", "desc")];
        assert!(!fails(&one, &[known("m_*")]));
        assert!(!fails(&one, &[known("*")]));
        assert!(fails(&one, &[]));
        assert!(fails(&one, &[known("n_*")]));
        assert!(fails(&one, &[known("m_* n_*")]));
        assert!(fails(&[difference("m_1", "dname")], &[known("*")]));
        assert!(fails(&[], &[known("*")]));
        let other = Difference {
            theirs: "c".to_owned(),
            ..difference("m_1", "desc")
        };
        assert!(fails(&[difference("m_1", "desc"), other], &[known("*")]));
    }
}
