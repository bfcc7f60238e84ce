//! What the tests share: SPKs made in memory, hostile ones too, a sandbox for the program and git, an HTTP client.
#![allow(
    dead_code,
    reason = "each part is complete, whether or not a test needs all of it"
)]

pub(crate) mod blob_host;
pub(crate) mod certificate;
pub(crate) mod digest;
pub(crate) mod giftless;
pub(crate) mod gpg;
pub(crate) mod hostile;
pub(crate) mod http;
pub(crate) mod metrics;
pub(crate) mod nginx;
pub(crate) mod outcome;
mod png;
mod redact;
pub(crate) mod relay;
pub(crate) mod replay;
pub(crate) mod s3;
pub(crate) mod sandbox;
pub(crate) mod server;
pub(crate) mod source;
pub(crate) mod spk;
mod spk_test;
pub(crate) mod tar;
pub(crate) mod time_server;
pub(crate) mod tool;
pub(crate) mod web_source;
mod words;
