//! `spkrepo maintainer`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::CliError;
use super::landing::{Landing, show_landed};
use super::table::table;
use super::{Context, Status};
use crate::model::doc::{Pattern, Person, Role};
use crate::model::word::Word;
use crate::ops::people::{Edit, Report, edit};

/// Say who answers for packages and may upload
///
/// The people are in maintainers.toml; each change is a commit, so it may as well be a pull request.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Add(AddArgs),
    List(ListArgs),
    Remove(RemoveArgs),
}

/// Add a person
#[derive(Debug, clap::Args)]
struct AddArgs {
    /// A short name, as package.toml has it under `maintainers`
    #[arg(value_name = "PERSON")]
    nick: Word,
    /// The name that commits of the person's uploads have
    #[arg(long)]
    name: String,
    /// The address that these commits have
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// What the person may upload: an admin everything, a developer builds of packages that are the person's
    #[arg(long, value_name = "ROLE")]
    role: Option<Role>,
    /// A developer's packages, such as 'python3*', besides those whose package.toml names the person
    #[arg(long, value_name = "PATTERN")]
    package: Vec<Pattern>,
    #[command(flatten)]
    output: Output,
}

/// Remove a person with all tokens
#[derive(Debug, clap::Args)]
struct RemoveArgs {
    /// The short name
    #[arg(value_name = "PERSON")]
    nick: Word,
    #[command(flatten)]
    output: Output,
}

/// List the people
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// What is shown of a change.
#[derive(Debug, clap::Args)]
pub(super) struct Output {
    /// Show what would be committed, and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) landing: Landing,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    match args.command {
        Command::Add(args) => {
            let person = Person {
                name: args.name,
                email: args.email,
                role: args.role,
                packages: args.package,
                tokens: BTreeMap::new(),
            };
            let nick = args.nick;
            change(context, &Edit::AddPerson { nick, person }, &args.output)?;
        }
        Command::Remove(args) => {
            let nick = args.nick;
            let report = change(
                context,
                &Edit::RemovePerson { nick: nick.clone() },
                &args.output,
            )?;
            if !report.named_by.is_empty() {
                let packages = report.named_by.join(", ");
                let text = format!("{nick} is still named in package.toml of {packages}");
                context.ui.warning(&text);
            }
        }
        Command::List(args) => list(context, &args)?,
    }
    Ok(Status::Done)
}

/// Makes the edit and shows what came of it.
pub(super) fn change(context: &Context, what: &Edit, output: &Output) -> Result<Report, CliError> {
    let repository = output.landing.repository(context, command(what))?;
    let report = edit(&repository, what, output.dry_run)?;
    if output.json {
        context.ui.json(&report);
    } else if let Some(diff) = &report.diff {
        context.ui.out(diff);
    }
    show_landed(&context.ui, &report.landed);
    Ok(report)
}

fn command(edit: &Edit) -> &'static str {
    match edit {
        Edit::AddPerson { .. } => "maintainer add",
        Edit::AddToken { .. } => "token new",
        Edit::RemovePerson { .. } => "maintainer remove",
        Edit::RevokeToken { .. } => "token revoke",
    }
}

/// A person, as `--json` shows one.
#[derive(Debug, Serialize)]
struct Row<'a> {
    person: &'a Word,
    name: &'a str,
    email: Option<&'a str>,
    role: Option<Role>,
    packages: &'a [Pattern],
    /// Packages whose `package.toml` names the person.
    maintains: Vec<String>,
    tokens: Vec<&'a Word>,
}

fn list(context: &Context, args: &ListArgs) -> Result<(), CliError> {
    let (_, snapshot) = context.snapshot(None)?;
    let maintains = |nick: &Word| {
        let packages = snapshot.packages.values();
        packages
            .filter(|package| {
                package
                    .doc
                    .maintainers
                    .iter()
                    .any(|name| name == nick.as_str())
            })
            .map(|package| package.name.to_string())
            .collect()
    };
    let people = snapshot.people.people.iter();
    let rows: Vec<Row<'_>> = people
        .map(|(nick, person)| Row {
            person: nick,
            name: &person.name,
            email: person.email.as_deref(),
            role: person.role,
            packages: &person.packages,
            maintains: maintains(nick),
            tokens: person.tokens.keys().collect(),
        })
        .collect();
    if args.json {
        context.ui.json(&rows);
    } else if rows.is_empty() {
        context.ui.note("there are no people yet");
        context
            .ui
            .hint("`spkrepo maintainer add PERSON --name NAME --role admin` adds the first");
    } else {
        context.ui.out(&table(&cells(&rows)));
    }
    Ok(())
}

fn cells(rows: &[Row<'_>]) -> Vec<Vec<String>> {
    let header = ["PERSON", "NAME", "ROLE", "PACKAGES", "TOKENS"].map(str::to_owned);
    let cells = rows.iter().map(|row| {
        let patterns = row.packages.iter().cloned().map(String::from);
        let mut packages: Vec<String> = row.maintains.iter().cloned().chain(patterns).collect();
        if row.role == Some(Role::Admin) {
            packages = vec!["all".to_owned()];
        }
        vec![
            row.person.to_string(),
            row.name.to_owned(),
            row.role
                .map_or_else(|| "-".to_owned(), |role| role.to_string()),
            packages.join(", "),
            row.tokens
                .iter()
                .map(|label| label.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        ]
    });
    std::iter::once(header.to_vec()).chain(cells).collect()
}
