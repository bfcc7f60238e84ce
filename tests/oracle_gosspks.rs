//! What jdel/gosspks answered over the main corpus, asked of this program: each difference has a reason.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::support::http::Response;
use crate::support::replay::{
    Differences, Known, Record, file_of, known, oracle, records, revision, serve_corpus,
};
use crate::support::server::Server;

const NOT_READ: &str = "a key of INFO that DSM does not read in the catalog";
const ALSO: &str = "told here: DSM or a person needs it";
const ASKS: &str =
    "a licence or a wizard for this step asks something, a folder of other wizards does not";
const UNKNOWN: &str = "of no use to who has not opened the SPK; not kept";

const REASONS: &[(&str, &str)] = &[
    ("not told: arch", NOT_READ),
    ("not told: checksum", UNKNOWN),
    ("not told: firmware", NOT_READ),
    ("not told: helpurl", NOT_READ),
    ("not told: install_conflict_packages", NOT_READ),
    ("not told: install_dep_packages", NOT_READ),
    ("not told: install_dep_services", NOT_READ),
    ("not told: qinst", ASKS),
    ("not told: qstart", ASKS),
    (
        "not told: qupdate",
        "the catalog has `qupgrade`; and a licence asks something",
    ),
    (
        "not told: start",
        "DSM does not read it; the list says whether the package can be started",
    ),
    ("not told: support_conf_folder", UNKNOWN),
    (
        "not told: thumbnail_retina",
        "no picture stands for one that is missing",
    ),
    ("otherwise: size", "a number, as DSM reads it"),
    ("otherwise: startable", "`yes` and `no`, as DSM reads it"),
    ("otherwise: thumbnail_retina", "the two that DSM takes"),
    ("told: conf_conxpkgs", ALSO),
    ("told: conf_deppkgs", ALSO),
    ("told: conflictpkgs", ALSO),
    ("told: deppkgs", ALSO),
    ("told: download_count", ALSO),
    ("told: firmware", "the minimum under either key of INFO"),
    ("told: link", "gosspks has none at `/v1/packages/{file}`"),
    ("told: md5", ALSO),
    ("told: os_max_ver", ALSO),
    ("told: os_min_ver", ALSO),
    ("told: qinst", ASKS),
    ("told: qstart", ASKS),
    ("told: qupdate", ASKS),
    ("told: qupgrade", "gosspks misspells it"),
    ("told: recent_download_count", ALSO),
    ("told: startable", "`ctl_stop` says it as well"),
    (
        "latest: one for each text of arch",
        "`latest` is one entry for each package",
    ),
    ("models: 88f628x", "the code that the device sends"),
    ("models: arch in capitals", "the code that the device sends"),
    ("models: cores", "gosspks reads a page of Synology's"),
    ("models: cpu", "gosspks reads a page of Synology's"),
    ("models: fpu", "gosspks reads a page of Synology's"),
    ("models: newer ones", "the record is older than the models"),
    ("models: ram", "gosspks reads a page of Synology's"),
    ("models: threads", "gosspks reads a page of Synology's"),
    ("models: two in one", "one model, one entry"),
    (
        "offer: 88f6281 and 88f6282 are one platform",
        "gosspks knows no aliases",
    ),
    (
        "offer: a beta takes the version before it along",
        "gosspks drops betas after it has chosen the newest",
    ),
    (
        "offer: another build of the version",
        "of several that fit, the one for the newest DSM is offered",
    ),
    (
        "offer: beta of INFO",
        "who is offered a build says its channel here, not a mark in INFO; all were added to `stable`",
    ),
    (
        "offer: os_min_ver ignored",
        "gosspks offers what the DSM cannot run",
    ),
    (
        "offer: twice",
        "gosspks lists one for each text of INFO `arch`",
    ),
    (
        "quotes of INFO",
        "gosspks leaves the quoting of INFO in texts",
    ),
    ("status: about_head", "HEAD works"),
    ("status: download_head", "HEAD works"),
    ("status: head", "HEAD works"),
    (
        "status: icon_default",
        "no picture stands for one that is missing",
    ),
    (
        "status: if_none_match_star",
        "304: the catalog has an entity tag here",
    ),
    ("status: no major or minor", "they follow from the build"),
    (
        "status: no parameters",
        "a probe of Package Center gets an empty catalog",
    ),
    ("status: nul_in_arch", "no platform has such a name"),
    ("status: package_dotdot", "a path with `..` is refused"),
    ("status: packages_slash", "the list itself"),
    ("status: static_INFO", "pictures alone are served of an SPK"),
    ("status: static_dir", "pictures alone are served of an SPK"),
];

/// The file that the records ask for.
const THEIR_FILE: &str = "git_x64-7.0-41890_6.19.2-16.spk";

/// The pictures and links have the names of another server; they are compared by number.
const LINKS: [&str; 4] = ["link", "snapshot", "thumbnail", "thumbnail_retina"];

type Entries = Vec<Value>;

struct Replay {
    differences: Differences,
    known: HashMap<String, Known>,
    server: Server,
}

#[test]
fn every_difference_to_gosspks_has_a_reason() {
    let Some(oracle) = oracle() else {
        return;
    };
    let (_sandbox, server) = serve_corpus(&oracle);
    let mut replay = Replay {
        differences: Differences::default(),
        known: known(&oracle),
        server,
    };
    for record in records(&oracle, "gosspks/catalog.jsonl.gz") {
        replay.catalog(&record, &|name| record.parameter(name));
    }
    for record in records(&oracle, "gosspks/other.jsonl.gz") {
        replay.other(&record);
    }
    replay.differences.have_reasons(REASONS);
}

impl Replay {
    fn catalog(&mut self, record: &Record, parameter: &dyn Fn(&str) -> Option<String>) {
        let answer = record.replay(&self.server);
        if !self.same_status(record, &answer, parameter) || record.status() != 200 {
            return;
        }
        let number = |name| {
            parameter(name)
                .and_then(|text| text.parse().ok())
                .unwrap_or(0)
        };
        let device = Device {
            arch: parameter("arch").unwrap_or_default(),
            beta: parameter("package_update_channel").as_deref() == Some("beta"),
            build: number("build"),
            major: number("major"),
        };
        let theirs: Value = serde_json::from_str(record.body()).expect("JSON");
        let theirs = by_name(list(&theirs));
        let ours = by_name(list(&answer.json()));
        let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
        for name in names {
            let theirs = theirs.get(name).map_or(&[][..], Vec::as_slice);
            let ours = ours.get(name).map_or(&[][..], Vec::as_slice);
            self.offer(record.id(), &device, theirs, ours);
        }
    }

    fn same_status(
        &mut self,
        record: &Record,
        answer: &Response,
        parameter: &dyn Fn(&str) -> Option<String>,
    ) -> bool {
        let (theirs, ours) = (record.status(), u64::from(answer.status));
        if theirs != ours {
            let has = |name| parameter(name).is_some_and(|value| !value.is_empty());
            let name = match (theirs, ours) {
                (400, 200) if record.target() == "/" => "status: no parameters".to_owned(),
                (400, 200) if !has("major") || !has("minor") => {
                    "status: no major or minor".to_owned()
                }
                _ => format!("status: {}", record.id()),
            };
            self.differences.note(&name, || {
                format!("{}: theirs {theirs}, ours {ours}", record.id())
            });
        }
        theirs == ours
    }

    /// Compares what is offered of one package.
    fn offer(&mut self, id: &str, device: &Device, theirs: &[Value], ours: &[Value]) {
        assert!(ours.len() <= 1, "{id}: {ours:?}");
        if theirs.len() > 1 {
            self.differences
                .note("offer: twice", || format!("{id}: {}", theirs[0]["package"]));
        }
        let runs = |entry: &&Value| self.known[file(entry)].runs_on(device.major, device.build);
        let running: Vec<&Value> = theirs.iter().filter(runs).collect();
        let Some(ours) = ours.first() else {
            let name = if running.is_empty() {
                "offer: os_min_ver ignored"
            } else {
                "offer: fits, left out"
            };
            self.differences.note(name, || {
                format!("{id}: {} {}", theirs[0]["package"], theirs[0]["version"])
            });
            return;
        };
        let same = running
            .iter()
            .find(|entry| self.known[file(entry)].md5 == ours["md5"]);
        if let Some(same) = same {
            self.keys(id, same, ours);
            return;
        }
        let name = self.name_of_other(device, theirs, &running, ours);
        self.differences.note(name, || {
            format!(
                "{id}: ours {} {}, theirs {running:?}",
                ours["link"], ours["version"]
            )
        });
    }

    /// Names the difference when gosspks does not offer the SPK that this program does.
    fn name_of_other(
        &self,
        device: &Device,
        theirs: &[Value],
        running: &[&Value],
        ours: &Value,
    ) -> &'static str {
        let mut corpus = self.known.values();
        let spk = corpus.find(|spk| spk.md5 == ours["md5"]);
        let spk = spk.expect("an SPK of the corpus");
        let mut of_version = running
            .iter()
            .filter(|entry| entry["version"] == ours["version"])
            .peekable();
        if spk.info("report_url").is_some() && !device.beta {
            "offer: beta of INFO"
        } else if running.is_empty() && !theirs.is_empty() {
            "offer: os_min_ver ignored"
        } else if device.arch.starts_with("88f628") {
            "offer: 88f6281 and 88f6282 are one platform"
        } else if of_version.peek().is_some()
            && of_version.all(|entry| self.known[file(entry)].minimum() <= spk.minimum())
        {
            "offer: another build of the version"
        } else if theirs.is_empty() && self.has_newer_beta(spk) {
            "offer: a beta takes the version before it along"
        } else {
            "offer: another version"
        }
    }

    fn has_newer_beta(&self, spk: &Known) -> bool {
        let version = |spk: &Known| revision(spk.info("version").expect("a version"));
        self.known.values().any(|other| {
            other.info("package") == spk.info("package")
                && other.info("report_url").is_some()
                && version(other) > version(spk)
        })
    }

    /// Compares the keys of two entries for one SPK.
    fn keys(&mut self, id: &str, theirs: &Value, ours: &Value) {
        let (theirs, ours) = (object(theirs), object(ours));
        let keys: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
        for key in keys {
            let (theirs_told, ours_told) = (told(theirs.get(key)), told(ours.get(key)));
            let name = match (theirs_told, ours_told) {
                (Some(_), None) => format!("not told: {key}"),
                (None, Some(_)) => format!("told: {key}"),
                _ => format!("otherwise: {key}"),
            };
            let example = || {
                format!(
                    "{id}: theirs {:?}, ours {:?}",
                    theirs.get(key),
                    ours.get(key)
                )
            };
            match (theirs_told, ours_told) {
                (Some(theirs), Some(ours)) if LINKS.contains(&key.as_str()) => {
                    let length = |value: &Value| value.as_array().map(Vec::len);
                    self.differences
                        .compare(&name, id, &length(theirs), &length(ours));
                }
                (theirs, Some(Value::String(ours)))
                    if theirs
                        .and_then(Value::as_str)
                        .is_some_and(|theirs| same_text(key, theirs, ours)) => {}
                (theirs, Some(Value::String(ours)))
                    if theirs
                        .and_then(Value::as_str)
                        .is_some_and(|theirs| unquoted(theirs) == *ours) =>
                {
                    self.differences.note("quotes of INFO", example);
                }
                (theirs, ours) if theirs != ours => self.differences.note(&name, example),
                _ => {}
            }
        }
    }

    fn other(&mut self, record: &Record) {
        if record.target().starts_with("/getList/") {
            let names = [
                "major",
                "minor",
                "micro",
                "build",
                "nano",
                "arch",
                "package_update_channel",
            ];
            let path: Vec<&str> = record.target().split('/').skip(3).collect();
            let parameter = |name: &str| {
                let at = names.iter().position(|known| *known == name)?;
                Some(path[at].to_owned())
            };
            return self.catalog(record, &parameter);
        }
        if record.target().starts_with("/?") {
            return self.catalog(record, &|name| record.parameter(name));
        }
        let target = record.target().replace(THEIR_FILE, &self.our_file());
        let answer = record.replay_at(&self.server, &target);
        if !self.same_status(record, &answer, &|name| record.parameter(name))
            || record.status() != 200
        {
            return;
        }
        match record.id() {
            "models" => self.models(record, &answer),
            "models_ds92" => self.differences.compare(
                "models: newer ones",
                record.id(),
                &record.body().trim_end(),
                &answer.text(),
            ),
            "package_one" => self.keys(record.id(), &body(record), &answer.json()),
            "packages" => self.list(record, &answer),
            "packages_latest" | "packages_name_git" => self.latest(record, &answer),
            "download_gzip" => assert_eq!(answer.body.len(), 30720),
            _ => {}
        }
    }

    /// Returns the name that the asked SPK has here.
    fn our_file(&self) -> String {
        let md5 = &self.known[THEIR_FILE].md5;
        let all = self.server.get("/v1/packages?name=git").json();
        let found = list(&all).into_iter().find(|entry| entry["md5"] == **md5);
        file(&found.expect("the SPK is in the corpus")).to_owned()
    }

    fn list(&mut self, record: &Record, answer: &Response) {
        let ours: HashMap<String, Value> = list(&answer.json())
            .into_iter()
            .map(|entry| (entry["md5"].as_str().expect("a digest").to_owned(), entry))
            .collect();
        let theirs = list(&body(record));
        assert_eq!(ours.len(), theirs.len());
        for entry in &theirs {
            let same = &ours[&self.known[file(entry)].md5];
            self.keys(record.id(), entry, same);
        }
    }

    /// Of each package the version is one that gosspks calls its latest for some platforms.
    fn latest(&mut self, record: &Record, answer: &Response) {
        let (theirs, ours) = (by_name(list(&body(record))), by_name(list(&answer.json())));
        assert!(theirs.keys().eq(ours.keys()), "{}", record.id());
        for (name, theirs) in &theirs {
            let ours = &ours[name];
            assert_eq!(ours.len(), 1, "{name}");
            if theirs.len() > 1 {
                self.differences
                    .note("latest: one for each text of arch", || name.clone());
            }
            let known = theirs
                .iter()
                .any(|entry| entry["version"] == ours[0]["version"]);
            assert!(known, "{name}: {}", ours[0]["version"]);
        }
    }

    fn models(&mut self, record: &Record, answer: &Response) {
        let ours: BTreeSet<(String, String)> = list(&answer.json())
            .iter()
            .map(|model| (text(model, "name"), text(model, "arch")))
            .collect();
        for model in list(&body(record)) {
            let (names, arch) = (text(&model, "name"), text(&model, "arch"));
            let platform = arch.to_lowercase();
            let only = |key: &&String| !["name", "arch"].contains(&key.as_str());
            for key in object(&model).keys().filter(only) {
                self.differences
                    .note(&format!("models: {key}"), || names.clone());
            }
            if platform != arch {
                self.differences
                    .note("models: arch in capitals", || arch.clone());
            }
            if names.contains('/') {
                self.differences
                    .note("models: two in one", || names.clone());
            }
            for name in names.split('/') {
                let is_same = |arch: &str| ours.contains(&(name.to_owned(), arch.to_owned()));
                if platform == "88f628x" && (is_same("88f6281") || is_same("88f6282")) {
                    self.differences.note("models: 88f628x", || name.to_owned());
                } else if !is_same(&platform) {
                    self.differences
                        .note("models: missing", || format!("{name} {platform}"));
                }
            }
        }
    }
}

struct Device {
    arch: String,
    beta: bool,
    build: u32,
    major: u32,
}

fn body(record: &Record) -> Value {
    serde_json::from_str(record.body()).expect("JSON")
}

fn text(entry: &Value, key: &str) -> String {
    entry[key].as_str().expect("a text").to_owned()
}

/// gosspks leaves out what is false or empty.
fn told(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Array(list) => !list.is_empty(),
        Value::Bool(flag) => *flag,
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    })
}

/// Returns the name of the SPK that an entry is about.
fn file(entry: &Value) -> &str {
    file_of(entry["link"].as_str().expect("a link"))
}

fn object(entry: &Value) -> &serde_json::Map<String, Value> {
    entry.as_object().expect("an entry")
}

fn list(answer: &Value) -> Entries {
    let list = answer.get("packages").unwrap_or(answer);
    list.as_array().expect("a list").clone()
}

fn by_name(entries: Entries) -> BTreeMap<String, Entries> {
    let mut names: BTreeMap<String, Entries> = BTreeMap::new();
    for entry in entries {
        names
            .entry(text(&entry, "package"))
            .or_default()
            .push(entry);
    }
    names
}

/// The platforms are a set.
fn same_text(key: &str, theirs: &str, ours: &str) -> bool {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    theirs == ours || (key == "arch" && words(theirs) == words(ours))
}

/// Undoes the quoting of INFO.
fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).replace("\\\"", "\"")
}
