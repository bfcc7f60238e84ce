//! The arrows between modules point down, and each outside crate stays in the module that wraps it.
//!
//! Reads every path in `src/`, in `use` lines and in code, tests included.

mod paths;

use std::path::Path;

use crate::source_rules::{root, rust_files, short};

/// The layers from the bottom; modules of one layer do not know each other.
const LAYERS: [&[&str]; 10] = [
    &["base"],
    &["model"],
    &["blob", "git", "pgp", "spk", "stats", "web"],
    &["transfer"],
    &["repo"],
    &["catalog"],
    &["diff", "history", "lint", "site"],
    &["ops"],
    &["http"],
    &["cli"],
];

/// Where paths that begin so may stand.
const WRAPPERS: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("flate2", &["http::gzip", "spk"]),
    ("git2", &["git"]),
    ("indicatif", &["cli"]),
    ("instant_xml", &["transfer::s3"]),
    ("sequoia_openpgp", &["pgp"]),
    ("ring", &["base::digest", "http::hook"]),
    ("rusty_s3", &["transfer::s3"]),
    ("prometheus_client", &["http::metrics"]),
    // Lower layers take what they need as arguments.
    ("std::env", &["cli", "http"]),
    ("tar", &["spk"]),
    ("tiny_http", &["http::front"]),
    ("ureq", &["web"]),
];

/// Returns what is wrong with a file of `src/`, given its path there.
fn faults(file: &str, source: &str) -> Vec<String> {
    let module = module_of(file);
    paths::paths(source)
        .into_iter()
        .filter_map(|path| {
            let here = [module.clone(), path.inside].concat();
            let fault = arrow_fault(&here, &path.segments)
                .or_else(|| wrapper_fault(&here, &path.segments))?;
            Some(format!("src/{file}:{}: {fault}", path.line))
        })
        .collect()
}

/// Returns the module that a file is: `git/mod.rs` is `git`, `lib.rs` the crate itself.
fn module_of(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    match path {
        "lib" | "main" => Vec::new(),
        _ => path.split('/').map(str::to_owned).collect(),
    }
}

fn arrow_fault(here: &[String], path: &[String]) -> Option<String> {
    let from = here.first()?;
    let to = inside_crate(here, path)?.first()?.clone();
    if *from == to {
        return None;
    }
    match (layer(from), layer(&to)) {
        (None, _) => Some(format!(
            "`{from}` is in no layer: name it in tests/layers.rs"
        )),
        (Some(above), Some(below)) if below < above => None,
        (Some(above), Some(below)) if below == above => {
            Some(format!("`{from}` uses `{to}` of the same layer"))
        }
        (Some(_), Some(_)) => Some(format!("`{from}` uses `{to}` of a higher layer")),
        // An item of the crate itself, which is above all layers.
        (Some(_), None) => Some(format!(
            "`{from}` uses `{to}` of the crate's root or of no layer"
        )),
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// Returns a path from the crate's root, or nothing when it leads out of the crate or stays in its module.
fn inside_crate(here: &[String], path: &[String]) -> Option<Vec<String>> {
    let climbs = path
        .iter()
        .take_while(|segment| *segment == "super")
        .count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "super" => Some([&here[..here.len().saturating_sub(climbs)], &path[climbs..]].concat()),
        _ => None,
    }
}

fn wrapper_fault(here: &[String], path: &[String]) -> Option<String> {
    let here = here.join("::");
    let path = path.join("::");
    let (name, homes) = WRAPPERS.iter().find(|(name, _)| begins(&path, name))?;
    let at_home = homes.iter().any(|home| begins(&here, home));
    (!at_home).then(|| format!("`{name}` is used outside of `{}`", homes.join("` and `")))
}

/// Tells whether a path begins with whole segments.
fn begins(path: &str, start: &str) -> bool {
    path.strip_prefix(start)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn arrows_point_down() {
    let source = |file: &Path| std::fs::read_to_string(file).expect("UTF-8");
    let found: Vec<String> = rust_files("src")
        .iter()
        .flat_map(|file| faults(short(file).trim_start_matches("src/"), &source(file)))
        .collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    let library = std::fs::read_to_string(root().join("src/lib.rs")).expect("UTF-8");
    let modules = library
        .lines()
        .filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';'));
    let strays: Vec<&str> = modules.filter(|module| layer(module).is_none()).collect();
    assert!(
        strays.is_empty(),
        "in no layer of tests/layers.rs: {strays:?}"
    );
}

#[test]
fn arrows_up_and_aside_are_found() {
    assert_eq!(
        faults(
            "ops/add.rs",
            "use crate::repo::Change;\nuse crate::{base, spk::Spk};"
        ),
        [""; 0]
    );
    assert_eq!(
        faults(
            "ops/add.rs",
            "use super::report::Report; use crate::ops::find;"
        ),
        [""; 0]
    );
    assert_eq!(
        faults(
            "ops/add.rs",
            "//! Adds.\nuse crate::{base::digest, cli::ui};"
        ),
        ["src/ops/add.rs:2: `ops` uses `cli` of a higher layer"]
    );
    assert_eq!(
        faults("git/mod.rs", "fn f() { crate::blob::open() }"),
        ["src/git/mod.rs:1: `git` uses `blob` of the same layer"]
    );
    assert_eq!(
        faults("model/doc/read.rs", "use super::super::super::http::Reply;"),
        ["src/model/doc/read.rs:1: `model` uses `http` of a higher layer"]
    );
    assert_eq!(
        faults(
            "spk/info.rs",
            "#[cfg(test)]\nmod tests {\n use super::super::super::repo::x; }"
        ),
        ["src/spk/info.rs:3: `spk` uses `repo` of a higher layer"]
    );
    assert_eq!(
        faults("tools/a.rs", "use crate::base::x;"),
        ["src/tools/a.rs:1: `tools` is in no layer: name it in tests/layers.rs"]
    );
    assert_eq!(
        faults("cli/a.rs", "crate::VERSION::x;"),
        ["src/cli/a.rs:1: `cli` uses `VERSION` of the crate's root or of no layer"]
    );
    assert_eq!(
        faults("lib.rs", "pub use crate::cli::run; use cli::x;"),
        [""; 0]
    );
}

#[test]
fn crates_outside_their_wrapper_are_found() {
    let samples = [
        ("git/repo.rs", "ops/add.rs", "git2"),
        ("pgp/mod.rs", "spk/mod.rs", "sequoia_openpgp"),
        ("spk/read.rs", "repo/mod.rs", "tar"),
        ("spk/read.rs", "http/reply.rs", "flate2"),
        ("http/front/mod.rs", "http/router.rs", "tiny_http"),
        ("web/client.rs", "ops/sign/mod.rs", "ureq"),
        ("cli/add.rs", "http/mod.rs", "clap"),
        ("cli/ui.rs", "ops/add.rs", "indicatif"),
        ("cli/ui.rs", "git/mod.rs", "std::env"),
    ];
    for (home, abroad, name) in samples {
        for source in [
            format!("use {name}::{{X, Y}};"),
            format!("use {name} as n;"),
            format!("fn f() {{ {name}::f() }}"),
        ] {
            assert_eq!(faults(home, &source), [""; 0], "{source}");
            let found = faults(abroad, &source).join(" ");
            assert!(
                found.contains(&format!("`{name}` is used outside of")),
                "{abroad}: {source}: {found}"
            );
        }
    }
    assert_eq!(
        faults(
            "ops/add.rs",
            "use targets::x; fn f() { self::tar::x(); std::environment::x() }"
        ),
        [""; 0]
    );
    assert_eq!(faults("http/front.rs", "use tiny_http::Request;"), [""; 0]);
}
