//! Sources that are broken or hostile: what is wrong is refused by name, and the rest is taken in.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::commits;
use super::live::FAST;
use crate::support::digest::md5;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;
use crate::support::tar::Content;
use crate::support::web_source::{Asked, Told, WebSource};

fn spk(package: &str) -> Vec<u8> {
    Spk::new(package, "1.0-1").payload_size(40_000).bytes()
}

/// Returns the entry of a package whose SPK is at a path.
fn entry(package: &str, link: &str) -> Value {
    let bytes = spk(package);
    json!({
        "package": package, "version": "1.0-1", "link": link,
        "size": bytes.len(), "md5": md5(&Content::Bytes(bytes)),
    })
}

/// Answers as a source with these entries, which has no list and knows one device.
fn catalog(asked: &Asked, entries: &[Value]) -> Option<Told> {
    let is_known = asked.parameter("arch").is_some() && !asked.path().contains("beta");
    match asked.path() {
        "/" if is_known => Some(Told::ok(json!({ "packages": entries }).to_string())),
        path if path.starts_with("/v1/") || path.starts_with("/beta/") => Some(Told::status(404)),
        _ => None,
    }
}

/// Serves the SPK that the last segment of the path names.
fn by_name(asked: &Asked) -> Told {
    let name = asked.path().rsplit('/').next().unwrap_or_default();
    Told::ok(spk(name.trim_end_matches(".spk")))
}

const NARROW: &str = "--arch avoton --dsm 7.2";

/// Imports what the source has for one device, and returns what came of it.
fn import(ours: &Sandbox, source: &WebSource, code: i32) -> Value {
    let outcome = ours.run(&format!("import {} {FAST} {NARROW} --json", source.url()));
    match code {
        0 => outcome.success().json(),
        code => outcome.failure(code).json(),
    }
}

/// Returns the reason for which a package was refused.
fn reason<'a>(report: &'a Value, package: &str) -> &'a str {
    let refused = report["refused"].as_array().expect("a list");
    let found = refused.iter().find(|one| one["package"] == package);
    let found = found.unwrap_or_else(|| panic!("{package}: {report:#}"));
    found["reason"].as_str().expect("a text")
}

#[test]
fn each_bad_download_is_refused_by_name_and_the_good_one_is_taken() {
    let source = WebSource::start(|asked, _| {
        let entries = [
            entry("absent", "/absent.spk"),
            entry("cut", "/cut.spk"),
            entry("endless", "/endless.spk"),
            entry("good", "good.spk"),
            entry("larger", "/larger.spk"),
            entry("looping", "/loop/1"),
            entry("named", "/good.spk?x"),
            entry("outside", "file:///etc/passwd"),
            entry("swapped", "/swapped.spk"),
            entry("torn", "/torn.spk"),
        ];
        if let Some(told) = catalog(asked, &entries) {
            return told;
        }
        match asked.path() {
            "/absent.spk" => Told::status(404),
            "/cut.spk" => {
                let mut told = by_name(asked);
                told.cut = Some(1000);
                told
            }
            "/endless.spk" => {
                let mut told = by_name(asked);
                told.endless = true;
                told
            }
            "/larger.spk" => Told::ok(vec![0; 100]),
            "/swapped.spk" => {
                let mut bytes = spk("swapped");
                *bytes.last_mut().expect("bytes") ^= 1;
                Told::ok(bytes)
            }
            "/torn.spk" => {
                let mut bytes = spk("torn");
                bytes[257..262].fill(0);
                Told::ok(bytes)
            }
            path if path.starts_with("/loop/") => {
                Told::status(302).with("Location", &format!("{path}1"))
            }
            _ => by_name(asked),
        }
    });
    let ours = Sandbox::initialized();
    let report = import(&ours, &source, 1);
    for (package, expected) in [
        ("absent", "status 404"),
        ("cut", "broke off"),
        ("endless", "more than"),
        ("larger", "it has 100 bytes, the catalog says"),
        ("looping", "redirection"),
        ("outside", "does not lead to the web"),
        ("swapped", "it has the MD5"),
    ] {
        let reason = reason(&report, package);
        assert!(reason.contains(expected), "{package}: {reason}");
    }
    // Its bytes are those of another package.
    assert!(reason(&report, "named").contains("MD5"), "{report:#}");
    assert!(reason(&report, "torn").contains("torn.spk"), "{report:#}");
    let commits = commits(&ours);
    assert_eq!(commits.len(), 1, "{commits:?}");
    assert!(commits[0].contains("add good 1.0-1"), "{commits:?}");
    ours.fsck();
}

#[test]
fn an_spk_that_is_another_than_its_entry_says_is_refused() {
    let source = WebSource::start(|asked, _| {
        let mut entry = entry("good", "/good.spk");
        entry["package"] = json!("bait");
        catalog(asked, &[entry]).unwrap_or_else(|| by_name(asked))
    });
    let ours = Sandbox::initialized();
    let report = import(&ours, &source, 1);
    assert_eq!(
        reason(&report, "bait"),
        "the catalog calls it bait 1.0-1, the SPK is good 1.0-1"
    );
    assert_eq!(commits(&ours).len(), 0);
}

#[test]
fn a_download_goes_on_where_it_broke_off_when_it_is_still_the_same() {
    let source = WebSource::start(|asked, _| {
        let all = [entry("same", "/same.spk"), entry("tagless", "/tagless.spk")];
        if let Some(told) = catalog(asked, &all) {
            return told;
        }
        let told = by_name(asked);
        let told = match asked.path() {
            "/same.spk" => told.with("ETag", "\"x\""),
            _ => told,
        };
        let from = asked.header("range").and_then(|range| {
            let from = range.strip_prefix("bytes=")?.strip_suffix('-')?;
            from.parse::<usize>().ok()
        });
        match from {
            None => Told {
                cut: Some(10_000),
                ..told
            },
            Some(from) => {
                let range = format!("bytes {from}-{}/{}", told.body.len() - 1, told.body.len());
                let body = told.body[from..].to_vec();
                let told = Told {
                    body,
                    status: 206,
                    ..told
                };
                told.with("Content-Range", &range)
            }
        }
    });
    let ours = Sandbox::initialized();
    import(&ours, &source, 0);
    let asked = source.take_asked();
    let ranges: Vec<_> = asked
        .iter()
        .filter(|asked| asked.header("range").is_some())
        .collect();
    assert_eq!(ranges.len(), 2);
    assert_eq!(ranges[0].header("range"), Some("bytes=10000-"));
    assert_eq!(ranges[0].header("if-range"), Some("\"x\""));
    assert_eq!(ranges[1].header("if-range"), None, "the MD5 tells");
    let agent = concat!("spkrepo/", env!("CARGO_PKG_VERSION"));
    assert!(
        asked
            .iter()
            .all(|asked| asked.header("user-agent") == Some(agent))
    );
    assert_eq!(commits(&ours).len(), 2);
    ours.fsck();
}

#[test]
fn answers_that_are_no_catalogs_are_refused_and_the_others_are_read() {
    let source = WebSource::start(|asked, _| {
        let channel = asked.parameter("package_update_channel");
        if channel.as_deref() == Some("beta") && asked.path() == "/" {
            return match asked.parameter("major").as_deref() {
                Some("6") => Told::ok("<html>welcome</html>"),
                _ => Told {
                    endless: true,
                    ..Told::ok(vec![b' '; 1 << 20])
                },
            };
        }
        let told = catalog(asked, &[entry("good", "/good.spk")]);
        told.unwrap_or_else(|| by_name(asked))
    });
    let ours = Sandbox::initialized();
    let line = format!(
        "import {} {FAST} --arch avoton --dsm 7.2 --dsm 6.2 --json",
        source.url()
    );
    let report = ours.run(&line).failure(1).json();
    let refused = report["refused"].as_array().expect("a list");
    assert_eq!(refused.len(), 2, "{report:#}");
    let has = |part: &str| {
        let mut refused = refused.iter();
        refused.any(|one| {
            one["reason"]
                .as_str()
                .is_some_and(|reason| reason.contains(part))
        })
    };
    assert!(has("it is no JSON"), "{report:#}");
    assert!(has("more than 67108864 bytes"), "{report:#}");
    assert_eq!(commits(&ours).len(), 1);
}

#[test]
fn a_server_that_is_busy_is_waited_for_as_long_as_it_says() {
    let busy = std::sync::atomic::AtomicUsize::new(0);
    let source = WebSource::start(move |asked, _| {
        if asked.path() == "/good.spk" && busy.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2
        {
            return Told::status(429).with("Retry-After", "1");
        }
        let told = catalog(asked, &[entry("good", "/good.spk")]);
        told.unwrap_or_else(|| by_name(asked))
    });
    let ours = Sandbox::initialized();
    let start = Instant::now();
    import(&ours, &source, 0);
    assert!(
        start.elapsed() >= Duration::from_secs(2),
        "it was asked again at once"
    );
    assert_eq!(commits(&ours).len(), 1);
}

#[test]
fn the_rate_bounds_how_often_a_source_is_asked() {
    let source = WebSource::start(|asked, _| catalog(asked, &[]).unwrap_or_else(|| by_name(asked)));
    let ours = Sandbox::initialized();
    let start = Instant::now();
    let line = format!("import {} --rate 10/s {NARROW} --json", source.url());
    let report = ours.run(&line).success().json();
    assert_eq!(report["releases"], json!([]));
    let asked = source.take_asked().len() as u32;
    assert!(asked >= 2, "{asked}");
    assert!(start.elapsed() >= Duration::from_millis(100) * (asked - 1));
}

#[test]
fn an_address_without_a_source_is_an_error_and_says_what_to_give() {
    let ours = Sandbox::initialized();
    let source = WebSource::start(|_, _| Told::status(404));
    ours.run(&format!("import {} {FAST} {NARROW}", source.url()))
        .failure(2)
        .stderr_has("is no package source: none of 3 questions was answered")
        .stderr_has("status 404")
        .stderr_has("hint: give the address");
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("it is bound").to_string()
    };
    ours.run(&format!("import http://{gone}"))
        .failure(2)
        .stderr_has("could not be asked");
}

#[test]
fn other_bytes_for_a_build_that_is_there_are_refused_and_not_downloaded_again() {
    let changed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_changed = std::sync::Arc::clone(&changed);
    let source = WebSource::start(move |asked, _| {
        let bytes = match is_changed.load(std::sync::atomic::Ordering::SeqCst) {
            false => spk("good"),
            true => Spk::new("good", "1.0-1").payload("changed").bytes(),
        };
        let mut entry = entry("good", "/good.spk");
        entry["size"] = json!(bytes.len());
        entry["md5"] = json!(md5(&Content::Bytes(bytes.clone())));
        catalog(asked, &[entry]).unwrap_or_else(|| Told::ok(bytes))
    });
    let ours = Sandbox::initialized();
    import(&ours, &source, 0);
    changed.store(true, std::sync::atomic::Ordering::SeqCst);
    source.take_asked();
    for downloads in [1, 0] {
        let report = import(&ours, &source, 1);
        assert!(reason(&report, "good").contains("has other bytes than good 1.0-1"));
        let asked = source.take_asked();
        let found = asked
            .iter()
            .filter(|asked| asked.path().ends_with(".spk"))
            .count();
        assert_eq!(found, downloads, "it is kept until the source has another");
    }
    assert_eq!(commits(&ours).len(), 1);
}

#[test]
fn a_list_as_gosspks_has_it_marks_its_betas() {
    let source = WebSource::start(|asked, _| {
        let mut early = entry("early", "/early.spk");
        early["beta"] = json!(true);
        early["size"] = json!(early["size"].to_string());
        match asked.path() {
            "/v1/packages" => Told::ok(json!([early, entry("good", "/good.spk")]).to_string()),
            path if path.ends_with(".spk") => by_name(asked),
            _ => Told::status(404),
        }
    });
    let ours = Sandbox::initialized();
    ours.run(&format!("import {} {FAST}", source.url()))
        .success()
        .stdout(
            "added early 1.0-1: 1 build on beta, 42.00 KiB\n\
         added good 1.0-1: 1 build on stable, 42.00 KiB\n\
         took 2 builds of 2 releases, 0 already there, 0 refused\n",
        );
}

#[test]
fn an_spk_that_is_too_large_is_not_even_asked_for() {
    let source = WebSource::start(|asked, _| {
        let told = catalog(asked, &[entry("good", "/good.spk")]);
        told.unwrap_or_else(|| by_name(asked))
    });
    let ours = Sandbox::initialized();
    let line = format!("import {} {FAST} {NARROW} --max-size 10KiB", source.url());
    ours.run(&line)
        .failure(1)
        .stderr_has("larger than 10240 bytes");
    assert!(
        source
            .take_asked()
            .iter()
            .all(|asked| asked.path() != "/good.spk")
    );
}
