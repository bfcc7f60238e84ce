//! `spkrepo token`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::error::CliError;
use super::maintainer::{Output, change};
use super::table::table;
use super::{Context, Status};
use crate::model::doc::{Pattern, Scope, TokenDoc};
use crate::model::token::Token;
use crate::model::word::Word;
use crate::ops::people::Edit;

/// Make and revoke the tokens that uploads show
///
/// A token is 256 random bits. Only its SHA-256 is committed: who can read the repository cannot upload. A server knows it, or
/// knows it no more, as soon as it serves the commit.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(ListArgs),
    New(NewArgs),
    Revoke(RevokeArgs),
}

/// Make a token, and print it once
#[derive(Debug, clap::Args)]
struct NewArgs {
    /// Whose uploads it is for
    #[arg(value_name = "PERSON")]
    nick: Word,
    /// Where it is used, such as `ci`
    #[arg(long)]
    label: Word,
    /// The only packages that it is for, such as 'python3*'
    #[arg(long, value_name = "PATTERN")]
    package: Vec<Pattern>,
    /// It makes no new packages, whatever its owner may do
    #[arg(long)]
    builds_only: bool,
    /// It is refused from this day on (UTC)
    #[arg(long, value_name = "YYYY-MM-DD")]
    expires: Option<Date>,
    #[command(flatten)]
    output: Output,
}

/// List the tokens
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Only those of this person
    #[arg(value_name = "PERSON")]
    nick: Option<Word>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Revoke a token
#[derive(Debug, clap::Args)]
struct RevokeArgs {
    /// Whose it is
    #[arg(value_name = "PERSON")]
    nick: Word,
    /// Its label
    #[arg(value_name = "LABEL")]
    label: Word,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    match args.command {
        Command::List(args) => list(context, &args)?,
        Command::New(args) => new(context, args)?,
        Command::Revoke(args) => {
            let (label, nick) = (args.label, args.nick);
            change(context, &Edit::RevokeToken { label, nick }, &args.output)?;
        }
    }
    Ok(Status::Done)
}

/// What `token new --json` prints besides the report.
#[derive(Debug, Serialize)]
struct New<'a> {
    token: &'a str,
    commit: Option<String>,
}

fn new(context: &Context, args: NewArgs) -> Result<(), CliError> {
    let mut random = [0; Token::BYTES];
    getrandom::fill(&mut random).map_err(RandomError)?;
    let token = Token::new(&random);
    let expires = args
        .expires
        .map(|day| day.to_zoned(TimeZone::UTC))
        .transpose();
    let edit = Edit::AddToken {
        label: args.label,
        nick: args.nick,
        token: TokenDoc {
            sha256: token.digest(),
            scope: if args.builds_only {
                Scope::Builds
            } else {
                Scope::All
            },
            packages: args.package,
            expires: expires.ok().flatten().map(|day| day.timestamp()),
        },
    };
    let silent = Output {
        json: false,
        ..args.output
    };
    let report = change(context, &edit, &silent)?;
    if report.diff.is_some() {
        return Ok(());
    }
    if args.output.json {
        let (token, commit) = (token.reveal(), report.commit);
        context.ui.json(&New { token, commit });
    } else {
        context.ui.out(&format!("{}\n", token.reveal()));
        context.ui.note(
            "this is the only time that the token is shown; it counts when the commit is served",
        );
    }
    Ok(())
}

/// Says that the system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub(super) struct RandomError(#[source] getrandom::Error);

/// A token, as `--json` shows one.
#[derive(Debug, Serialize)]
struct Row<'a> {
    person: &'a Word,
    label: &'a Word,
    scope: Scope,
    packages: &'a [Pattern],
    expires: Option<Timestamp>,
    expired: bool,
}

fn list(context: &Context, args: &ListArgs) -> Result<(), CliError> {
    let (_, snapshot) = context.snapshot(None)?;
    let now = Timestamp::now();
    let people = snapshot.people.people.iter();
    let wanted = people.filter(|(nick, _)| args.nick.as_ref().is_none_or(|wanted| wanted == *nick));
    let rows: Vec<Row<'_>> = wanted
        .flat_map(|(nick, person)| {
            person.tokens.iter().map(move |(label, token)| Row {
                person: nick,
                label,
                scope: token.scope,
                packages: &token.packages,
                expires: token.expires,
                expired: token.expires.is_some_and(|expires| expires <= now),
            })
        })
        .collect();
    if args.json {
        context.ui.json(&rows);
    } else if rows.is_empty() {
        context.ui.note("there are no tokens");
    } else {
        context.ui.out(&table(&cells(&rows)));
    }
    Ok(())
}

fn cells(rows: &[Row<'_>]) -> Vec<Vec<String>> {
    let header = ["PERSON", "LABEL", "FOR", "PACKAGES", "EXPIRES"].map(str::to_owned);
    let cells = rows.iter().map(|row| {
        let packages: Vec<String> = row.packages.iter().cloned().map(String::from).collect();
        vec![
            row.person.to_string(),
            row.label.to_string(),
            match row.scope {
                Scope::All => "all that the person may".to_owned(),
                Scope::Builds => "builds".to_owned(),
            },
            if packages.is_empty() {
                "all".to_owned()
            } else {
                packages.join(", ")
            },
            match row.expires {
                None => "never".to_owned(),
                Some(expires) if row.expired => format!("{expires} (expired)"),
                Some(expires) => expires.to_string(),
            },
        ]
    });
    std::iter::once(header.to_vec()).chain(cells).collect()
}
