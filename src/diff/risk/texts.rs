//! People and addresses that are others now, in packages and beside them.

use super::Severity::{High, Medium};
use super::{Found, Risk};
use crate::diff::compare::{PackageDiff, Status};
use crate::diff::fields::FieldChange;
use crate::diff::line::Line;
use crate::diff::repository::{KeyRole, KeyWhat, RepositoryDiff};

pub(super) fn fields(diff: &PackageDiff) -> Vec<Found> {
    let mut found = Vec::new();
    for field in &diff.fields {
        match field.field.as_str() {
            "exceptions" => found.push(("exception-changed", Medium, exception(field))),
            // Everything about a new package is new.
            _ if diff.status != Status::Changed => {}
            "maintainers" | "maintainer" => {
                found.push(("maintainer-changed", Medium, change(field)))
            }
            _ if has_other_host(field) => found.push(("url-host-changed", Medium, change(field))),
            _ => {}
        }
    }
    found
}

/// A rule that does not count is one that nobody hears of.
fn exception(field: &FieldChange) -> Line {
    Line::said("what check lets pass is different: ").join(change(field))
}

fn change(field: &FieldChange) -> Line {
    let value = |line: Line, value: &Option<String>| match value {
        Some(value) => line.quote(value),
        None => line.say("nothing"),
    };
    let line = Line::quoted(&field.field).say(": ");
    value(value(line, &field.old).say(" → "), &field.new)
}

fn has_other_host(field: &FieldChange) -> bool {
    match (
        field.old.as_deref().and_then(host),
        field.new.as_deref().and_then(host),
    ) {
        (Some(old), Some(new)) => !old.eq_ignore_ascii_case(new),
        _ => false,
    }
}

/// Returns the host of a URL: what stands between `//` and the next `/`, `?` or `#`, after the last `@` (RFC 3986 §3.2).
fn host(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let authority = rest.split(['/', '?', '#']).next()?;
    is_scheme.then(|| authority.rsplit('@').next().unwrap_or(authority))
}

pub(super) fn of_repository(repository: &RepositoryDiff) -> Vec<Risk> {
    let risk = |risk, severity, line| Risk {
        risk,
        severity,
        package: None,
        line,
    };
    let keys = repository.keys.iter().map(|key| {
        let what = match key.change {
            KeyWhat::Added => " may sign from now on",
            KeyWhat::Changed => " has another certificate",
            KeyWhat::Removed => " is no signer any more: its signatures are nobody's",
        };
        let of = match key.of {
            KeyRole::Signer => "",
            KeyRole::TimeServer => "of a time server: ",
        };
        risk(
            "key-changed",
            High,
            Line::said(of).quote(key.fingerprint.to_string()).say(what),
        )
    });
    let settings = repository.settings.iter().map(|field| {
        if field.field == "exceptions" {
            return risk("exception-changed", Medium, exception(field));
        }
        let (name, severity) = match field.field.as_str() {
            name if is_address(name) && has_other_host(field) => ("url-host-changed", High),
            // Where SPKs are uploaded to, and downloaded from.
            name if name.starts_with("blobs.") => ("settings-changed", High),
            "catalog.compatibility" | "signing.required" | "repository.url" => {
                ("settings-changed", High)
            }
            _ => ("settings-changed", Medium),
        };
        risk(name, severity, change(field))
    });
    let people = repository.people.iter().map(|field| {
        let line = Line::said("maintainers.toml: ").join(change(field));
        if is_access(&field.field) {
            risk("upload-access-changed", High, line)
        } else {
            risk("maintainer-changed", Medium, line)
        }
    });
    keys.chain(settings).chain(people).collect()
}

fn is_address(field: &str) -> bool {
    field == "repository.url" || field.starts_with("blobs.")
}

/// Whether a key of a person says who may upload what. The person's name may have dots, and is not trusted to have none.
fn is_access(field: &str) -> bool {
    let mut keys = field.split('.').skip(1);
    keys.any(|key| matches!(key, "packages" | "role" | "tokens"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_may_upload_is_seen_whatever_the_name() {
        assert!(is_access("eve.tokens.ci.sha256") && is_access("e.v.e.role"));
        assert!(!is_access("eve.email") && !is_access("role"));
    }

    #[test]
    fn hosts_are_what_a_browser_would_ask() {
        assert_eq!(host("https://example.org/a"), Some("example.org"));
        assert_eq!(
            host("https://example.org@evil.test:8/a@b"),
            Some("evil.test:8")
        );
        assert_eq!(host("HTTP://Example.org?x"), Some("Example.org"));
        assert_eq!(host("no address"), None);
    }
}
