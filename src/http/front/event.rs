//! What the front end tells: one event for each exchange, and one for each trouble of its own.

use std::io;
use std::net::{IpAddr, SocketAddr};

use super::asked::Asked;
use super::relay::RelayError;
use super::tls::TlsError;
use crate::transfer::Cut;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A request was answered, as far as its client wanted: hanging up early is no failure.
    Answered {
        asked: Box<Asked>,
        /// Bytes of the body that were handed to the socket.
        bytes: u64,
        micros: u64,
        status: u16,
    },
    /// A request was not answered as it should have been.
    Failed { asked: Box<Asked>, failure: Failure },
    /// What came on a connection was refused before it was a request.
    Refused {
        cause: &'static str,
        /// The id that the refusal was sent with.
        id: String,
        peer: IpAddr,
        status: u16,
    },
    /// A certificate that changed is used from now on, or cannot be.
    Reloaded { result: Result<(), TlsError> },
    /// Connections cannot be accepted on `address` for the moment.
    Waiting {
        address: SocketAddr,
        failure: Failure,
    },
}

/// Says what went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no connection can be accepted")]
    Accept {
        #[source]
        source: io::Error,
    },
    #[error("the file could not be fetched to its end")]
    Fetch {
        #[source]
        source: Cut,
    },
    #[error("the request could not be handed on")]
    Relay {
        #[source]
        source: RelayError,
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
