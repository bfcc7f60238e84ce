//! The difference that edits would make, as `git show` prints the commit that makes them.

use git2::{DiffFormat, DiffLine};

use super::{GitError, Store, TreeId};

/// Takes the writes of a scratch repository before any backend that keeps them.
const FIRST: i32 = 1000;

impl Store {
    /// Returns the diff that giving each path its bytes, or taking its file away, would make of `base`. Nothing is written.
    pub(crate) fn preview<'a>(
        &self,
        base: TreeId,
        edits: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>,
    ) -> Result<String, GitError> {
        let scratch = self.reopen()?;
        let failed =
            |error| GitError::at("compare the trees of", scratch.repo.path().display())(error);
        let objects = scratch.repo.odb().map_err(failed)?;
        let _memory = objects.add_new_mempack_backend(FIRST).map_err(failed)?;
        let blobs = edits
            .map(|(path, bytes)| {
                let blob = bytes.map(|bytes| scratch.write_blob(bytes));
                Ok((path, blob.transpose()?))
            })
            .collect::<Result<Vec<_>, GitError>>()?;
        let tree = scratch.write_tree(Some(base), blobs.into_iter())?;
        scratch.diff_text(base, tree).map_err(failed)
    }

    fn diff_text(&self, old: TreeId, new: TreeId) -> Result<String, git2::Error> {
        let old = self.repo.find_tree(old.0)?;
        let new = self.repo.find_tree(new.0)?;
        let diff = self.repo.diff_tree_to_tree(Some(&old), Some(&new), None)?;
        let mut text = String::new();
        diff.print(DiffFormat::Patch, |_, _, line| {
            push(&mut text, &line);
            true
        })?;
        Ok(text)
    }
}

/// Returns the hunks in which two texts differ, as `git diff` prints them, without a header; nothing when they are equal
/// or one is no text.
pub(crate) fn text_difference(old: &[u8], new: &[u8]) -> String {
    let options = &mut git2::DiffOptions::new();
    let Ok(mut patch) = git2::Patch::from_buffers(old, None, new, None, Some(options)) else {
        return String::new();
    };
    let mut text = String::new();
    let printed = patch.print(&mut |_, _, line| {
        if line.origin() != 'F' && line.origin() != 'B' {
            push(&mut text, &line);
        }
        true
    });
    printed.map(|()| text).unwrap_or_default()
}

fn push(text: &mut String, line: &DiffLine<'_>) {
    let content = String::from_utf8_lossy(line.content());
    match line.origin() {
        'F' => content
            .split_inclusive('\n')
            .for_each(|header| text.push_str(&with_tab(header))),
        origin @ ('+' | '-' | ' ') => {
            text.push(origin);
            text.push_str(&content);
        }
        _ => text.push_str(&content),
    }
}

/// Ends a name that has spaces with a tab, as git does, so that `patch` finds its end.
fn with_tab(header: &str) -> String {
    let name = header
        .strip_prefix("--- ")
        .or_else(|| header.strip_prefix("+++ "));
    match name {
        Some(name) if name.contains(' ') => format!("{}\t\n", header.trim_end_matches('\n')),
        _ => header.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_in_hunks_and_bytes_that_are_no_text_do_not() {
        let difference = text_difference(b"a\nb\n", b"a\nc");
        assert_eq!(
            difference,
            "@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n"
        );
        assert_eq!(text_difference(b"a\n", b"a\n"), "");
        assert_eq!(text_difference(b"a\0\n", b"b\0\n"), "");
        assert_eq!(text_difference(b"", b"a\n"), "@@ -0,0 +1 @@\n+a\n");
    }
}
