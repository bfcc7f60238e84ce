//! What is known of the bytes of a build by whoever looked at its blob.

use crate::base::digest::Digests;
use crate::model::doc::BuildDoc;
use crate::model::version::Version;
use crate::repo::Package;
use crate::spk::{Identity, Spk, SpkError};

/// What came of a look at a blob.
pub(crate) enum Look {
    /// It is here, and at first sight not what it should be.
    Damaged { reason: String },
    /// It should be here and is not.
    Missing { reason: String },
    /// It was read to its end.
    Read(Box<Inside>),
    /// Nobody looked inside.
    Unread,
}

/// The bytes of a build.
pub(crate) struct Inside {
    pub(crate) digests: Digests,
    /// Whether there is a signature in it that is more than an empty file.
    pub(crate) is_signed: bool,
    /// Files that the signature says nothing about.
    pub(crate) outside: Vec<String>,
    /// What is wrong with the signature.
    pub(crate) signature_problems: Vec<String>,
    pub(crate) spk: Result<Spk, SpkError>,
}

/// What the repository says otherwise than the bytes.
pub(crate) struct Difference {
    /// Of the build's document.
    pub(crate) key: &'static str,
    pub(crate) message: String,
}

/// Compares the digests that `doc` states with those of the bytes.
pub(crate) fn digest_differences(doc: &BuildDoc, found: &Digests) -> Vec<Difference> {
    let stated = &doc.spk;
    let mut differences = Vec::new();
    if found.sha256 != stated.sha256 {
        let (found, stated) = (found.sha256, stated.sha256);
        differences.push(Difference {
            key: "spk.sha256",
            message: format!("the blob has SHA-256 {found} instead of {stated}"),
        });
    }
    if found.md5 != stated.md5 {
        let (found, stated) = (found.md5, stated.md5);
        differences.push(Difference {
            key: "spk.md5",
            message: format!("the blob has MD5 {found} instead of {stated}"),
        });
    }
    differences
}

/// Compares what the repository says of a build with what INFO says.
pub(crate) fn identity_differences(
    package: &Package,
    version: &Version,
    doc: &BuildDoc,
    info: &Identity,
) -> Vec<Difference> {
    let differences = [
        differs("package", &info.package, &package.name),
        differs("version", &info.version, version),
        differs("arch", &joined(&info.arch), &joined(&doc.arch)),
        differs(
            "exclude_arch",
            &joined(&info.exclude_arch),
            &joined(&doc.exclude_arch),
        ),
        differs("model", &joined(&info.model), &joined(&doc.model)),
        differs(
            "exclude_model",
            &joined(&info.exclude_model),
            &joined(&doc.exclude_model),
        ),
        differs("os_min_ver", &info.os_min_ver, &doc.os_min_ver),
        differs(
            "os_max_ver",
            &joined(&info.os_max_ver),
            &joined(&doc.os_max_ver),
        ),
    ];
    differences.into_iter().flatten().collect()
}

fn joined<'a, T: ToString + 'a>(values: impl IntoIterator<Item = &'a T>) -> String {
    let values = values.into_iter().map(ToString::to_string);
    values.collect::<Vec<_>>().join(" ")
}

fn differs<T: ToString + ?Sized>(key: &'static str, info: &T, stated: &T) -> Option<Difference> {
    let (info, stated) = (info.to_string(), stated.to_string());
    let shown = |value: &str| match value {
        "" => "nothing".to_owned(),
        value => format!("`{value}`"),
    };
    (info != stated).then(|| {
        let (info, stated) = (shown(&info), shown(&stated));
        Difference {
            key,
            message: format!("`{key}` is {info} in INFO and {stated} in the repository"),
        }
    })
}
