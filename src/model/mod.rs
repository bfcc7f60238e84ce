//! The words of the field as types, and the TOML documents of the repository. No I/O.

pub(crate) mod access;
pub(crate) mod arch;
pub(crate) mod base_url;
pub(crate) mod build_id;
pub(crate) mod channel;
pub(crate) mod doc;
pub(crate) mod download_url;
pub(crate) mod fingerprint;
pub(crate) mod host;
pub(crate) mod name;
pub(crate) mod os_version;
pub(crate) mod setting;
pub(crate) mod token;
pub(crate) mod trusted_proxy;
pub(crate) mod url_prefix;
pub(crate) mod version;
pub(crate) mod word;
