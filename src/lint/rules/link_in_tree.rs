//! `link-in-tree`.

use crate::lint::rule::{Check, Rule, Severity};
use crate::model::doc::Fault;

pub(super) const RULE: Rule = Rule {
    id: "link-in-tree",
    severity: Severity::Error,
    summary: "a symbolic link or a submodule",
    explain: "What it leads to is not in the commit: it could be another file in every clone, or none. spkrepo does not follow them.",
    help: "put the file or folder itself there",
    inputs: &[],
    checks: &[Check::Problem(&[Fault::Link])],
};
