//! What was seen of a source the last time: catalogs by their entity tags, and what was taken in under which digest, which
//! is another one when it was signed here since. It is kept in the git directory, and may be removed at any time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::entry_list::Entry;
use crate::base::atomic_file;
use crate::base::digest::{Digests, Md5, Sha256};

/// What is known of one source.
#[derive(Debug)]
pub(crate) struct Memory {
    content: Content,
    /// Addresses that were asked this time.
    current: BTreeSet<String>,
    path: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// By MD5 and size.
    arrived: BTreeMap<String, Sha256>,
    /// By address.
    catalogs: BTreeMap<String, Seen>,
    /// By digest: many devices are told the same.
    lists: BTreeMap<Sha256, Vec<Entry>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    list: Sha256,
    tag: String,
}

/// Bytes of an entity tag that is kept.
const MAX_TAG: usize = 256;

impl Memory {
    /// Reads what is known of `source`; what cannot be read is not known.
    pub(crate) fn open(folder: &Path, source: &str) -> Self {
        let name = Sha256::of(source.as_bytes()).to_string();
        let path = folder.join(format!("seen-{}.json", &name[..16]));
        let content = fs::read(&path).ok();
        let content = content.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self {
            content: content.unwrap_or_default(),
            current: BTreeSet::new(),
            path,
        }
    }

    /// Returns the entity tag of what an address answered with.
    pub(super) fn tag(&self, address: &str) -> Option<String> {
        let seen = self.content.catalogs.get(address)?;
        let is_known = self.content.lists.contains_key(&seen.list);
        is_known.then(|| seen.tag.clone())
    }

    /// Returns what an address answered with, which has not changed since.
    pub(super) fn same(&mut self, address: &str) -> Option<Vec<Entry>> {
        let seen = self.content.catalogs.get(address)?;
        let entries = self.content.lists.get(&seen.list)?.clone();
        self.current.insert(address.to_owned());
        Some(entries)
    }

    /// Keeps what an address answers with.
    pub(super) fn keep(&mut self, address: &str, tag: Option<&str>, entries: &[Entry]) {
        let Some(tag) = tag.filter(|tag| tag.len() <= MAX_TAG) else {
            self.content.catalogs.remove(address);
            return;
        };
        let bytes = serde_json::to_vec(entries).expect("entries have text keys");
        let list = Sha256::of(&bytes);
        let lists = &mut self.content.lists;
        lists.entry(list).or_insert_with(|| entries.to_vec());
        let tag = tag.to_owned();
        let seen = Seen { list, tag };
        self.content.catalogs.insert(address.to_owned(), seen);
        self.current.insert(address.to_owned());
    }

    /// Returns the bytes that came under this digest.
    pub(super) fn arrived(&self, md5: Md5, size: u64) -> Option<Sha256> {
        self.content.arrived.get(&key(md5, size)).copied()
    }

    /// Notes what came.
    pub(super) fn note_arrival(&mut self, digests: &Digests) {
        let key = key(digests.md5, digests.size);
        self.content.arrived.insert(key, digests.sha256);
    }

    /// Writes it down; catalogs that were not asked for are forgotten when everything was asked for.
    pub(crate) fn save(&mut self, is_complete: bool) -> std::io::Result<()> {
        let content = &mut self.content;
        if is_complete {
            content
                .catalogs
                .retain(|address, _| self.current.contains(address));
        }
        let used: BTreeSet<Sha256> = content.catalogs.values().map(|seen| seen.list).collect();
        content.lists.retain(|list, _| used.contains(list));
        let bytes = serde_json::to_vec(content).expect("it has text keys");
        atomic_file::write(&self.path, &bytes)
    }
}

fn key(md5: Md5, size: u64) -> String {
    format!("{md5}-{size}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(package: &str) -> Entry {
        Entry {
            is_beta: false,
            link: format!("https://x/{package}.spk"),
            md5: None,
            package: package.parse().expect("a name"),
            size: None,
            version: "1".parse().expect("a version"),
        }
    }

    #[test]
    fn catalogs_with_a_tag_are_known_again_and_those_not_asked_for_are_forgotten() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let open = || Memory::open(folder.path(), "https://x");
        let mut memory = open();
        memory.keep("https://x/?1", Some("\"a\""), &[entry("a")]);
        memory.keep("https://x/?2", Some("\"b\""), &[entry("a")]);
        memory.keep("https://x/?3", None, &[entry("c")]);
        memory.save(true).expect("writable");
        let mut memory = open();
        assert_eq!(memory.content.lists.len(), 1);
        assert_eq!(memory.tag("https://x/?2").as_deref(), Some("\"b\""));
        assert_eq!(memory.tag("https://x/?3"), None);
        assert_eq!(memory.same("https://x/?1"), Some(vec![entry("a")]));
        memory.save(true).expect("writable");
        let mut memory = open();
        assert_eq!(memory.tag("https://x/?2"), None);
        memory.keep("https://x/?1", None, &[]);
        memory.save(false).expect("writable");
        assert_eq!(open().tag("https://x/?1"), None);
        assert_eq!(
            Memory::open(folder.path(), "https://y").tag("https://x/?1"),
            None
        );
    }

    #[test]
    fn what_arrived_is_known_by_md5_and_size_and_a_damaged_file_knows_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut memory = Memory::open(folder.path(), "https://x");
        let digests = Digests {
            md5: "d41d8cd98f00b204e9800998ecf8427e"
                .parse()
                .expect("a digest"),
            sha256: Sha256::of(b""),
            size: 0,
        };
        memory.note_arrival(&digests);
        memory.save(true).expect("writable");
        let known = Memory::open(folder.path(), "https://x");
        assert_eq!(known.arrived(digests.md5, 0), Some(digests.sha256));
        assert_eq!(known.arrived(digests.md5, 1), None);
        fs::write(&known.path, "{").expect("writable");
        let known = Memory::open(folder.path(), "https://x");
        assert_eq!(known.arrived(digests.md5, 0), None);
    }
}
