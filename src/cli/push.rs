//! `spkrepo push`.

use serde_json::json;

use super::error::CliError;
use super::landing::{Patience, show_landed};
use super::{Context, Status};
use crate::repo::PushTo;

/// Push what is committed, the SPKs first
///
/// The SPKs go to the remote's Git LFS store by git-lfs, and only when they are there, the branch is pushed, by git, with its
/// ssh configuration and credential helpers. Nothing is forced: when the remote has commits that are not here, `spkrepo pull`
/// comes first.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A remote of git's configuration, or an address; where `git push` would push to, unless given
    remote: Option<String>,
    /// Leave the upload of the SPKs to somebody else
    #[arg(long)]
    no_blobs: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    patience: Patience,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    let repository = args.patience.repository(context, "push", None)?;
    let to = PushTo {
        remote: args.remote,
        without_blobs: args.no_blobs,
    };
    let landed = repository.writer()?.push(&to)?;
    if let Some(published) = landed.published.as_ref() {
        if args.json {
            let (remote, was_there) = (&published.remote, published.was_there);
            let commits = published.along;
            context
                .ui
                .json(&json!({ "remote": remote, "was_there": was_there, "commits": commits }));
        }
        if published.was_there {
            let text = format!("{} has everything already", published.remote);
            context.ui.note(&text);
        }
    }
    show_landed(&context.ui, &landed);
    Ok(Status::Done)
}
