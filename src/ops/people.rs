//! People and their upload tokens, each change a commit: `maintainer` and `token`.

use serde::Serialize;

use crate::base::limits::Limits;
use crate::git::GitError;
use crate::model::doc::{DocError, PeopleDoc, PeopleEdit, Person, TokenDoc, nearest};
use crate::model::word::Word;
use crate::repo::{Change, Landed, Message, OpenError, Repository, Snapshot, WriteError, preview};

/// What is done to the people.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    AddPerson {
        nick: Word,
        person: Person,
    },
    AddToken {
        label: Word,
        nick: Word,
        token: TokenDoc,
    },
    RemovePerson {
        nick: Word,
    },
    RevokeToken {
        label: Word,
        nick: Word,
    },
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Absent with `--dry-run`.
    pub(crate) commit: Option<String>,
    /// The diff that would be committed, with `--dry-run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) diff: Option<String>,
    /// Packages whose `package.toml` still names a person who was removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) named_by: Vec<String>,
    #[serde(skip)]
    pub(crate) landed: Landed,
}

/// Says why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeopleError {
    #[error(transparent)]
    Document(#[from] DocError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("{nick} has a token with the label `{label}` already")]
    LabelTaken { label: Word, nick: Word },
    #[error("`maintainers.toml` has the person `{nick}` already")]
    NickTaken { nick: Word },
    #[error("{nick} has no role in `maintainers.toml`, so a token would open nothing")]
    NoRole { nick: Word },
    #[error("{nick} has no token with the label `{label}`{}", known(.labels))]
    NoToken {
        label: Word,
        labels: Vec<String>,
        nick: Word,
    },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("`maintainers.toml` has no person `{nick}`{}", meant(.nearest.as_deref()))]
    Unknown { nearest: Option<String>, nick: Word },
    #[error(transparent)]
    Write(#[from] WriteError),
}

fn known(labels: &[String]) -> String {
    match labels {
        [] => String::new(),
        labels => format!(", only {}", labels.join(", ")),
    }
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| {
        format!("; did you mean `{nearest}`?")
    })
}

/// Makes the edit in one commit; with `dry_run`, returns what it would be.
pub(crate) fn edit(
    repository: &Repository,
    edit: &Edit,
    dry_run: bool,
) -> Result<Report, PeopleError> {
    if dry_run {
        let snapshot = repository.snapshot()?;
        let change = plan(repository, &snapshot, edit)?;
        return Ok(Report {
            diff: Some(preview(repository, &snapshot, &change)?),
            named_by: named_by(&snapshot, edit),
            ..Report::default()
        });
    }
    let mut named = Vec::new();
    let landed = repository.writer()?.land(|snapshot| {
        named = named_by(snapshot, edit);
        plan(repository, snapshot, edit).map(Some)
    })?;
    Ok(Report {
        commit: landed.commit.map(|commit| commit.to_string()),
        diff: None,
        named_by: named,
        landed,
    })
}

fn plan(repository: &Repository, snapshot: &Snapshot, edit: &Edit) -> Result<Change, PeopleError> {
    check(&snapshot.people, edit)?;
    let bytes =
        repository
            .store
            .read_path(snapshot.tree, PeopleEdit::PATH, Limits::DEFAULT.document)?;
    let bytes = bytes.unwrap_or_default();
    let mut document = PeopleEdit::new(&String::from_utf8_lossy(&bytes))?;
    match edit {
        Edit::AddPerson { nick, person } => document.add(nick, person),
        Edit::AddToken { label, nick, token } => document.add_token(nick, label, token),
        Edit::RemovePerson { nick } => document.remove(nick),
        Edit::RevokeToken { label, nick } => document.remove_token(nick, label),
    }
    let mut change = Change {
        message: message(edit),
        ..Change::default()
    };
    change.put(PeopleEdit::PATH.to_owned(), document.finish());
    Ok(change)
}

/// Refuses an edit that does not fit the people.
fn check(people: &PeopleDoc, edit: &Edit) -> Result<(), PeopleError> {
    match edit {
        Edit::AddPerson { nick, .. } if people.people.contains_key(nick) => {
            Err(PeopleError::NickTaken { nick: nick.clone() })
        }
        Edit::AddPerson { .. } => Ok(()),
        Edit::RemovePerson { nick } => person(people, nick).map(|_| ()),
        Edit::AddToken { label, nick, .. } => {
            let person = person(people, nick)?;
            let (label, nick) = (label.clone(), nick.clone());
            if person.role.is_none() {
                Err(PeopleError::NoRole { nick })
            } else if person.tokens.contains_key(&label) {
                Err(PeopleError::LabelTaken { label, nick })
            } else {
                Ok(())
            }
        }
        Edit::RevokeToken { label, nick } => {
            let tokens = &person(people, nick)?.tokens;
            if tokens.contains_key(label) {
                return Ok(());
            }
            Err(PeopleError::NoToken {
                label: label.clone(),
                labels: tokens.keys().map(Word::to_string).collect(),
                nick: nick.clone(),
            })
        }
    }
}

fn person<'a>(people: &'a PeopleDoc, nick: &Word) -> Result<&'a Person, PeopleError> {
    people.people.get(nick).ok_or_else(|| {
        let nicks = people.people.keys().map(Word::as_str);
        PeopleError::Unknown {
            nearest: nearest(nick.as_str(), nicks).map(str::to_owned),
            nick: nick.clone(),
        }
    })
}

fn named_by(snapshot: &Snapshot, edit: &Edit) -> Vec<String> {
    let Edit::RemovePerson { nick } = edit else {
        return Vec::new();
    };
    let names = |maintainers: &[String]| maintainers.iter().any(|name| name == nick.as_str());
    let packages = snapshot.packages.values();
    packages
        .filter(|package| names(&package.doc.maintainers))
        .map(|package| package.name.to_string())
        .collect()
}

fn message(edit: &Edit) -> Message {
    let (action, subject) = match edit {
        Edit::AddPerson { nick, person } => {
            let role = person
                .role
                .map_or_else(String::new, |role| format!(" as {role}"));
            ("add-maintainer", format!("maintainers: add {nick}{role}"))
        }
        Edit::AddToken { label, nick, .. } => (
            "add-token",
            format!("maintainers: give {nick} the token `{label}`"),
        ),
        Edit::RemovePerson { nick } => ("remove-maintainer", format!("maintainers: remove {nick}")),
        Edit::RevokeToken { label, nick } => (
            "revoke-token",
            format!("maintainers: revoke the token `{label}` of {nick}"),
        ),
    };
    Message {
        subject,
        trailers: vec![("Action", action.to_owned())],
        ..Message::default()
    }
}
