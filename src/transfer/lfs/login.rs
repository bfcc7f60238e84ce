//! Finds a Git LFS server, and what lets us in: what git sends along to its address, a token that ssh gives, or a password of
//! a credential helper, which is asked only when the server wants one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::git::{Credential, LfsServer, Network, Store};
use crate::transfer::error::TransferError;
use crate::transfer::remote::Way;
use crate::transfer::wire::Wire;
use crate::web::Answer;

/// The git repository whose remotes and credentials count.
#[derive(Clone)]
pub(crate) struct GitAccess {
    pub(crate) network: Network,
    pub(crate) store: Arc<Mutex<Store>>,
}

impl GitAccess {
    /// Returns the server that git-lfs would use.
    pub(in crate::transfer) fn server(&self) -> Result<LfsServer, TransferError> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(store.lfs_server(&self.network)?)
    }
}

/// Headers, by their names.
pub(super) type Headers = Vec<(String, String)>;

/// How to get into a server.
pub(in crate::transfer) struct Login {
    git: GitAccess,
    known: Mutex<BTreeMap<Way, Known>>,
    server: LfsServer,
}

/// What let us in.
#[derive(Clone)]
struct Known {
    /// ssh may name another one for each way.
    address: String,
    headers: Headers,
}

/// What `git-lfs-authenticate` prints.
#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    href: Option<String>,
    #[serde(default)]
    header: BTreeMap<String, String>,
}

const AUTHORIZATION: &str = "Authorization";

impl Login {
    pub(in crate::transfer) fn new(git: GitAccess, server: LfsServer) -> Self {
        Self {
            git,
            known: Mutex::default(),
            server,
        }
    }

    pub(super) fn shown(&self) -> String {
        format!("lfs+{}", bare(&self.server.address))
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Way, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.git
            .store
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks by `ask`, which is given the server's address and headers. When the server lets nobody in, it is asked again with
    /// a new token of ssh or a password.
    pub(super) fn let_in(
        &self,
        wire: &Wire,
        way: Way,
        ask: impl Fn(&str, &[(String, String)]) -> Result<Answer, TransferError>,
    ) -> Result<Answer, TransferError> {
        let known = self.known().get(&way).cloned();
        let known = match known {
            Some(known) => known,
            None => self.greet(wire, way)?,
        };
        let answer = ask(&bare(&known.address), &known.headers)?;
        if answer.status() != 401 {
            self.known().insert(way, known);
            return Ok(answer);
        }
        if self.server.ssh.is_some() {
            // A token of ssh counts for some minutes.
            let known = self.greet(wire, way)?;
            let answer = ask(&bare(&known.address), &known.headers)?;
            self.known().insert(way, known);
            return Ok(answer);
        }
        self.with_password(wire, way, known, ask)
    }

    fn with_password(
        &self,
        wire: &Wire,
        way: Way,
        mut known: Known,
        ask: impl Fn(&str, &[(String, String)]) -> Result<Answer, TransferError>,
    ) -> Result<Answer, TransferError> {
        let credential = self.credential(wire, &known.address)?;
        let authorization = format!("{}:{}", credential.user, credential.password);
        let authorization = format!("Basic {}", STANDARD.encode(authorization));
        known
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case(AUTHORIZATION));
        known
            .headers
            .push((AUTHORIZATION.to_owned(), authorization));
        let answer = ask(&bare(&known.address), &known.headers)?;
        let is_right = !matches!(answer.status(), 401 | 403);
        self.store()
            .judge_credential(&self.git.network, &credential, is_right);
        if is_right {
            self.known().insert(way, known);
        }
        Ok(answer)
    }

    /// Returns what lets us in at `href`, if that is the same server: no password goes anywhere else.
    pub(super) fn headers_for(&self, href: &str) -> Headers {
        let known = self.known();
        let mut known = known.values();
        let of_server = known.find(|known| origin(&bare(&known.address)) == origin(href));
        of_server
            .map(|known| known.headers.clone())
            .unwrap_or_default()
    }

    fn credential(&self, wire: &Wire, server: &str) -> Result<Credential, TransferError> {
        let credential = self.store().credential(&self.git.network, server);
        credential.map_err(|_| TransferError::Denied {
            reason: "it wants a user and a password, and no credential helper of git has them"
                .to_owned(),
            remote: wire.name.clone(),
        })
    }

    /// Returns the server's address and the headers that git or ssh know to be of use.
    fn greet(&self, wire: &Wire, way: Way) -> Result<Known, TransferError> {
        let (network, server) = (&self.git.network, &self.server);
        let Some(ssh) = &server.ssh else {
            let extra = self.store().extra_header(network, &server.address);
            return Ok(Known {
                address: server.address.clone(),
                headers: extra.into_iter().collect(),
            });
        };
        let given = self
            .store()
            .lfs_authenticate(network, ssh, way.operation())?;
        let given: Given =
            serde_json::from_str(&given).map_err(|error| TransferError::Protocol {
                reason: format!("what `git-lfs-authenticate` printed is no answer ({error})"),
                remote: wire.name.clone(),
            })?;
        let address = given.href.unwrap_or_else(|| server.address.clone());
        Ok(Known {
            address: address.trim_end_matches('/').to_owned(),
            headers: given.header.into_iter().collect(),
        })
    }
}

/// Returns an address without its user, for whom credential helpers are asked.
fn bare(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

/// Returns scheme, host and port, which make a server (RFC 6454 §4).
fn origin(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    Some((scheme, rest.split(['/', '?', '#']).next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_for_credential_helpers_and_not_for_the_server() {
        assert_eq!(bare("https://me@h/a@b"), "https://h/a@b");
        assert_eq!(bare("https://h"), "https://h");
    }

    #[test]
    fn a_server_is_a_scheme_a_host_and_a_port() {
        assert_eq!(origin("https://h:1/x?y"), origin("https://h:1/z"));
        for other in ["http://h:1/x", "https://h:2/x", "https://h.evil:1/x", "x"] {
            assert_ne!(origin("https://h:1/x"), origin(other), "{other}");
        }
    }
}
