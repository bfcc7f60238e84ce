//! The difference of two versions of a file, as `git diff` shows it.

use super::GitError;

/// Returns the unified diff between two versions of the file at `path`; an absent version is no file.
pub(crate) fn patch(
    path: &str,
    old: Option<&[u8]>,
    new: Option<&[u8]>,
) -> Result<String, GitError> {
    let failed = |error| GitError::at("compare two versions of", path)(error);
    let file = std::path::Path::new(path);
    let (old_bytes, new_bytes) = (old.unwrap_or_default(), new.unwrap_or_default());
    let mut patch = git2::Patch::from_buffers(old_bytes, Some(file), new_bytes, Some(file), None)
        .map_err(failed)?;
    let text = patch.to_buf().map_err(failed)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(match (old, new) {
        (None, Some(_)) => text.replacen(&format!("--- a/{path}"), "--- /dev/null", 1),
        (Some(_), None) => text.replacen(&format!("+++ b/{path}"), "+++ /dev/null", 1),
        _ => text,
    })
}
