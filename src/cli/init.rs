//! `spkrepo init`.

use std::path::PathBuf;

use super::error::CliError;
use super::{Context, Status};
use crate::repo::init;

/// Make a package source
///
/// Writes the settings, a README and the Git LFS attributes, and commits them: to a new git repository in DIR, as
/// `git init DIR` would make it, or, without DIR, to the repository that this folder is in.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the git repository is made
    dir: Option<PathBuf>,
    /// Make a repository without a working tree
    #[arg(long)]
    bare: bool,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let made = init(args.dir.as_deref(), &context.repo, args.bare, &[])?;
    let path = made.path.display();
    match made.landed.commit {
        Some(commit) => context.ui.out(&format!(
            "{path} is a package source now ({})\n",
            commit.short()
        )),
        None => context
            .ui
            .out(&format!("{path} is a package source already\n")),
    }
    if made.landed.commit.is_some() {
        for file in &made.kept {
            context
                .ui
                .note(&format!("{file} was there and stays as it is"));
        }
        context
            .ui
            .hint("`spkrepo add FILE.spk` takes the first SPK in");
    }
    Ok(Status::Done)
}
