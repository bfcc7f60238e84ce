//! The limits of the gate: each is a setting of `serve`.

use std::time::Duration;

/// What a client may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How long the sender of a body may take for all of it, or with an upload send nothing.
    pub(crate) body_timeout: Duration,
    /// Connections in all.
    pub(crate) connections: usize,
    /// Connections from one address; trusted proxies may have all.
    pub(crate) connections_per_address: usize,
    /// How long requests in flight may go on once the server is told to stop.
    pub(crate) drain_timeout: Duration,
    /// Bytes of a request line and its headers.
    pub(crate) head_size: usize,
    /// How long a head may take from its first byte to its last.
    pub(crate) head_timeout: Duration,
    /// Headers of one request.
    pub(crate) header_count: usize,
    /// How long a connection may be silent between requests.
    pub(crate) idle_timeout: Duration,
    /// Bytes of a body.
    pub(crate) body_size: usize,
    /// Requests that are relayed at the same time.
    pub(crate) relayed: usize,
    /// How long a client may take none of what is sent.
    pub(crate) send_timeout: Duration,
    /// Bytes of an upload.
    pub(crate) upload_size: u64,
    /// How long an upload may take.
    pub(crate) upload_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_timeout: Duration::from_secs(30),
            connections: 4096,
            connections_per_address: 256,
            drain_timeout: Duration::from_secs(30),
            head_size: 16 << 10,
            head_timeout: Duration::from_secs(10),
            header_count: 100,
            idle_timeout: Duration::from_secs(30),
            body_size: 64 << 10,
            relayed: 64,
            send_timeout: Duration::from_secs(30),
            upload_size: 4 << 30,
            upload_timeout: Duration::from_secs(3600),
        }
    }
}
