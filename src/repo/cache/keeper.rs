//! Decides when the cache is written: when reading what it lacks would be noticed at the next start.

use std::sync::Arc;
use std::thread::JoinHandle;

use super::Cache;
use crate::git::Store;
use crate::repo::snapshot::Packages;

/// Builds that the file lacks before it is written: reading them takes some hundredths of a second.
const WORTH_WRITING: usize = 500;

/// Keeps the cache of a server that goes on for long.
#[derive(Debug)]
pub(crate) struct Keeper {
    cache: Arc<Cache>,
    /// Builds that were read from git since the file was written.
    lacking: usize,
    writing: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Reads the cache of a repository.
    pub(crate) fn start(store: &Store) -> (Self, Packages) {
        let cache = Arc::new(Cache::of(store));
        let known = cache.read();
        let keeper = Self {
            cache,
            lacking: 0,
            writing: None,
        };
        (keeper, known)
    }

    /// Takes note that `new` is known where `old` was, and writes the file beside the server's work when it is time.
    pub(crate) fn follow(&mut self, old: &Packages, new: &Packages) {
        self.lacking += unknown_builds(old, new);
        let is_writing = self
            .writing
            .as_ref()
            .is_some_and(|writing| !writing.is_finished());
        if self.lacking < WORTH_WRITING || is_writing {
            return;
        }
        self.lacking = 0;
        let (cache, packages) = (Arc::clone(&self.cache), new.clone());
        self.writing = Some(std::thread::spawn(move || {
            // A git directory that cannot be written to is served as well, it only starts more slowly.
            let _ = cache.write(&packages);
        }));
    }

    /// Waits until nothing is being written.
    pub(crate) fn finish(&mut self) {
        if let Some(writing) = self.writing.take() {
            // A thread that panicked has printed why.
            let _ = writing.join();
        }
    }
}

fn unknown_builds(old: &Packages, new: &Packages) -> usize {
    let unknown = new.values().filter(|package| {
        let known = old.get(&package.name);
        !known.is_some_and(|known| Arc::ptr_eq(known, package))
    });
    unknown
        .flat_map(|package| package.releases.values())
        .map(|release| release.builds.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;
    use crate::repo::load::load_changes;
    use crate::repo::testing::Source;

    fn with_builds(count: usize) -> Source {
        let mut source = Source::new();
        source.release("a/1.0-1", "first");
        for number in 1..count {
            let keys = "channel = 'stable'\narch = ['noarch']\nos_min_ver = '7.0-40000'";
            source.build("a/1.0-1", &format!("number-{number}"), keys, "");
        }
        source
    }

    /// Starts as a server does; returns how many packages the cache had, and the keeper when it has nothing to do.
    fn start(source: &Source) -> (usize, Keeper, Packages) {
        let (mut keeper, known) = Keeper::start(&source.store);
        let snapshot = load_changes(&source.store, source.commit(), &known).expect("sound");
        keeper.follow(&known, &snapshot.packages);
        keeper.finish();
        (known.len(), keeper, snapshot.packages)
    }

    #[test]
    fn a_second_start_finds_what_the_first_one_read_and_a_removed_file_comes_back() {
        let source = with_builds(WORTH_WRITING);
        for expected in [0, 1, 1] {
            assert_eq!(start(&source).0, expected);
        }
        fs::remove_dir_all(source.store.common_dir().join("spkrepo")).expect("a folder");
        for expected in [0, 1] {
            assert_eq!(start(&source).0, expected);
        }
    }

    #[test]
    fn a_small_source_has_no_file_until_many_commits_have_come() {
        let mut source = with_builds(WORTH_WRITING / 4);
        let (_, mut keeper, mut packages) = start(&source);
        let path = source.store.common_dir().join("spkrepo/cache/packages");
        for number in 0..3 {
            assert!(!path.exists(), "after {number} commits");
            source.put(
                "packages/a/package.toml",
                format!("links.homepage = 'https://{number}'\n"),
            );
            let snapshot = load_changes(&source.store, source.commit(), &packages).expect("sound");
            keeper.follow(&packages, &snapshot.packages);
            keeper.finish();
            packages = snapshot.packages;
        }
        assert_eq!(start(&source).0, 1);
    }

    #[test]
    fn where_nothing_can_be_written_everything_is_read() {
        let source = with_builds(WORTH_WRITING);
        // A file in the folder's place stops also those who may write anywhere.
        fs::write(source.store.common_dir().join("spkrepo"), "").expect("a writable folder");
        for _ in 0..2 {
            let (known, _, packages) = start(&source);
            assert_eq!((known, packages.len()), (0, 1));
        }
    }
}
