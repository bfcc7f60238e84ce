//! Catalogs and lists of builds, made once per class of query, in bounded memory.
//!
//! After a commit, an answer that was given lately is made of its old pieces and of the packages that changed. Its
//! entity tag follows from its bytes, so what a commit does not change stays valid with whoever has it.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::etag::ETag;
use super::gzip::Prepared;
use super::pieces::Pieces;
use super::shelf::Shelf;
use crate::base::digest::Sha256;
use crate::catalog::{Device, Filter, LIST_FRAME, frame, list_piece, piece};
use crate::repo::Snapshot;

/// A catalog or a list, and its entity tag.
pub(super) struct Catalog {
    pub(super) body: Arc<[u8]>,
    /// It goes with the body, whatever commit that is from.
    pub(super) gzip: Arc<Prepared>,
    pieces: Pieces,
    pub(super) tag: ETag,
}

/// What differs between answers from one snapshot, and the address that their links begin with.
type Key = (Class, String);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Class {
    /// What Package Center asks.
    Catalog(Device),
    /// The list of builds for gosspks's web interface.
    List(Filter),
}

/// The catalogs and lists of one snapshot, and those of older ones from which they are made.
pub(super) struct CatalogCache {
    catalogs: Mutex<Catalogs>,
    /// Of all snapshots together.
    pub(super) counts: Arc<CacheCounts>,
    /// Those that any build has texts in; all others get the same.
    languages: BTreeSet<String>,
    /// Whether any build is limited to models: only then the model of a device matters.
    knows_models: bool,
    shelf: Arc<Shelf>,
}

/// How often an answer was there already.
#[derive(Debug, Default)]
pub(super) struct CacheCounts {
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
}

#[derive(Clone, Default)]
struct Catalogs {
    /// Of all bodies and what they are kept under together.
    bytes: usize,
    by_query: HashMap<Key, Arc<Catalog>>,
}

/// Commits after which an answer that nobody asked for is forgotten.
const MAX_AGE: u64 = 20;
/// What texts fall back to when there are none in the device's language.
const ENGLISH: &str = "enu";
/// Answers that are kept, since empty ones cost something too.
const MAX_CATALOGS: usize = 4096;

impl CatalogCache {
    /// Makes the cache for `snapshot`, the first or the one after that of `previous`.
    pub(super) fn new(snapshot: &Snapshot, previous: Option<&Self>) -> Self {
        let shelf = Shelf::new(snapshot, previous.map(|previous| &*previous.shelf));
        let traits = || shelf.rows.iter().map(|row| &row.traits);
        let languages = traits().flat_map(|traits| &traits.languages);
        Self {
            catalogs: Mutex::new(previous.map_or_else(Catalogs::default, |previous| {
                previous.lock().for_commit(shelf.number)
            })),
            counts: previous.map_or_else(Arc::default, |previous| Arc::clone(&previous.counts)),
            languages: languages.cloned().collect(),
            knows_models: traits().any(|traits| traits.names_models),
            shelf: Arc::new(shelf),
        }
    }

    /// Returns the catalog of `snapshot`, which is the one of [`CatalogCache::new`], for `device`.
    pub(super) fn get(
        &self,
        snapshot: &Snapshot,
        mut device: Device,
        base_url: String,
        max_bytes: usize,
    ) -> Arc<Catalog> {
        if !self.knows_models {
            device.unique.clear();
        }
        self.settle(&mut device.language);
        self.kept(snapshot, (Class::Catalog(device), base_url), max_bytes)
    }

    /// Returns the list of `snapshot` for `filter`.
    ///
    /// One that is narrowed by a name is short, and there are as many names as people think of: it is not kept.
    pub(super) fn list(
        &self,
        snapshot: &Snapshot,
        mut filter: Filter,
        base_url: String,
        max_bytes: usize,
    ) -> Arc<Catalog> {
        self.settle(&mut filter.language);
        let is_kept = filter.name.is_none();
        let key = (Class::List(filter), base_url);
        if is_kept {
            self.kept(snapshot, key, max_bytes)
        } else {
            Arc::new(self.make(snapshot, &key, None))
        }
    }

    fn settle(&self, language: &mut String) {
        if !self.languages.contains(language) {
            ENGLISH.clone_into(language);
        }
    }

    fn kept(&self, snapshot: &Snapshot, key: Key, max_bytes: usize) -> Arc<Catalog> {
        let known = self.lock().by_query.get(&key).cloned();
        match known {
            Some(catalog) if Arc::ptr_eq(&catalog.pieces.shelf, &self.shelf) => {
                self.counts.hits.fetch_add(1, Ordering::Relaxed);
                catalog
            }
            older => {
                self.counts.misses.fetch_add(1, Ordering::Relaxed);
                let catalog = Arc::new(self.make(snapshot, &key, older.as_deref()));
                self.lock().keep(key, Arc::clone(&catalog), max_bytes);
                catalog
            }
        }
    }

    fn make(&self, snapshot: &Snapshot, key: &Key, older: Option<&Catalog>) -> Catalog {
        let pieces = self.pieces(snapshot, key, older.map(|older| &older.pieces));
        let body = Arc::clone(&pieces.body);
        let (gzip, tag) = match older {
            Some(older) if Arc::ptr_eq(&older.body, &body) => {
                (Arc::clone(&older.gzip), older.tag.clone())
            }
            _ => (Arc::default(), ETag::strong(Sha256::of(&body).to_string())),
        };
        Catalog {
            body,
            gzip,
            pieces,
            tag,
        }
    }

    fn pieces(
        &self,
        snapshot: &Snapshot,
        (class, base_url): &Key,
        older: Option<&Pieces>,
    ) -> Pieces {
        let shelf = &self.shelf;
        let compatibility = snapshot.settings.catalog.compatibility;
        match class {
            Class::Catalog(device) => {
                let piece = |package: &_| piece(package, compatibility, device, base_url);
                let frame = frame(&snapshot.keys, device);
                Pieces::new(snapshot, shelf, frame, older, piece)
            }
            Class::List(filter) => {
                let piece = |package: &_| list_piece(package, filter, base_url);
                Pieces::new(snapshot, shelf, LIST_FRAME, older, piece)
            }
        }
    }

    /// Returns the bytes and the number of what is kept.
    pub(super) fn size(&self) -> (usize, usize) {
        let catalogs = self.lock();
        (catalogs.bytes, catalogs.by_query.len())
    }

    /// A panic while the lock is held leaves a map that is still whole.
    fn lock(&self) -> std::sync::MutexGuard<'_, Catalogs> {
        self.catalogs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Catalog {
    /// Returns the bytes that it takes, with what may yet be made of it in gzip.
    fn size(&self) -> usize {
        self.pieces.size() + Prepared::most(self.body.len())
    }
}

impl Catalogs {
    /// Begins anew when the bounds are reached: queries that matter come back at once.
    fn keep(&mut self, key: Key, catalog: Arc<Catalog>, max_bytes: usize) {
        self.forget(&key);
        let bytes = catalog.size() + size(&key);
        if self.bytes + bytes > max_bytes || self.by_query.len() >= MAX_CATALOGS {
            *self = Self::default();
        }
        self.bytes += bytes;
        self.by_query.insert(key, catalog);
    }

    fn forget(&mut self, key: &Key) {
        if let Some((key, catalog)) = self.by_query.remove_entry(key) {
            self.bytes -= catalog.size() + size(&key);
        }
    }

    /// Returns what may be of use to commit number `number`.
    fn for_commit(&self, number: u64) -> Self {
        let mut catalogs = self.clone();
        let age = |catalog: &Catalog| number - catalog.pieces.shelf.number;
        let old = self.by_query.iter();
        for (key, _) in old.filter(|(_, catalog)| age(catalog) > MAX_AGE) {
            catalogs.forget(key);
        }
        catalogs
    }
}

/// Whoever asks decides how long these texts are.
fn size((class, base_url): &Key) -> usize {
    let texts = match class {
        Class::Catalog(device) => {
            device.arch.as_str().len() + device.language.len() + device.unique.len()
        }
        Class::List(filter) => {
            let arch = filter.arch.as_ref().map_or(0, |arch| arch.as_str().len());
            arch + filter.language.len()
        }
    };
    texts + base_url.len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalog::testing::{BUILD, device, snapshot};
    use crate::model::channel::Channel;

    const MAX_BYTES: usize = 64 << 20;

    #[test]
    fn devices_that_get_the_same_share_it() {
        let text = toml::from_str("[languages.fre]\ndisplayname = 'A'\n").expect("valid");
        let release = ("1.0-1".to_owned(), vec![BUILD.clone()], text);
        let packages = BTreeMap::from([("a".to_owned(), vec![release])]);
        let snapshot = snapshot(&packages, "same-major");
        let cache = CatalogCache::new(&snapshot, None);
        let body = |language, unique| {
            let parameters = [
                ("arch", "avoton"),
                ("build", "64570"),
                ("language", language),
                ("unique", unique),
            ];
            let device = device(&parameters, Channel::Stable);
            Arc::clone(&cache.get(&snapshot, device, String::new(), MAX_BYTES).body)
        };
        let first = body("enu", "synology_avoton_415+");
        assert!(Arc::ptr_eq(&first, &body("xyz", "synology_avoton_1515+")));
        assert!(Arc::ptr_eq(&first, &body("", "")));
        assert_ne!(first, body("fre", ""));
    }

    #[test]
    fn what_answers_are_kept_under_counts_too() {
        let snapshot = snapshot(&BTreeMap::new(), "same-major");
        let cache = CatalogCache::new(&snapshot, None);
        let device = device(&[("arch", "avoton"), ("build", "64570")], Channel::Stable);
        for number in 0..100 {
            let base_url = format!("{number}{}", "x".repeat(1 << 20));
            cache.get(&snapshot, device.clone(), base_url, MAX_BYTES);
        }
        assert!(cache.lock().bytes <= MAX_BYTES);
        assert!(cache.lock().by_query.len() <= 64);
    }

    fn filter(arch: Option<&str>, language: &str, name: Option<&str>) -> Filter {
        Filter {
            arch: arch.map(|arch| arch.parse().expect("a platform")),
            channel: Channel::Stable,
            language: language.to_owned(),
            latest: false,
            name: name.map(str::to_owned),
        }
    }

    fn one_package() -> Snapshot {
        let release = (
            "1.0-1".to_owned(),
            vec![BUILD.clone()],
            crate::model::doc::Text::default(),
        );
        snapshot(
            &BTreeMap::from([("a".to_owned(), vec![release])]),
            "same-major",
        )
    }

    #[test]
    fn a_list_is_kept_for_each_question_but_not_for_each_name() {
        let snapshot = one_package();
        let cache = CatalogCache::new(&snapshot, None);
        let body =
            |filter| Arc::clone(&cache.list(&snapshot, filter, String::new(), MAX_BYTES).body);
        let all = body(filter(None, "enu", None));
        let package = snapshot.packages.values().next().expect("one");
        let inner = list_piece(package, &filter(None, "enu", None), "").expect("one build");
        assert_eq!(*all, *[b"[", &*inner, b"]"].concat());
        assert!(Arc::ptr_eq(&all, &body(filter(None, "xyz", None))));
        assert!(!Arc::ptr_eq(&all, &body(filter(Some("avoton"), "", None))));
        let kept = cache.lock().by_query.len();
        assert_eq!(*body(filter(None, "enu", Some("b"))), *b"[]");
        assert_eq!(*body(filter(None, "enu", Some("A"))), *all);
        assert_eq!(cache.lock().by_query.len(), kept);
    }

    #[test]
    fn lists_share_the_bounds_of_catalogs() {
        let snapshot = one_package();
        let cache = CatalogCache::new(&snapshot, None);
        for number in 0..2 * MAX_CATALOGS {
            let arch = format!("platform{number}");
            cache.list(
                &snapshot,
                filter(Some(&arch), "", None),
                String::new(),
                MAX_BYTES,
            );
        }
        assert!(cache.lock().by_query.len() <= MAX_CATALOGS);
        for number in 0..100 {
            let base_url = format!("{number}{}", "x".repeat(1 << 20));
            cache.list(&snapshot, filter(None, "", None), base_url, MAX_BYTES);
        }
        assert!(cache.lock().bytes <= MAX_BYTES);
    }
}
