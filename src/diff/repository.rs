//! What differs beside packages: settings, certificates, people.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fields::{FieldChange, changes, fields};
use crate::model::doc::{PeopleDoc, SettingsDoc};
use crate::model::fingerprint::Fingerprint;
use crate::model::setting::SETTINGS;
use crate::pgp::Certificate;
use crate::repo::Keys;

/// What differs beside packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct RepositoryDiff {
    /// Of `spkrepo.toml`.
    pub(crate) settings: Vec<FieldChange>,
    /// Below `keys/`.
    pub(crate) keys: Vec<KeyChange>,
    /// Of `maintainers.toml`.
    pub(crate) people: Vec<FieldChange>,
}

/// A certificate that is new, gone or another one of the same key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct KeyChange {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) change: KeyWhat,
    pub(crate) of: KeyRole,
}

/// What became of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeyWhat {
    Added,
    /// The same key, with other user ids, subkeys or times.
    Changed,
    Removed,
}

/// What signatures by a certificate say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeyRole {
    Signer,
    TimeServer,
}

/// The documents of one side that are no package's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Documents<'a> {
    pub(crate) keys: &'a Keys,
    pub(crate) people: &'a PeopleDoc,
    pub(crate) settings: &'a SettingsDoc,
}

/// Returns what differs between the documents of two commits.
pub(super) fn compare(old: Documents<'_>, new: Documents<'_>) -> RepositoryDiff {
    let mut keys = certificates(&old.keys.signers, &new.keys.signers, KeyRole::Signer);
    keys.extend(certificates(
        &old.keys.timestamps,
        &new.keys.timestamps,
        KeyRole::TimeServer,
    ));
    RepositoryDiff {
        settings: changes(&settings(old.settings), &settings(new.settings)),
        keys,
        people: changes(&fields(&old.people.people), &fields(&new.people.people)),
    }
}

fn certificates(old: &[Certificate], new: &[Certificate], of: KeyRole) -> Vec<KeyChange> {
    let texts = |certificates: &[Certificate]| -> BTreeMap<Fingerprint, String> {
        let named = certificates
            .iter()
            .map(|one| (one.fingerprint(), one.to_text()));
        named.collect()
    };
    let (old, new) = (texts(old), texts(new));
    let change = |fingerprint: &Fingerprint, change| KeyChange {
        fingerprint: fingerprint.clone(),
        change,
        of,
    };
    let gone = old.keys().filter(|name| !new.contains_key(name));
    let gone = gone.map(|name| change(name, KeyWhat::Removed));
    let there = new.iter().filter_map(|(name, text)| match old.get(name) {
        None => Some(change(name, KeyWhat::Added)),
        Some(known) if known != text => Some(change(name, KeyWhat::Changed)),
        Some(_) => None,
    });
    gone.chain(there).collect()
}

/// Returns every setting that is stated, and those with a default.
fn settings(doc: &SettingsDoc) -> BTreeMap<String, String> {
    let exceptions = BTreeMap::from([("exceptions", &doc.exceptions)]);
    let mut fields = fields(&exceptions);
    let mut put = |key: &str, value: Option<String>| {
        fields.extend(value.map(|value| (key.to_owned(), value)));
    };
    put("repository.name", doc.repository.name.clone());
    put("repository.url", doc.repository.url.clone());
    put("add.channel", Some(doc.add.channel.to_string()));
    let compatibility = serde_json::to_value(doc.catalog.compatibility);
    let compatibility = compatibility
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned));
    put("catalog.compatibility", compatibility);
    let required: Vec<String> = doc
        .signing
        .required
        .iter()
        .map(ToString::to_string)
        .collect();
    put(
        "signing.required",
        (!required.is_empty()).then(|| required.join(", ")),
    );
    for remote in &doc.blobs.remote {
        for (key, value) in remote.stated() {
            put(&format!("blobs.{}.{key}", remote.name), value);
        }
    }
    for setting in SETTINGS {
        let value = doc.serve.get(setting).map(|stated| stated.texts.join(", "));
        put(&format!("serve.{}", setting.key()), value);
    }
    fields
}
