//! Compares a source on the web, exported or served, with a commit.
//!
//! An export tells by its `spkrepo.json` that it is one; anything else is asked as devices ask a server. Every catalog of the
//! commit is fetched and compared entry by entry; what its links lead to is asked for without the content.

mod compare;
mod fetch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::base::digest::Sha256;
use crate::catalog::{Links, answer, link};
use crate::model::base_url::BaseUrl;
use crate::model::channel::Channel;
use crate::model::download_url::DownloadUrl;
use crate::repo::Snapshot;
use crate::site::{CatalogFile, MANIFEST, Manifest, Tree};
use crate::web::{Bounds, Client, Roots, WebError};
use compare::differences;
use fetch::{Found, each};

/// What is compared, and how thoroughly.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    /// Whether SPKs are fetched and hashed.
    pub(crate) download: bool,
    pub(crate) roots: Roots,
    pub(crate) url: BaseUrl,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) commit: String,
    pub(crate) kind: Kind,
    pub(crate) url: String,
    pub(crate) catalogs: usize,
    pub(crate) pictures: usize,
    pub(crate) spks: usize,
    /// What may be meant so.
    pub(crate) notes: Vec<String>,
    pub(crate) differences: Vec<Difference>,
}

/// Something that is not as the commit has it.
#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    pub(crate) what: String,
    /// Paths below the address, and queries.
    pub(crate) at: Vec<String>,
}

/// What answers at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Exported,
    Served,
}

/// Catalogs and pictures.
const BOUNDS: Bounds = Bounds {
    body: 64 << 20,
    connect: Duration::from_secs(10),
    redirects: 5,
    total: Duration::from_secs(30),
};
/// Downloads, of any size that an SPK has.
const DOWNLOAD_BOUNDS: Bounds = Bounds {
    body: 64 << 30,
    total: Duration::from_secs(3600),
    ..BOUNDS
};

/// A catalog as it should be.
struct Expected {
    /// Below the address.
    target: String,
    body: Arc<[u8]>,
}

/// An SPK as it should be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spk {
    sha256: Sha256,
    size: u64,
}

/// Compares the source with `snapshot`; an error says that it cannot be reached.
pub(crate) fn compare(snapshot: &Snapshot, live: &Live) -> Result<Report, WebError> {
    let client = Client::new(BOUNDS, live.roots.clone());
    let manifest = manifest(&client, &live.url)?;
    let kind = match manifest {
        Some(_) => Kind::Exported,
        None => Kind::Served,
    };
    let places = Places::of(snapshot, live, manifest.as_ref());
    let mut differing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut pictures, mut spks) = (BTreeSet::new(), BTreeMap::new());
    let mut expected = Vec::new();
    let tree = Tree {
        links: places.links(),
        snapshot,
    };
    for catalog in tree.catalogs() {
        note_links(&catalog, &places.links(), &mut pictures, &mut spks);
        expected.extend(match kind {
            Kind::Exported => exported(catalog),
            Kind::Served => served(snapshot, &catalog, &places),
        });
    }
    if let Some(manifest) = &manifest {
        let known: BTreeSet<&str> = expected.iter().map(|of| of.target.as_str()).collect();
        let files = manifest.files.keys().map(String::as_str);
        let stale = files.filter(|path| path.ends_with(".json") && !known.contains(path));
        let stale: Vec<String> = stale.map(str::to_owned).collect();
        if !stale.is_empty() {
            differing.insert("there is no such catalog at the commit".to_owned(), stale);
        }
    }
    let url = live.url.as_str();
    let at = |target: &str| places.address(url, kind, target);
    let found = each(&expected, |catalog| {
        Ok(match Found::of(client.get(&at(&catalog.target)))? {
            Found::Content(body) => differences(&catalog.body, &body),
            Found::Refused(how) => vec![how],
        })
    })?;
    for (catalog, found) in expected.iter().zip(found) {
        for what in found {
            differing
                .entry(what)
                .or_default()
                .push(catalog.target.clone());
        }
    }
    let (counted_pictures, counted_spks) = (pictures.len(), spks.len());
    check_pictures(&client, &places, pictures, &mut differing)?;
    check_spks(live, &client, &places, spks, &mut differing)?;
    Ok(Report {
        catalogs: expected.len(),
        commit: snapshot.commit.to_string(),
        differences: differing
            .into_iter()
            .map(|(what, at)| Difference { at, what })
            .collect(),
        kind,
        notes: places.notes(snapshot, manifest.as_ref()),
        pictures: counted_pictures,
        spks: counted_spks,
        url: url.to_owned(),
    })
}

/// Returns what an export says of itself; a server has no such file.
fn manifest(client: &Client, url: &BaseUrl) -> Result<Option<Manifest>, WebError> {
    let found = Found::of(client.get(&link(url.as_str(), &[MANIFEST])))?;
    Ok(match found {
        Found::Content(bytes) => Manifest::read(&bytes),
        Found::Refused(_) => None,
    })
}

/// Where links should lead, and where that is here.
struct Places {
    asked: BaseUrl,
    base: String,
    downloads: Option<DownloadUrl>,
    /// Whether the export alone says where links lead.
    is_unknown: bool,
}

impl Places {
    /// The settings know; what they leave out, the export does, whose address may not be the one that is asked.
    fn of(snapshot: &Snapshot, live: &Live, manifest: Option<&Manifest>) -> Self {
        let settings = &snapshot.settings;
        let trimmed = |url: &String| url.trim_end_matches('/').to_owned();
        let served = settings.repository.url.as_ref().map(trimmed);
        let Some(manifest) = manifest else {
            return Self {
                asked: live.url.clone(),
                base: served.unwrap_or_else(|| live.url.to_string()),
                downloads: None,
                is_unknown: false,
            };
        };
        let own = settings.export.url.as_ref().map(ToString::to_string);
        let known = [own, served, Some(live.url.to_string())];
        let downloads = manifest.download_url.as_ref();
        let downloads: Option<DownloadUrl> = downloads.and_then(|text| text.parse().ok());
        let is_known = known.contains(&Some(manifest.url.clone()))
            && (downloads.is_none() || downloads == settings.export.download_url);
        Self {
            asked: live.url.clone(),
            base: manifest.url.clone(),
            downloads,
            is_unknown: !is_known,
        }
    }

    fn links(&self) -> Links<'_> {
        Links {
            base_url: &self.base,
            downloads: self.downloads.as_ref(),
        }
    }

    /// Returns where a target is asked for.
    fn address(&self, url: &str, kind: Kind, target: &str) -> String {
        match kind {
            Kind::Exported => link(url, &target.split('/').collect::<Vec<_>>()),
            Kind::Served => format!("{url}{target}"),
        }
    }

    /// Returns where a link leads when the source is at the address that is asked.
    fn here(&self, link: &str) -> String {
        match link.strip_prefix(&self.base) {
            Some(rest) if rest.starts_with('/') => format!("{}{rest}", self.asked),
            _ => link.to_owned(),
        }
    }

    fn notes(&self, snapshot: &Snapshot, manifest: Option<&Manifest>) -> Vec<String> {
        let mut notes = Vec::new();
        let commit = snapshot.commit.to_string();
        if let Some(manifest) = manifest.filter(|manifest| manifest.commit != commit) {
            let commit: String = manifest.commit.chars().take(40).collect();
            notes.push(format!("it is the export of {commit}"));
        }
        if self.is_unknown {
            let downloads = self.downloads.as_ref().map(|url| format!(" and {url}"));
            notes.push(format!(
                "links lead to {}{}: its own word, which neither spkrepo.toml nor the address that was asked confirms",
                self.base,
                downloads.unwrap_or_default()
            ));
        }
        notes
    }
}

fn exported(catalog: CatalogFile<'_>) -> Vec<Expected> {
    let listed = &catalog.listed;
    let body: Arc<[u8]> = catalog.body.into();
    let expected = listed.names.iter().map(|name| Expected {
        body: Arc::clone(&body),
        target: listed.path(name),
    });
    expected.collect()
}

/// A device of each platform asks; nobody is `noarch`, and what no build of DSM has is for exports only.
fn served(snapshot: &Snapshot, catalog: &CatalogFile<'_>, places: &Places) -> Vec<Expected> {
    let path = match catalog.listed.channel {
        Channel::Beta => "/beta/",
        Channel::Stable | Channel::Staged => "/",
    };
    let is_model = !catalog.device.unique.is_empty();
    let names = catalog.listed.names.iter();
    let platforms = names.filter_map(|name| match is_model {
        true => Some(catalog.device.arch.clone()),
        false => name.parse().ok(),
    });
    let platforms = platforms.filter(|arch| !arch.is_noarch());
    let device = &catalog.device;
    // No build tells the platforms of one catalog apart.
    let body: Arc<[u8]> = answer(snapshot, device, &places.base).into();
    let expected = platforms.map(|arch| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let version = device.version;
        query.append_pair("arch", arch.as_str());
        query.append_pair("build", &catalog.listed.first.to_string());
        query.append_pair("major", &version.major.to_string());
        query.append_pair("minor", &version.minor.to_string());
        query.append_pair("language", "enu");
        if is_model {
            query.append_pair("unique", &device.unique);
        }
        Expected {
            body: Arc::clone(&body),
            target: format!("{path}?{}", query.finish()),
        }
    });
    expected.collect()
}

fn note_links(
    catalog: &CatalogFile<'_>,
    links: &Links<'_>,
    pictures: &mut BTreeSet<String>,
    spks: &mut BTreeMap<String, Spk>,
) {
    for offer in &catalog.offers {
        let spk = &offer.build.doc.spk;
        let (sha256, size) = (spk.sha256, spk.size);
        let link = links.download(offer.package, offer.release, offer.build);
        spks.insert(link, Spk { sha256, size });
        pictures.extend(crate::catalog::picture_links(offer, links.base_url));
    }
}

fn check_pictures(
    client: &Client,
    places: &Places,
    pictures: BTreeSet<String>,
    differing: &mut BTreeMap<String, Vec<String>>,
) -> Result<(), WebError> {
    let pictures: Vec<String> = pictures.into_iter().collect();
    let found = each(&pictures, |link| Found::of(client.head(&places.here(link))))?;
    for (link, found) in pictures.into_iter().zip(found) {
        if let Found::Refused(how) = found {
            differing
                .entry(format!("a picture {how}"))
                .or_default()
                .push(link);
        }
    }
    Ok(())
}

fn check_spks(
    live: &Live,
    client: &Client,
    places: &Places,
    spks: BTreeMap<String, Spk>,
    differing: &mut BTreeMap<String, Vec<String>>,
) -> Result<(), WebError> {
    let downloads = Client::new(DOWNLOAD_BOUNDS, live.roots.clone());
    let spks: Vec<(String, Spk)> = spks.into_iter().collect();
    let found = each(&spks, |(link, spk)| {
        let url = places.here(link);
        if live.download {
            fetch::difference(&downloads, &url, *spk)
        } else {
            let found = Found::of(client.head(&url))?;
            Ok(match found {
                Found::Content(Some(size)) if size != spk.size => {
                    Some(format!("has {size} bytes instead of {}", spk.size))
                }
                Found::Content(_) => None,
                Found::Refused(how) => Some(how),
            })
        }
    })?;
    for ((link, _), what) in spks.into_iter().zip(found) {
        if let Some(what) = what {
            differing
                .entry(format!("an SPK {what}"))
                .or_default()
                .push(link);
        }
    }
    Ok(())
}
