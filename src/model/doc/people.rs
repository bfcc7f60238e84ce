//! `maintainers.toml`: the people of the repository, what they may do, and the digests of their upload tokens.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use toml_edit::{DocumentMut, Item, Table, value};

use super::read::{DocError, read_to_edit};
use crate::base::digest::Sha256;
use crate::model::name::PackageName;
use crate::model::word::Word;

/// `maintainers.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeopleDoc {
    /// By the short name that `package.toml` uses.
    #[serde(default)]
    pub(crate) people: BTreeMap<Word, Person>,
}

/// One person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) email: Option<String>,
    /// Absent, the person answers for packages and uploads nothing.
    #[serde(default)]
    pub(crate) role: Option<Role>,
    /// Packages that a developer may add to, besides those whose `package.toml` names the person.
    #[serde(default)]
    pub(crate) packages: Vec<Pattern>,
    /// By a label that says where the token is used.
    #[serde(default)]
    pub(crate) tokens: BTreeMap<Word, TokenDoc>,
}

/// What a person may do by uploads; everybody else changes the repository by pull requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Adds to the packages that the person answers for.
    Developer,
    /// Adds to every package, and makes new ones.
    Admin,
}

/// `[people.<person>.tokens.<label>]`: what is known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenDoc {
    /// Of the token itself, which is nowhere in the repository.
    pub(crate) sha256: Sha256,
    #[serde(default)]
    pub(crate) scope: Scope,
    /// The only packages that it is for; all that its owner may change when there are none.
    #[serde(default)]
    pub(crate) packages: Vec<Pattern>,
    #[serde(default)]
    pub(crate) expires: Option<Timestamp>,
}

/// What may be done with a token of all that its owner may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// All of it.
    #[default]
    All,
    /// Adds builds to packages that are there.
    Builds,
}

/// Names of packages, with `*` and `?`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Pattern(glob::Pattern);

/// Says that a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no pattern of package names: {message}")]
pub(crate) struct PatternError {
    message: &'static str,
    text: String,
}

impl Pattern {
    /// Says whether the pattern is about `package`.
    pub(crate) fn has(&self, package: &PackageName) -> bool {
        self.0.matches(package.as_str())
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        let pattern = glob::Pattern::new(&text).map_err(|error| error.msg);
        pattern
            .map(Self)
            .map_err(|message| PatternError { message, text })
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        text.to_owned().try_into()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0.as_str().to_owned()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Admin => "admin",
            Self::Developer => "developer",
        })
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        [Self::Admin, Self::Developer]
            .into_iter()
            .find(|role| role.to_string() == text)
            .ok_or_else(|| RoleError {
                text: text.to_owned(),
            })
    }
}

/// Says that a text names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no role: `admin` or `developer`")]
pub(crate) struct RoleError {
    text: String,
}

/// Edits the text of `maintainers.toml` and leaves what a person wrote as it is.
pub(crate) struct PeopleEdit(DocumentMut);

impl PeopleEdit {
    /// The path of the document in the repository.
    pub(crate) const PATH: &str = "maintainers.toml";

    /// Reads the text of the document.
    pub(crate) fn new(text: &str) -> Result<Self, DocError> {
        read_to_edit(Self::PATH, text).map(Self)
    }

    /// Adds a person who has no token yet.
    pub(crate) fn add(&mut self, nick: &Word, person: &Person) {
        let mut table = Table::new();
        table["name"] = value(&person.name);
        if let Some(email) = &person.email {
            table["email"] = value(email);
        }
        if let Some(role) = person.role {
            table["role"] = value(role.to_string());
        }
        put_patterns(&mut table, &person.packages);
        if self.0.is_empty() {
            // What stands in a document without a key is its end; the person comes after it.
            let comment = self.0.trailing().as_str().unwrap_or_default().to_owned();
            table.decor_mut().set_prefix(format!("{comment}\n"));
            self.0.set_trailing("");
        }
        self.people()[nick.as_str()] = Item::Table(table);
    }

    /// Removes a person with all tokens.
    pub(crate) fn remove(&mut self, nick: &Word) {
        if let Some(people) = self.0.get_mut("people").and_then(Item::as_table_like_mut) {
            people.remove(nick.as_str());
        }
    }

    /// Adds a token of a person who is there.
    pub(crate) fn add_token(&mut self, nick: &Word, label: &Word, token: &TokenDoc) {
        let mut table = Table::new();
        table["sha256"] = value(token.sha256.to_string());
        if token.scope == Scope::Builds {
            table["scope"] = value("builds");
        }
        put_patterns(&mut table, &token.packages);
        if let Some(expires) = token.expires {
            table["expires"] = value(expires.to_string());
        }
        let person = &mut self.people()[nick.as_str()];
        let tokens = person.as_table_like_mut().map(|person| {
            let tokens = person.entry("tokens").or_insert_with(implicit_table);
            tokens.as_table_like_mut()
        });
        if let Some(tokens) = tokens.flatten() {
            tokens.insert(label.as_str(), Item::Table(table));
        }
    }

    /// Removes a token.
    pub(crate) fn remove_token(&mut self, nick: &Word, label: &Word) {
        let tokens = self.people()[nick.as_str()].get_mut("tokens");
        if let Some(tokens) = tokens.and_then(Item::as_table_like_mut) {
            tokens.remove(label.as_str());
        }
    }

    /// Returns the edited text.
    pub(crate) fn finish(self) -> String {
        self.0.to_string()
    }

    fn people(&mut self) -> &mut Item {
        self.0.entry("people").or_insert_with(implicit_table)
    }
}

/// A table that has no header of its own.
fn implicit_table() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

fn put_patterns(table: &mut Table, patterns: &[Pattern]) {
    if !patterns.is_empty() {
        let patterns = patterns.iter().cloned().map(String::from);
        table["packages"] = value(patterns.collect::<toml_edit::Array>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::doc::read;

    fn word(text: &str) -> Word {
        text.parse().expect("a word")
    }

    fn alice() -> Person {
        Person {
            name: "Alice Example".to_owned(),
            email: Some("alice@example.org".to_owned()),
            role: Some(Role::Developer),
            packages: vec!["python3*".parse().expect("a pattern")],
            tokens: BTreeMap::new(),
        }
    }

    fn token() -> TokenDoc {
        TokenDoc {
            sha256: Sha256::of(b"secret"),
            scope: Scope::Builds,
            packages: vec!["python311".parse().expect("a pattern")],
            expires: Some("2027-01-01T00:00:00Z".parse().expect("a time")),
        }
    }

    fn people(text: &str) -> BTreeMap<Word, Person> {
        let doc: PeopleDoc = read(PeopleEdit::PATH, text.as_bytes()).expect("a valid document");
        doc.people
    }

    const COMMENTS: &str = "# The people.\n\n[people.bob]\nname = 'Bob' # as he likes it\n";

    #[test]
    fn a_pattern_is_about_whole_names() {
        let pattern: Pattern = "python3*".parse().expect("a pattern");
        for (name, is_about) in [("python311", true), ("python3", true), ("mypython3", false)] {
            assert_eq!(
                pattern.has(&name.parse().expect("a name")),
                is_about,
                "{name}"
            );
        }
    }

    #[test]
    fn people_and_tokens_are_written_beside_what_is_there() {
        let mut edit = PeopleEdit::new(COMMENTS).expect("TOML");
        edit.add(&word("alice"), &alice());
        edit.add_token(&word("alice"), &word("ci"), &token());
        edit.add_token(&word("bob"), &word("laptop"), &token());
        let text = edit.finish();
        assert!(text.starts_with(COMMENTS), "{text}");
        let people = people(&text);
        assert_eq!(people["alice"].tokens["ci"], token());
        assert_eq!(people["bob"].tokens["laptop"], token());
        let without_tokens = Person {
            tokens: BTreeMap::new(),
            ..people["alice"].clone()
        };
        assert_eq!(without_tokens, alice());
    }

    #[test]
    fn an_addition_and_its_removal_give_the_text_back() {
        let mut edit = PeopleEdit::new(COMMENTS).expect("TOML");
        edit.add(&word("alice"), &alice());
        edit.add_token(&word("alice"), &word("ci"), &token());
        edit.add_token(&word("bob"), &word("ci"), &token());
        edit.remove_token(&word("bob"), &word("ci"));
        edit.remove(&word("alice"));
        assert_eq!(edit.finish(), COMMENTS);
    }

    #[test]
    fn the_first_person_of_a_template_is_written_below_its_comment() {
        let template = include_str!("../../../repo-template/maintainers.toml");
        let mut edit = PeopleEdit::new(template).expect("TOML");
        edit.add(&word("alice"), &alice());
        let text = edit.finish();
        assert_eq!(people(&text)["alice"], alice());
        assert!(text.starts_with(template), "{text}");
    }

    #[test]
    fn what_is_no_role_scope_or_pattern_is_an_error_with_its_line() {
        for (line, expected) in [
            (
                "role = 'boss'",
                "unknown variant `boss`, expected `developer` or `admin`",
            ),
            (
                "packages = ['a**b']",
                "`a**b` is no pattern of package names",
            ),
            ("[people.a.tokens.ci]\nsha256 = 'abc'", "is not 256 bits"),
            (
                "[people.a.tokens.'C I']\nsha256 = 'abc'",
                "`C I` is no short name",
            ),
        ] {
            let text = format!("[people.a]\nname = 'A'\n{line}\n");
            let error = read::<PeopleDoc>(PeopleEdit::PATH, text.as_bytes()).expect_err(line);
            assert!(error.message.contains(expected), "{error}");
            assert!(error.line > 1, "{error}");
        }
    }
}
