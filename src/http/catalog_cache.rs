//! Answers to Package Center, made once per commit and class of query, in bounded memory.

use std::collections::HashMap;
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
    /// Whether any build is limited to models: only then the model of a device matters.
    knows_models: bool,
}

#[derive(Default)]
struct Catalogs {
    /// Of all bodies together.
    bytes: usize,
    by_query: HashMap<(Device, String), Arc<Catalog>>,
}

/// Bytes of answers that are kept: some hundred catalogs of a large source.
const MAX_BYTES: usize = 64 << 20;
/// Answers that are kept, since empty ones cost something too.
const MAX_CATALOGS: usize = 4096;

impl CatalogCache {
    /// Makes an empty cache for `snapshot`.
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let mut builds = snapshot.builds();
        Self {
            catalogs: Mutex::default(),
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
        if self.bytes + catalog.body.len() > MAX_BYTES || self.by_query.len() >= MAX_CATALOGS {
            *self = Self::default();
        }
        self.bytes += catalog.body.len();
        self.by_query.insert(key, catalog);
    }
}

fn make(snapshot: &Snapshot, device: &Device, base_url: &str) -> Catalog {
    let body = answer(snapshot, device, base_url);
    Catalog {
        tag: ETag::strong(Sha256::of(&body).to_string()),
        body: body.into(),
    }
}
