//! The command line: one file per subcommand with its arguments and how its report is shown.

mod access_log;
mod add;
mod blob;
mod blob_remotes;
mod check;
mod config;
mod demo;
mod device;
mod diff;
mod error;
mod explain;
mod export;
mod fsck;
mod gc;
mod happened;
mod healthcheck;
mod hint;
mod history;
mod hook_secret;
mod import;
mod init;
mod inspect;
mod landing;
mod list;
mod live;
mod log;
mod maintainer;
mod offer;
mod progress;
mod prune;
mod pull;
mod push;
mod query;
mod rollback;
mod roots;
mod s3_access;
mod secret;
mod serve;
mod settings;
mod show;
mod sign;
mod table;
mod throttle;
mod token;
mod ui;
mod verify;
mod visible;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::repo::{OpenError, Repository, Snapshot};
use error::CliError;
use ui::Ui;

/// Turn a git repository into a Synology package source
#[derive(Debug, Parser)]
#[command(
    name = "spkrepo",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
struct Cli {
    /// Use the package source that DIR is in
    #[arg(
        long,
        global = true,
        display_order = 90,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true
    )]
    repo: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Inspect(inspect::Args),
    Add(add::Args),
    Import(import::Args),
    Mirror(import::MirrorArgs),
    Promote(offer::PromoteArgs),
    Yank(offer::YankArgs),
    Unyank(offer::UnyankArgs),
    Rollback(rollback::Args),
    Sign(sign::SignArgs),
    Unsign(sign::UnsignArgs),
    List(list::Args),
    Show(show::Args),
    Log(log::Args),
    History(history::Args),
    Check(check::Args),
    Diff(diff::Args),
    Verify(verify::Args),
    Push(push::Args),
    Pull(pull::Args),
    Blob(blob::Args),
    Maintainer(maintainer::Args),
    Token(token::Args),
    Explain(explain::Args),
    Query(query::Args),
    Serve(serve::Args),
    Export(export::Args),
    Fsck(fsck::Args),
    #[command(name = "prune-releases")]
    Prune(prune::Args),
    Gc(gc::Args),
    Config(config::Args),
    Healthcheck(healthcheck::Args),
    Demo(demo::Args),
}

/// What a command is given besides its own arguments.
struct Context {
    repo: PathBuf,
    ui: Ui,
}

impl Context {
    fn repository(&self) -> Result<Repository, CliError> {
        Ok(Repository::open(&self.repo)?)
    }

    /// Opens the package source and reads what is at `revision`, or at HEAD.
    fn snapshot(&self, revision: Option<&str>) -> Result<(Repository, Snapshot), CliError> {
        let repository = self.repository()?;
        let commit = repository.commit(revision)?;
        let snapshot =
            crate::repo::load(&repository.store, commit, None).map_err(OpenError::from)?;
        Ok((repository, snapshot))
    }
}

/// How a command ended that could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Done,
    /// It checked something and found problems.
    Problems,
}

/// Runs the program with the arguments of the process.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ui::print_usage(&error),
    };
    let context = Context {
        repo: cli.repo,
        ui: Ui::new(),
    };
    match dispatch(&context, cli.command) {
        Ok(Status::Done) => ExitCode::SUCCESS,
        Ok(Status::Problems) => ExitCode::from(1),
        Err(error) => error.report(&context.ui),
    }
}

fn dispatch(context: &Context, command: Command) -> Result<Status, CliError> {
    match command {
        Command::Init(args) => init::run(context, &args),
        Command::Inspect(args) => inspect::run(context, &args),
        Command::Add(args) => add::run(context, args),
        Command::Import(args) => import::run(context, args),
        Command::Mirror(args) => import::mirror(context, &args),
        Command::Promote(args) => offer::promote(context, &args),
        Command::Yank(args) => offer::yank(context, args),
        Command::Unyank(args) => offer::unyank(context, &args),
        Command::Rollback(args) => rollback::run(context, args),
        Command::Sign(args) => sign::sign_builds(context, args),
        Command::Unsign(args) => sign::unsign(context, args),
        Command::List(args) => list::run(context, &args),
        Command::Show(args) => show::run(context, &args),
        Command::Log(args) => log::run(context, &args),
        Command::History(args) => history::run(context, &args),
        Command::Check(args) => check::run(context, &args),
        Command::Diff(args) => diff::run(context, args),
        Command::Verify(args) => verify::run(context, &args),
        Command::Push(args) => push::run(context, args),
        Command::Pull(args) => pull::run(context, args),
        Command::Blob(args) => blob::run(context, args),
        Command::Maintainer(args) => maintainer::run(context, args),
        Command::Token(args) => token::run(context, args),
        Command::Explain(args) => explain::run(context, args),
        Command::Query(args) => query::run(context, args),
        Command::Serve(args) => serve::run(context, &args),
        Command::Export(args) => export::run(context, args),
        Command::Fsck(args) => fsck::run(context, &args),
        Command::Prune(args) => prune::run(context, args),
        Command::Gc(args) => gc::run(context, &args),
        Command::Config(args) => config::run(context, &args),
        Command::Healthcheck(args) => healthcheck::run(context, &args),
        Command::Demo(args) => demo::run(context, &args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_that_a_hint_names_parses() {
        let mut commands = 0;
        for hint in hint::ALL {
            for command in hint
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|code| code.starts_with("spkrepo "))
            {
                let words = command
                    .replace("PACKAGE@VERSION", "a@1")
                    .replace("CHANNEL", "beta")
                    .replace("PERSON", "alice")
                    .replace("ROLE", "admin")
                    .replace("REMOTE", "origin")
                    .replace("FOLDER", "pile")
                    .replace("LABEL", "ci");
                let parsed = Cli::try_parse_from(words.split_whitespace());
                assert!(
                    parsed.is_ok(),
                    "`{command}`: {}",
                    parsed.expect_err("it does not parse")
                );
                commands += 1;
            }
        }
        assert!(commands > 3, "hints name commands");
    }
}
