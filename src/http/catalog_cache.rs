//! Answers to Package Center, made once per commit and class of query, in bounded memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::etag::ETag;
use crate::base::digest::Sha256;
use crate::catalog::{Device, answer};
use crate::repo::Snapshot;

/// A catalog and its entity tag.
pub(super) struct Catalog {
    pub(super) body: Arc<[u8]>,
    pub(super) tag: ETag,
}

/// The catalogs of one snapshot.
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
    by_query: HashMap<(Device, String), Arc<Catalog>>,
}

/// Bytes of answers that are kept: some hundred catalogs of a large source.
const MAX_BYTES: usize = 64 << 20;
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
    ) -> Arc<Catalog> {
        if !self.knows_models {
            device.unique.clear();
        }
        if !self.languages.contains(&device.language) {
            ENGLISH.clone_into(&mut device.language);
        }
        let key = (device, base_url);
        let known = self.lock().by_query.get(&key).cloned();
        known.unwrap_or_else(|| {
            let catalog = Arc::new(make(snapshot, &key.0, &key.1));
            self.lock().keep(key, Arc::clone(&catalog));
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
    fn keep(&mut self, key: (Device, String), catalog: Arc<Catalog>) {
        let bytes = catalog.body.len() + size(&key);
        if self.bytes + bytes > MAX_BYTES || self.by_query.len() >= MAX_CATALOGS {
            *self = Self::default();
        }
        self.bytes += bytes;
        self.by_query.insert(key, catalog);
    }
}

/// Whoever asks decides how long these texts are.
fn size((device, base_url): &(Device, String)) -> usize {
    device.arch.as_str().len() + device.language.len() + device.unique.len() + base_url.len()
}

fn make(snapshot: &Snapshot, device: &Device, base_url: &str) -> Catalog {
    let body = answer(snapshot, device, base_url);
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
            Arc::clone(&cache.get(&snapshot, device, String::new()).body)
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
            cache.get(&snapshot, device.clone(), base_url);
        }
        assert!(cache.lock().bytes <= MAX_BYTES);
        assert!(cache.lock().by_query.len() <= 64);
    }
}
