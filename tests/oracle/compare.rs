//! Two catalogs, or two answers of another kind, and how they differ.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::rc::Rc;

use serde_json::Value;

use super::asked::Asked;
use super::recorded::{Answer, Recorded};
use crate::support::http::Response;

/// One difference of an answer.
#[derive(Clone)]
pub(super) struct Difference {
    /// What was asked.
    pub(super) asked: Rc<Asked>,
    /// The id of the request.
    pub(super) id: String,
    pub(super) ours: String,
    /// Empty where it is not about one.
    pub(super) package: String,
    pub(super) theirs: String,
    /// A key of an entry, or: `status`, `type`, `shape`, a header in lower case, `body`; `missing` (here), `extra`
    /// (only here), `twice` (there); `version` and
    /// `build`, after which the entry is compared with what the original says of the same SPK elsewhere.
    pub(super) what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            asked: _,
            id,
            ours,
            package,
            theirs,
            what,
        } = self;
        let short = |text: &str| text.chars().take(200).collect::<String>();
        write!(
            f,
            "{id} {package} {what}: {} | {}",
            short(theirs),
            short(ours)
        )
    }
}

/// The differences so far.
#[derive(Default)]
pub(super) struct Comparison {
    /// What is asked at the moment.
    asked: Rc<Asked>,
    pub(super) differences: Vec<Difference>,
    /// Entries of which every key was compared.
    pub(super) entries: usize,
    /// Entries that were offered to other devices or in other answers, each by its text's language and whether it is for
    /// DSM 7: where we offer another SPK than the original, what it said of ours elsewhere.
    elsewhere: HashMap<Place, Value>,
    /// Entries of another version or build that were compared with what the original said of them elsewhere.
    pub(super) elsewhere_compared: usize,
    /// The ids of what was compared.
    pub(super) replayed: BTreeSet<String>,
}

/// The md5 of an SPK, the language, and whether DSM 7 asks.
type Place = (String, String, bool);

fn place(entry: &Value, asked: &Asked) -> Place {
    (
        text(&entry["md5"]),
        asked.get("language").unwrap_or_default().to_owned(),
        asked.build().is_some_and(|build| build >= 40000),
    )
}

/// Lists of links: the links themselves are each server's own.
const LINKS: [&str; 3] = ["thumbnail", "thumbnail_retina", "snapshot"];

/// Headers of files and problems that are compared.
const HEADERS: [&str; 9] = [
    "accept-ranges",
    "allow",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-range",
    "etag",
    "last-modified",
    "vary",
];

/// Returns of a validator only whether it is there, and lists in one order.
fn comparable(name: &str, value: Option<&str>) -> String {
    match (name, value) {
        (_, None) => String::new(),
        ("etag" | "last-modified", Some(_)) => "given".to_owned(),
        ("allow", Some(value)) => {
            let methods: BTreeSet<&str> = value.split(", ").collect();
            Vec::from_iter(methods).join(", ")
        }
        (_, Some(value)) => value.to_owned(),
    }
}

impl Comparison {
    /// Keeps what the original said of each SPK.
    pub(super) fn learn(&mut self, all: &[Recorded]) {
        for recorded in all {
            let asked = recorded.asked();
            let Some(catalog) = recorded.response.catalog() else {
                continue;
            };
            for entry in entries(&catalog) {
                let place = place(entry, &asked);
                self.elsewhere.entry(place).or_insert_with(|| entry.clone());
            }
        }
    }

    fn begin(&mut self, recorded: &Recorded) {
        self.asked = recorded.asked();
        self.replayed.insert(recorded.id.clone());
    }

    /// Compares an answer that should be a catalog with the recorded one.
    pub(super) fn catalog(&mut self, recorded: &Recorded, ours: &Response) {
        self.begin(recorded);
        let id = &recorded.id;
        if !self.head(recorded, ours) || recorded.request.method == "OPTIONS" {
            return;
        }
        let (Some(theirs), 200) = (recorded.response.catalog(), ours.status) else {
            return;
        };
        let ours = ours.json();
        self.note(id, "", "shape", &shape(&theirs), &shape(&ours));
        let (theirs, ours) = (by_name(&theirs), by_name(&ours));
        let names: BTreeSet<&str> = theirs.keys().chain(ours.keys()).copied().collect();
        for name in names {
            match (theirs.get(name), ours.get(name)) {
                (Some(theirs), Some(ours)) => self.entries(id, name, theirs, ours),
                (Some(theirs), None) => {
                    self.note(id, name, "missing", &text(&theirs[0]["link"]), "")
                }
                (None, ours) => {
                    let link = ours.map(|ours| text(&ours[0]["link"])).unwrap_or_default();
                    self.note(id, name, "extra", "", &link);
                }
            }
        }
    }

    /// Compares status and media type, and says whether the statuses are the same.
    fn head(&mut self, recorded: &Recorded, ours: &Response) -> bool {
        let (id, theirs) = (&recorded.id, &recorded.response);
        self.note(
            id,
            "",
            "status",
            &theirs.status.to_string(),
            &ours.status.to_string(),
        );
        if theirs.status != ours.status {
            return false;
        }
        // Problems are JSON here and pages there.
        if theirs.status < 300 && recorded.request.method != "OPTIONS" {
            self.note(
                id,
                "",
                "type",
                essence(theirs.header("content-type")),
                essence(ours.header("content-type")),
            );
        }
        true
    }

    /// Compares an answer that should be a file, or a problem, with the recorded one: status, type, headers, body.
    pub(super) fn file(&mut self, recorded: &Recorded, ours: &Response) {
        self.begin(recorded);
        if !self.head(recorded, ours) {
            return;
        }
        let (id, theirs): (&str, &Answer) = (&recorded.id, &recorded.response);
        let mut headers = HEADERS.to_vec();
        if ours.status < 300 {
            headers.push("content-length");
        }
        for name in headers {
            let [theirs, ours] =
                [theirs.header(name), ours.header(name)].map(|value| comparable(name, value));
            self.note(id, "", name, &theirs, &ours);
        }
        if let (Some(theirs), 200..300) = (theirs.body(), ours.status) {
            let [theirs, ours] = [&theirs, &ours.body].map(|body| String::from_utf8_lossy(body));
            self.note(id, "", "body", &theirs, &ours);
        }
    }

    /// Compares what both have of a package.
    fn entries(&mut self, id: &str, name: &str, theirs: &[&Value], ours: &[&Value]) {
        assert_eq!(ours.len(), 1, "{id}: {name} is listed {} times", ours.len());
        if theirs.len() > 1 {
            self.note(id, name, "twice", &theirs.len().to_string(), "1");
        }
        let ours = ours[0];
        let same = theirs.iter().find(|theirs| theirs["md5"] == ours["md5"]);
        let theirs = same.unwrap_or(&theirs[0]);
        if theirs["version"] != ours["version"] {
            self.note(
                id,
                name,
                "version",
                &text(&theirs["version"]),
                &text(&ours["version"]),
            );
            self.same_elsewhere(id, name, ours);
        } else if same.is_none() {
            self.note(
                id,
                name,
                "build",
                &text(&theirs["link"]),
                &text(&ours["link"]),
            );
            self.same_elsewhere(id, name, ours);
        } else {
            self.entries += 1;
            self.keys(id, name, theirs, ours);
        }
    }

    /// Compares an entry that the original did not give here with what it said of the same SPK elsewhere.
    fn same_elsewhere(&mut self, id: &str, name: &str, ours: &Value) {
        if let Some(theirs) = self.elsewhere.get(&place(ours, &self.asked)).cloned() {
            self.elsewhere_compared += 1;
            self.keys(id, name, &theirs, ours);
        }
    }

    fn keys(&mut self, id: &str, name: &str, theirs: &Value, ours: &Value) {
        let keys = [theirs, ours].map(|entry| entry.as_object().expect("an entry").keys());
        let keys: BTreeSet<&String> = keys.into_iter().flatten().collect();
        for key in keys.into_iter().filter(|key| *key != "link") {
            let value = |entry: &Value| match entry.get(key) {
                None => "absent".to_owned(),
                Some(Value::Array(links)) if LINKS.contains(&key.as_str()) => {
                    format!("{} links", links.len())
                }
                Some(value) => value.to_string(),
            };
            self.note(id, name, key, &value(theirs), &value(ours));
        }
    }

    /// Keeps a difference, if there is one.
    pub(super) fn note(&mut self, id: &str, package: &str, what: &str, theirs: &str, ours: &str) {
        if theirs != ours {
            self.differences.push(Difference {
                asked: Rc::clone(&self.asked),
                id: id.to_owned(),
                ours: ours.to_owned(),
                package: package.to_owned(),
                theirs: theirs.to_owned(),
                what: what.to_owned(),
            });
        }
    }
}

/// Returns the entries of a catalog of any shape.
pub(super) fn entries(catalog: &Value) -> &[Value] {
    let list = catalog.get("packages").unwrap_or(catalog);
    list.as_array().expect("a list of packages")
}

fn by_name(catalog: &Value) -> BTreeMap<&str, Vec<&Value>> {
    let mut entries_by_name: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for entry in entries(catalog) {
        let name = entry["package"].as_str().expect("a name");
        entries_by_name.entry(name).or_default().push(entry);
    }
    entries_by_name
}

/// Returns the keys of the whole, and what is in those besides `packages`.
fn shape(catalog: &Value) -> String {
    match catalog {
        Value::Object(whole) => {
            let others = whole.iter().filter(|(key, _)| *key != "packages");
            others
                .map(|(key, value)| format!("{key}={value} "))
                .collect::<String>()
                + "packages"
        }
        _ => "list".to_owned(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn essence(media_type: Option<&str>) -> &str {
    media_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
}
