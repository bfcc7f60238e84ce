//! The setup action installs the bytes that its commit names, or nothing.

use std::path::PathBuf;
use std::process::{Command, Output};

use fs_err as fs;
use tempfile::TempDir;

use crate::source_rules::root;
use crate::support::digest::sha256;

const ASSET: &str = "spkrepo-v1.2.3-x86_64-unknown-linux-musl.tar.gz";

/// A copy of the action, a release, and the folders that a runner has.
struct Runner(TempDir);

impl Runner {
    /// The action names version 1.2.3, whose archive for Linux has a program that says so.
    fn new() -> Self {
        let runner = Self(tempfile::tempdir().expect("a temporary folder"));
        for folder in ["action", "bin", "release", "temp", "tools"] {
            fs::create_dir(runner.path(folder)).expect("a new folder");
        }
        let script = root().join(".github/actions/setup/install.sh");
        fs::copy(script, runner.path("action/install.sh")).expect("a file of the project");
        runner.program("release/spkrepo", "echo 'spkrepo 1.2.3'");
        runner.sh(&format!("tar -C release -czf release/{ASSET} spkrepo"));
        let digest = sha256(&fs::read(runner.path("release").join(ASSET)).expect("an archive"));
        runner.write("action/VERSION", "v1.2.3\n");
        runner.write("action/SHA256SUMS", &format!("{digest}  {ASSET}\n"));
        // Stands in for GitHub: a release is a folder.
        let gh = format!(
            "test \"$1 $2 $3 $4 $5\" = 'release download v1.2.3 --repo spkrepo/spkrepo' && cp '{}'/\"$7\" \"$9\"",
            runner.path("release").display()
        );
        runner.program("bin/gh", &gh);
        runner
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).expect("a writable folder");
    }

    fn program(&self, path: &str, script: &str) {
        self.write(path, &format!("#!/bin/sh\n{script}\n"));
        self.sh(&format!("chmod +x {path}"));
    }

    fn sh(&self, line: &str) {
        let status = Command::new("sh")
            .args(["-c", line])
            .current_dir(self.0.path())
            .status();
        assert!(status.expect("a shell").success(), "{line}");
    }

    fn install(&self, os: &str, arch: &str) -> Output {
        let path = std::env::var("PATH").expect("a PATH");
        Command::new("bash")
            .arg(self.path("action/install.sh"))
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("RUNNER_OS", os)
            .env("RUNNER_ARCH", arch)
            .env("RUNNER_TEMP", self.path("temp"))
            .env("RUNNER_TOOL_CACHE", self.path("tools"))
            .env("GITHUB_PATH", self.path("github-path"))
            .env("GITHUB_OUTPUT", self.path("github-output"))
            .output()
            .expect("`bash` is needed")
    }

    /// Demands that nothing was installed, and that the log of the run says this.
    #[track_caller]
    fn is_refused(&self, output: &Output, message: &str) {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success(), "{said}");
        assert!(said.contains(&format!("::error::{message}")), "{said}");
        assert!(!self.path("github-path").exists());
        assert_eq!(
            fs::read_dir(self.path("tools")).expect("a folder").count(),
            0
        );
    }
}

#[test]
fn it_installs_the_release_that_it_names_and_downloads_it_once() {
    let runner = Runner::new();
    for _ in 0..2 {
        let output = runner.install("Linux", "X64");
        assert!(output.status.success(), "{output:?}");
        // The second time, it is there.
        fs::remove_file(runner.path("bin/gh")).ok();
    }
    let folder = fs::read_to_string(runner.path("github-path")).expect("a file");
    let folder = folder.lines().next().expect("a line");
    let version = Command::new(format!("{folder}/spkrepo"))
        .output()
        .expect("a program");
    assert_eq!(version.stdout, b"spkrepo 1.2.3\n");
    let output = fs::read_to_string(runner.path("github-output")).expect("a file");
    assert!(output.starts_with("version=v1.2.3\n"), "{output}");
}

#[test]
fn other_bytes_are_not_installed() {
    let runner = Runner::new();
    runner.write(&format!("release/{ASSET}"), "something else");
    let message = format!("{ASSET} has not the digest");
    runner.is_refused(&runner.install("Linux", "X64"), &message);
}

#[test]
fn a_release_without_a_digest_is_not_installed() {
    let runner = Runner::new();
    runner.write("action/SHA256SUMS", "");
    let message = "this commit of the action names no digest";
    runner.is_refused(&runner.install("Linux", "X64"), message);
}

#[test]
fn a_runner_without_a_binary_is_told_which_have_one() {
    let runner = Runner::new();
    runner.is_refused(
        &runner.install("Windows", "X64"),
        "there is no spkrepo for Windows on X64",
    );
}

#[test]
fn the_pins_of_a_release_are_two_commits() {
    let runner = Runner::new();
    let here = root().display();
    runner.sh("mkdir -p repo/.github/actions && git init --quiet repo");
    runner.sh(&format!(
        "cp -r '{here}/.github/actions/setup' repo/.github/actions/"
    ));
    runner.sh(&format!(
        "cp -r '{here}/repo-template' repo/ && rm -rf repo/repo-template/deploy"
    ));
    runner.sh("git -C repo add . && git -C repo -c user.name=T -c user.email=t@x commit -qm first");
    runner.sh("cp action/SHA256SUMS repo/.github/actions/setup/SHA256SUMS");
    runner.sh("repo/.github/actions/setup/pin.sh v1.2.3");
    runner.sh("test -z \"$(git -C repo status --porcelain)\"");
    runner.sh("git -C repo show HEAD~1:.github/actions/setup/VERSION | grep -qx v1.2.3");
    runner.sh("git -C repo show HEAD~1:.github/actions/setup/SHA256SUMS | cmp - action/SHA256SUMS");
    let pin =
        "uses: spkrepo/spkrepo/.github/actions/setup@$(git -C repo rev-parse HEAD~1) # v1.2.3";
    let uses = "grep -h 'actions/setup@' repo/repo-template/.github/workflows/*.yml";
    runner.sh(&format!(
        "test \"$({uses} | sort -u | sed 's/^[ -]*//')\" = \"{pin}\""
    ));
}
