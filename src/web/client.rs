//! A client that waits, reads and follows no more than it was told.

use std::io::Read as _;
use std::time::Duration;

use ureq::http::{Response, Uri, header};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::error::WebError;
use super::form::Form;

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Bytes of an answer.
    pub(crate) body: u64,
    /// Until there is a connection, with its TLS.
    pub(crate) connect: Duration,
    /// Redirections that are followed.
    pub(crate) redirects: u32,
    /// From the first look-up of the name to the last byte.
    pub(crate) total: Duration,
}

/// The authorities that vouch for servers.
#[derive(Clone, Debug)]
pub(crate) struct Roots(pub(super) RootCerts);

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// Asks web servers.
#[derive(Debug)]
pub(crate) struct Client {
    pub(super) agent: Agent,
    bounds: Bounds,
}

impl Default for Roots {
    /// Returns those that Mozilla trusts, which are part of the program.
    fn default() -> Self {
        Self(RootCerts::WebPki)
    }
}

impl Roots {
    /// Takes the certificates in `pem` instead of those that Mozilla trusts.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, WebError> {
        let certificates: Vec<_> = parse_pem(pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if certificates.is_empty() {
            return Err(WebError::NoRoots);
        }
        Ok(Self(certificates.into()))
    }
}

impl Client {
    /// Returns a client that believes servers that `roots` vouch for.
    pub(crate) fn new(bounds: Bounds, roots: Roots) -> Self {
        let config = Agent::config_builder()
            // What a status means is said here, in one form for all of them.
            .http_status_as_error(false)
            .max_redirects(bounds.redirects)
            .max_redirects_will_error(false)
            .timeout_connect(Some(bounds.connect))
            .timeout_global(Some(bounds.total))
            .tls_config(TlsConfig::builder().root_certs(roots.0).build())
            .user_agent(concat!("spkrepo/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.into(),
            bounds,
        }
    }

    /// Sends `form` to `url` and returns what a good answer holds.
    pub(crate) fn post(&self, url: &str, form: &Form) -> Result<Vec<u8>, WebError> {
        check_address(url)?;
        let request = self.agent.post(url);
        let request = request.header(header::CONTENT_TYPE, form.content_type());
        let answer = request.send(form.body());
        self.content(url, answer)
    }

    /// Returns what a good answer holds.
    pub(crate) fn get(&self, url: &str) -> Result<Vec<u8>, WebError> {
        check_address(url)?;
        self.content(url, self.agent.get(url).call())
    }

    /// Asks without the content; returns how long a good answer says that it is.
    pub(crate) fn head(&self, url: &str) -> Result<Option<u64>, WebError> {
        check_address(url)?;
        let answer = self.good(url, self.agent.head(url).call())?;
        let length = answer.headers().get(header::CONTENT_LENGTH);
        Ok(length.and_then(|length| length.to_str().ok()?.parse().ok()))
    }

    /// Gives `sink` what a good answer holds, piece by piece.
    pub(crate) fn read(&self, url: &str, mut sink: impl FnMut(&[u8])) -> Result<(), WebError> {
        check_address(url)?;
        let mut answer = self.good(url, self.agent.get(url).call())?;
        let body = answer.body_mut().with_config().limit(self.bounds.body);
        let (mut reader, mut piece) = (body.reader(), vec![0; PIECE]);
        loop {
            match reader.read(&mut piece).map_err(ureq::Error::from) {
                Ok(0) => return Ok(()),
                Ok(length) => sink(&piece[..length]),
                Err(error) => return Err(self.failed(url, error)),
            }
        }
    }

    fn content(
        &self,
        url: &str,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<Vec<u8>, WebError> {
        let mut answer = self.good(url, answer)?;
        let body = answer.body_mut().with_config().limit(self.bounds.body);
        body.read_to_vec().map_err(|error| self.failed(url, error))
    }

    /// Returns an answer that has what was asked for.
    fn good(
        &self,
        url: &str,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, WebError> {
        let answer = answer.map_err(|error| self.failed(url, error))?;
        let status = answer.status();
        if status.is_redirection() {
            let to = answer.headers().get(header::LOCATION);
            let to = to.and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
            return Err(WebError::Redirected {
                to: to.to_owned(),
                url: url.to_owned(),
            });
        }
        if !status.is_success() {
            return Err(WebError::Status {
                status: status.as_u16(),
                url: url.to_owned(),
            });
        }
        Ok(answer)
    }

    pub(super) fn failed(&self, url: &str, error: ureq::Error) -> WebError {
        let url = url.to_owned();
        match error {
            ureq::Error::BodyExceedsLimit(max) => WebError::TooLarge { max, url },
            ureq::Error::Timeout(_) => WebError::TimedOut {
                seconds: self.bounds.total.as_secs_f64(),
                url,
            },
            error => WebError::Failed {
                source: Box::new(error),
                url,
            },
        }
    }
}

/// An address is shown in messages: there must be nothing secret in it.
pub(super) fn check_address(url: &str) -> Result<(), WebError> {
    let uri = url.parse::<Uri>().ok();
    let is_fine = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri
                .authority()
                .is_some_and(|host| !host.as_str().contains('@'))
    });
    if is_fine {
        Ok(())
    } else {
        Err(WebError::Address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_a_host_and_no_password() {
        for url in ["http://time.example.org/x", "https://[::1]:8443"] {
            assert!(check_address(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "time.example.org",
            "ftp://time.example.org",
            "http://",
            "http://me:secret@time.example.org/",
            "https:///x",
            "/etc/passwd",
        ] {
            let error = check_address(url).expect_err(url).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn authorities_come_from_pem_with_a_certificate_in_it() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a name");
        assert!(Roots::from_pem(made.cert.pem().as_bytes()).is_ok());
        let key = made.signing_key.serialize_pem();
        for pem in ["", "nothing", key.as_str()] {
            assert!(matches!(
                Roots::from_pem(pem.as_bytes()),
                Err(WebError::NoRoots)
            ));
        }
    }
}
