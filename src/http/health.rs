//! Whether the server lives, and whether it serves what it should.

use super::cache_policy;
use super::handler::Site;
use super::reply::Reply;
use crate::model::doc::DocError;
use crate::repo::{LoadError, OpenError};

/// Answers that the process is there.
pub(super) fn alive() -> Reply {
    Reply::text(200, "ok\n".to_owned()).with("Cache-Control", cache_policy::MOMENTARY)
}

/// Answers whether the newest commit is the one that is served, and if not, why.
pub(super) fn ready(site: &Site) -> Reply {
    let state = site.live.state();
    let serving = state.snapshot.commit.to_string();
    let (status, json) = match site.live.refused() {
        None => {
            let packages = state.snapshot.packages.len();
            (
                200,
                serde_json::json!({ "commit": serving, "packages": packages }),
            )
        }
        Some(refused) => {
            let newest = refused.commit.map(|commit| commit.to_string());
            let json = serde_json::json!({
                "message": refused.error.to_string(),
                "problems": problems(&refused.error).iter().map(ToString::to_string).collect::<Vec<_>>(),
                "commit": serving,
                "refused": newest,
            });
            (503, json)
        }
    };
    Reply::json(status, json.to_string()).with("Cache-Control", cache_policy::MOMENTARY)
}

fn problems(error: &OpenError) -> &[DocError] {
    match error {
        OpenError::Load(LoadError::Broken { problems, .. }) => problems,
        _ => &[],
    }
}
