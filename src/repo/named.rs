//! The blobs that a repository names: in any file of any commit that anything leads to, in an index, or in what a merge or a
//! rebase has begun.
//!
//! More counts as a name than as a pointer: whoever asks wants to lose nothing. So does the digest in a build's document,
//! by which `serve` finds the SPK.

use std::collections::{BTreeSet, HashMap};

use crate::base::digest::{Md5, Sha256};
use crate::base::limits::Limits;
use crate::blob::Pointer;
use crate::git::{CommitId, GitError, Reach, Root, Spot, Store, Visit};

/// The blobs that are named, as far as was looked.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) blobs: HashMap<Sha256, Naming>,
    reach: Reach,
    roots: BTreeSet<Root>,
}

/// Where a blob is named, and what is said of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Naming {
    /// Absent when an index alone names it.
    pub(crate) commit: Option<CommitId>,
    /// Whether that is a pointer; otherwise only documents name the blob.
    is_pointer: bool,
    /// What documents say.
    pub(crate) md5: BTreeSet<Md5>,
    pub(crate) path: String,
    /// What pointers and documents say. Of several, one is wrong.
    pub(crate) sizes: BTreeSet<u64>,
}

impl Named {
    /// Looks at what has come since the last time, or at everything; what was named once stays so.
    pub(crate) fn update(&mut self, store: &Store) -> Result<(), GitError> {
        let roots = store.roots()?;
        let mut names = Names(&mut self.blobs);
        let new = roots.difference(&self.roots);
        self.reach.extend(store, new, &mut names)?;
        self.roots = roots;
        Ok(())
    }

    /// Returns what the roots name that are `wanted`, as far as it is here.
    pub(crate) fn of(store: &Store, wanted: impl Fn(&Root) -> bool) -> Result<Self, GitError> {
        let mut roots = store.readable_roots()?;
        roots.retain(wanted);
        let mut named = Self {
            reach: Reach::forgiving(),
            ..Self::default()
        };
        let mut names = Names(&mut named.blobs);
        named.reach.extend(store, &roots, &mut names)?;
        Ok(named)
    }

    /// Returns whether anything names the blob.
    pub(crate) fn contains(&self, sha256: Sha256) -> bool {
        self.blobs.contains_key(&sha256)
    }
}

/// Collects the names.
struct Names<'a>(&'a mut HashMap<Sha256, Naming>);

impl Visit for Names<'_> {
    fn limit(&self, path: &str) -> u64 {
        match path.ends_with(".toml") {
            true => Limits::DEFAULT.document,
            false => Pointer::MAX_BYTES,
        }
    }

    fn file(&mut self, spot: Spot<'_>, content: &[u8]) {
        let mut said = Said::read(content);
        // Tokens have digests in `maintainers.toml`, too.
        if !said.is_pointer && !spot.path.starts_with("packages/") {
            said.names.clear();
        }
        for sha256 in said.names {
            let naming = self.0.entry(sha256).or_insert_with(|| Naming {
                commit: spot.commit,
                is_pointer: said.is_pointer,
                path: spot.path.to_owned(),
                ..Naming::default()
            });
            // A pointer is the better place to look at than a document.
            if said.is_pointer && !naming.is_pointer {
                naming.is_pointer = true;
                naming.commit = spot.commit;
                spot.path.clone_into(&mut naming.path);
            }
            naming.sizes.extend(said.size);
            naming.md5.extend(said.md5);
        }
    }
}

/// What a small file says of blobs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    is_pointer: bool,
    md5: Option<Md5>,
    names: Vec<Sha256>,
    size: Option<u64>,
}

impl Said {
    /// Reads `oid sha256:…` and `size …` of pointers, whatever their version, and `sha256 = "…"` of documents.
    fn read(content: &[u8]) -> Self {
        let mut said = Self::default();
        let Ok(text) = std::str::from_utf8(content) else {
            return said;
        };
        let mut size = None;
        // Other tables of a document have sizes of other things.
        let mut is_in_spk = false;
        for line in text.lines() {
            if let Some(oid) = line.strip_prefix("oid sha256:") {
                said.names.extend(oid.trim().parse::<Sha256>());
                said.is_pointer = true;
            } else if line.starts_with('[') {
                is_in_spk = line.trim_end() == "[spk]";
            } else if let Some(number) = line.strip_prefix("size ") {
                let number = number.trim_start();
                let stated = number.strip_prefix('=').filter(|_| is_in_spk);
                size = stated.unwrap_or(number).trim().parse().ok().or(size);
            } else if let Some(digest) = value(line, "sha256") {
                said.names.extend(digest.parse::<Sha256>());
            } else if let Some(digest) = value(line, "md5") {
                said.md5 = digest.parse().ok();
            }
        }
        said.size = size.filter(|_| !said.names.is_empty());
        said
    }
}

/// Returns the text that `key` has in a line of TOML.
fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let line = line.trim_start();
    let line = line.strip_prefix("spk.").unwrap_or(line);
    let rest = line.strip_prefix(key)?.trim_start();
    let text = rest.strip_prefix('=')?.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::testing::Source;

    const DIGITS: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn pointers_and_documents_name_blobs_in_any_of_their_forms() {
        let oid: Sha256 = DIGITS.parse().expect("a digest");
        let named = |text: &str| Said::read(text.as_bytes());
        let pointer = Pointer { oid, size: 12 }.to_text();
        let of_pointer = Said {
            is_pointer: true,
            names: vec![oid],
            size: Some(12),
            ..Said::default()
        };
        assert_eq!(named(&pointer), of_pointer);
        assert_eq!(named(&pointer.replace('\n', "\r\n")), of_pointer);
        let old = pointer.replace("git-lfs.github.com/spec/v1", "hawser.github.com/spec/v1");
        assert_eq!(named(&old), of_pointer);
        let document =
            format!("size = 3\n[spk]\nsize = 12\nsha256 = \"{DIGITS}\"\n[x]\nsize = 4\n");
        assert_eq!(
            (named(&document).names, named(&document).size),
            (vec![oid], Some(12))
        );
        for text in [
            format!("[spk]\nsha256 = \"{DIGITS}\"\n"),
            format!("  sha256='{DIGITS}' # the bytes"),
            format!("spk.sha256 = '{DIGITS}'"),
        ] {
            assert_eq!(named(&text).names, [oid], "{text}");
        }
        for other in [
            "",
            "size 12\n",
            "sha256 = 12",
            "unsigned_sha256 = \"a\"",
            "sha256 = \"",
        ] {
            assert_eq!(named(other), Said::default(), "{other}");
        }
        assert_eq!(Said::read(b"\xff"), Said::default());
    }

    #[test]
    fn what_was_named_once_is_named_and_later_looks_find_what_is_new() {
        let mut source = Source::new();
        source.release("a/1.0-1", "a");
        let empty: Sha256 = DIGITS.parse().expect("a digest");
        let first = source.commit();
        let store = &source.store;
        let main = "refs/heads/main";
        let mut named = Named::default();
        named.update(store).expect("readable");
        assert!(!named.contains(empty), "nothing leads to the commit");
        store
            .move_reference(main, None, first, "test")
            .expect("writable");
        named.update(store).expect("readable");
        let naming = &named.blobs[&empty];
        assert_eq!(naming.commit, Some(first));
        assert!(naming.path.ends_with(".spk"), "{}", naming.path);
        assert_eq!(naming.sizes, BTreeSet::from([1]));
        let other = Sha256::of(b"other");
        let pointer = Pointer {
            oid: other,
            size: 5,
        };
        source.put("hidden/file.bin", pointer.to_text());
        let token = Sha256::of(b"token");
        source.put(
            "maintainers.toml",
            format!("[x.tokens.ci]\nsha256 = '{token}'\n"),
        );
        let second = source.commit();
        let store = &source.store;
        store
            .move_reference("refs/tags/new", None, second, "test")
            .expect("writable");
        named.update(store).expect("readable");
        assert!(named.contains(other) && named.contains(empty));
        assert!(!named.contains(token));
    }
}
