//! What the front end tells: one event for each exchange, and one for each trouble of its own.

use std::io;
use std::net::{IpAddr, SocketAddr};

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A request was answered, as far as its client wanted: hanging up early is no failure.
    Answered {
        /// Bytes of the body that were handed to the socket.
        bytes: u64,
        method: String,
        micros: u64,
        peer: IpAddr,
        status: u16,
        target: String,
    },
    /// A request was not answered as it should have been.
    Failed {
        failure: Failure,
        method: String,
        peer: IpAddr,
        target: String,
    },
    /// A connection was given up for good, with a thread and two descriptors: the `total`th.
    Lost { peer: IpAddr, total: usize },
    /// Connections were no longer accepted on `address`, which is being opened again.
    Reopening {
        address: SocketAddr,
        failure: Failure,
    },
}

/// Says what went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("connections are no longer accepted")]
    Accept {
        #[source]
        source: io::Error,
    },
    #[error("the handler panicked")]
    Panicked,
    #[error("the body of the request did not come")]
    Receive {
        #[source]
        source: io::Error,
    },
    #[error("the answer could not be sent")]
    Send {
        #[source]
        source: io::Error,
    },
    #[error("the file ended {missing} bytes before its length")]
    ShortFile { missing: u64 },
    #[error("the client took nothing for too long")]
    Stalled,
}
