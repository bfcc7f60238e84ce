//! Recorded answers of other servers, when they are beside the sources: the corpus, the records, and the differences
//! that have a reason.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::http::Response;
use super::sandbox::Sandbox;
use super::server::Server;

/// The SPKs of the main corpus.
const CORPUS: usize = 2160;

/// Returns the folder of the records, where there is one: the one that `SPKREPO_ORACLE` names, or the usual one.
pub(crate) fn oracle() -> Option<PathBuf> {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle");
    let folder = std::env::var_os("SPKREPO_ORACLE").map_or_else(usual, PathBuf::from);
    folder.join("genspk.py").exists().then_some(folder)
}

/// Serves the main corpus, all of it on the channel `stable`.
pub(crate) fn serve_corpus(oracle: &Path) -> (Sandbox, Server) {
    let corpus = corpus(oracle);
    let sandbox = Sandbox::initialized();
    sandbox
        .run(&format!("add --channel stable '{}'", corpus.display()))
        .success();
    let server = Server::start(&sandbox, "");
    (sandbox, server)
}

/// Makes the corpus once; whoever else makes it meanwhile makes the same.
pub(crate) fn corpus(oracle: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle-main");
    if count_spks(&folder) == CORPUS {
        return folder;
    }
    let made = tempfile::Builder::new()
        .prefix("oracle-main-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
        .expect("a writable folder for files")
        .keep();
    let status = Command::new("python3")
        .arg(oracle.join("genspk.py"))
        .args(["corpus", "--seed", "42", "--out"])
        .arg(&made)
        .stdout(std::process::Stdio::null())
        .status()
        .expect("python3");
    assert!(status.success(), "the corpus could not be made");
    if std::fs::rename(&made, &folder).is_ok() {
        return folder;
    }
    // Another test was first, or left an incomplete one.
    if count_spks(&folder) == CORPUS {
        std::fs::remove_dir_all(&made).ok();
        folder
    } else {
        made
    }
}

fn count_spks(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| match path.is_dir() {
            true => count_spks(&path),
            false => usize::from(path.extension().is_some_and(|extension| extension == "spk")),
        })
        .sum()
}

fn text_of(path: &Path) -> String {
    let file = std::fs::File::open(path).expect("a file of the records");
    let mut text = String::new();
    GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("gzip and UTF-8");
    text
}

/// An SPK of the corpus.
pub(crate) struct Known {
    pub(crate) info: Value,
    pub(crate) md5: String,
}

impl Known {
    /// Returns a key of INFO.
    pub(crate) fn info(&self, key: &str) -> Option<&str> {
        self.info[key].as_str()
    }

    /// Returns the build number of the minimum DSM.
    pub(crate) fn minimum(&self) -> u32 {
        let minimum = self.info("os_min_ver").or(self.info("firmware"));
        minimum.map_or(0, |minimum| bound(minimum).1)
    }

    /// Returns whether DSM `major` with this build may run it, by the SPK's own bounds and DSM's lines.
    pub(crate) fn runs_on(&self, major: u32, build: u32) -> bool {
        let minimum = self.info("os_min_ver").or(self.info("firmware"));
        let (from_major, from_build) = minimum.map_or((0, 0), bound);
        let until_build = self.info("os_max_ver").map_or(u32::MAX, |max| bound(max).1);
        let serves_old = self.info("arch") == Some("noarch") && from_major <= 3;
        let line = from_major == major || (serves_old && (3..6).contains(&major));
        line && (from_build..=until_build).contains(&build)
    }
}

fn bound(text: &str) -> (u32, u32) {
    let number = |text: &str| text.parse().unwrap_or(0);
    let (version, build) = text.split_once('-').unwrap_or((text, "0"));
    let major = version.split('.').next().unwrap_or_default();
    (number(major), number(build))
}

/// Returns the corpus by file name.
pub(crate) fn known(oracle: &Path) -> HashMap<String, Known> {
    let all: Vec<Value> =
        serde_json::from_str(&text_of(&oracle.join("corpus-main.json.gz"))).expect("JSON");
    let all = all.into_iter().map(|mut spk| {
        let file = file_of(spk["file"].as_str().expect("a path")).to_owned();
        let known = Known {
            info: spk["params"]["info"].take(),
            md5: spk["md5"].as_str().expect("a digest").to_owned(),
        };
        (file, known)
    });
    all.collect()
}

/// Returns the number after the last `-`, which packagers raise with each version.
pub(crate) fn revision(version: &str) -> u32 {
    let (_, revision) = version.rsplit_once('-').expect("a revision");
    revision.parse().expect("a number")
}

/// Returns what follows the last `/`.
pub(crate) fn file_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// A recorded request and its answer.
pub(crate) struct Record(Value);

/// Returns the records of a file.
pub(crate) fn records(oracle: &Path, file: &str) -> Vec<Record> {
    let text = text_of(&oracle.join(file));
    let records = text
        .lines()
        .map(|line| Record(serde_json::from_str(line).expect("JSON")));
    records.collect()
}

impl Record {
    pub(crate) fn id(&self) -> &str {
        self.0["id"].as_str().expect("a text")
    }

    pub(crate) fn method(&self) -> &str {
        self.0["request"]["method"].as_str().expect("a text")
    }

    pub(crate) fn target(&self) -> &str {
        self.0["request"]["target"].as_str().expect("a text")
    }

    pub(crate) fn status(&self) -> u64 {
        self.0["response"]["status"].as_u64().expect("a number")
    }

    pub(crate) fn body(&self) -> &str {
        self.0["response"]["body"].as_str().unwrap_or_default()
    }

    /// Returns the first value of a parameter, the query's before the form's.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target().split_once('?').unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let value = pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()));
        let form = || Some(self.0["request"]["form"][name].as_str()?.to_owned());
        value.or_else(form)
    }

    /// Returns a header of the request.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0["request"]["headers"][name].as_str()
    }

    /// Says what of the request explains that another server answered it with another status, if anything does.
    ///
    /// Only what is said by another server's own routes is left to its test.
    pub(crate) fn status_reason(&self, theirs: u64, ours: u64) -> Option<&'static str> {
        let has = |name: &str| self.parameter(name).is_some_and(|value| !value.is_empty());
        let is_number = |name: &str| {
            let value = self.parameter(name).unwrap_or_default();
            !value.is_empty() && value.trim().bytes().all(|byte| byte.is_ascii_digit())
        };
        let is_platform = |text: String| {
            text.trim()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let (path, query) = self.target().split_once('?').unwrap_or((self.target(), ""));
        let has_none = query.is_empty() && self.0["request"]["form"].is_null();
        let is_catalog = path == "/";
        match (theirs, ours) {
            (200, 304) if self.header("If-None-Match") == Some("*") => Some("status: entity tag"),
            (405, 200..=304 | 416) if self.method() == "HEAD" => Some("status: HEAD"),
            (_, 200 | 204) if self.method() == "OPTIONS" => Some("status: OPTIONS"),
            (_, 405) if !["GET", "HEAD", "POST"].contains(&self.method()) => {
                Some("status: other methods")
            }
            (_, 400) if path.contains("..") || path.contains('%') => Some("status: odd path"),
            (_, 200) if is_catalog && has_none => Some("status: no parameters"),
            (_, 400) if is_catalog && !has("arch") => Some("status: no platform"),
            (_, 400) if is_catalog && !self.parameter("arch").is_some_and(is_platform) => {
                Some("status: no such platform")
            }
            (_, 400) if is_catalog && !is_number("build") => Some("status: no build number"),
            (400, 200) if !has("major") || !has("minor") => Some("status: no major or minor"),
            (400, 200) if !is_number("major") || !is_number("minor") || is_number("build") => {
                Some("status: odd numbers")
            }
            _ => None,
        }
    }

    /// Asks the server the same, at `target`.
    pub(crate) fn replay_at(&self, server: &Server, target: &str) -> Response {
        let request = &self.0["request"];
        let headers = request["headers"].as_object();
        let headers: Vec<(&str, &str)> = headers
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value.as_str().expect("a text")))
            .collect();
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in request["form"].as_object().into_iter().flatten() {
            form.append_pair(name, value.as_str().expect("a text"));
        }
        let body = form.finish();
        let mut answer = server.request(self.method(), target, &headers, body.as_bytes());
        answer.body = answer.decoded();
        answer
    }

    /// Asks the server the same.
    pub(crate) fn replay(&self, server: &Server) -> Response {
        self.replay_at(server, self.target())
    }
}

/// What differs, by the name of the difference: the first example, and the records that it was seen in.
#[derive(Default)]
pub(crate) struct Differences {
    seen: BTreeMap<String, (String, BTreeSet<String>)>,
    record: String,
    replayed: BTreeSet<String>,
}

/// The name of a difference, the id of a record that has it, and why it is there.
pub(crate) type Reason = (&'static str, &'static str, &'static str);

impl Differences {
    /// Says which record is compared now.
    pub(crate) fn begin(&mut self, record: &Record) {
        record.id().clone_into(&mut self.record);
        self.replayed.insert(self.record.clone());
    }

    /// Notes a difference.
    pub(crate) fn note(&mut self, name: &str, example: impl FnOnce() -> String) {
        if !self.seen.contains_key(name) {
            self.seen
                .insert(name.to_owned(), (example(), BTreeSet::new()));
        }
        if let Some((_, records)) = self.seen.get_mut(name) {
            records.insert(self.record.clone());
        }
    }

    /// Notes a difference unless both are the same.
    pub(crate) fn compare<T: PartialEq + std::fmt::Debug>(
        &mut self,
        name: &str,
        id: &str,
        theirs: &T,
        ours: &T,
    ) {
        if theirs != ours {
            self.note(name, || format!("{id}: theirs {theirs:?}, ours {ours:?}"));
        }
    }

    /// Demands that each difference has a reason, and each reason a difference in its record, where that was replayed.
    #[track_caller]
    pub(crate) fn have_reasons(&self, reasons: &[Reason]) {
        let known = |name: &str| reasons.iter().any(|(known, ..)| *known == name);
        let without = self.seen.iter().filter(|(name, _)| !known(name));
        let without: Vec<_> = without
            .map(|(name, (example, _))| (name, example))
            .collect();
        let is_stale = |(name, record, _): &&Reason| {
            let seen = self.seen.get(*name);
            self.replayed.contains(*record)
                && !seen.is_some_and(|(_, records)| records.contains(*record))
        };
        let stale: Vec<_> = reasons.iter().filter(is_stale).collect();
        assert!(without.is_empty(), "without a reason: {without:#?}");
        assert!(stale.is_empty(), "no longer so: {stale:#?}");
    }
}
