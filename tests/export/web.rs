//! What a plain web server answers with the exported files is what `serve` answers for the same commit.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{set_url, varied, web};
use crate::support::http::{Connection, Response};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;

/// Firmware as there is or could be: version and build.
const FIRMWARE: [(&str, u32); 26] = [
    ("3.1", 1594),
    ("3.2", 1922),
    ("4.2", 3159),
    ("4.3", 3776),
    ("5.0", 4457),
    ("5.0", 4493),
    ("5.1", 5004),
    ("5.2", 5967),
    ("6.0", 7321),
    ("6.1", 15047),
    ("6.2", 22259),
    ("6.2", 25556),
    ("7.0", 40000),
    ("7.0", 41890),
    ("7.1", 42661),
    ("7.1", 42962),
    ("7.2", 64561),
    ("7.2", 64570),
    ("7.2", 64571),
    ("7.2", 69057),
    ("7.2", 72806),
    ("7.3", 81099),
    ("7.3", 81100),
    ("7.3", 86009),
    ("7.4", 90080),
    ("7.4", 99000),
];
const PLATFORMS: [&str; 9] = [
    "88f6281",
    "alpine",
    "apollolake",
    "avoton",
    "comcerto2k",
    "geminilake",
    "moonlake",
    "qoriq",
    "rtd1296",
];

/// The folders of an export, by which a person finds theirs.
struct Folders(BTreeSet<String>);

impl Folders {
    fn of(sandbox: &Sandbox) -> Self {
        let root = sandbox.path("site");
        let files = sandbox.files("site");
        let files = files.iter().filter_map(|(path, _)| {
            let path = path.strip_prefix(&root).expect("below the root");
            path.to_str().map(str::to_owned)
        });
        Self(files.filter(|path| path.ends_with(".json")).collect())
    }

    /// The link with the highest build that is not above the device's, or the one without a build.
    fn find(&self, channel: &str, version: &str, build: u32, name: &str) -> Option<&String> {
        let files = self.0.iter().filter_map(|path| {
            let rest = path.strip_prefix(channel)?.strip_prefix(version)?;
            let (from, file) = rest.split_once('/')?;
            let first: u32 = from.strip_prefix('-').unwrap_or("0").parse().ok()?;
            (file == format!("{name}.json") && first <= build).then_some((first, path))
        });
        files.max().map(|(_, path)| path)
    }
}

fn query(arch: &str, version: &str, build: u32) -> String {
    let (major, minor) = version.split_once('.').expect("major and minor");
    format!("arch={arch}&build={build}&major={major}&minor={minor}&language=enu")
}

fn packages(response: &Response) -> Vec<Value> {
    let json = response.json();
    let packages = json.get("packages").unwrap_or(&json);
    packages.as_array().expect("a list").clone()
}

#[test]
fn web_server_answers_with_exported_files_as_serve_does() {
    let sandbox = varied();
    let nginx = web(&sandbox);
    set_url(&sandbox, &nginx.host);
    sandbox.run("export --output ../site").success();
    let server = Server::start(&sandbox, "");
    let (mut plain, mut served) = (Connection::open(&nginx.host), server.connect());
    let folders = Folders::of(&sandbox);
    let (mut compared, mut entries) = (0, 0);
    let routers = [("srm1.2", "1.2", 8017), ("srm1.3", "1.3", 9346)];
    let nas = FIRMWARE.map(|(version, build)| (format!("dsm{version}"), version, build));
    let nas = nas
        .iter()
        .map(|(folder, version, build)| (folder.as_str(), *version, *build));
    for (folder, version, build) in nas.chain(routers) {
        let platforms = if folder.starts_with("srm") {
            &["cypress"][..]
        } else {
            &PLATFORMS
        };
        for arch in platforms {
            for (channel, path) in [("", "/"), ("beta/", "/beta/")] {
                let target = format!("{path}?{}", query(arch, version, build));
                let expected = served.get(&target).status(200);
                let Some(file) = folders.find(channel, folder, build, arch) else {
                    assert_eq!(packages(&expected), [Value::Null; 0], "{target}");
                    continue;
                };
                // As DSM asks: what it appends means nothing to a plain server.
                let unique = "?package_update_channel=stable&unique=synology_x_1%2B";
                let answer = plain.get(&format!("/{file}{unique}")).status(200);
                assert_eq!(answer.header("content-type"), Some("application/json"));
                assert_eq!(answer.text(), expected.text(), "{file} and {target}");
                compared += 1;
                entries += packages(&answer).len();
            }
        }
    }
    assert!(
        compared > 250 && entries > 1000,
        "{compared} catalogs, {entries} entries"
    );
    links_lead_to_the_same(&mut plain, &mut served, &nginx.host);
}

/// Follows the links of one catalog on both servers.
fn links_lead_to_the_same(plain: &mut Connection, served: &mut Connection, host: &str) {
    let catalog = plain.get("/beta/dsm7.1/apollolake.json").status(200);
    let mut links = 0;
    for entry in packages(&catalog) {
        let lists = ["thumbnail", "thumbnail_retina", "snapshot"].map(|key| &entry[key]);
        let lists = lists.into_iter().filter_map(Value::as_array).flatten();
        for link in lists.chain([&entry["link"]]) {
            let link = link.as_str().expect("a text");
            let path = link
                .strip_prefix(&format!("http://{host}"))
                .expect("a whole link");
            let (here, there) = (plain.get(path).status(200), served.get(path).status(200));
            assert!(here.body == there.body, "{path}");
            links += 1;
        }
    }
    assert!(links > 20, "{links} links");
}

#[test]
fn file_for_a_whole_version_has_only_what_fits_every_build_of_it() {
    let sandbox = varied();
    sandbox
        .run("export --output ../site --url http://h")
        .success();
    let names = |path: &str| {
        let file = fs_err::read(sandbox.path("site").join(path)).expect(path);
        let json: Value = serde_json::from_slice(&file).expect("JSON");
        let entries = json["packages"].as_array().expect("a list").iter();
        let names = entries.map(|entry| {
            let text = |key: &str| entry[key].as_str().expect("a text").to_owned();
            format!("{} {}", text("package"), text("version"))
        });
        names.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(names("dsm7.2/rtd1296.json"), "ends 0.9-1, everywhere 1.0-1");
    assert_eq!(
        names("dsm7.2-60000/rtd1296.json"),
        "ends 0.9-1, everywhere 1.0-1, middle 1.0-1"
    );
    assert_eq!(
        names("dsm7.2-64570/rtd1296.json"),
        "ends 0.9-1, everywhere 1.1-2, middle 1.0-1"
    );
    assert_eq!(
        names("dsm7.2-72806/rtd1296.json"),
        "ends 0.9-1, everywhere 1.1-2, families 2.0-1"
    );
    assert_eq!(
        names("beta/dsm7.2-72806/rtd1296.json"),
        "ends 0.9-1, everywhere 2.0-3, families 2.0-1"
    );
    assert_eq!(names("dsm7.2/noarch.json"), "ends 0.9-1, everywhere 1.0-1");
    let model = names("dsm7.0/apollolake-918plus.json");
    assert!(model.contains("one-model"), "{model}");
    assert!(!names("dsm7.0/apollolake.json").contains("one-model"));
    // Nobody was ever offered what is staged, so it splits nothing.
    assert!(!sandbox.path("site/dsm7.2-70000").exists());
}

#[test]
fn first_page_names_every_address_and_nothing_becomes_markup() {
    let sandbox = varied();
    sandbox
        .run("export --output ../site --url https://h/spk")
        .success();
    let page = fs_err::read_to_string(sandbox.path("site/index.html")).expect("a page");
    for link in [
        "https://h/spk/dsm7.2-64570/apollolake.json",
        "https://h/spk/dsm7.2/noarch.json",
        "https://h/spk/beta/dsm6.2/avoton.json",
        "https://h/spk/dsm7.0/apollolake-918plus.json",
        "https://h/spk/package/%C3%9Cn%C3%AFcode%20&amp;%20&#39;b&#39;%2B/",
    ] {
        assert!(page.contains(&format!("href=\"{link}\"")), "{link}");
    }
    assert!(page.contains("Ünïcode &amp; &#39;b&#39;+</a>"));
    assert!(page.contains("DS918+, DS1019+") || page.contains("DS918+"));
    let files = sandbox.files("site");
    let root = sandbox.path("site");
    for (path, _) in files
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|e| e == "json"))
    {
        let path = path
            .strip_prefix(&root)
            .expect("below")
            .to_str()
            .expect("UTF-8");
        let is_named = path == "spkrepo.json" || page.contains(&format!("https://h/spk/{path}\""));
        assert!(is_named, "{path} is on no page");
    }
}
