//! Parsed packages, kept beside the repository so that a start reads from git only what is new.
//!
//! One file in the common git directory, `spkrepo/cache/packages`: a line that says who wrote it, and a line for each
//! package ([`record`]). It may be removed at any time and is never believed: a line counts only when its digest is
//! right, and its package only when the commit has a folder of this name with this very tree. Whatever is damaged,
//! foreign, of another version or too large is as if it were not there. Several servers may share it: the file is
//! replaced as a whole, and the last one to write wins.

mod keeper;
mod record;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use fs_err as fs;

pub(crate) use keeper::Keeper;

use super::snapshot::{Package, Packages};
use crate::base::atomic_file;
use crate::git::Store;

/// What the file begins with. The number grows when packages are read otherwise than before; a program of another
/// version may do so, and reads it all anew.
const HEADER: &str = concat!("spkrepo packages 1 ", env!("CARGO_PKG_VERSION"), "\n");
/// Bytes of a file that is read, some millions of builds: whoever plants a larger one is not waited for.
const MAX_FILE: u64 = 1 << 30;
/// Bytes of a package, some ten thousand builds: a file without lines must not fill the memory.
const MAX_LINE: u64 = 16 << 20;
const BUFFER: usize = 1 << 18;
/// Lines that wait for each thread.
const WAITING: usize = 8;

/// The file.
#[derive(Debug)]
pub(crate) struct Cache {
    path: PathBuf,
}

impl Cache {
    /// Returns the cache of a repository, which may not be there yet.
    pub(crate) fn of(store: &Store) -> Self {
        let path = store.common_dir().join("spkrepo/cache/packages");
        Self { path }
    }

    /// Returns the packages that the file has; none when it cannot be read.
    pub(crate) fn read(&self) -> Packages {
        let lines = self.lines();
        lines.map(decode_all).unwrap_or_default()
    }

    /// Returns where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the file is there and some of it cannot be read; that of another version is not damaged.
    pub(super) fn is_damaged(&self) -> bool {
        let Ok(mut file) = File::open(&self.path) else {
            return false;
        };
        let mut start = [0; "spkrepo packages ".len()];
        if file.read_exact(&mut start).is_err() || !HEADER.as_bytes().starts_with(&start) {
            return true;
        }
        let Ok(lines) = self.lines() else {
            return false;
        };
        let (mut all, mut decoded, mut bytes) = (0, 0, HEADER.len() as u64);
        for line in lines {
            all += 1;
            decoded += usize::from(record::decode(HEADER, &line).is_some());
            bytes += line.len() as u64 + 1;
        }
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        decoded < all || bytes != size
    }

    /// Replaces the file by one with these packages.
    pub(crate) fn write(&self, packages: &Packages) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
            // Also what another server is writing: then one of the two has no cache to write, and the other's is as good.
            atomic_file::remove_leftovers(folder)?;
        }
        atomic_file::write_with(&self.path, |file| {
            file.write_all(HEADER.as_bytes())?;
            packages.values().try_for_each(|package| {
                let line = record::encode(HEADER, package);
                let is_short = line.len() as u64 <= MAX_LINE;
                if is_short {
                    file.write_all(&line)
                } else {
                    Ok(())
                }
            })
        })
    }

    /// Opens the file behind its first line.
    fn lines(&self) -> io::Result<impl Iterator<Item = Vec<u8>>> {
        let unusable = || io::Error::from(io::ErrorKind::InvalidData);
        // A pipe would be waited for, and a link may lead anywhere.
        let metadata = fs::symlink_metadata(&self.path)?;
        if !metadata.is_file() || metadata.len() > MAX_FILE {
            return Err(unusable());
        }
        let mut file = BufReader::with_capacity(BUFFER, File::open(&self.path)?);
        let mut header = vec![0; HEADER.len()];
        file.read_exact(&mut header)?;
        if header != HEADER.as_bytes() {
            return Err(unusable());
        }
        Ok(std::iter::from_fn(move || next_line(&mut file)))
    }
}

/// Returns the next whole line without its end. What follows one that is too long cannot be found any more.
fn next_line(file: &mut BufReader<File>) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    file.take(MAX_LINE).read_until(b'\n', &mut line).ok()?;
    (line.pop() == Some(b'\n')).then_some(line)
}

/// One thread reads, the others decode.
fn decode_all(lines: impl Iterator<Item = Vec<u8>>) -> Packages {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let (senders, workers): (Vec<_>, Vec<_>) = (0..threads)
            .map(|_| {
                let (sender, receiver) = sync_channel(WAITING);
                (sender, scope.spawn(move || decode_some(&receiver)))
            })
            .unzip();
        for (line, sender) in lines.zip(senders.iter().cycle()) {
            sender
                .send(line)
                .expect("a worker ends only after its sender is dropped");
        }
        drop(senders);
        let packages = workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("decoding does not panic"));
        packages
            .map(|package| (package.name.clone(), Arc::new(package)))
            .collect()
    })
}

fn decode_some(lines: &Receiver<Vec<u8>>) -> Vec<Package> {
    lines
        .iter()
        .filter_map(|line| record::decode(HEADER, &line))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::load::{load, load_changes};
    use crate::repo::snapshot::Snapshot;
    use crate::repo::testing::Source;

    /// Returns a repository that has something in every field, and what is at its commit.
    fn varied() -> (Source, Snapshot) {
        let mut source = Source::new();
        source
            .release("a/1.0-1", "é \" \\\\ \u{2028}")
            .release("a/1.0-2", "second")
            .release("Test x86_64/1.9a", "third")
            .put("packages/a/package.toml", "maintainers = ['tess']\nlinks.homepage = 'https://a'\n\n[deprecated]\nreason = 'old'\nreplaced_by = 'b'\n")
            .put("packages/a/screenshots/1.png", "no picture")
            .put("packages/a/1.0-1/icon_72.png", "no picture")
            .put("packages/a/1.0-1/icon_256.png", "no picture")
            .put("packages/b/1-1/release.toml", RELEASE);
        for number in 0..20 {
            let id = format!("dsm7.2-6457{number}-x86_64");
            let keys = format!(
                "channel = '{}'\narch = ['x86_64', 'armv7']\nexclude_arch = ['avoton']\nmodel = ['synology_a_b']\n\
                 exclude_model = ['synology_c_d']\nos_min_ver = '7.2-6457{number}'\nos_max_ver = '7.9'",
                ["staged", "beta", "stable"][number % 3]
            );
            source.build(
                "b/1-1",
                &id,
                &keys,
                if number % 2 == 0 { TABLES } else { "" },
            );
        }
        let snapshot = load(&source.store, source.commit(), None).expect("sound");
        (source, snapshot)
    }

    const RELEASE: &str = "\
[text]
displayname = 'B'
beta = true
languages.fre.description = 'b'
[install]
install_dep_packages = 'a>1:c'
startable = false
qinst = true
conf_deppkgs.a.pkg_min_ver = '1.0'
[permissions]
run_as = 'root'
root = ['postinst']
resources = ['data-share']
";
    const TABLES: &str = "\
[text]
description = 'of the build'
languages.ger.displayname = 'B'
[install]
install_conflict_packages = ''
conf_conxpkgs.x = {}
[permissions]
scripts = ['preinst']
[yanked]
reason = 'it eats photos'
";

    fn written() -> (Source, Snapshot, Cache) {
        let (source, snapshot) = varied();
        let cache = Cache::of(&source.store);
        cache.write(&snapshot.packages).expect("a writable folder");
        (source, snapshot, cache)
    }

    /// What is served whatever the cache has.
    #[track_caller]
    fn assert_harmless(source: &Source, snapshot: &Snapshot, cache: &Cache) {
        let known = cache.read();
        let loaded = load_changes(&source.store, snapshot.commit, &known).expect("sound");
        assert_eq!(format!("{loaded:?}"), format!("{snapshot:?}"));
    }

    #[test]
    fn what_is_read_back_is_what_the_commit_has() {
        let (source, snapshot, cache) = written();
        let known = cache.read();
        assert_eq!(format!("{known:?}"), format!("{:?}", snapshot.packages));
        let loaded = load_changes(&source.store, snapshot.commit, &known).expect("sound");
        for (name, package) in &loaded.packages {
            assert!(Arc::ptr_eq(package, &known[name]), "{name} was read again");
        }
        let release = loaded.packages["b"].newest().expect("a release");
        assert!(
            release
                .builds
                .values()
                .any(|build| build.text.beta == Some(true)
                    && build.text.description.as_deref() == Some("of the build"))
        );
    }

    #[test]
    fn what_changed_since_is_read_from_git() {
        let (mut source, _, cache) = written();
        source.release("a/1.0-2", "changed").remove("packages/b/");
        let commit = source.commit();
        let snapshot = load(&source.store, commit, None).expect("sound");
        assert_harmless(&source, &snapshot, &cache);
    }

    #[test]
    fn a_commit_that_is_broken_is_refused_whatever_the_cache_has() {
        let (mut source, _, cache) = written();
        source.put("packages/a/1.0-2/release.toml", "colour = 'blue'\n");
        let loaded = load_changes(&source.store, source.commit(), &cache.read());
        assert!(loaded.is_err());
    }

    #[test]
    fn a_file_that_is_cut_anywhere_gives_the_packages_before_the_cut() {
        let (source, snapshot, cache) = written();
        let bytes = fs::read(&cache.path).expect("a file");
        for length in (0..bytes.len()).step_by(97) {
            fs::write(&cache.path, &bytes[..length]).expect("a writable file");
            let lines = bytes[..length]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            assert_eq!(
                cache.read().len(),
                lines.saturating_sub(1),
                "cut at {length}"
            );
        }
        assert_harmless(&source, &snapshot, &cache);
    }

    #[test]
    fn a_bit_that_flips_costs_its_package_at_most_and_never_changes_one() {
        let (source, snapshot, cache) = written();
        let bytes = fs::read(&cache.path).expect("a file");
        for position in (0..bytes.len()).step_by(89) {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1 << (position % 8);
            fs::write(&cache.path, &damaged).expect("a writable file");
            let known = cache.read();
            assert!(known.len() < snapshot.packages.len(), "at {position}");
            for (name, package) in &known {
                let original = &snapshot.packages[name];
                assert_eq!(
                    format!("{package:?}"),
                    format!("{original:?}"),
                    "at {position}"
                );
            }
        }
        assert_harmless(&source, &snapshot, &cache);
    }

    #[test]
    fn a_file_of_another_version_counts_for_nothing() {
        let (source, snapshot, cache) = written();
        let text = fs::read_to_string(&cache.path).expect("a file");
        let (_, lines) = text.split_once('\n').expect("a header");
        for header in [String::new(), "spkrepo packages 1 0.0.9\n".to_owned()] {
            fs::write(&cache.path, format!("{header}{lines}")).expect("a writable file");
            assert_eq!(cache.read().len(), 0);
        }
        let package = &snapshot.packages["a"];
        let foreign = record::encode("spkrepo packages 1 0.0.9\n", package);
        fs::write(&cache.path, [HEADER.as_bytes(), &foreign].concat()).expect("a writable file");
        assert_eq!(cache.read().len(), 0);
        assert_harmless(&source, &snapshot, &cache);
    }

    #[test]
    fn a_package_that_lies_about_its_name_or_tree_is_not_used() {
        let (source, snapshot, cache) = written();
        let b = &snapshot.packages["b"];
        for (name, tree) in [("a", b.tree), ("b", snapshot.packages["a"].tree)] {
            let liar = Package {
                doc: b.doc.clone(),
                name: name.parse().expect("valid"),
                releases: b.releases.clone(),
                screenshots: Vec::new(),
                tree,
            };
            let line = record::encode(HEADER, &liar);
            fs::write(&cache.path, [HEADER.as_bytes(), &line].concat()).expect("a writable file");
            assert_eq!(cache.read().len(), 1);
            assert_harmless(&source, &snapshot, &cache);
        }
    }

    #[test]
    fn what_somebody_plants_is_not_waited_for_and_does_not_fill_the_memory() {
        let (source, snapshot, cache) = written();
        let large = fs::File::create(&cache.path).expect("a writable file");
        large.set_len(1 << 40).expect("a file with a hole");
        assert_eq!(cache.read().len(), 0);
        let mut file = fs::File::create(&cache.path).expect("a writable file");
        file.write_all(HEADER.as_bytes()).expect("a writable file");
        file.set_len(MAX_LINE * 4).expect("a file with a hole");
        let longest = cache
            .lines()
            .expect("a header")
            .map(|line| line.len())
            .max();
        assert_eq!(longest, None);
        fs::remove_file(&cache.path).expect("a file");
        fs::create_dir(&cache.path).expect("a folder in its place");
        assert_harmless(&source, &snapshot, &cache);
        assert!(cache.write(&snapshot.packages).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_or_a_link_in_its_place_is_not_opened() {
        let (source, snapshot, cache) = written();
        let elsewhere = cache.path.with_extension("moved");
        fs::rename(&cache.path, &elsewhere).expect("a file");
        std::os::unix::fs::symlink(&elsewhere, &cache.path).expect("a link");
        assert_eq!(cache.read().len(), 0);
        fs::remove_file(&cache.path).expect("a link");
        let made = std::process::Command::new("mkfifo")
            .arg(&cache.path)
            .status();
        assert!(made.expect("a POSIX system").success());
        assert_harmless(&source, &snapshot, &cache);
    }

    #[test]
    fn servers_that_write_at_once_leave_a_whole_file() {
        let (_source, snapshot, cache) = written();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        // Another one may take its temporary file away.
                        let _ = cache.write(&snapshot.packages);
                        assert_eq!(cache.read().len(), snapshot.packages.len());
                    }
                });
            }
        });
        cache.write(&snapshot.packages).expect("a writable folder");
        let folder = cache.path.parent().expect("a folder");
        assert_eq!(fs::read_dir(folder).expect("a folder").count(), 1);
    }

    #[test]
    fn a_file_has_no_packages_but_those_that_were_written_last() {
        let (_source, snapshot, cache) = written();
        let mut packages = snapshot.packages.clone();
        packages.remove("a");
        cache.write(&packages).expect("a writable folder");
        assert_eq!(cache.read().len(), packages.len());
    }
}
