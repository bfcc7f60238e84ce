//! Credentials that a machine or a container gives whatever runs on it, for some hours at a time.
//!
//! AWS SDKs and Tools Reference Guide, "Container credential provider" and "IMDS credential provider" (version 2 alone:
//! version 1 answers anybody who can have this program ask an address).

use std::io;

use fs_err as fs;
use jiff::Timestamp;
use rusty_s3::Credentials;
use rusty_s3::credentials::Ec2SecurityCredentialsMetadataResponse;

use super::access::Container;
use crate::web::{Answer, Asking, Payload, Transport, WebError};

/// Credentials that count for a while.
pub(super) struct Lent {
    pub(super) credentials: Credentials,
    pub(super) until: Timestamp,
}

/// Says why a service gave none. What it answered may be a secret, and is not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MachineError {
    #[error(
        "`{url}` is not asked for credentials: without TLS it must be on this machine, or where Amazon has it"
    )]
    Address { url: String },
    #[error("`{url}` answered with something else than credentials")]
    Answer { url: String },
    #[error("could not read the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names")]
    File {
        #[source]
        source: io::Error,
    },
    #[error("`{url}` answered with status {status}")]
    Status { status: u16, url: String },
    #[error(transparent)]
    Web(#[from] WebError),
}

/// Bytes of an answer.
const ANSWER: u64 = 64 << 10;
/// Where ECS and EKS have the service, besides the machine itself.
const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "X-aws-ec2-metadata-token";

/// Asks the service of a container.
pub(super) fn of_container(near: &Transport, container: &Container) -> Result<Lent, MachineError> {
    let url = &container.url;
    if !is_near(url) {
        return Err(MachineError::Address { url: url.clone() });
    }
    let authorization = match &container.authorization_file {
        Some(file) => {
            let text = fs::read_to_string(file).map_err(|source| MachineError::File { source })?;
            Some(text.trim().to_owned())
        }
        None => container.authorization.clone(),
    };
    let headers = authorization.map(|value| ("Authorization", value));
    let answer = ask(near, "GET", url, headers.into_iter().collect())?;
    lent(answer)
}

/// Asks the metadata service at `endpoint`, if there is one and the machine has a role.
pub(super) fn of_ec2(near: &Transport, endpoint: &str) -> Option<Lent> {
    let endpoint = endpoint.trim_end_matches('/');
    let ttl = vec![(TTL, "300".to_owned())];
    let token = ask(near, "PUT", &format!("{endpoint}/latest/api/token"), ttl).ok()?;
    let token = text(token)?;
    let get = |path: &str| {
        let headers = vec![(TOKEN, token.clone())];
        ask(near, "GET", &format!("{endpoint}{path}"), headers).ok()
    };
    let roles = text(get(ROLES)?)?;
    let role = roles.lines().next().map(str::trim)?;
    // It becomes part of a path.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if role.is_empty() || !role.chars().all(is_plain) {
        return None;
    }
    lent(get(&format!("{ROLES}{role}"))?).ok()
}

fn ask(
    near: &Transport,
    method: &'static str,
    url: &str,
    headers: Vec<(&str, String)>,
) -> Result<Answer, MachineError> {
    let answer = near.ask(Asking {
        headers,
        method,
        payload: Payload::None,
        url,
    })?;
    match answer.status() {
        200 => Ok(answer),
        status => Err(MachineError::Status {
            status,
            url: answer.shown_url().to_owned(),
        }),
    }
}

fn text(answer: Answer) -> Option<String> {
    String::from_utf8(answer.bytes(ANSWER).ok()?).ok()
}

fn lent(answer: Answer) -> Result<Lent, MachineError> {
    let url = answer.shown_url().to_owned();
    let read = |text: String| Ec2SecurityCredentialsMetadataResponse::deserialize(&text).ok();
    let response = text(answer)
        .and_then(read)
        .ok_or(MachineError::Answer { url })?;
    Ok(Lent {
        until: response.expiration(),
        credentials: response.into_credentials(),
    })
}

/// Says whether credentials may be asked for there: nobody else must be able to answer.
fn is_near(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return url.starts_with("https://");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_loopback = host
        .parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    is_loopback || host == "localhost" || CONTAINER_HOSTS.contains(&host)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Said, answering};
    use super::*;

    const ROLE: &str = "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\
                        \"Expiration\":\"2030-01-01T00:00:00Z\"}";

    #[test]
    fn only_near_addresses_are_asked_without_tls() {
        for url in [
            "http://169.254.170.2/v2/credentials/x",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://localhost:8080/x",
            "http://127.0.0.1/x",
            "https://example.org/x",
        ] {
            assert!(is_near(url), "{url}");
        }
        for url in [
            "http://example.org/x",
            "http://169.254.170.2.example.org/",
            "http://127.0.0.1@example.org/",
            "ftp://localhost/",
        ] {
            assert!(!is_near(url), "{url}");
        }
    }

    #[test]
    fn a_container_shows_its_token_and_gets_credentials() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("token");
        fs::write(&file, "of-the-pod\n").expect("writable");
        let answer = |said: &Said| {
            assert_eq!(said.header("authorization"), Some("of-the-pod"));
            (200, Vec::new(), ROLE.as_bytes().to_vec())
        };
        let lent = answering(answer, |address| {
            let container = Container {
                authorization: None,
                authorization_file: Some(file),
                url: format!("{address}/v1/credentials"),
            };
            of_container(&Transport::near(), &container)
        });
        let lent = lent.expect("there are credentials");
        assert_eq!(
            lent.credentials,
            Credentials::new_with_token("ASIA", "s", "t")
        );
    }

    #[test]
    fn a_machine_at_ec2_is_asked_by_version_2() {
        let answer = |said: &Said| match said.request.as_str() {
            "PUT /latest/api/token" => (200, Vec::new(), b"session".to_vec()),
            "GET /latest/meta-data/iam/security-credentials/"
                if said.header("x-aws-ec2-metadata-token") == Some("session") =>
            {
                (200, Vec::new(), b"publisher\n".to_vec())
            }
            "GET /latest/meta-data/iam/security-credentials/publisher"
                if said.header("x-aws-ec2-metadata-token") == Some("session") =>
            {
                (200, Vec::new(), ROLE.as_bytes().to_vec())
            }
            _ => (401, Vec::new(), Vec::new()),
        };
        let lent = answering(answer, |address| of_ec2(&Transport::near(), address));
        assert_eq!(lent.expect("it has a role").credentials.key(), "ASIA");
        let nobody = answering(
            |_| (404, Vec::new(), Vec::new()),
            |address| of_ec2(&Transport::near(), address),
        );
        assert!(nobody.is_none());
    }
}
