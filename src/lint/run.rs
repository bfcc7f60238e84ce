//! Runs the rules: once through the source for all of them, then the exceptions, and then the lines of what is left.

use std::collections::HashMap;

use jiff::Timestamp;

use super::context::{Context, Spot};
use super::exceptions::Exceptions;
use super::finding::{Finding, Findings, Found, Place};
use super::inside::Look;
use super::place;
use super::rule::{About, Check, Rule};
use super::rules::RULES;
use super::scope::Scope;
use crate::git::Store;
use crate::repo::{LoadError, Package, Release};

/// What came of a check.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) builds: usize,
    /// Findings that exceptions cover.
    pub(crate) excepted: usize,
    /// By path and line.
    pub(crate) findings: Vec<Finding>,
    pub(crate) packages: usize,
    /// Builds whose bytes were not looked at.
    pub(crate) unread: usize,
}

/// Applies every rule to `scope`. `look` returns what is inside the SPK of a build, where its bytes are to be read.
pub(crate) fn run<E: From<LoadError>>(
    store: &Store,
    scope: &Scope,
    now: Timestamp,
    look: impl Fn(&Spot<'_>) -> Result<Look, E>,
) -> Result<Outcome, E> {
    let context = Context::new(store, scope, now);
    let mut run = Run {
        context: &context,
        found: Vec::new(),
        outcome: Outcome::default(),
        scope,
    };
    run.whole();
    for package in scope.now.snapshot.packages.values() {
        run.package(package, &look)?;
    }
    run.settle(now);
    let outcome = run.outcome;
    match context.into_failure() {
        None => Ok(outcome),
        Some(error) => Err(error.into()),
    }
}

struct Run<'a> {
    context: &'a Context<'a>,
    found: Vec<(&'static Rule, Found)>,
    outcome: Outcome,
    scope: &'a Scope,
}

impl Run<'_> {
    /// Applies a part of the rules.
    fn apply(&mut self, is_wanted: impl Fn(&Rule) -> bool, check: impl Fn(&Check, &mut Findings)) {
        for rule in RULES.iter().filter(|rule| is_wanted(rule)) {
            let mut findings = Findings::default();
            rule.checks
                .iter()
                .for_each(|part| check(part, &mut findings));
            let found = findings.0.into_iter();
            self.found.extend(found.map(|found| (rule, found)));
        }
    }

    fn whole(&mut self) {
        let context = self.context;
        self.apply(
            |_| true,
            |check, findings| match check {
                Check::Source(check) => check(context, findings),
                Check::Problem(faults) => {
                    let problems = context.view.problems.iter();
                    for problem in problems.filter(|problem| faults.contains(&problem.fault)) {
                        let place = Place::file(&problem.path);
                        let found = findings.add(place, problem.message.clone());
                        found.line = Some(problem.line);
                        found.help.clone_from(&problem.help);
                    }
                }
                _ => {}
            },
        );
    }

    fn package<E>(
        &mut self,
        package: &Package,
        look: &impl Fn(&Spot<'_>) -> Result<Look, E>,
    ) -> Result<(), E> {
        let context = self.context;
        let is_changed = self.scope.has_package(package);
        let changed = &self.scope.inputs;
        let is_wanted =
            |rule: &Rule| is_changed || rule.inputs.iter().any(|input| changed.contains(input));
        self.outcome.packages += usize::from(is_changed);
        self.apply(is_wanted, |check, findings| {
            if let Check::Package(check) = check {
                check(context, package, findings);
            }
        });
        for release in package.releases.values() {
            self.release(package, release, look)?;
        }
        Ok(())
    }

    fn release<E>(
        &mut self,
        package: &Package,
        release: &Release,
        look: &impl Fn(&Spot<'_>) -> Result<Look, E>,
    ) -> Result<(), E> {
        let context = self.context;
        let is_changed = self.scope.has_release(package, release);
        let changed = &self.scope.inputs;
        let is_wanted =
            |rule: &Rule| is_changed || rule.inputs.iter().any(|input| changed.contains(input));
        if !is_changed && changed.is_empty() {
            return Ok(());
        }
        self.apply(is_wanted, |check, findings| match check {
            Check::Compare(check) if context.before.is_some() => {
                check(context, package, release, findings);
            }
            Check::Release(check) => check(context, package, release, findings),
            _ => {}
        });
        for build in release.builds.values() {
            let spot = Spot {
                build,
                package,
                release,
            };
            self.apply(is_wanted, |check, findings| {
                if let Check::Build(check) = check {
                    check(context, &spot, findings);
                }
            });
            if is_changed {
                self.outcome.builds += 1;
                self.bytes(&spot, look)?;
            }
        }
        Ok(())
    }

    /// Looks into the SPK, unless its build is as it was before.
    fn bytes<E>(
        &mut self,
        spot: &Spot<'_>,
        look: &impl Fn(&Spot<'_>) -> Result<Look, E>,
    ) -> Result<(), E> {
        let before = self.context.before_of(&spot.package.name);
        let before = before.and_then(|package| package.releases.get(&spot.release.version));
        let before = before.and_then(|release| release.builds.get(&spot.build.id));
        if before.is_some_and(|before| before.doc == spot.build.doc) {
            return Ok(());
        }
        let context = self.context;
        let look = look(spot)?;
        self.outcome.unread += usize::from(!matches!(look, Look::Read(_)));
        self.apply(Rule::needs_blobs, |check, findings| match (check, &look) {
            (Check::Blob(check), look) => check(context, spot, look, findings),
            (Check::Spk(check), Look::Read(inside)) => check(context, spot, inside, findings),
            _ => {}
        });
        Ok(())
    }

    /// Takes away what exceptions cover, says what is wrong with the exceptions, and finds the lines.
    fn settle(&mut self, now: Timestamp) {
        let exceptions = Exceptions::of(self.scope, now);
        let all = self.found.len();
        self.found
            .retain(|(rule, found)| !exceptions.cover(rule, &found.place.path));
        self.outcome.excepted = all - self.found.len();
        let (scope, unread) = (self.scope, self.outcome.unread);
        self.apply(
            |_| true,
            |check, findings| match check {
                Check::Exceptions(About::Expired) => exceptions.expired(findings),
                Check::Exceptions(About::Unused) => {
                    exceptions.unused(scope, unread, RULES, findings);
                }
                _ => {}
            },
        );
        let mut lines = Lines::default();
        let found = std::mem::take(&mut self.found).into_iter();
        let finding = |(rule, found)| lines.finding(self.context, rule, found);
        self.outcome.findings = found.map(finding).collect();
        let place = |one: &Finding| (one.path.clone(), one.line, one.rule, one.message.clone());
        self.outcome.findings.sort_by_cached_key(place);
        // What a release says is wrong once, however many builds take it over.
        self.outcome.findings.dedup_by_key(|one| place(one));
    }
}

/// The texts of the documents with findings.
#[derive(Default)]
struct Lines(HashMap<String, Option<String>>);

impl Lines {
    fn finding(&mut self, context: &Context<'_>, rule: &Rule, found: Found) -> Finding {
        let (line, column) = match found.line {
            Some(line) => (line, None),
            None => self.find(context, &found.place),
        };
        Finding::new(rule, found, line, column)
    }

    fn find(&mut self, context: &Context<'_>, place: &Place) -> (usize, Option<usize>) {
        if place.key.is_empty() {
            return (1, None);
        }
        let text = self.0.entry(place.path.clone());
        let text = text.or_insert_with(|| context.text(&place.path));
        let found = text.as_deref();
        match found.and_then(|text| place::find(text, &place.key)) {
            Some((line, column)) => (line, Some(column)),
            None => (1, None),
        }
    }
}
