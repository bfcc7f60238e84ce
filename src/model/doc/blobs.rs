//! `[[blobs.remote]]`: where SPKs are beside this machine.
//!
//! No credential stands here: what is committed is everybody's.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

use crate::model::base_url::BaseUrl;
use crate::model::download_url::DownloadUrl;

/// `[blobs]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlobsDoc {
    /// In the order in which they are asked.
    #[serde(default, deserialize_with = "distinct")]
    pub(crate) remote: Vec<BlobRemoteDoc>,
}

/// One place where SPKs are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Stated")]
pub(crate) struct BlobRemoteDoc {
    /// What people call it.
    pub(crate) name: String,
    /// Where clients may download from it without a signature.
    pub(crate) public_url: Option<DownloadUrl>,
    /// Nothing is uploaded there.
    pub(crate) read_only: bool,
    pub(crate) place: BlobPlace,
}

/// What kind of a place it is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BlobPlace {
    /// A folder with Git LFS's layout, such as a mounted disk.
    Folder(PathBuf),
    /// A Git LFS server; that of the repository's git remote, if no address is given.
    Lfs(Option<BaseUrl>),
    S3(S3Place),
    /// Addresses of single files, which can only be read.
    Web(DownloadUrl),
}

/// A bucket of an object store that speaks S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct S3Place {
    pub(crate) bucket: String,
    /// Amazon's own, if absent.
    pub(crate) endpoint: Option<BaseUrl>,
    /// The bucket is part of the path instead of the host's name; so it is with any endpoint but Amazon's, unless stated.
    pub(crate) path_style: Option<bool>,
    /// What the names of all objects begin with, without a slash at its end; may be empty.
    pub(crate) prefix: String,
    /// As the environment says, if absent.
    pub(crate) region: Option<String>,
}

/// The keys as they stand in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    name: String,
    url: String,
    #[serde(default)]
    endpoint: Option<BaseUrl>,
    #[serde(default)]
    path_style: Option<bool>,
    #[serde(default)]
    public_url: Option<DownloadUrl>,
    #[serde(default)]
    read_only: Option<bool>,
    #[serde(default)]
    region: Option<String>,
}

/// Says why a remote cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BlobRemoteError {
    #[error("`{key}` is for `s3://` alone")]
    Key { key: &'static str },
    #[error("`{name}` is no name for a remote: it needs letters, digits, `-`, `_` and `.`")]
    Name { name: String },
    #[error("`{url}` has a user or a password in it, which everybody could read")]
    Password { url: String },
    #[error("`{url}` can only be read: `read_only` cannot be false")]
    Readable { url: String },
    #[error("two remotes are called `{name}`")]
    Twice { name: String },
    #[error(
        "`{url}` is no place for SPKs: `s3://bucket/prefix`, `lfs`, `lfs+https://host/path`, `https://host/{{sha256}}` or \
         `file:///folder`"
    )]
    Url { url: String },
}

impl BlobRemoteDoc {
    /// Returns the remote that stands for the LFS server of the git remote.
    pub(crate) fn lfs() -> Self {
        Self {
            name: "lfs".to_owned(),
            public_url: None,
            read_only: false,
            place: BlobPlace::Lfs(None),
        }
    }

    /// Returns what is stated of it beside its name.
    pub(crate) fn stated(&self) -> [(&'static str, Option<String>); 6] {
        let place = match &self.place {
            BlobPlace::S3(place) => Some(place),
            _ => None,
        };
        let endpoint = place.and_then(|place| place.endpoint.as_ref());
        let path_style = place.and_then(|place| place.path_style);
        [
            ("url", Some(self.place.to_string())),
            ("endpoint", endpoint.map(ToString::to_string)),
            ("path_style", path_style.map(|value| value.to_string())),
            (
                "public_url",
                self.public_url.as_ref().map(ToString::to_string),
            ),
            ("read_only", self.read_only.then(|| true.to_string())),
            ("region", place.and_then(|place| place.region.clone())),
        ]
    }
}

impl BlobsDoc {
    /// Says whether a place is stated that takes uploads.
    pub(crate) fn has_writable(&self) -> bool {
        self.remote.iter().any(|remote| !remote.read_only)
    }

    /// Returns the remotes, of which the git remote's LFS server is the only one when none is stated.
    pub(crate) fn remotes(&self) -> Vec<BlobRemoteDoc> {
        match self.remote.is_empty() {
            true => vec![BlobRemoteDoc::lfs()],
            false => self.remote.clone(),
        }
    }
}

impl TryFrom<Stated> for BlobRemoteDoc {
    type Error = BlobRemoteError;

    fn try_from(stated: Stated) -> Result<Self, BlobRemoteError> {
        let name = stated.name;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(1..=64).contains(&name.len())
            || !name.bytes().all(is_plain)
            || name.starts_with(['-', '.'])
        {
            return Err(BlobRemoteError::Name { name });
        }
        let mut place: BlobPlace = stated.url.parse()?;
        if let BlobPlace::S3(s3) = &mut place {
            s3.endpoint = stated.endpoint;
            s3.path_style = stated.path_style;
            s3.region = stated.region;
        } else {
            let keys = [
                ("endpoint", stated.endpoint.is_some()),
                ("path_style", stated.path_style.is_some()),
                ("region", stated.region.is_some()),
            ];
            if let Some((key, _)) = keys.into_iter().find(|(_, is_stated)| *is_stated) {
                return Err(BlobRemoteError::Key { key });
            }
        }
        let is_web = matches!(place, BlobPlace::Web(_));
        if is_web && stated.read_only == Some(false) {
            return Err(BlobRemoteError::Readable { url: stated.url });
        }
        Ok(Self {
            name,
            public_url: stated.public_url,
            read_only: is_web || stated.read_only.unwrap_or_default(),
            place,
        })
    }
}

impl FromStr for BlobPlace {
    type Err = BlobRemoteError;

    fn from_str(url: &str) -> Result<Self, BlobRemoteError> {
        let unfit = || BlobRemoteError::Url {
            url: url.to_owned(),
        };
        let authority = url
            .split_once("://")
            .map(|(_, rest)| rest.split('/').next());
        if authority
            .flatten()
            .is_some_and(|authority| authority.contains('@'))
        {
            let scheme = url.split("://").next().unwrap_or_default();
            let host = url.rsplit('@').next().unwrap_or_default();
            return Err(BlobRemoteError::Password {
                url: format!("{scheme}://***@{host}"),
            });
        }
        if url == "lfs" {
            return Ok(Self::Lfs(None));
        }
        if let Some(address) = url.strip_prefix("lfs+") {
            return Ok(Self::Lfs(Some(address.parse().map_err(|_| unfit())?)));
        }
        if let Some(rest) = url.strip_prefix("s3://") {
            return s3(rest).map(Self::S3).ok_or_else(unfit);
        }
        if let Some(path) = url.strip_prefix("file://") {
            let folder = percent_encoding::percent_decode_str(path).decode_utf8();
            let folder = PathBuf::from(&*folder.map_err(|_| unfit())?);
            return if folder.is_absolute() {
                Ok(Self::Folder(folder))
            } else {
                Err(unfit())
            };
        }
        url.parse().map(Self::Web).map_err(|_| unfit())
    }
}

/// Reads `bucket` or `bucket/prefix`; names of buckets: Amazon S3 User Guide, "General purpose bucket naming rules".
fn s3(rest: &str) -> Option<S3Place> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    let in_bucket =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let in_prefix = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.!*'()".contains(&byte);
    let is_fit = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(in_bucket)
        && bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
        && prefix.bytes().all(in_prefix)
        && prefix.split('/').all(|part| !matches!(part, "." | ".."));
    let has_gap = prefix.starts_with('/') || prefix.contains("//");
    (is_fit && !has_gap).then(|| S3Place {
        bucket: bucket.to_owned(),
        endpoint: None,
        path_style: None,
        prefix: prefix.to_owned(),
        region: None,
    })
}

impl fmt::Display for BlobPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "file://{}", folder.display()),
            Self::Lfs(None) => f.write_str("lfs"),
            Self::Lfs(Some(address)) => write!(f, "lfs+{address}"),
            Self::S3(place) if place.prefix.is_empty() => write!(f, "s3://{}", place.bucket),
            Self::S3(place) => write!(f, "s3://{}/{}", place.bucket, place.prefix),
            Self::Web(url) => url.fmt(f),
        }
    }
}

/// A name must tell one remote from the others.
fn distinct<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<BlobRemoteDoc>, D::Error> {
    let remotes = Vec::<BlobRemoteDoc>::deserialize(deserializer)?;
    for (at, remote) in remotes.iter().enumerate() {
        if remotes[..at].iter().any(|other| other.name == remote.name) {
            let name = remote.name.clone();
            return Err(serde::de::Error::custom(BlobRemoteError::Twice { name }));
        }
    }
    Ok(remotes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::doc::SettingsDoc;

    fn read(table: &str) -> Result<BlobsDoc, String> {
        let text = format!("format = 1\n\n{table}");
        SettingsDoc::read("spkrepo.toml", text.as_bytes())
            .map(|settings| settings.blobs)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn each_kind_of_place_reads_back_as_it_was_written() {
        for url in [
            "s3://my-bucket",
            "s3://my-bucket/spk/blobs",
            "lfs",
            "lfs+https://git.example.org/a/b.git/info/lfs",
            "https://cdn.example.org/{sha256}",
            "https://github.com/o/r/releases/download/{tag}/{file}",
            "file:///srv/blobs",
        ] {
            let place: BlobPlace = url.parse().expect(url);
            assert_eq!(place.to_string(), url);
        }
    }

    #[test]
    fn a_bucket_has_an_endpoint_and_a_region_and_others_have_none() {
        let doc = read(
            "[[blobs.remote]]\nname = \"store\"\nurl = \"s3://my-bucket/spk\"\nendpoint = \"https://s3.example.org\"\n\
             region = \"eu\"\npath_style = false\npublic_url = \"https://cdn.example.org/{sha256}\"\n",
        );
        let remote = &doc.expect("valid").remote[0];
        let BlobPlace::S3(place) = &remote.place else {
            unreachable!("the address is that of a bucket");
        };
        assert_eq!(
            (place.bucket.as_str(), place.prefix.as_str()),
            ("my-bucket", "spk")
        );
        assert_eq!(
            (place.region.as_deref(), place.path_style),
            (Some("eu"), Some(false))
        );
        assert!(!remote.read_only && remote.public_url.is_some());
        let error = read("[[blobs.remote]]\nname = \"a\"\nurl = \"lfs\"\nregion = \"eu\"\n");
        assert_eq!(
            error.expect_err("no bucket"),
            "spkrepo.toml:3: `region` is for `s3://` alone"
        );
    }

    #[test]
    fn what_is_no_place_is_refused_at_its_line() {
        for (table, expected) in [
            ("name = \"a\"\nurl = \"s3://B\"", "is no place for SPKs"),
            (
                "name = \"a\"\nurl = \"s3://bucket/../x\"",
                "is no place for SPKs",
            ),
            ("name = \"a\"\nurl = \"file://srv\"", "is no place for SPKs"),
            (
                "name = \"a\"\nurl = \"https://example.org/x\"",
                "is no place for SPKs",
            ),
            ("name = \"a b\"\nurl = \"lfs\"", "is no name for a remote"),
            (
                "name = \"a\"\nurl = \"lfs+https://me:pw@example.org\"",
                "has a user or a password",
            ),
            (
                "name = \"a\"\nurl = \"https://h/{file}\"\nread_only = false",
                "can only be read",
            ),
            (
                "name = \"a\"\nurl = \"lfs\"\nsecret = \"x\"",
                "unknown field `secret`",
            ),
            (
                "name = \"a\"\nurl = \"lfs\"\n[[blobs.remote]]\nname = \"a\"\nurl = \"lfs\"",
                "two remotes are called `a`",
            ),
        ] {
            let error = read(&format!("[[blobs.remote]]\n{table}\n")).expect_err(table);
            assert!(
                error.contains(expected) && error.starts_with("spkrepo.toml:"),
                "{error}"
            );
            assert!(!error.contains("pw"), "{error}");
        }
    }

    #[test]
    fn without_any_the_git_remote_is_the_one() {
        assert_eq!(read("").expect("valid").remotes(), [BlobRemoteDoc::lfs()]);
    }
}
