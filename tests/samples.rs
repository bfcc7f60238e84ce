//! Real SPKs, when they are beside the sources: each is taken in, or refused for the right reason.

use std::path::{Path, PathBuf};

use crate::support::gpg::Gpg;
use crate::support::sandbox::Sandbox;

const COMPLETE: [&str; 7] = [
    "MODS_Dummy.spk",
    "MODS_Dummy_7.x.spk",
    "MODS_Filebot_Runner.spk",
    "MODS_Web_Package_7.x.spk",
    "Medusa_1.9b_Python_3.12_noarch_DSM_6.spk",
    "Medusa_DSM_7_V2.4.spk",
    "autorun-2.0.0-0001.spk",
];

/// Returns the samples; none when they are not there.
fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/spk");
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut samples: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    samples.sort();
    samples
}

#[test]
fn each_sample_is_taken_in_or_lacks_its_payload() {
    let sandbox = Sandbox::initialized();
    for path in samples() {
        let name = path.file_name().expect("a file").to_string_lossy();
        let path = path.display();
        let is_complete = COMPLETE.contains(&name.as_ref());
        let inspected = sandbox.run(&format!("inspect '{path}'"));
        let added = sandbox.run(&format!("add '{path}'"));
        if is_complete {
            inspected.success().stdout_has("platforms");
            added.success().stdout_has("added");
        } else {
            inspected.failure(1).stdout_has("package.tgz");
            added.failure(2).stdout("").stderr_has("package.tgz");
        }
        assert_eq!(sandbox.status(), "", "{name}");
    }
    sandbox.fsck();
}

#[test]
fn all_complete_samples_go_in_at_once_and_come_back_whole() {
    let samples: Vec<PathBuf> = samples()
        .into_iter()
        .filter(|path| {
            let name = path.file_name().expect("a file").to_string_lossy();
            COMPLETE.contains(&name.as_ref())
        })
        .collect();
    if samples.is_empty() {
        return;
    }
    let sandbox = Sandbox::initialized();
    let files: Vec<String> = samples
        .iter()
        .map(|path| format!("'{}'", path.display()))
        .collect();
    let report = sandbox
        .run(&format!("add --json {}", files.join(" ")))
        .success()
        .json();
    assert_eq!(
        report["files"].as_array().map(Vec::len),
        Some(COMPLETE.len())
    );
    for path in samples {
        let bytes = fs_err::read(path).expect("a sample");
        let oid = crate::support::digest::sha256(&bytes);
        assert_eq!(sandbox.blob(&oid), bytes);
    }
    sandbox.fsck();
}

#[test]
fn each_complete_sample_comes_back_from_its_signature() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    for path in samples() {
        let name = path.file_name().expect("a file").to_string_lossy();
        if !COMPLETE.contains(&name.as_ref()) {
            continue;
        }
        let report = sandbox.run(&format!("add --json '{}'", path.display()));
        let report = report.success().json();
        let file = &report["files"][0];
        let text = |key: &str| file[key].as_str().expect("a text").to_owned();
        let release = format!("'{}@{}'", text("package"), text("version"));
        let signed = sandbox.run(&format!("sign {release} --key ../tess.key --json"));
        let signed = signed.success().json();
        assert_eq!(signed["builds"][0]["outcome"], "signed", "{name}");
        let verified = sandbox.run(&format!("verify {release}"));
        verified.success().stdout_has("good signature");
        let unsigned = sandbox.run(&format!("unsign {release} --json"));
        let unsigned = unsigned.success().json();
        assert_eq!(unsigned["builds"][0]["sha256"], file["sha256"], "{name}");
    }
    sandbox.fsck();
}
