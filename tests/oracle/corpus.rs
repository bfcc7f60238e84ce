//! The SPKs that the other servers had, as package sources of ours.
//!
//! What the original takes for a beta, a build whose INFO has a `report_url`, is on beta here; what it had switched off
//! is staged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use serde::Deserialize;
use serde_json::Value;

use super::recorded::gunzip;
use crate::support::digest::sha256;
use crate::support::sandbox::Sandbox;

/// What is known of an SPK beforehand.
#[derive(Deserialize)]
struct Described {
    #[serde(default = "yes")]
    active: bool,
    file: String,
    params: Parameters,
}

#[derive(Deserialize)]
struct Parameters {
    info: BTreeMap<String, Value>,
}

fn yes() -> bool {
    true
}

impl Described {
    fn channel(&self) -> &'static str {
        let report_url = self.params.info.get("report_url").and_then(Value::as_str);
        match report_url {
            _ if !self.active => "staged",
            None | Some("") => "stable",
            Some(_) => "beta",
        }
    }
}

/// Returns a source of the main corpus: 120 packages, 2160 builds.
pub(super) fn main(recordings: &Path) -> Sandbox {
    added(&main_corpus(recordings))
}

/// Returns a source of the 74 builds for edge cases, changed as the original's database was.
pub(super) fn edge(recordings: &Path) -> Sandbox {
    let folder = tempfile::tempdir().expect("a writable folder for files");
    tar::Archive::new(gunzip(&recordings.join("corpus-edge.tar.gz")))
        .unpack(folder.path())
        .expect("an archive of SPKs");
    sort_by_channel(
        &folder.path().join("edge"),
        &recordings.join("corpus-edge.json.gz"),
    );
    let sandbox = added(&folder.path().join("edge"));
    let package = sandbox.path("repo/packages/screens");
    fs::create_dir(package.join("screenshots")).expect("a new folder");
    for name in ["1.png", "2.png"] {
        let icon = package.join("1.0-1/icon_72.png");
        fs::copy(icon, package.join("screenshots").join(name)).expect("an icon of the corpus");
    }
    sandbox.git("add packages");
    sandbox.git("commit --quiet -m screenshots");
    sandbox
}

fn added(corpus: &Path) -> Sandbox {
    let sandbox = Sandbox::initialized();
    for channel in ["stable", "beta", "staged"] {
        let folder = corpus.join(channel);
        if folder.is_dir() {
            let folder = folder.display();
            sandbox
                .run(&format!("add --channel {channel} '{folder}'"))
                .success();
        }
    }
    sandbox
}

/// Makes the main corpus, which takes half a minute, once for all runs: it is the same byte for byte.
fn main_corpus(recordings: &Path) -> PathBuf {
    let generator = recordings.join("genspk.py");
    let version = sha256(&fs::read(&generator).expect("the generator"));
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let corpus = kept.join(format!("oracle-{}", &version[..12]));
    if !corpus.is_dir() {
        let folder = tempfile::tempdir_in(kept).expect("a writable folder for files");
        let new = folder.path().join("corpus");
        let status = Command::new("python3")
            .arg(generator)
            .args(["corpus", "--seed", "42", "--out"])
            .arg(&new)
            .stdout(Stdio::null())
            .status()
            .unwrap_or_else(|error| panic!("`python3` is needed (see .ci/test): {error}"));
        assert!(status.success(), "the corpus cannot be made");
        sort_by_channel(&new, &recordings.join("corpus-main.json.gz"));
        // Another run may have made it meanwhile.
        fs::rename(&new, &corpus).ok();
    }
    corpus
}

/// Moves the SPKs of a corpus into a folder for each channel; they keep their order.
fn sort_by_channel(corpus: &Path, description: &Path) {
    let described: Vec<Described> =
        serde_json::from_reader(gunzip(description)).expect("a list of SPKs");
    for (number, spk) in described.iter().enumerate() {
        let folder = corpus.join(spk.channel());
        fs::create_dir_all(&folder).expect("a writable folder");
        let new = folder.join(format!("{number:04}.spk"));
        fs::rename(corpus.join(&spk.file), new).expect("an SPK of the corpus");
    }
}
