//! Requests of any kind and length: what a status means is left to the caller, and silence is bounded instead of the
//! whole time, since an SPK may be large and a line slow.

use std::io::Read;
use std::time::Duration;

use ureq::http::{Request, Response, header};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body, SendBody};

use super::client::{Roots, check_address};
use super::error::WebError;

/// Carries requests to servers and their answers back. It keeps connections open and may be shared between threads.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    agent: Agent,
}

/// What is asked for.
pub(crate) struct Asking<'a, 'p> {
    pub(crate) headers: Vec<(&'a str, String)>,
    pub(crate) method: &'static str,
    pub(crate) payload: Payload<'p>,
    pub(crate) url: &'a str,
}

/// What goes along with a request.
pub(crate) enum Payload<'a> {
    Bytes(&'a [u8]),
    None,
    /// `length` bytes of a source. When it ends or fails before, the connection is cut and the server knows that the
    /// request was not whole.
    Stream {
        length: u64,
        source: &'a mut dyn Read,
    },
}

/// What came back. The content is read by whoever wants it.
#[derive(Debug)]
pub(crate) struct Answer {
    response: Response<Body>,
    url: String,
}

const AGENT: &str = concat!("spkrepo/", env!("CARGO_PKG_VERSION"));
/// What a service of this machine may take.
const NEAR: Duration = Duration::from_secs(1);
/// Until there is a connection, with its TLS.
const CONNECT: Duration = Duration::from_secs(20);
/// How long a server may think about what it answers: an object store may put a large upload together meanwhile.
const THINK: Duration = Duration::from_secs(300);
/// How long nothing may come, or be taken.
const SILENCE: Duration = Duration::from_secs(60);
/// Connections that are kept open.
const IDLE: usize = 32;

impl Transport {
    /// Returns one that believes servers that `roots` vouch for, and follows so many redirections.
    pub(crate) fn new(roots: Roots, redirects: u32) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(redirects)
            .max_redirects_will_error(false)
            .max_idle_connections(IDLE)
            .max_idle_connections_per_host(IDLE)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(THINK))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .tls_config(TlsConfig::builder().root_certs(roots.0).build())
            .user_agent(AGENT)
            // Bytes are compared with digests: they must arrive as they are stored.
            .accept_encoding("identity")
            .build();
        Self {
            agent: config.into(),
        }
    }

    /// Returns one for services of this machine's own, such as the one that tells a container its credentials. It asks them
    /// directly, follows nothing, and does not wait where there is none.
    pub(crate) fn near() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(NEAR))
            .timeout_global(Some(2 * NEAR))
            .user_agent(AGENT)
            .build();
        Self {
            agent: config.into(),
        }
    }

    /// Asks, and returns whatever is answered.
    pub(crate) fn ask(&self, asking: Asking<'_, '_>) -> Result<Answer, WebError> {
        let shown = shown(asking.url);
        check_address(asking.url)?;
        let mut request = Request::builder().method(asking.method).uri(asking.url);
        for (name, value) in asking.headers {
            request = request.header(name, value);
        }
        let failed = |error| failed(&shown, error);
        let answer = match asking.payload {
            Payload::None => self
                .agent
                .run(request.body(()).map_err(to_http).map_err(failed)?),
            Payload::Bytes(bytes) => {
                let request = request.body(bytes).map_err(to_http).map_err(failed)?;
                self.agent.run(request)
            }
            Payload::Stream { length, source } => {
                let request = request.header(header::CONTENT_LENGTH, length);
                let request = request.body(SendBody::from_reader(source));
                self.agent.run(request.map_err(to_http).map_err(failed)?)
            }
        };
        Ok(Answer {
            response: answer.map_err(failed)?,
            url: shown,
        })
    }
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Returns the value of a header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// Returns how long the content is, if the server says so.
    pub(crate) fn length(&self) -> Option<u64> {
        self.header(header::CONTENT_LENGTH.as_str())?.parse().ok()
    }

    /// Returns the address that was asked, without what may be secret in it.
    pub(crate) fn shown_url(&self) -> &str {
        &self.url
    }

    /// Returns the content, which must not be longer than `max` bytes.
    pub(crate) fn bytes(mut self, max: u64) -> Result<Vec<u8>, WebError> {
        let body = self.response.body_mut().with_config().limit(max);
        body.read_to_vec().map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(max) => WebError::TooLarge { max, url: self.url },
            error => failed(&self.url, error),
        })
    }

    /// Returns the content to be read.
    pub(crate) fn reader(self) -> impl Read + Send {
        self.response
            .into_body()
            .into_with_config()
            .limit(u64::MAX)
            .reader()
    }
}

/// Returns an address as people may see it: a query may be a signature, which is as good as a password while it counts.
fn shown(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn to_http(error: ureq::http::Error) -> ureq::Error {
    ureq::Error::Http(error)
}

fn failed(url: &str, error: ureq::Error) -> WebError {
    let url = url.to_owned();
    match error {
        ureq::Error::Timeout(_) => WebError::Silent { url },
        error => WebError::Failed {
            source: Box::new(error),
            url,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_signature_is_not_shown() {
        for (url, expected) in [
            (
                "https://b.example.org/x?X-Amz-Signature=00ff",
                "https://b.example.org/x",
            ),
            ("https://b.example.org/x#y", "https://b.example.org/x"),
            ("https://b.example.org/x", "https://b.example.org/x"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }

    #[test]
    fn an_error_does_not_show_the_query() {
        let transport = Transport::new(Roots::default(), 0);
        let asking = Asking {
            headers: Vec::new(),
            method: "GET",
            payload: Payload::None,
            url: "http://127.0.0.1:1/x?secret",
        };
        let error = transport.ask(asking).expect_err("nobody listens there");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("secret"), "{text}");
    }
}
