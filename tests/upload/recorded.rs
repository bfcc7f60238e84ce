//! The uploads that SynoCommunity's spkrepo was sent, sent to this server: the same answers, or a reason why not.
//!
//! The recordings are not part of this repository: without them this test does nothing. They were made in order on one
//! server, so what this server takes and the original did not is taken back before the next.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

use super::reasons::{KNOWN, Outcome};
use crate::support::digest::sha256;
use crate::support::http::Response;
use crate::support::replay::oracle;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;

/// One recorded upload.
#[derive(Deserialize)]
struct Upload {
    /// Absent when it is kept back.
    answer: Option<Answer>,
    id: String,
    params: Option<Parameters>,
    request: Request,
    spk: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    body: String,
    status: u16,
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    info: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Request {
    chunked: bool,
    headers: BTreeMap<String, String>,
    method: String,
    target: String,
}

/// The people that the recordings name, with their roles here. A role that only administers packages is not known here.
const PEOPLE: [(&str, &str); 4] = [
    ("admin", "role = 'admin'"),
    ("dev", "role = 'developer'"),
    ("padmin", ""),
    ("plain", ""),
];

fn people() -> String {
    let person = |(nick, role): &(&str, &str)| {
        let digest = sha256(format!("{nick}key0123456789").as_bytes());
        format!(
            "[people.{nick}]\nname = '{nick}'\n{role}\n[people.{nick}.tokens.key]\nsha256 = '{digest}'\n"
        )
    };
    PEOPLE.iter().map(person).collect()
}

impl Upload {
    fn info(&self, key: &str) -> &str {
        let info = self.params.as_ref().map(|params| &params.info);
        let value = info.and_then(|info| info.get(key));
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the original refused it; of one that is kept back, as far as its name and package tell.
    fn was_refused(&self) -> bool {
        match &self.answer {
            Some(answer) => answer.status >= 400,
            None => self.id.starts_with("conflict") || self.info("package") == "beta1",
        }
    }

    #[track_caller]
    fn send(&self, server: &Server, folder: &Path) -> Response {
        let read = |path: &String| fs_err::read(folder.join(path)).expect("a recorded body");
        let body = self.spk.as_ref().map(read).unwrap_or_default();
        let request = &self.request;
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: x\r\n",
            request.method, request.target
        );
        for (name, value) in request.headers.iter().filter(|(name, _)| *name != "Host") {
            head += &format!("{name}: {value}\r\n");
        }
        let mut connection = server.connect();
        let framed = match request.chunked {
            _ if request.method == "GET" => format!("{head}\r\n").into_bytes(),
            true => [
                format!(
                    "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n",
                    body.len()
                )
                .as_bytes(),
                &body,
                b"\r\n0\r\n\r\n",
            ]
            .concat(),
            false => [
                format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(),
                &body,
            ]
            .concat(),
        };
        connection.send(&framed);
        connection.response(&request.method)
    }
}

fn recorded(folder: &Path) -> Vec<Upload> {
    let file = fs_err::File::open(folder.join("spkrepo/uploads.json.gz")).expect("a recording");
    let mut text = String::new();
    let read = GzDecoder::new(file).read_to_string(&mut text);
    read.expect("gzip");
    serde_json::from_str(&text).expect("recorded uploads")
}

/// Returns what differs in the first four keys of what was published.
fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let set = |value: &Value| -> BTreeSet<String> {
        let list = value["architectures"].as_array().into_iter().flatten();
        list.map(|arch| arch.as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let mut found: Vec<String> = ["package", "version", "firmware"]
        .into_iter()
        .filter(|key| ours[key] != theirs[key])
        .map(|key| format!("{key}: {} instead of {}", ours[key], theirs[key]))
        .collect();
    if set(ours) != set(theirs) {
        found.push(format!("{:?} instead of {:?}", set(ours), set(theirs)));
    }
    found
}

/// What was answered to one upload, for the reasons.
fn outcome(upload: &Upload, ours: &Response, is_new: bool) -> Option<Outcome> {
    let answer = upload.answer.as_ref()?;
    let theirs: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let json = ours.json();
    let message = |value: &Value| value["message"].as_str().unwrap_or_default().to_owned();
    let both_published = ours.status == 201 && answer.status == 201;
    Some(Outcome {
        differences: if both_published {
            differences(&json, &theirs)
        } else {
            Vec::new()
        },
        authorization: upload
            .request
            .headers
            .get("Authorization")
            .cloned()
            .unwrap_or_default(),
        id: upload.id.clone(),
        is_new,
        ours: (ours.status, message(&json)),
        theirs: (answer.status, message(&theirs)),
    })
}

#[test]
fn recorded_uploads_are_answered_as_the_original_answered() {
    let Some(oracle) = oracle() else {
        return;
    };
    let sandbox = Sandbox::initialized();
    let archive = fs_err::File::open(oracle.join("corpus-upload.tar.gz")).expect("the bodies");
    let unpacked = tar::Archive::new(GzDecoder::new(archive)).unpack(sandbox.path("bodies"));
    unpacked.expect("a writable folder");
    sandbox.write("maintainers.toml", &people());
    sandbox.git("commit --quiet --all -m people");
    let server = Server::start(&sandbox, "--upload");
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    let mut compared = BTreeSet::new();
    for upload in recorded(&oracle) {
        let before = sandbox.head();
        let ours = upload.send(&server, &sandbox.path("bodies"));
        let is_new = sandbox.head() != before;
        if is_new && upload.was_refused() {
            sandbox.git("reset --quiet --hard HEAD^");
        }
        let Some(outcome) = outcome(&upload, &ours, is_new) else {
            continue;
        };
        compared.insert(upload.id.clone());
        match outcome.problem() {
            None => {}
            Some(problem) => match KNOWN.iter().position(|known| (known.holds)(&outcome)) {
                Some(known) => {
                    used.insert(known);
                }
                None => problems.push(problem),
            },
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(compared.len() > 50, "{} were compared", compared.len());
    for (at, known) in KNOWN.iter().enumerate() {
        let is_needed = used.contains(&at) || !compared.contains(known.example);
        assert!(is_needed, "no difference any more: {}", known.reason);
    }
    sandbox.fsck();
}
