//! Differences that are meant, each with its reason.

use std::collections::BTreeSet;

use super::compare::Difference;

/// Differences that are there for one reason.
pub(super) struct Known {
    /// The id of a request that has such a difference: where that was replayed, the reason must still be needed.
    pub(super) example: &'static str,
    /// What differs, between spaces, as [`Difference::what`].
    pub(super) what: &'static str,
    /// Whether the difference is just the one that is meant.
    pub(super) holds: fn(&Difference) -> bool,
    pub(super) reason: &'static str,
}

impl Known {
    fn covers(&self, difference: &Difference) -> bool {
        self.what.split(' ').any(|what| what == difference.what) && (self.holds)(difference)
    }
}

/// Fails on a difference that is not known, and on what is known and does not occur where it was seen.
#[track_caller]
pub(super) fn check<'a>(
    differences: &[Difference],
    replayed: &BTreeSet<String>,
    known: impl IntoIterator<Item = &'a Known>,
) {
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
    let is_needed = |known: &Known| {
        let mut there = differences
            .iter()
            .filter(|difference| difference.id == known.example);
        there.any(|difference| known.covers(difference))
    };
    let stale: Vec<&str> = known
        .iter()
        .filter(|known| replayed.contains(known.example) && !is_needed(known))
        .map(|known| known.reason)
        .collect();
    assert!(stale.is_empty(), "reasons without a difference: {stale:#?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(id: &str, what: &str) -> Difference {
        Difference {
            asked: std::rc::Rc::default(),
            id: id.to_owned(),
            ours: "b".to_owned(),
            package: "alpha".to_owned(),
            theirs: "a".to_owned(),
            what: what.to_owned(),
        }
    }

    const KNOWN: [Known; 1] = [Known {
        example: "m_1",
        holds: |difference| difference.theirs == "a",
        reason: "a reason",
        what: "desc dname",
    }];

    fn fails(differences: &[Difference], known: &[Known]) -> bool {
        let replayed = BTreeSet::from(["m_1".to_owned(), "n_1".to_owned()]);
        std::panic::catch_unwind(|| check(differences, &replayed, known)).is_err()
    }

    #[test]
    fn what_has_no_reason_fails_and_so_does_a_reason_without_a_difference() {
        let one = [difference("m_1", "desc")];
        assert!(!fails(&one, &KNOWN));
        assert!(!fails(
            &[difference("m_1", "dname"), difference("n_1", "desc")],
            &KNOWN
        ));
        assert!(fails(&one, &[]));
        assert!(fails(&[difference("m_1", "version")], &KNOWN));
        assert!(fails(&[], &KNOWN));
        assert!(
            fails(&[difference("n_1", "desc")], &KNOWN),
            "not at the example"
        );
        let other = Difference {
            theirs: "c".to_owned(),
            ..difference("m_1", "desc")
        };
        assert!(fails(&[difference("m_1", "desc"), other], &KNOWN));
    }

    #[test]
    fn a_reason_whose_example_was_not_replayed_may_lack_a_difference() {
        check(&[], &BTreeSet::new(), &KNOWN);
    }
}
