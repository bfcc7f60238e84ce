//! What a running server has to tell: somebody else prints it.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::front::Event;
use crate::base::digest::Sha256;
use crate::git::{CommitId, RemoteError};
use crate::model::access;
use crate::ops::add::Uploaded;
use crate::repo::{FollowError, OpenError};
use crate::transfer::{Refusal, Wanted};

/// Something that whoever runs the server wants to know.
#[derive(Debug)]
pub(crate) enum Notice<'a> {
    /// Something happened on a connection.
    Front(Event),
    /// SPKs of the remote's newest commit could not be brought.
    Incomplete { error: &'a RemoteError },
    /// Requests are answered from now on.
    Listening { addresses: &'a [SocketAddr] },
    /// An object of Git LFS was not kept, by no fault of its sender.
    NotStored { error: &'a str, user: &'a str },
    /// An SPK that somebody asked for could not be fetched.
    NotFetched {
        blob: &'a Wanted,
        refusal: &'a Refusal,
    },
    /// The remote that is followed answers again.
    Reachable { remote: &'a str },
    /// A newer commit cannot be served; `serving` is served on.
    Refused {
        error: &'a OpenError,
        serving: CommitId,
    },
    /// Everything is read again, as a signal asks for.
    Reloading,
    /// The branch that is followed was moved to where it does not descend from what was served.
    Rewritten { remote: &'a str },
    /// This commit is served from now on.
    Serving { commit: CommitId, packages: usize },
    /// A client of Git LFS has sent an object.
    Stored {
        sha256: Sha256,
        size: u64,
        /// Person and label of the token.
        user: &'a str,
    },
    /// No new requests are taken.
    Stopping,
    /// Somebody showed a token that is not accepted.
    Unauthorised {
        client: IpAddr,
        why: access::Refused,
    },
    /// An upload was published.
    Uploaded {
        uploaded: &'a Uploaded,
        /// Person and label of the token.
        user: &'a str,
    },
    /// An upload was not published, by no fault of its sender.
    UploadFailed {
        error: &'a (dyn Error + 'static),
        user: &'a str,
    },
    /// The remote that is followed does not answer.
    Unreachable { error: &'a FollowError },
    /// Metrics are answered at this address.
    Watching { address: SocketAddr },
}

/// Is told each notice, on whichever thread it arises.
pub(crate) type OnNotice = Arc<dyn Fn(Notice<'_>) + Send + Sync>;
