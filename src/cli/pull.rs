//! `spkrepo pull`.

use serde_json::json;

use super::error::CliError;
use super::landing::Patience;
use super::{Context, Status};
use crate::repo::{Pulled, PushTo};

/// Bring the branch here to what the remote has
///
/// Commits that are only here are made again on top of the remote's, as `git pull --rebase` does it; where both sides changed
/// the same lines, nothing is done and both commits are named. Files that are edited and not committed stay as they are, and
/// stop the command when they are in the way. SPKs are not downloaded: `spkrepo blob pull` brings them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A remote of git's configuration, or an address; where `git pull` would pull from, unless given
    remote: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    patience: Patience,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    let repository = args.patience.repository(context, "pull", None)?;
    let from = PushTo {
        remote: args.remote,
        without_blobs: true,
    };
    let pulled = repository.writer()?.pull(&from)?;
    if args.json {
        context.ui.json(&json!({
            "remote": pulled.remote,
            "commit": pulled.commit.map(|commit| commit.to_string()),
            "fresh": pulled.fresh,
            "again": pulled.again,
            "dropped": pulled.dropped,
            "ahead": pulled.ahead,
        }));
    }
    for left in &pulled.unfinished {
        let text = format!("`{}` was edited meanwhile; it was left as it is", left.path);
        context.ui.warning(&text);
    }
    context.ui.note(&text(&pulled));
    Ok(Status::Done)
}

fn text(pulled: &Pulled) -> String {
    let remote = &pulled.remote;
    let commits = |count: usize| match count {
        1 => "1 commit".to_owned(),
        _ => format!("{count} commits"),
    };
    let mut text = match pulled.fresh {
        0 => format!("{remote} has nothing new"),
        fresh => format!("{} from {remote}", commits(fresh)),
    };
    if pulled.again > 0 {
        text.push_str(&format!(
            "; {} of here made again on top",
            commits(pulled.again)
        ));
    } else if pulled.ahead > 0 {
        text.push_str(&format!(
            "; {} of here not pushed yet",
            commits(pulled.ahead)
        ));
    }
    if pulled.dropped > 0 {
        text.push_str(&format!(
            "; {} of here dropped, since it is done there already",
            commits(pulled.dropped)
        ));
    }
    text
}
