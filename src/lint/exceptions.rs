//! Exceptions: which findings they cover, which of them cover nothing any more, and which are over.

use std::cell::Cell;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::context::package_path;
use super::finding::{Findings, Place};
use super::rule::{Check, Rule};
use super::scope::Scope;
use crate::model::doc::{ExceptionDoc, nearest};
use crate::model::name::PackageName;
use crate::model::version::Version;
use crate::repo::Package;

/// One exception and whether it was needed.
struct Exception<'a> {
    doc: &'a ExceptionDoc,
    is_used: Cell<bool>,
    /// Absent when it is for every package.
    package: Option<&'a PackageName>,
    place: Place,
}

/// The exceptions of everything that is looked at.
pub(super) struct Exceptions<'a> {
    list: Vec<Exception<'a>>,
    today: Date,
}

impl<'a> Exceptions<'a> {
    pub(super) fn of(scope: &'a Scope, now: Timestamp) -> Self {
        let snapshot = &scope.now.snapshot;
        let settings = snapshot.settings.exceptions.iter().zip(0..);
        let settings = settings.map(|(doc, index)| Exception {
            doc,
            is_used: Cell::new(false),
            package: doc.package.as_ref(),
            place: Place::key("spkrepo.toml", format!("exceptions.{index}")),
        });
        let packages = snapshot.packages.values();
        let packages = packages.flat_map(|package| of_package(package));
        Self {
            list: settings.chain(packages).collect(),
            today: now.to_zoned(TimeZone::UTC).date(),
        }
    }

    /// Returns whether an exception covers what `rule` found at `path`.
    pub(super) fn cover(&self, rule: &Rule, path: &str) -> bool {
        let mut covers = false;
        for exception in &self.list {
            if !self.is_over(exception) && exception.is_about(rule, path) {
                exception.is_used.set(true);
                covers = true;
            }
        }
        covers
    }

    fn is_over(&self, exception: &Exception<'_>) -> bool {
        exception.doc.until.is_some_and(|last| last < self.today)
    }

    /// Says which exceptions are over.
    pub(super) fn expired(&self, findings: &mut Findings) {
        let over = self.list.iter().filter(|one| self.is_over(one));
        for exception in over {
            let (rule, until) = (&exception.doc.rule, exception.doc.until);
            let until = until.map(|until| until.to_string()).unwrap_or_default();
            let message = format!("the exception from `{rule}` ended on {until}");
            findings.add(exception.key("until"), message);
        }
    }

    /// Says which exceptions cover nothing, as far as everything was looked at that they could cover.
    pub(super) fn unused(
        &self,
        scope: &Scope,
        unread: usize,
        rules: &[Rule],
        findings: &mut Findings,
    ) {
        for exception in self.list.iter().filter(|one| !one.is_used.get()) {
            let id = &exception.doc.rule;
            let Some(rule) = rules.iter().find(|rule| rule.id == id) else {
                let found = findings.add(exception.key("rule"), format!("there is no rule `{id}`"));
                let known = rules.iter().map(|rule| rule.id);
                if let Some(nearest) = nearest(id, known) {
                    found.help(format!("did you mean `{nearest}`?"));
                }
                continue;
            };
            if !self.is_over(exception) && exception.was_looked_at(rule, scope, unread) {
                let message = format!("the exception from `{id}` covers nothing");
                findings.add(exception.key("rule"), message);
            }
        }
    }
}

fn of_package(package: &Package) -> impl Iterator<Item = Exception<'_>> {
    let exceptions = package.doc.exceptions.iter().zip(0..);
    exceptions.map(|(doc, index)| Exception {
        doc,
        is_used: Cell::new(false),
        package: Some(&package.name),
        place: Place::key(package_path(&package.name), format!("exceptions.{index}")),
    })
}

impl Exception<'_> {
    fn key(&self, key: &str) -> Place {
        Place::key(self.place.path.clone(), format!("{}.{key}", self.place.key))
    }

    /// Returns whether it is about what `rule` says of `path`: `packages/PACKAGE/VERSION/BUILD.toml`.
    fn is_about(&self, rule: &Rule, path: &str) -> bool {
        let mut parts = path.strip_prefix("packages/").unwrap_or("").split('/');
        let [package, version, file] = [(); 3].map(|()| parts.next().unwrap_or_default());
        let fits = |wanted: Option<&str>, is: &str| wanted.is_none_or(|wanted| wanted == is);
        let build = self.doc.build.as_ref().map(ToString::to_string);
        self.doc.rule == rule.id
            && fits(self.package.map(PackageName::as_str), package)
            && fits(self.doc.version.as_ref().map(Version::as_str), version)
            && build.is_none_or(|build| {
                file.starts_with(&build) || file.contains(&format!("_{build}."))
            })
    }

    /// Without that, it may cover what is not known of.
    fn was_looked_at(&self, rule: &Rule, scope: &Scope, unread: usize) -> bool {
        let blind = |check: &Check| match check {
            Check::Blob(_) | Check::Spk(_) => unread > 0,
            Check::Compare(_) => scope.before.is_none(),
            _ => false,
        };
        if rule.checks.iter().any(blind) {
            return false;
        }
        if scope.before.is_none() {
            return true;
        }
        let package = self
            .package
            .and_then(|name| scope.now.snapshot.packages.get(name));
        let release = self.doc.version.as_ref().zip(package);
        release.is_some_and(|(version, package)| {
            let release = package.releases.get(version);
            release.is_some_and(|release| scope.has_release(package, release))
        })
    }
}
