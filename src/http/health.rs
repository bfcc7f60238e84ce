//! Whether the server lives, and whether it serves what it should.
//!
//! `/healthz` says no more than that the process answers: a supervisor that restarts on it helps. `/readyz` is 503 when
//! somebody who asks another replica would be served better: the newest commit is refused (the one before it is served
//! on), or SPKs that are offered are not there. A full disk is a warning, since answers need no room, and so is a remote that
//! cannot be reached or has not given an SPK lately. Where all replicas follow
//! one repository, a bad commit makes all of them unready, so traffic is better steered by `/healthz` there, and people
//! are called by `/readyz`.

use serde::Serialize;

use super::cache_policy;
use super::handler::Site;
use super::reply::Reply;
use crate::model::doc::DocError;
use crate::repo::{LoadError, OpenError};

/// Answers that the process is there.
pub(super) fn alive() -> Reply {
    Reply::text(200, "ok\n".to_owned()).with("Cache-Control", cache_policy::MOMENTARY)
}

/// What `/readyz` says.
#[derive(Serialize)]
struct Readiness {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
    commit: String,
    packages: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Answers whether the newest commit is the one that is served and its SPKs are there, and if not, why.
pub(super) fn ready(site: &Site) -> Reply {
    let state = site.live.state();
    let findings = site.checkup.findings();
    let mut readiness = Readiness {
        message: None,
        problems: Vec::new(),
        commit: state.snapshot.commit.to_string(),
        packages: state.snapshot.packages.len(),
        refused: None,
        warnings: findings.shortage().into_iter().collect(),
    };
    if let Some(follower) = &site.follower {
        readiness.warnings.extend(follower.warnings());
    }
    if let Some(downloads) = &site.downloads {
        readiness.warnings.extend(downloads.warnings(&state));
    }
    if let Some(loss) = findings.loss() {
        readiness.problems.clone_from(&findings.lost);
        readiness.message = Some(loss);
    }
    if let Some(refused) = site.live.refused() {
        let problems = problems(&refused.error).iter().map(ToString::to_string);
        readiness.problems.splice(0..0, problems);
        readiness.refused = refused.commit.map(|commit| commit.to_string());
        let loss = readiness.message.map(|loss| format!("; {loss}"));
        readiness.message = Some(format!("{}{}", refused.error, loss.unwrap_or_default()));
    }
    let status = if readiness.message.is_some() {
        503
    } else {
        200
    };
    let json = serde_json::to_string(&readiness).expect("its keys are texts");
    Reply::json(status, json).with("Cache-Control", cache_policy::MOMENTARY)
}

fn problems(error: &OpenError) -> &[DocError] {
    match error {
        OpenError::Load(LoadError::Broken { problems, .. }) => problems,
        _ => &[],
    }
}
