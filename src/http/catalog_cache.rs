//! Catalogs and lists of builds, made once per commit and class of query, in bounded memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::etag::ETag;
use crate::base::digest::Sha256;
use crate::catalog::{Device, Filter, answer, list};
use crate::repo::Snapshot;

/// A catalog or a list, and its entity tag.
pub(super) struct Catalog {
    pub(super) body: Arc<[u8]>,
    pub(super) tag: ETag,
}

/// What differs between answers from one snapshot, and the address that their links begin with.
type Key = (Class, String);

#[derive(PartialEq, Eq, Hash)]
enum Class {
    /// What Package Center asks.
    Catalog(Device),
    /// The list of builds for gosspks's web interface.
    List(Filter),
}

/// The catalogs and lists of one snapshot.
pub(super) struct CatalogCache {
    catalogs: Mutex<Catalogs>,
    /// Those that any build has texts in; all others get the same.
    languages: HashSet<String>,
    /// Whether any build is limited to models: only then the model of a device matters.
    knows_models: bool,
}

#[derive(Default)]
struct Catalogs {
    /// Of all bodies and what they are kept under together.
    bytes: usize,
    by_query: HashMap<Key, Arc<Catalog>>,
}

/// What texts fall back to when there are none in the device's language.
const ENGLISH: &str = "enu";
/// Answers that are kept, since empty ones cost something too.
const MAX_CATALOGS: usize = 4096;

impl CatalogCache {
    /// Makes an empty cache for `snapshot`.
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let mut builds = snapshot.builds();
        Self {
            catalogs: Mutex::default(),
            languages: snapshot
                .builds()
                .flat_map(|(_, _, build)| build.text.languages.keys().cloned())
                .collect(),
            knows_models: builds.any(|(_, _, build)| {
                !build.doc.model.is_empty() || !build.doc.exclude_model.is_empty()
            }),
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
            Arc::new(make(snapshot, &key))
        }
    }

    fn settle(&self, language: &mut String) {
        if !self.languages.contains(language) {
            ENGLISH.clone_into(language);
        }
    }

    fn kept(&self, snapshot: &Snapshot, key: Key, max_bytes: usize) -> Arc<Catalog> {
        let known = self.lock().by_query.get(&key).cloned();
        known.unwrap_or_else(|| {
            let catalog = Arc::new(make(snapshot, &key));
            self.lock().keep(key, Arc::clone(&catalog), max_bytes);
            catalog
        })
    }

    /// A panic while the lock is held leaves a map that is still whole.
    fn lock(&self) -> std::sync::MutexGuard<'_, Catalogs> {
        self.catalogs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Catalogs {
    /// Begins anew when the bounds are reached: queries that matter come back at once.
    fn keep(&mut self, key: Key, catalog: Arc<Catalog>, max_bytes: usize) {
        let bytes = catalog.body.len() + size(&key);
        if self.bytes + bytes > max_bytes || self.by_query.len() >= MAX_CATALOGS {
            *self = Self::default();
        }
        self.bytes += bytes;
        self.by_query.insert(key, catalog);
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

fn make(snapshot: &Snapshot, (class, base_url): &Key) -> Catalog {
    let body = match class {
        Class::Catalog(device) => answer(snapshot, device, base_url),
        Class::List(filter) => list(snapshot, filter, base_url),
    };
    Catalog {
        tag: ETag::strong(Sha256::of(&body).to_string()),
        body: body.into(),
    }
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
        let cache = CatalogCache::new(&snapshot);
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
        let cache = CatalogCache::new(&snapshot);
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
        let cache = CatalogCache::new(&snapshot);
        let body =
            |filter| Arc::clone(&cache.list(&snapshot, filter, String::new(), MAX_BYTES).body);
        let all = body(filter(None, "enu", None));
        assert_eq!(*all, *list(&snapshot, &filter(None, "enu", None), ""));
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
        let cache = CatalogCache::new(&snapshot);
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
