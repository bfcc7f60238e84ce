//! A recorded request and the answer that another server gave to it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

use super::asked::Asked;
use crate::support::http::Response;
use crate::support::server::Server;

/// One line of a recording.
#[derive(Deserialize)]
pub(super) struct Recorded {
    pub(super) id: String,
    pub(super) request: Request,
    pub(super) response: Answer,
}

#[derive(Deserialize)]
pub(super) struct Request {
    form: Option<BTreeMap<String, String>>,
    headers: Option<BTreeMap<String, String>>,
    pub(super) method: String,
    pub(super) target: String,
}

#[derive(Deserialize)]
pub(super) struct Answer {
    body: Option<String>,
    body_base64: Option<String>,
    headers: Vec<(String, String)>,
    pub(super) status: u16,
}

/// Reads a recording, which is gzipped, an object a line.
pub(super) fn recorded(path: &Path) -> Vec<Recorded> {
    let lines = BufReader::new(gunzip(path)).lines();
    lines
        .map(|line| serde_json::from_str(&line.expect("UTF-8")).expect("a recorded request"))
        .collect()
}

/// Opens a gzipped file.
pub(super) fn gunzip(path: &Path) -> impl Read {
    GzDecoder::new(fs_err::File::open(path).expect("a file of the recordings"))
}

impl Recorded {
    /// Returns what was asked, for the reasons of differences.
    pub(super) fn asked(&self) -> Rc<Asked> {
        let request = &self.request;
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((&request.target, ""));
        let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let form = request.form.clone().unwrap_or_default();
        let mut parameters = BTreeMap::new();
        for (name, value) in query.into_iter().chain(form) {
            parameters.entry(name).or_insert(value);
        }
        let headers = request.headers.iter().flatten();
        Rc::new(Asked {
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
                .collect(),
            parameters,
            path: path.to_owned(),
        })
    }

    /// Asks `server` the same.
    ///
    /// An entity tag of a file that was recorded is the other server's own: ours is sent in its place.
    #[track_caller]
    pub(super) fn ask(&self, server: &Server) -> Response {
        let request = &self.request;
        let mut headers = request.headers.clone().unwrap_or_default();
        for name in ["If-Match", "If-None-Match", "If-Range"] {
            if let Some(tag) = headers.get_mut(name).filter(|tag| is_theirs(tag)) {
                let head = server.request("HEAD", &request.target, &[], b"");
                *tag = head.header("etag").expect("a tag").to_owned();
            }
        }
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let form = request.form.iter().flatten();
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut answer =
            server.request(&request.method, &request.target, &headers, body.as_bytes());
        answer.body = answer.decoded();
        answer
    }
}

/// The original's tags are made of numbers: `"1795246799.73-30720-1259428760"`.
fn is_theirs(tag: &str) -> bool {
    let inner = tag
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| {
        inner
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".-".contains(&byte))
    })
}

impl Answer {
    /// Returns the body, where it was recorded.
    pub(super) fn body(&self) -> Option<Vec<u8>> {
        let text = self.body.as_ref().map(|body| body.clone().into_bytes());
        text.or_else(|| {
            let encoded = self.body_base64.as_ref()?;
            Some(STANDARD.decode(encoded).expect("Base64"))
        })
    }

    /// Returns the body, where it is a catalog.
    pub(super) fn catalog(&self) -> Option<Value> {
        serde_json::from_slice(&self.body()?).ok()
    }

    /// Returns the value of a header, whose name is given in any case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}
