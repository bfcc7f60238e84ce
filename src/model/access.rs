//! Who may do what by an upload: a person's role, the packages that the person answers for, and the token that is shown.
//!
//! The rules are those of SynoCommunity's spkrepo: only an admin makes new packages, developers add to theirs.

use jiff::Timestamp;

use super::doc::{PeopleDoc, Person, Role, Scope, TokenDoc};
use super::name::PackageName;
use super::word::Word;
use crate::base::digest::Sha256;

/// Somebody who has shown a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bearer<'a> {
    pub(crate) label: &'a Word,
    pub(crate) nick: &'a Word,
    pub(crate) person: &'a Person,
    token: &'a TokenDoc,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the token has expired: make another with `spkrepo token new`")]
    Expired,
    #[error(
        "the owner of the token has no role in `maintainers.toml`, so nothing can be uploaded with it"
    )]
    NoRole,
    #[error("the token is not known here, or was revoked")]
    Unknown,
}

/// What is to be done to a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action<'a> {
    /// Adds a build to a package whose `package.toml` names these people.
    AddBuild {
        maintainers: &'a [String],
    },
    NewPackage,
}

/// Why it may not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error(
        "only an admin may make the new package `{package}`: ask one to upload it first, or open a pull request"
    )]
    NewPackage { package: String },
    #[error(
        "{nick} is no maintainer of `{package}`: its `package.toml` or `maintainers.toml` must say so"
    )]
    NotTheirs { nick: String, package: String },
    #[error("the token `{label}` is not for `{package}`")]
    OtherPackages { label: String, package: String },
    #[error("the token `{label}` adds builds to packages that are there, and `{package}` is not")]
    OnlyBuilds { label: String, package: String },
}

/// Finds whose token `text` is. Each stored digest is compared, in a time that does not depend on what is in it.
pub(crate) fn authenticate<'a>(
    people: &'a PeopleDoc,
    text: &str,
    now: Timestamp,
) -> Result<Bearer<'a>, Refused> {
    let shown = Sha256::of(text.as_bytes());
    let mut found = None;
    for (nick, person) in &people.people {
        for (label, token) in &person.tokens {
            if token.sha256.is_same_as(&shown) {
                found = Some(Bearer {
                    label,
                    nick,
                    person,
                    token,
                });
            }
        }
    }
    let bearer = found.ok_or(Refused::Unknown)?;
    if bearer.token.expires.is_some_and(|expires| expires <= now) {
        return Err(Refused::Expired);
    }
    if bearer.person.role.is_none() {
        return Err(Refused::NoRole);
    }
    Ok(bearer)
}

impl Bearer<'_> {
    /// Refuses what the person or the token may not do to `package`.
    pub(crate) fn check(&self, package: &PackageName, action: Action<'_>) -> Result<(), Denied> {
        let name = package.to_string();
        let label = || self.label.to_string();
        if !self.token.packages.is_empty()
            && !self.token.packages.iter().any(|own| own.has(package))
        {
            return Err(Denied::OtherPackages {
                label: label(),
                package: name,
            });
        }
        match (action, self.person.role) {
            (Action::NewPackage, Some(Role::Admin)) if self.token.scope == Scope::Builds => {
                Err(Denied::OnlyBuilds {
                    label: label(),
                    package: name,
                })
            }
            (_, Some(Role::Admin)) => Ok(()),
            (Action::NewPackage, _) => Err(Denied::NewPackage { package: name }),
            (Action::AddBuild { maintainers }, Some(Role::Developer))
                if maintainers.iter().any(|nick| nick == self.nick.as_str())
                    || self.person.packages.iter().any(|own| own.has(package)) =>
            {
                Ok(())
            }
            (Action::AddBuild { .. }, _) => Err(Denied::NotTheirs {
                nick: self.nick.to_string(),
                package: name,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::doc::read;

    fn people() -> PeopleDoc {
        let token = |person: &str, label: &str, rest: &str| {
            let sha256 = Sha256::of(format!("{person}-{label}").as_bytes());
            format!("[people.{person}.tokens.{label}]\nsha256 = '{sha256}'\n{rest}\n")
        };
        let mut text = String::new();
        for (person, keys) in [
            ("ada", "role = 'admin'"),
            ("dev", "role = 'developer'\npackages = ['lib*']"),
            ("guest", "packages = ['*']"),
        ] {
            text.push_str(&format!("[people.{person}]\nname = 'A'\n{keys}\n"));
            text.push_str(&token(person, "all", ""));
            text.push_str(&token(person, "builds", "scope = 'builds'"));
            text.push_str(&token(person, "some", "packages = ['libx', 'new']"));
            text.push_str(&token(person, "old", "expires = '2026-01-01T00:00:00Z'"));
        }
        read("maintainers.toml", text.as_bytes()).expect("a valid document")
    }

    fn now() -> Timestamp {
        "2026-06-01T00:00:00Z".parse().expect("a time")
    }

    /// What is done: to a package of nobody's, to one that names `dev`, to one of `dev`'s pattern, to a new one.
    const ACTIONS: [(&str, Option<&[&str]>); 4] = [
        ("other", Some(&[])),
        ("tool", Some(&["somebody", "dev"])),
        ("libx", Some(&[])),
        ("new", None),
    ];

    /// Person, token, and for each action why not.
    const MATRIX: [(&str, &str, [&str; 4]); 9] = [
        ("ada", "all", ["", "", "", ""]),
        ("ada", "builds", ["", "", "", "only builds"]),
        ("ada", "some", ["packages", "packages", "", ""]),
        ("dev", "all", ["theirs", "", "", "new"]),
        ("dev", "builds", ["theirs", "", "", "new"]),
        ("dev", "some", ["packages", "packages", "", "new"]),
        ("ada", "old", ["expired"; 4]),
        ("guest", "all", ["no role"; 4]),
        ("nobody", "all", ["unknown"; 4]),
    ];

    fn verdict(people: &PeopleDoc, token: &str, package: &str, action: Action<'_>) -> &'static str {
        let bearer = match authenticate(people, token, now()) {
            Ok(bearer) => bearer,
            Err(Refused::Expired) => return "expired",
            Err(Refused::NoRole) => return "no role",
            Err(Refused::Unknown) => return "unknown",
        };
        match bearer.check(&package.parse().expect("a name"), action) {
            Ok(()) => "",
            Err(Denied::NewPackage { .. }) => "new",
            Err(Denied::NotTheirs { .. }) => "theirs",
            Err(Denied::OnlyBuilds { .. }) => "only builds",
            Err(Denied::OtherPackages { .. }) => "packages",
        }
    }

    #[test]
    fn role_package_token_and_action_decide_together() {
        let people = people();
        for (person, label, expected) in MATRIX {
            for ((package, named), expected) in ACTIONS.iter().zip(expected) {
                let named: Option<Vec<String>> =
                    named.map(|named| named.iter().map(|&nick| nick.to_owned()).collect());
                let action = match &named {
                    Some(maintainers) => Action::AddBuild { maintainers },
                    None => Action::NewPackage,
                };
                let token = format!("{person}-{label}");
                let found = verdict(&people, &token, package, action);
                assert_eq!(found, expected, "{token} {package} {action:?}");
            }
        }
    }

    #[test]
    fn a_digest_is_no_token() {
        let people = people();
        let digest = Sha256::of(b"ada-all").to_string();
        let refused = authenticate(&people, &digest, now()).expect_err("a leaked repository");
        assert_eq!(refused, Refused::Unknown);
    }
}
