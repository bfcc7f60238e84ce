//! SPKs, icons and screenshots: whole, in parts, conditionally, missing.

use super::{DSM72, catalog, download_path, entries, offering, path_of};
use crate::support::digest::sha256;
use crate::support::server::Server;
use crate::support::spk::Spk;

fn alpha() -> Spk {
    Spk::new("alpha", "1.0-1").payload_size(3_000_017)
}

#[test]
fn an_spk_arrives_as_it_was_added() {
    let sandbox = offering(&[alpha()]);
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    let bytes = alpha().bytes();
    let tag = format!("\"{}\"", sha256(&bytes));
    let whole = server.get(&path).status(200);
    assert!(whole.body == bytes);
    let head = server.request("HEAD", &path, &[], b"").status(200);
    for answer in [&whole, &head] {
        for (name, value) in [
            ("content-type", "application/octet-stream"),
            ("content-length", bytes.len().to_string().as_str()),
            ("accept-ranges", "bytes"),
            ("etag", tag.as_str()),
        ] {
            assert_eq!(answer.header(name), Some(value));
        }
    }
}

#[test]
fn ranges_give_the_bytes_they_name() {
    let sandbox = offering(&[alpha()]);
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    let bytes = alpha().bytes();
    let length = bytes.len();
    let mut connection = server.connect();
    for (range, first, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, length),
        ("bytes=1000000-1999999", 1_000_000, 2_000_000),
        ("bytes=2000000-99999999", 2_000_000, length),
        ("bytes=-5", length - 5, length),
    ] {
        let part = connection
            .request("GET", &path, &[("Range", range)], b"")
            .status(206);
        assert!(part.body == bytes[first..end], "{range}");
        let expected = format!("bytes {first}-{}/{length}", end - 1);
        assert_eq!(part.header("content-range"), Some(expected.as_str()));
    }
    let beyond = format!("bytes={length}-");
    let refused = connection
        .request("GET", &path, &[("Range", &beyond)], b"")
        .status(416);
    assert_eq!(
        refused.header("content-range"),
        Some(format!("bytes */{length}").as_str())
    );
    for range in ["lines=1-2", "bytes=2-1", "bytes=0-1,b"] {
        let whole = connection
            .request("GET", &path, &[("Range", range)], b"")
            .status(200);
        assert!(whole.body == bytes, "{range}");
    }
}

#[test]
fn conditions_compare_the_digest() {
    let sandbox = offering(&[alpha()]);
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    let tag = format!("\"{}\"", sha256(&alpha().bytes()));
    let ask = |headers: &[(&str, &str)]| server.request("GET", &path, headers, b"").status;
    assert_eq!(ask(&[("If-None-Match", &tag)]), 304);
    assert_eq!(ask(&[("If-None-Match", "\"other\"")]), 200);
    assert_eq!(ask(&[("If-Match", "\"other\"")]), 412);
    let range = ("Range", "bytes=0-9");
    assert_eq!(ask(&[range, ("If-Range", &tag)]), 206);
    assert_eq!(ask(&[range, ("If-Range", "\"other\"")]), 200);
}

#[test]
fn any_name_that_a_package_can_have_is_reached_by_its_link() {
    let names = [
        "a b", "a!b", "a#b", "a$b", "a%41", "a&b", "a'b", "a(b)", "a+b", "a,b", "a;b", "a@b",
        "a[b]", "a{b}", "a~b", "über",
    ];
    let spk = |name: &str| Spk::new(name, "1.0+b~c-1").icon(72).screenshot(1);
    let sandbox = offering(&names.map(spk));
    let server = Server::start(&sandbox, "");
    let entries = entries(&server.get(&catalog(DSM72)).status(200));
    for (entry, name) in entries.iter().zip(names) {
        assert_eq!(entry["package"], name);
        let get = |link: &serde_json::Value| {
            let link = link.as_str().expect("a link");
            server.get(path_of(link, server.host())).status(200).body
        };
        assert!(get(&entry["link"]) == spk(name).bytes(), "{entry}");
        for key in ["thumbnail", "snapshot"] {
            assert!(get(&entry[key][0]).starts_with(b"\x89PNG"), "{entry}");
        }
    }
    assert_eq!(entries.len(), names.len());
}

#[test]
fn icons_and_screenshots_arrive_with_their_type_and_tag() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")
        .icon(72)
        .icon(256)
        .screenshot(1)
        .screenshot(2)]);
    let server = Server::start(&sandbox, "");
    let entry = entries(&server.get(&catalog(DSM72))).remove(0);
    let lists = [("thumbnail", 2), ("thumbnail_retina", 2), ("snapshot", 2)];
    for (key, count) in lists {
        let links = entry[key].as_array().expect("a list");
        assert_eq!(links.len(), count, "{key}");
        for link in links {
            let path = path_of(link.as_str().expect("a link"), server.host());
            let picture = server.get(path).status(200);
            assert_eq!(picture.header("content-type"), Some("image/png"));
            assert!(picture.body.starts_with(b"\x89PNG"));
            let tag = picture.header("etag").expect("a tag");
            server
                .request("GET", path, &[("If-None-Match", tag)], b"")
                .status(304);
            server.request("HEAD", path, &[], b"").status(200);
        }
    }
    server.get("/packages/alpha/1.0-1/release.toml").status(404);
    server
        .get("/packages/alpha/screenshots/other.png")
        .status(404);
}

#[test]
fn a_blob_that_is_not_here_is_said_to_be_missing() {
    let sandbox = offering(&[alpha()]);
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    let bytes = alpha().bytes();
    let blob = sandbox.blob_path(&sha256(&bytes));
    fs_err::remove_file(&blob).expect("the blob is there");
    for damage in [None, Some(&bytes[..100])] {
        if let Some(rest) = damage {
            fs_err::write(&blob, rest).expect("a writable store");
        }
        let answer = server.get(&path).status(503).json();
        let message = answer["message"].as_str().expect("a message");
        assert!(message.contains("not whole on this server"), "{message}");
        assert_eq!(server.get(&catalog(DSM72)).status, 200);
    }
    fs_err::write(&blob, &bytes).expect("a writable store");
    assert!(server.get(&path).status(200).body == bytes);
}
