//! The rules of `check`: pure views over a commit, or over what differs between two.
//!
//! [`Scope`] says what is looked at, [`mod@run`] goes through it once for all rules, and each file in `rules/` is one rule: a
//! plain value with its words and a function. A rule names a place by a path and a key; lines are counted for what was
//! found only. Nothing here reads the bytes of SPKs: whoever runs the rules brings them.

mod canonical;
mod context;
mod dependencies;
mod exceptions;
mod finding;
mod html;
mod inside;
mod place;
mod rule;
mod rules;
mod run;
mod scope;
#[cfg(test)]
mod testing;

pub(crate) use context::Spot;
pub(crate) use finding::{Finding, Fix};
pub(crate) use inside::{Inside, Look, digest_differences, identity_differences};
pub(crate) use rule::{Rule, Severity};
pub(crate) use rules::RULES;
pub(crate) use run::{Outcome, run};
pub(crate) use scope::Scope;
