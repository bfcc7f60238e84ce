//! An object that is sent: written while it is hashed, and kept only if it is the one that was announced.

use std::io::{self, Read};
use std::sync::Arc;

use super::{Lfs, json, problem};
use crate::base::causes::with_causes;
use crate::base::digest::Sha256;
use crate::blob::{BlobError, StagedBlob, Tee};
use crate::http::front::Intake;
use crate::http::notice::Notice;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::room::is_full;
use crate::http::tokens::Place;

/// What a client says that it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Announced {
    sha256: Sha256,
    /// Absent where nobody has said it.
    size: Option<u64>,
}

/// An object of somebody who may send one.
pub(super) struct Arrival {
    pub(super) _place: Place,
    pub(super) announced: Announced,
    pub(super) lfs: Arc<Lfs>,
    /// Person and label, for logs.
    pub(super) user: String,
}

/// Why an object was not kept.
#[derive(Debug, thiserror::Error)]
enum NotKept {
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The front end knows why.
    #[error("the body could not be read")]
    Body(#[source] io::Error),
    #[error("the SHA-256 of what came is {found}, not {expected}: nothing was kept")]
    Digest { expected: Sha256, found: Sha256 },
    #[error("{found} bytes came, not {expected}: nothing was kept")]
    Size { expected: u64, found: u64 },
}

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// Returns what the head of a request announces; sizes that contradict each other need no body to be refused.
pub(super) fn announced(request: &Request, oid: &str) -> Result<Announced, Reply> {
    let sha256 = oid
        .parse()
        .map_err(|_| problem::of(422, "the oid is no SHA-256 in lower-case hexadecimal"))?;
    let parameters = request.parameters();
    let size = match parameters.get("size").map(str::parse::<u64>) {
        None => None,
        Some(Ok(size)) => Some(size),
        Some(Err(_)) => return Err(problem::of(422, "`size` is a number of bytes")),
    };
    let length = request.header("content-length");
    let length = length.and_then(|length| length.parse::<u64>().ok());
    match (size, length) {
        (Some(size), Some(length)) if size != length => {
            let message = format!("{size} bytes were announced, and {length} are to come");
            Err(problem::of(422, &message))
        }
        _ => Ok(Announced {
            sha256,
            size: size.or(length),
        }),
    }
}

impl Intake for Arrival {
    fn take(self: Box<Self>, body: &mut dyn Read) -> Reply {
        let kept = self.receive(body).and_then(|blob| self.keep(blob));
        match kept {
            Ok(size) => {
                let Announced { sha256, .. } = self.announced;
                (self.lfs.notice)(Notice::Stored {
                    sha256,
                    size,
                    user: &self.user,
                });
                json(200, &serde_json::json!({ "oid": sha256, "size": size }))
            }
            Err(error) => {
                // Many clients read no answer before they have sent everything; this one may send.
                let _ = io::copy(body, &mut io::sink());
                self.refused(&error)
            }
        }
    }
}

impl Arrival {
    fn receive(&self, body: &mut dyn Read) -> Result<StagedBlob, NotKept> {
        let mut incoming = self.lfs.blobs.incoming()?;
        let mut tee = Tee::new(body, &mut incoming);
        let mut buffer = vec![0; PIECE];
        let ended = loop {
            match tee.read(&mut buffer) {
                Ok(0) => break Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        if let Some(error) = tee.into_write_error() {
            return Err(error.into());
        }
        ended.map_err(NotKept::Body)?;
        Ok(incoming.finish()?)
    }

    /// Gives it its name, if it is what was announced; returns its size.
    fn keep(&self, blob: StagedBlob) -> Result<u64, NotKept> {
        let (found, announced) = (blob.digests(), self.announced);
        if let Some(expected) = announced.size.filter(|size| *size != found.size) {
            let found = found.size;
            return Err(NotKept::Size { expected, found });
        }
        if found.sha256 != announced.sha256 {
            return Err(NotKept::Digest {
                expected: announced.sha256,
                found: found.sha256,
            });
        }
        blob.keep()?;
        Ok(found.size)
    }

    fn refused(&self, error: &NotKept) -> Reply {
        match error {
            NotKept::Body(_) => problem::of(400, &error.to_string()),
            NotKept::Digest { .. } | NotKept::Size { .. } => problem::of(422, &error.to_string()),
            NotKept::Blob(error) => {
                (self.lfs.notice)(Notice::NotStored {
                    error: &with_causes(error),
                    user: &self.user,
                });
                match is_full(error) {
                    true => problem::of(507, "the server has no room for the object"),
                    false => problem::of(
                        500,
                        "the server could not store the object; what it prints says why",
                    ),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::Method;

    fn of(target: &str, length: Option<&str>) -> Result<Announced, u16> {
        let request = Request::of(Method::Put, target);
        let request = match length {
            Some(length) => request.with("content-length", length),
            None => request,
        };
        let oid = request.path.last().cloned().unwrap_or_default();
        announced(&request, &oid).map_err(|reply| reply.status)
    }

    #[test]
    fn size_is_what_the_address_or_the_head_says() {
        let sha256 = Sha256::of(b"x");
        let size = |target: &str, length| {
            let announced = of(&format!("/{sha256}{target}"), length)?;
            assert_eq!(announced.sha256, sha256);
            Ok(announced.size)
        };
        assert_eq!(size("?size=3", Some("3")), Ok(Some(3)));
        assert_eq!(size("?size=3", None), Ok(Some(3)));
        assert_eq!(size("", Some("3")), Ok(Some(3)));
        assert_eq!(size("", None), Ok(None));
        assert_eq!(size("?size=3", Some("4")), Err(422));
        assert_eq!(size("?size=-3", Some("3")), Err(422));
        assert_eq!(of("/abc", Some("3")), Err(422));
    }
}
