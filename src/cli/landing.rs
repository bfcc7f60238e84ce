//! What every command that makes commits has in common: where they go, and how long others are waited for.

use std::sync::Arc;

use super::Context;
use super::blob_remotes::{downloads, uploads};
use super::error::CliError;
use super::ui::Ui;
use crate::git::Network;
use crate::model::setting::Period;
use crate::repo::{Landed, Manner, News, PushTo, Repository};

/// How a change lands.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Landing {
    /// Push it, to REMOTE or to where the branch is pushed to; when others were faster, make it again on top of theirs
    #[arg(
        long,
        value_name = "REMOTE",
        num_args = 0..=1,
        require_equals = true,
        conflicts_with = "dry_run"
    )]
    push: Option<Option<String>>,
    /// With --push: leave the upload of the SPKs to somebody else
    #[arg(long, requires = "push")]
    no_blobs: bool,
    #[command(flatten)]
    patience: Patience,
}

/// How long others are waited for.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Patience {
    /// Wait this long for another process that is writing to the repository
    #[arg(long, value_name = "TIME", default_value = "60s")]
    lock_timeout: Period,
}

impl Landing {
    /// Says whether the change is pushed.
    pub(super) fn pushes(&self) -> bool {
        self.push.is_some()
    }

    /// Opens the repository for changes that `command` makes.
    pub(super) fn repository(
        &self,
        context: &Context,
        command: &str,
    ) -> Result<Repository, CliError> {
        let push = self.push.clone().map(|remote| PushTo {
            remote,
            without_blobs: self.no_blobs,
        });
        self.patience.repository(context, command, push)
    }
}

impl Patience {
    /// Opens the repository for `command`, which pushes to `push`.
    pub(super) fn repository(
        &self,
        context: &Context,
        command: &str,
        push: Option<PushTo>,
    ) -> Result<Repository, CliError> {
        let manner = Manner {
            download: Some(downloads(context)),
            lock_timeout: self.lock_timeout.0,
            network: Network {
                is_attended: context.ui.is_attended(),
                ..Network::default()
            },
            purpose: format!("spkrepo {command}"),
            push,
            tell: Arc::new(tell),
            upload: Some(uploads(context)),
        };
        Ok(context.repository()?.with_manner(manner))
    }
}

fn tell(news: &News) {
    let ui = Ui::new();
    match news {
        News::Moved { remote } if ui.is_terminal() => {
            ui.note(&format!(
                "somebody else pushed to {remote}; making the change again on top of that"
            ));
        }
        News::Uploading { count, remote } if ui.is_terminal() => {
            ui.note(&format!("uploading {} to {remote}", spks(*count)));
        }
        News::Moved { .. } | News::Uploading { .. } => {}
        News::Waiting { holder } => {
            let holder = holder.as_ref().map(ToString::to_string);
            let holder = holder.unwrap_or_else(|| "another process".to_owned());
            ui.note(&format!("waiting for {holder}"));
        }
    }
}

fn spks(count: usize) -> String {
    match count {
        1 => "one SPK".to_owned(),
        _ => format!("{count} SPKs"),
    }
}

/// Says what was committed and pushed, and what an interrupted command or a busy user left.
pub(super) fn show_landed(ui: &Ui, landed: &Landed) {
    if let Some(recovered) = &landed.recovered {
        let commit = recovered.commit.short();
        ui.note(&if recovered.has_landed {
            format!("finished commit {commit} in the working tree, which an interrupted command had left")
        } else {
            format!("took commit {commit} out of the index, which an interrupted command had begun")
        });
        for left in &recovered.unfinished {
            ui.warning(&format!(
                "`{}` was edited since; it was left as it is",
                left.path
            ));
        }
    }
    for left in &landed.unfinished {
        ui.warning(&format!(
            "`{}` was edited meanwhile; it was left as it is",
            left.path
        ));
    }
    if let Some(commit) = landed.commit {
        ui.note(&format!("committed {}", commit.short()));
    }
    let Some(published) = &landed.published else {
        return;
    };
    let remote = &published.remote;
    match published.along {
        _ if published.was_there => {}
        0 => ui.note(&format!("pushed to {remote}")),
        1 => ui.note(&format!(
            "pushed to {remote}, with one commit that was here before"
        )),
        along => ui.note(&format!(
            "pushed to {remote}, with {along} commits that were here before"
        )),
    }
    if published.is_elsewhere {
        ui.warning("the branch here was moved meanwhile and does not have it");
        ui.hint(super::hint::PULL_LATER);
    }
}
