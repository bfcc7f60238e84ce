//! What jdel/gosspks answered over the main corpus, asked of this program: each difference has a reason.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::support::http::Response;
use crate::support::replay::{
    Differences, Known, Reason, Record, file_of, known, oracle, records, revision, serve_corpus,
};
use crate::support::server::Server;

const NOT_READ: &str = "a key of INFO that DSM does not read in the catalog";
const ALSO: &str = "told here: DSM or a person needs it";
const ASKS: &str =
    "a licence or a wizard for this step asks something, a folder of other wizards does not";
const LISTS: &str = "Synology's own list has it for DSM before 7";
const UNKNOWN: &str = "of no use to who has not opened the SPK; not kept";

/// A reason without an id is a rule that no record here needs.
const REASONS: &[Reason] = &[
    (
        "models: 88f628x",
        "models",
        "the code that the device sends",
    ),
    (
        "models: arch in capitals",
        "models",
        "the code that the device sends",
    ),
    (
        "models: cores",
        "models",
        "gosspks reads a page of Synology's",
    ),
    (
        "models: cpu",
        "models",
        "gosspks reads a page of Synology's",
    ),
    (
        "models: fpu",
        "models",
        "gosspks reads a page of Synology's",
    ),
    (
        "models: newer ones",
        "models_ds92",
        "the record is older than the models",
    ),
    (
        "models: ram",
        "models",
        "gosspks reads a page of Synology's",
    ),
    (
        "models: threads",
        "models",
        "gosspks reads a page of Synology's",
    ),
    ("models: two in one", "models", "one model, one entry"),
    ("not told: arch", "accept_gzip", NOT_READ),
    ("not told: checksum", "accept_gzip", UNKNOWN),
    ("not told: firmware", "m_88f6281_3776", NOT_READ),
    ("not told: helpurl", "accept_gzip", NOT_READ),
    (
        "not told: install_conflict_packages",
        "accept_gzip",
        NOT_READ,
    ),
    ("not told: install_dep_packages", "accept_gzip", NOT_READ),
    ("not told: install_dep_services", "accept_gzip", NOT_READ),
    ("not told: qinst", "accept_gzip", ASKS),
    ("not told: qstart", "accept_gzip", ASKS),
    (
        "not told: qupdate",
        "accept_gzip",
        "the catalog has `qupgrade`; and a licence asks something",
    ),
    (
        "not told: start",
        "accept_gzip",
        "it is told as `false` where INFO says that nobody can start the package",
    ),
    ("not told: support_conf_folder", "accept_gzip", UNKNOWN),
    (
        "not told: thumbnail_retina",
        "accept_gzip",
        "no picture stands for one that is missing",
    ),
    (
        "offer: 88f6281 and 88f6282 are one platform",
        "m_88f6281_3776",
        "gosspks knows no aliases",
    ),
    (
        "offer: a beta takes the version before it along",
        "m_x86_64_15047",
        "gosspks drops betas after it has chosen the newest",
    ),
    (
        "offer: another build of the version",
        "m_armada38x_64570",
        "of several that fit, the one for the newest DSM is offered",
    ),
    (
        "offer: beta of INFO",
        "accept_gzip",
        "who is offered a build says its channel here, not a mark in INFO; all were added to `stable`",
    ),
    (
        "offer: os_min_ver ignored",
        "accept_gzip",
        "gosspks offers what the DSM cannot run",
    ),
    (
        "offer: twice",
        "accept_gzip",
        "gosspks lists one for each text of INFO `arch`",
    ),
    (
        "otherwise: size",
        "accept_gzip",
        "a number, as DSM reads it",
    ),
    (
        "otherwise: startable",
        "m_88f6281_3776",
        "`yes` and `no`, as DSM reads it",
    ),
    (
        "otherwise: thumbnail_retina",
        "accept_gzip",
        "the two that DSM takes",
    ),
    (
        "quotes of INFO",
        "accept_gzip",
        "gosspks leaves the quoting of INFO in texts",
    ),
    ("status: HEAD", "about_head", "HEAD works"),
    ("status: OPTIONS", "", "answered with what is allowed"),
    (
        "status: entity tag",
        "if_none_match_star",
        "304: the catalog has an entity tag here",
    ),
    (
        "status: no build number",
        "",
        "a build that is missing or no number (negative, digits of other scripts) is said, not taken for 0",
    ),
    (
        "status: no major or minor",
        "build_odd_9",
        "they follow from the build",
    ),
    (
        "status: no parameters",
        "no_params_json",
        "a probe of Package Center gets an empty catalog",
    ),
    ("status: no platform", "", "what the device lacks is said"),
    (
        "status: no such platform",
        "nul_in_arch",
        "no platform has such a name",
    ),
    (
        "status: odd numbers",
        "",
        "a number that cannot be a version counts as missing",
    ),
    (
        "status: odd path",
        "package_dotdot",
        "a path with `..` is refused",
    ),
    ("status: other methods", "", "405: the catalog is read"),
    (
        "status: packages_slash",
        "packages_slash",
        "the list itself",
    ),
    (
        "status: pictures alone",
        "icon_default",
        "pictures alone are served of an SPK, and none stands for one that is missing",
    ),
    ("told: category", "m_88f6281_3776", LISTS),
    ("told: conf_conxpkgs", "accept_gzip", ALSO),
    ("told: conf_deppkgs", "accept_gzip", ALSO),
    ("told: conflictpkgs", "accept_gzip", ALSO),
    ("told: deppkgs", "accept_gzip", ALSO),
    ("told: download_count", "accept_gzip", ALSO),
    (
        "told: firmware",
        "package_one",
        "the minimum under either key of INFO",
    ),
    ("told: install_on_cold_storage", "", ALSO),
    ("told: install_reboot", "", ALSO),
    (
        "told: link",
        "package_one",
        "gosspks has none at `/v1/packages/{file}`",
    ),
    ("told: md5", "accept_gzip", ALSO),
    ("told: os_max_ver", "packages", ALSO),
    ("told: os_min_ver", "package_one", ALSO),
    ("told: price", "m_88f6281_3776", LISTS),
    ("told: qinst", "accept_gzip", ASKS),
    ("told: qstart", "accept_gzip", ASKS),
    ("told: qupdate", "package_one", ASKS),
    ("told: qupgrade", "accept_gzip", "gosspks misspells it"),
    ("told: recent_download_count", "accept_gzip", ALSO),
    (
        "told: startable",
        "accept_gzip",
        "`ctl_stop` says it as well",
    ),
    ("told: subcategory", "m_88f6281_3776", LISTS),
    ("told: thirdparty", "m_88f6281_3776", LISTS),
    ("told: type", "beta_x86_64_39999", LISTS),
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
        replay.differences.begin(&record);
        replay.catalog(&record, &|name| record.parameter(name));
    }
    for record in records(&oracle, "gosspks/other.jsonl.gz") {
        replay.differences.begin(&record);
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
            let name = match record.status_reason(theirs, ours) {
                Some(reason) => reason.to_owned(),
                None if (theirs, ours) == (400, 200) && lacks_version(parameter) => {
                    "status: no major or minor".to_owned()
                }
                None if record.target().starts_with("/static/") && ours == 404 => {
                    "status: pictures alone".to_owned()
                }
                None if record.target() == "/v1/packages/" && ours == 200 => {
                    "status: packages_slash".to_owned()
                }
                None => format!("status: {}", record.id()),
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

    /// The newest for each set of platforms, of which gosspks may have written the same in several ways.
    fn latest(&mut self, record: &Record, answer: &Response) {
        let (theirs, ours) = (by_name(list(&body(record))), by_name(list(&answer.json())));
        assert!(theirs.keys().eq(ours.keys()), "{}", record.id());
        for (name, theirs) in &theirs {
            let ours = &ours[name];
            for entry in theirs {
                let arch = text(entry, "arch");
                let same = ours
                    .iter()
                    .find(|ours| same_text("arch", &arch, &text(ours, "arch")));
                let same = same.unwrap_or_else(|| panic!("{name} for {arch} is not there"));
                let is_known = theirs
                    .iter()
                    .any(|entry| entry["version"] == same["version"]);
                assert!(is_known, "{name}: {}", same["version"]);
            }
            assert!(ours.len() <= theirs.len(), "{name}");
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

/// For what has its parameters in the path.
fn lacks_version(parameter: &dyn Fn(&str) -> Option<String>) -> bool {
    let lacks = |name: &str| parameter(name).is_none_or(|value| value.is_empty());
    lacks("major") || lacks("minor")
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
