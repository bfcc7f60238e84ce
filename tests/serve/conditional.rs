//! What an answer says of itself, and what it is when only a part, another coding or nothing new is wanted.

use fs_err as fs;

use super::clients::run;
use super::{DSM72, catalog, download_path, offering};
use crate::support::digest::sha256;
use crate::support::http::Response;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

fn alpha() -> Spk {
    Spk::new("alpha", "1.0-1").payload_size(1_000_003)
}

/// A source whose texts are worth compressing.
fn several() -> Sandbox {
    let spk = |number: u32| {
        Spk::new(&format!("alpha{number}"), "1.0-1")
            .icon(72)
            .screenshot(1)
    };
    offering(&[1, 2, 3, 4, 5, 6, 7, 8].map(spk))
}

/// Runs curl and returns what it printed, by default the body.
#[track_caller]
fn curl(sandbox: &Sandbox, server: &Server, target: &str, arguments: &[&str]) -> Vec<u8> {
    let url = format!("http://{}{target}", server.host());
    let fixed = ["--silent", "--show-error", "--fail", &url];
    run(sandbox, "curl", &[&fixed, arguments].concat())
}

/// Returns the parts of a `multipart/byteranges`: what each says where it is from, and its bytes.
#[track_caller]
fn parts(answer: &Response) -> Vec<(String, Vec<u8>)> {
    let media_type = answer.header("content-type").expect("a type");
    let boundary = media_type
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap_or_else(|| panic!("{media_type}"));
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = &answer.body[..];
    let mut parts = Vec::new();
    loop {
        rest = rest
            .strip_prefix(delimiter.as_bytes())
            .expect("a delimiter");
        if rest == b"--\r\n" {
            return parts;
        }
        let end = find(rest, b"\r\n\r\n").expect("the end of a head");
        let head = String::from_utf8(rest[..end].to_vec()).expect("ASCII");
        let (_, range) = head.split_once("Content-Range: bytes ").expect("a range");
        assert!(head.contains("Content-Type: application/octet-stream\r\n"));
        rest = &rest[end + 4..];
        let end = find(rest, delimiter.as_bytes()).expect("another delimiter");
        parts.push((range.to_owned(), rest[..end].to_vec()));
        rest = &rest[end..];
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[test]
fn several_ranges_come_as_parts_of_one_answer() {
    let sandbox = offering(&[alpha()]);
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    let bytes = alpha().bytes();
    let length = bytes.len();
    let mut connection = server.connect();
    for (range, expected) in [
        ("bytes=0-9,20-29", vec![(0, 10), (20, 30)]),
        (
            "bytes=-5, 100000-399999 ,,7-7",
            vec![(length - 5, length), (100_000, 400_000), (7, 8)],
        ),
        (
            "bytes=50-60,90-99,55-70,99999999-",
            vec![(50, 71), (90, 100)],
        ),
    ] {
        let answer = connection
            .request("GET", &path, &[("Range", range)], b"")
            .status(206);
        assert_eq!(answer.header("content-range"), None);
        assert_eq!(
            answer.header("etag"),
            Some(format!("\"{}\"", sha256(&bytes)).as_str())
        );
        let named = |&(first, end): &(usize, usize)| {
            (
                format!("{first}-{}/{length}", end - 1),
                bytes[first..end].to_vec(),
            )
        };
        let expected: Vec<_> = expected.iter().map(named).collect();
        assert!(parts(&answer) == expected, "{range}");
    }
    // One that is left needs no parts; too many, and such as are most of the file, get all of it.
    let joined = [("Range", "bytes=0-9,5-19")];
    let one = connection.request("GET", &path, &joined, b"").status(206);
    assert!(one.body == bytes[..20]);
    let many: Vec<_> = (0..65).map(|n| format!("{}-{}", 2 * n, 2 * n)).collect();
    for range in [
        format!("bytes={}", many.join(",")),
        format!("bytes=0-9,11-{length}"),
    ] {
        let whole = connection.request("GET", &path, &[("Range", &range)], b"");
        assert!(whole.status(200).body == bytes, "{range}");
    }
}

#[test]
fn curl_gets_several_ranges() {
    let sandbox = offering(&[alpha()]);
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    let bytes = alpha().bytes();
    let sent = curl(&sandbox, &server, &path, &["--range", "0-9,20-29"]);
    for part in [&bytes[..10], &bytes[20..30]] {
        assert!(find(&sent, &[b"\r\n\r\n", part, b"\r\n--"].concat()).is_some());
    }
    assert!(sent.len() < 1000, "{} bytes", sent.len());
}

/// It would be when the file came to this disk, and the next server would tell another.
#[test]
fn no_date_is_told_and_none_gives_a_part_or_a_304() {
    let sandbox = offering(&[alpha()]);
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    let whole = server.get(&path).status(200);
    assert_eq!(whole.header("last-modified"), None);
    let date = "Mon, 01 Jan 2035 00:00:00 GMT";
    for headers in [
        &[("If-Modified-Since", date)][..],
        &[("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT")],
        &[("Range", "bytes=5-9"), ("If-Range", date)],
    ] {
        let answer = server.request("GET", &path, headers, b"").status(200);
        assert!(answer.body == whole.body, "{headers:?}");
    }
}

#[test]
fn curl_downloads_again_only_what_has_another_tag() {
    let sandbox = offering(&[alpha()]);
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    let out = ["--output", "out.spk", "--write-out", "%{http_code}"];
    let tag = ["--etag-save", "tag", "--etag-compare", "tag"];
    let ask = || String::from_utf8(curl(&sandbox, &server, &path, &[out, tag].concat()));
    assert_eq!(ask().expect("ASCII"), "200");
    let file = sandbox.path("out.spk");
    assert!(fs::read(&file).expect("the file") == alpha().bytes());
    assert_eq!(ask().expect("ASCII"), "304");
}

#[test]
fn name_that_may_come_to_mean_another_file_is_asked_for_again() {
    let spk = |version: &str| Spk::new("alpha", version).os_min("7.0-40000");
    let sandbox = offering(&[spk("1.0-7")]);
    let server = Server::start(&sandbox, "");
    let path = "/nas/alpha/7/alpha.v7.f40000%5Bnoarch%5D.spk";
    let answer = server.get(path).status(200);
    assert_eq!(answer.header("cache-control"), Some("public, no-cache"));
    let tag = answer.header("etag").expect("a tag").to_owned();
    // The other takes the name when it is promoted.
    sandbox.spk("other.spk", &spk("2.0-7"));
    sandbox.run("add --channel stable ../other.spk").success();
    super::wait_for_head(&sandbox, &server);
    let known = [("If-None-Match", tag.as_str())];
    let other = server.request("GET", path, &known, b"").status(200);
    assert!(other.body == spk("2.0-7").bytes());
}

#[test]
fn catalog_comes_in_gzip_to_those_who_take_it() {
    let sandbox = several();
    let server = Server::start(&sandbox, "");
    let target = catalog(DSM72);
    let plain = server.get(&target).status(200);
    let take = [("Accept-Encoding", "br;q=1, gzip;q=0.8")];
    let packed = server.request("GET", &target, &take, b"").status(200);
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.decoded() == plain.body && packed.body.len() * 2 < plain.body.len());
    assert_ne!(plain.header("etag"), packed.header("etag"));
    for answer in [&plain, &packed] {
        assert_eq!(answer.header("vary"), Some("Accept-Encoding, Host"));
    }
    let tag = packed.header("etag").expect("a tag");
    let again = [take[0], ("If-None-Match", tag)];
    server.request("GET", &target, &again, b"").status(304);
    let posted = [
        take[0],
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let posted = server.request("POST", "/", &posted, DSM72.as_bytes());
    assert!(posted.status(200).body == packed.body);
    assert!(curl(&sandbox, &server, &target, &["--compressed"]) == plain.body);
    let alone = [
        ("Accept-Encoding", "gzip, identity;q=0"),
        ("Range", "bytes=0-9"),
    ];
    let empty = server.request("GET", "/", &alone[..1], b"").status(200);
    assert!(empty.header("etag").is_none(), "the probe's answer is tiny");
    assert!(server.request("GET", &target, &alone, b"").status(200).body == packed.body);
}

#[test]
fn files_have_one_coding() {
    let sandbox = offering(&[alpha()]);
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    let take = [("Accept-Encoding", "gzip, identity;q=0")];
    let answer = server.request("GET", &path, &take, b"").status(200);
    assert!(answer.body == alpha().bytes());
    let names = ["content-encoding", "vary"].map(|name| answer.header(name));
    assert_eq!(names, [None, None]);
    let name = answer.header("content-disposition").expect("a name");
    assert!(
        name.starts_with("attachment; filename=\"alpha_1.0-1"),
        "{name}"
    );
}

const BROWSER: [(&str, &str); 2] = [("Accept", "text/html"), ("User-Agent", "Mozilla/5.0 (X11)")];
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const REVALIDATED: &str = "public, no-cache";
const PAGE: &str = "no-cache";
const NEVER: &str = "no-store";

/// Path, status, who may keep it, and whether it has an entity tag and is a page.
type Row = (&'static str, u16, &'static str, bool, bool);

const ROUTES: [Row; 27] = [
    ("/", 200, PAGE, true, true),
    ("/?CATALOG", 200, REVALIDATED, true, false),
    ("/beta/?CATALOG", 200, REVALIDATED, true, false),
    ("/nas?CATALOG", 200, REVALIDATED, true, false),
    ("/api/package?CATALOG", 200, REVALIDATED, true, false),
    ("/?fulllist=true", 200, PAGE, true, true),
    ("/?devicelist=true", 200, PAGE, true, true),
    ("/?arch=x86_64", 200, PAGE, true, true),
    ("/packages", 200, PAGE, true, true),
    ("/package/alpha1", 200, PAGE, true, true),
    ("/package/nope", 404, NEVER, false, false),
    ("/explain", 200, PAGE, true, true),
    (
        "/explain?package=alpha1&model=DS918%2B&dsm=7.2",
        200,
        PAGE,
        true,
        true,
    ),
    (
        "/explain?package=nope&request=unique",
        400,
        NEVER,
        false,
        true,
    ),
    (
        "/explain?format=json&package=nope",
        400,
        NEVER,
        false,
        false,
    ),
    ("/packages/alpha1/DOWNLOAD", 200, IMMUTABLE, true, false),
    ("/packages/alpha1/nope.spk", 404, NEVER, false, false),
    (
        "/packages/alpha1/1.0-1/icon_72.png",
        200,
        REVALIDATED,
        true,
        false,
    ),
    (
        "/packages/alpha1/screenshots/1.png",
        404,
        NEVER,
        false,
        false,
    ),
    ("/nas/alpha1/1/icon_72.png", 200, REVALIDATED, true, false),
    ("/download/DOWNLOAD", 200, REVALIDATED, true, false),
    ("/v1/packages", 200, REVALIDATED, true, false),
    ("/v1/models", 200, REVALIDATED, true, false),
    ("/about", 200, REVALIDATED, true, false),
    ("/healthz", 200, NEVER, false, false),
    ("/readyz", 200, NEVER, false, false),
    ("/nope", 404, NEVER, false, false),
];

#[test]
fn each_route_says_who_may_keep_its_answer_and_head_says_the_same() {
    let sandbox = several();
    let server = Server::start(&sandbox, "--allowed-host 127.0.0.1");
    let download = download_path(&server, DSM72);
    let (_, file) = download.rsplit_once('/').expect("a path");
    for (path, status, policy, has_tag, is_page) in ROUTES {
        let target = path.replace("CATALOG", DSM72).replace("DOWNLOAD", file);
        for accepted in ["identity", "gzip"] {
            let headers = [&BROWSER[..], &[("Accept-Encoding", accepted)]].concat();
            let ask = |method| {
                server
                    .request(method, &target, &headers, b"")
                    .status(status)
            };
            let (get, head) = (ask("GET"), ask("HEAD"));
            let told = |answer: &Response| {
                let headers = answer.headers.iter().cloned();
                headers
                    .filter(|(name, _)| name != "Date" && name != "X-Request-Id")
                    .collect::<Vec<_>>()
            };
            assert_eq!(told(&get), told(&head), "{target}");
            assert_eq!(head.body, b"", "{target}");
            assert_eq!(get.header("cache-control"), Some(policy), "{target}");
            assert_eq!(get.header("etag").is_some(), has_tag, "{target}");
            assert_eq!(
                get.header("x-content-type-options"),
                Some("nosniff"),
                "{target}"
            );
            let pages = [
                "content-security-policy",
                "referrer-policy",
                "x-frame-options",
            ];
            for name in pages {
                assert_eq!(get.header(name).is_some(), is_page, "{target}: {name}");
            }
            let (names, vary) = (get.headers.iter(), get.header("vary").unwrap_or_default());
            assert!(names.filter(|(name, _)| name == "Vary").count() <= 1);
            let is_text = has_tag && get.header("accept-ranges").is_none();
            assert_eq!(vary.contains("Accept-Encoding"), is_text, "{target}");
            if let Some(tag) = get.header("etag") {
                let again = [&headers[..], &[("If-None-Match", tag)]].concat();
                let same = server.request("GET", &target, &again, b"").status(304);
                for name in ["etag", "cache-control", "vary"] {
                    assert_eq!(same.header(name), get.header(name), "{target}");
                }
            }
        }
    }
}

#[test]
fn pages_come_in_gzip_and_are_the_same() {
    let sandbox = several();
    let server = Server::start(&sandbox, "");
    for target in [
        "/packages",
        "/?devicelist=true",
        "/v1/packages",
        "/v1/models",
    ] {
        let plain = server.get(target).status(200);
        let take = [("Accept-Encoding", "gzip")];
        let packed = server.request("GET", target, &take, b"").status(200);
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{target}");
        assert!(packed.decoded() == plain.body, "{target}");
    }
}
