//! `<build>.toml`: one build, and the edits that commands make to it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use toml_edit::{DocumentMut, Item, Table, TableLike, Value, value};

use super::read::{DocError, read_to_edit};
use super::sections::{Install, Permissions, Text};
use crate::base::digest::{Digests, Md5, Sha256};
use crate::model::arch::Arch;
use crate::model::build_id::{BuildId, Identity};
use crate::model::channel::Channel;
use crate::model::fingerprint::Fingerprint;
use crate::model::os_version::OsVersion;

/// `<build>.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BuildDoc {
    pub(crate) channel: Channel,
    /// Platforms and families that the build runs on.
    #[serde(deserialize_with = "at_least_one")]
    pub(crate) arch: BTreeSet<Arch>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) exclude_arch: BTreeSet<Arch>,
    /// `synology_<platform>_<model>`: the only models it is for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) model: BTreeSet<String>,
    /// `synology_<platform>_<model>`: models it is not for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) exclude_model: BTreeSet<String>,
    pub(crate) os_min_ver: OsVersion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) os_max_ver: Option<OsVersion>,
    pub(crate) spk: SpkDoc,
    /// What differs from the release.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub(crate) text: Text,
    #[serde(default, skip_serializing_if = "Install::is_empty")]
    pub(crate) install: Install,
    #[serde(default, skip_serializing_if = "Permissions::is_empty")]
    pub(crate) permissions: Permissions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<SignatureDoc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) yanked: Option<Yanked>,
}

/// `[spk]`: the bytes of the build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpkDoc {
    /// The name of the Git LFS pointer beside this document, and of the download.
    pub(crate) file: String,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) sha256: Sha256,
    pub(crate) md5: Md5,
}

/// `[signature]`: who signed the SPK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignatureDoc {
    /// Of the certificate, as its file under `keys/` is named.
    pub(crate) fingerprint: Fingerprint,
    pub(crate) time: Timestamp,
    /// The SPK without its signature.
    pub(crate) unsigned_sha256: Sha256,
}

/// `[yanked]`: the build is withdrawn from every channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Yanked {
    pub(crate) reason: String,
}

/// A build for no platform could not be told from one for all.
fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Arch>, D::Error> {
    let platforms = BTreeSet::deserialize(deserializer)?;
    if platforms.is_empty() {
        let message = "`arch` is empty: name the platforms, or \"noarch\" for all";
        return Err(serde::de::Error::custom(message));
    }
    Ok(platforms)
}

impl BuildDoc {
    /// Returns the id that follows from the platforms and the range of DSM.
    pub(crate) fn derived_id(&self) -> BuildId {
        Identity {
            arch: &self.arch,
            exclude_arch: &self.exclude_arch,
            exclude_model: &self.exclude_model,
            model: &self.model,
            os_min_ver: self.os_min_ver,
        }
        .build_id()
    }
}

/// Edits the text of a `<build>.toml` and leaves what a person wrote as it is: comments, order, spacing.
pub(crate) struct BuildEdit(DocumentMut);

impl BuildEdit {
    /// Reads the text of the document at `path`.
    pub(crate) fn new(path: &str, text: &str) -> Result<Self, DocError> {
        read_to_edit(path, text).map(Self)
    }

    /// Moves the build to `channel`.
    pub(crate) fn set_channel(&mut self, channel: Channel) {
        set(self.0.as_table_mut(), "channel", channel.as_str());
    }

    /// States other bytes of the SPK.
    pub(crate) fn set_bytes(&mut self, digests: &Digests) {
        let size = i64::try_from(digests.size).expect("no file has so many bytes");
        if let Some(spk) = self.0.get_mut("spk").and_then(Item::as_table_like_mut) {
            set(spk, "size", size);
            set(spk, "sha256", digests.sha256.to_string());
            set(spk, "md5", digests.md5.to_string());
        }
    }

    /// States who signed the SPK, or that nobody did.
    pub(crate) fn set_signature(&mut self, signature: Option<&SignatureDoc>) {
        self.0.remove("signature");
        if let Some(signature) = signature {
            let mut table = Table::new();
            table["fingerprint"] = value(signature.fingerprint.to_string());
            table["time"] = value(signature.time.to_string());
            table["unsigned_sha256"] = value(signature.unsigned_sha256.to_string());
            self.0["signature"] = Item::Table(table);
        }
    }

    /// Withdraws the build for `reason`, or takes that back.
    pub(crate) fn set_yanked(&mut self, reason: Option<&str>) {
        match reason {
            Some(reason) => {
                let mut table = Table::new();
                table["reason"] = value(reason);
                self.0["yanked"] = Item::Table(table);
            }
            None => {
                self.0.remove("yanked");
            }
        }
    }

    /// Returns the edited text.
    pub(crate) fn finish(self) -> String {
        self.0.to_string()
    }
}

/// Sets a value, and keeps the comments around the old one.
fn set(table: &mut dyn TableLike, key: &str, new: impl Into<Value>) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = new.into();
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(new));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::doc::{read, write};

    const CANONICAL: &str = r#"channel = "staged"
arch = [
    "apollolake",
    "avoton",
]
os_min_ver = "7.2-64570"

[spk]
file = "a_1.0-1_dsm7.2-64570-apollolake-avoton.spk"
size = 12
sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
md5 = "d41d8cd98f00b204e9800998ecf8427e"

[install]
startable = false
"#;

    fn edited(text: &str, edit: impl FnOnce(&mut BuildEdit)) -> String {
        let mut document = BuildEdit::new("b.toml", text).expect("valid");
        edit(&mut document);
        document.finish()
    }

    #[test]
    fn the_canonical_form_reads_back_to_the_same_bytes() {
        let build: BuildDoc = read("b.toml", CANONICAL.as_bytes()).expect("valid");
        assert_eq!(write(&build), CANONICAL);
        assert_eq!(
            build.derived_id().to_string(),
            "dsm7.2-64570-apollolake-avoton"
        );
    }

    #[test]
    fn a_channel_changes_alone_and_keeps_its_comment() {
        let text = CANONICAL.replace("\"staged\"", "'staged'   # soon");
        let beta = edited(&text, |edit| edit.set_channel(Channel::Beta));
        assert_eq!(beta, text.replace("'staged'", "\"beta\""));
    }

    #[test]
    fn yank_and_unyank_give_the_same_bytes_back() {
        let yanked = edited(CANONICAL, |edit| {
            edit.set_yanked(Some("it \"eats\" photos"))
        });
        assert!(
            yanked.ends_with("[yanked]\nreason = 'it \"eats\" photos'\n"),
            "{yanked}"
        );
        let build: BuildDoc = read("b.toml", yanked.as_bytes()).expect("valid");
        assert_eq!(build.yanked.expect("yanked").reason, "it \"eats\" photos");
        assert_eq!(edited(&yanked, |edit| edit.set_yanked(None)), CANONICAL);
    }

    #[test]
    fn signing_and_taking_it_back_give_the_same_bytes_back() {
        let signature = SignatureDoc {
            fingerprint: "AB".repeat(20).parse().expect("valid"),
            time: "2026-01-02T03:04:05Z".parse().expect("valid"),
            unsigned_sha256: Sha256::of(b""),
        };
        let signed = edited(CANONICAL, |edit| edit.set_signature(Some(&signature)));
        let build: BuildDoc = read("b.toml", signed.as_bytes()).expect("valid");
        assert_eq!(write(&build), signed, "the canonical form");
        assert_eq!(build.signature, Some(signature));
        assert_eq!(edited(&signed, |edit| edit.set_signature(None)), CANONICAL);
    }

    #[test]
    fn other_bytes_leave_the_rest_as_it_is() {
        let text = CANONICAL.replace("size = 12", "size = 12 # small");
        let digests = Digests {
            md5: "0cc175b9c0f1b6a831c399e269772661".parse().expect("valid"),
            sha256: Sha256::of(b"a"),
            size: 1,
        };
        let other = edited(&text, |edit| edit.set_bytes(&digests));
        assert!(other.contains("size = 1 # small"), "{other}");
        let build: BuildDoc = read("b.toml", other.as_bytes()).expect("valid");
        assert_eq!(
            (build.spk.sha256, build.spk.md5),
            (digests.sha256, digests.md5)
        );
        assert_eq!(other.lines().count(), text.lines().count());
    }
}
