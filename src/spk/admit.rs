//! Which members an archive may have: regular files and folders with names that every unpacker reads alike.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use tar::{Entry, EntryType};

use super::error::SpkError;
use super::member_path::{self, MemberPath};
use super::records;
use super::role::{self, Role};
use super::text::printable;
use super::warning::{Warning, Warnings};
use crate::base::limits::Limits;

/// Bytes of all paths together: each is kept, so many long ones would fill the memory.
const MAX_PATHS: usize = 4 << 20;

/// Remembers the members so far and refuses what contradicts them.
pub(super) struct Guard<'a> {
    /// Of the current member, counted from 1.
    index: usize,
    limits: &'a Limits,
    links: HashSet<String>,
    /// In bytes.
    paths: usize,
    /// Whether each path so far is a folder.
    seen: HashMap<String, bool>,
}

impl<'a> Guard<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self {
            index: 0,
            limits,
            links: HashSet::new(),
            paths: 0,
            seen: HashMap::new(),
        }
    }

    /// Returns the number of the member to come, counted from 1.
    pub(super) fn next_index(&self) -> usize {
        self.index + 1
    }

    /// Returns the path of a regular file, nothing for what has no content, or why the member is refused.
    pub(super) fn admit<R: Read>(
        &mut self,
        entry: &mut Entry<'_, R>,
        offset: u64,
        warnings: &mut Warnings,
    ) -> Result<Option<String>, SpkError> {
        self.index += 1;
        // Millions of empty members take hours to unpack.
        if self.index > self.limits.entries {
            return Err(too_many(self.limits.entries, "members"));
        }
        if entry.header().entry_type() == EntryType::XGlobalHeader {
            records::check_global(entry, self.index, offset, self.limits)?;
            return Ok(None);
        }
        let name = parse_path(&entry.path_bytes(), offset)?;
        if name.not_utf8 {
            warnings.push(Warning::NotUtf8Name {
                path: name.path.clone(),
            });
        }
        let kind = entry.header().entry_type();
        let folder = kind.is_dir() || name.folder;
        self.remember(&name.path, folder, offset)?;
        records::check_records(entry, &name, self.index, offset)?;
        if folder {
            check_folder(&name.path)?;
        }
        if folder || kind.is_symlink() || kind.is_hard_link() {
            check_empty(entry, &name.path, folder)?;
        }
        match kind {
            _ if folder => Ok(None),
            EntryType::Regular if name.path.is_empty() => Err(unsafe_name(&[], offset, "is empty")),
            EntryType::Regular => Ok(Some(name.path)),
            EntryType::Link | EntryType::Symlink => {
                self.admit_link(entry, name.path, warnings).map(|()| None)
            }
            _ => Err(SpkError::Type {
                kind: describe(kind),
                offset,
                path: name.path,
            }),
        }
    }

    fn remember(&mut self, path: &str, folder: bool, offset: u64) -> Result<(), SpkError> {
        self.paths += path.len();
        if self.paths > MAX_PATHS {
            return Err(too_many(MAX_PATHS, "bytes of member names"));
        }
        let parents = path.match_indices('/').map(|(end, _)| &path[..end]);
        if let Some(link) = parents
            .into_iter()
            .find(|parent| self.links.contains(*parent))
        {
            return Err(SpkError::BelowLink {
                link: link.to_owned(),
                path: path.to_owned(),
            });
        }
        match self.seen.insert(path.to_owned(), folder) {
            None => Ok(()),
            // Tools that append to an archive repeat its folders.
            Some(true) if folder => Ok(()),
            Some(_) => Err(SpkError::Duplicate {
                offset,
                path: path.to_owned(),
            }),
        }
    }

    fn admit_link<R: Read>(
        &mut self,
        entry: &Entry<'_, R>,
        path: String,
        warnings: &mut Warnings,
    ) -> Result<(), SpkError> {
        let raw = entry.link_name_bytes().unwrap_or_default();
        let target = printable(&raw);
        if role::is_special(&path) {
            return Err(SpkError::LinkedSpecial { path, target });
        }
        let hard = entry.header().entry_type().is_hard_link();
        let inside =
            std::str::from_utf8(&raw).is_ok_and(|raw| member_path::stays_inside(&path, raw, hard));
        if !inside {
            return Err(SpkError::LinkOutside { path, target });
        }
        self.links.insert(path.clone());
        warnings.push(Warning::Link { path, target });
        Ok(())
    }
}

/// A folder where a file is expected hides the file from one unpacker and fails another.
fn check_folder(path: &str) -> Result<(), SpkError> {
    match role::role(path) {
        Role::Other | Role::Script(_) => Ok(()),
        _ => Err(SpkError::FolderForFile {
            path: path.to_owned(),
        }),
    }
}

fn too_many(max: usize, what: &'static str) -> SpkError {
    SpkError::TooMany {
        max,
        place: "the SPK".to_owned(),
        what,
    }
}

fn unsafe_name(raw: &[u8], offset: u64, reason: &'static str) -> SpkError {
    SpkError::UnsafeName {
        offset,
        path: printable(raw),
        reason,
    }
}

fn parse_path(raw: &[u8], offset: u64) -> Result<MemberPath, SpkError> {
    member_path::parse(raw).map_err(|reason| unsafe_name(raw, offset, reason))
}

fn check_empty<R: Read>(entry: &Entry<'_, R>, path: &str, folder: bool) -> Result<(), SpkError> {
    if entry.size() == 0 {
        return Ok(());
    }
    Err(SpkError::ContentOfNoFile {
        kind: if folder { "folder" } else { "link" },
        path: path.to_owned(),
        size: entry.size(),
    })
}

fn describe(kind: EntryType) -> String {
    match kind {
        EntryType::Block => "block device".to_owned(),
        EntryType::Char => "character device".to_owned(),
        EntryType::Continuous => "contiguous file".to_owned(),
        EntryType::Fifo => "named pipe (fifo)".to_owned(),
        other => format!("member of type `{}`", printable(&[other.as_byte()])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spk::test_spk::{
        END, file, header, link, paths, paths_within, pax, raw_member, refusal,
    };

    #[test]
    fn unsafe_names_are_refused_in_headers_and_long_names() {
        for name in ["../x", "/x", "a\\b", "C:/x"] {
            assert!(matches!(
                refusal(&[&file(name, b""), &END]),
                SpkError::UnsafeName { .. }
            ));
        }
        let record = pax("path=a/../../b");
        let error = refusal(&[&record, &file("package/x", b""), &END]);
        assert!(matches!(error, SpkError::UnsafeName { .. }), "{error}");
        let long = raw_member(EntryType::GNULongName, "././@LongLink", "", b"a\0b\0");
        let error = refusal(&[&long, &file("package/x", b""), &END]);
        assert!(matches!(error, SpkError::UnsafeName { .. }), "{error}");
    }

    #[test]
    fn a_member_that_is_there_twice_is_refused() {
        let error = refusal(&[&file("INFO", b"a"), &file("./INFO", b"b"), &END]);
        assert!(
            matches!(error, SpkError::Duplicate { offset: 1024, .. }),
            "{error}"
        );
    }

    #[test]
    fn links_out_of_the_archive_and_links_for_special_names_are_refused() {
        let folder = raw_member(EntryType::Directory, "INFO/", "", b"");
        assert!(matches!(
            refusal(&[&folder, &END]),
            SpkError::FolderForFile { .. }
        ));
        for (name, target) in [("a", "../x"), ("a", "/etc/passwd")] {
            let error = refusal(&[&link(EntryType::Symlink, name, target), &END]);
            assert!(matches!(error, SpkError::LinkOutside { .. }), "{error}");
        }
        for name in [
            "INFO",
            "package.tgz",
            "conf",
            "scripts/postinst",
            "package_icon.png",
        ] {
            for kind in [EntryType::Symlink, EntryType::Link] {
                let error = refusal(&[&link(kind, name, "x"), &END]);
                assert!(matches!(error, SpkError::LinkedSpecial { .. }), "{error}");
            }
        }
        let (_, warnings) =
            paths(&[&link(EntryType::Symlink, "package/a", "b"), &END]).expect("inside");
        assert!(matches!(warnings[..], [Warning::Link { .. }]));
    }

    #[test]
    fn a_member_below_a_link_is_refused() {
        let error = refusal(&[
            &link(EntryType::Symlink, "a", "scripts"),
            &file("a/postinst", b""),
            &END,
        ]);
        assert!(matches!(error, SpkError::BelowLink { .. }), "{error}");
    }

    #[test]
    fn devices_pipes_and_sparse_files_are_refused() {
        for kind in [
            EntryType::Char,
            EntryType::Block,
            EntryType::Fifo,
            EntryType::Continuous,
        ] {
            let error = refusal(&[&raw_member(kind, "x", "", b""), &END]);
            assert!(matches!(error, SpkError::Type { .. }), "{error}");
        }
        let mut sparse = header(EntryType::GNUSparse, "x", "", 0);
        sparse.as_gnu_mut().expect("gnu").set_real_size(0);
        sparse.set_cksum();
        assert!(matches!(
            refusal(&[sparse.as_bytes(), &END]),
            SpkError::Type { .. }
        ));
        let error = refusal(&[&pax("GNU.sparse.major=1"), &file("x", b""), &END]);
        assert!(matches!(error, SpkError::PaxOverride { .. }), "{error}");
    }

    #[test]
    fn folders_and_links_with_content_are_refused() {
        for part in [
            raw_member(EntryType::Directory, "a/", "", b"x"),
            raw_member(EntryType::Symlink, "a", "b", b"x"),
            file("a/", b"x"),
        ] {
            assert!(matches!(
                refusal(&[&part, &END]),
                SpkError::ContentOfNoFile { .. }
            ));
        }
    }

    #[test]
    fn too_many_members_are_refused() {
        let limits = Limits {
            entries: 2,
            ..Limits::DEFAULT
        };
        let parts = [file("a", b""), file("b", b""), file("c", b""), END.to_vec()].concat();
        assert!(matches!(
            paths_within(&[&parts], &limits),
            Err(SpkError::TooMany { .. })
        ));
    }
}
