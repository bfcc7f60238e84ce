//! The words for what happened, as `log` and `history` have them.

use super::visible::visible;
use crate::history::What;

/// Returns what happened to a build, a release or a package.
pub(super) fn words(what: &What) -> String {
    match what {
        What::Added { channel } => format!("added on {channel}"),
        What::Edited { path, keys } if keys.is_empty() => {
            format!("edited {}: comments or form", visible(path))
        }
        What::Edited { path, keys } => {
            format!("edited {}: {}", visible(path), visible(&keys.join(", ")))
        }
        What::Moved { from, to } => format!("{from} → {to}"),
        What::Picture { path } => format!("another picture: {}", visible(path)),
        What::Removed => "removed".to_owned(),
        What::Replaced => "other bytes".to_owned(),
        What::Signed { fingerprint } => format!("signed by {fingerprint}"),
        What::Unsigned => "signature removed".to_owned(),
        What::Unyanked => "unyanked".to_owned(),
        What::Yanked { reason } => format!("yanked: {}", visible(reason)),
    }
}

/// Returns why, unless that is what a yank says already.
pub(super) fn because<'a>(
    reason: Option<&String>,
    mut whats: impl Iterator<Item = &'a What>,
) -> Option<String> {
    let reason = reason?;
    let is_said = whats.any(|what| matches!(what, What::Yanked { reason: said } if said == reason));
    (!is_said).then(|| format!("because: {}", visible(reason)))
}
