//! What makes an SPK unfit for publication although it can be read and shown.

use crate::base::digest::Md5;
use crate::model::arch::ArchError;
use crate::model::name::NameError;
use crate::model::os_version::{OsVersion, OsVersionError};

/// Says what is missing or wrong, where, and why it matters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Defect {
    #[error("INFO:{line}: `{key}` cannot be matched with devices: {reason}")]
    Arch {
        key: &'static str,
        line: usize,
        reason: ArchError,
    },
    #[error(
        "INFO:{line}: `checksum` is `{value}`, not the 32 hexadecimal digits of an MD5, so DSM refuses package.tgz"
    )]
    ChecksumInvalid { line: usize, value: String },
    #[error(
        "INFO:{line}: `checksum` is `{stated}` but package.tgz has `{actual}`, so DSM refuses it as damaged"
    )]
    ChecksumMismatch {
        actual: Md5,
        line: usize,
        stated: Md5,
    },
    #[error("INFO:{line}: `os_max_ver` is `{max}`, below the minimum `{min}`: no device fits")]
    EmptyRange {
        line: usize,
        max: OsVersion,
        min: OsVersion,
    },
    #[error("the member `INFO` is missing: without it the SPK has no name and no version")]
    InfoMissing,
    #[error(
        "INFO: `os_min_ver` (or `firmware`) is missing: without it no device can be told whether the package fits"
    )]
    MinimumMissing,
    #[error("INFO:{line}: `{key}` cannot be compared with a device: {reason}")]
    OsVersion {
        key: &'static str,
        line: usize,
        reason: OsVersionError,
    },
    #[error("INFO:{line}: `package` cannot be a package's folder: {reason}")]
    Package { line: usize, reason: NameError },
    #[error("INFO: `package` is missing: without it DSM cannot tell which package this is")]
    PackageMissing,
    #[error("the member `package.tgz` is missing: there is nothing to install")]
    PackageTgzMissing,
    #[error(
        "INFO:{line}: `{key}` is stated twice with different values (first in line {first}), so what counts depends on the parser"
    )]
    StatedTwice {
        first: usize,
        key: &'static str,
        line: usize,
    },
    #[error("INFO:{line}: `version` cannot be a release's folder: {reason}")]
    Version { line: usize, reason: NameError },
    #[error("INFO: `version` is missing: without it DSM cannot tell what is newer")]
    VersionMissing,
}
