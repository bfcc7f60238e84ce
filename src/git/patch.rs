//! The difference of two versions of a file, as `git diff` shows it.

use super::GitError;

/// Returns the unified diff from `old`, which is absent for a new file, to `new` at `path`.
pub(crate) fn patch(path: &str, old: Option<&[u8]>, new: &[u8]) -> Result<String, GitError> {
    let failed = |error| GitError::at("compare two versions of", path)(error);
    let file = std::path::Path::new(path);
    let mut patch =
        git2::Patch::from_buffers(old.unwrap_or_default(), Some(file), new, Some(file), None)
            .map_err(failed)?;
    let text = patch.to_buf().map_err(failed)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(match old {
        None => text.replacen(&format!("--- a/{path}"), "--- /dev/null", 1),
        Some(_) => text,
    })
}
