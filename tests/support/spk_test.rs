//! Other programs read what the builder writes.

use std::process::Command;

use super::sandbox::Sandbox;
use super::spk::Spk;
use super::tar::Member;

/// Lists the members as the system's tar sees them.
fn list(spk: &Spk) -> Vec<String> {
    let sandbox = Sandbox::new();
    let path = sandbox.path("a.spk");
    spk.write(&path);
    let output = Command::new("tar")
        .arg("-tf")
        .arg(&path)
        .output()
        .expect("tar is installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Returns one member's contents as the system's tar sees them.
fn extract(spk: &Spk, member: &str) -> Vec<u8> {
    let sandbox = Sandbox::new();
    let path = sandbox.path("a.spk");
    spk.write(&path);
    let output = Command::new("tar")
        .arg("-xOf")
        .arg(&path)
        .arg(member)
        .output()
        .expect("tar is installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn full() -> Spk {
    Spk::new("transmission", "4.0.5-11")
        .arch("x86_64")
        .os_min("7.2-64570")
        .icon(72)
        .screenshot(1)
        .license("MIT")
        .wizard("install")
        .conf("privilege", "{}")
        .script("postinst", "#!/bin/sh\n")
        .checksum()
}

#[test]
fn tar_reads_every_kind_of_spk() {
    let files = [
        "INFO",
        "package.tgz",
        "PACKAGE_ICON.PNG",
        "screen_1.png",
        "LICENSE",
        "WIZARD_UIFILES/install_uifile",
        "conf/privilege",
        "scripts/postinst",
    ];
    assert_eq!(list(&full()), files);
    assert_eq!(list(&full().gzip()), files);
    assert_eq!(
        list(&full().directories().dot_slash())[..4],
        ["./", "./INFO", "./package.tgz", "./PACKAGE_ICON.PNG"]
    );
    assert_eq!(
        list(&full().directories())[5..7],
        ["WIZARD_UIFILES/", "WIZARD_UIFILES/install_uifile"]
    );
    assert_eq!(
        list(&full().order(&["package.tgz", "LICENSE"]))[..3],
        ["package.tgz", "LICENSE", "INFO"]
    );
}

#[test]
fn tar_reads_long_names_links_and_pipes() {
    let long = "doc/".repeat(60) + "x";
    let spk = Spk::new("a", "1")
        .pax_long_name(&long, "1")
        .gnu_long_name(&format!("{long}2"), "2");
    assert_eq!(list(&spk)[2..], [long.clone(), format!("{long}2")]);
    assert_eq!(extract(&spk, &long), b"1");
    let spk = Spk::new("a", "1")
        .symlink("s", "INFO")
        .hardlink("h", "INFO")
        .fifo("f");
    assert_eq!(list(&spk)[2..], ["s", "h", "f"]);
}

#[test]
fn tar_reads_contents_and_a_payload_made_while_writing() {
    let info = String::from_utf8(extract(&full(), "INFO")).expect("UTF-8");
    assert!(
        info.starts_with("package=\"transmission\"\nversion=\"4.0.5-11\"\narch=\"x86_64\"\nos_min_ver=\"7.2-64570\"\n")
    );
    assert!(info.contains("\nchecksum=\""));
    let spk = Spk::new("a", "1").payload_size(3_000_001);
    assert_eq!(extract(&spk, "package.tgz").len(), 3_000_001);
    assert_eq!(
        Spk::new("a", "1").payload("zip").checksum().bytes(),
        Spk::new("a", "1").payload("zip").checksum().bytes()
    );
    let info = extract(&Spk::new("a", "1").payload("abc").checksum(), "INFO");
    assert!(
        String::from_utf8_lossy(&info).contains("checksum=\"900150983cd24fb0d6963f7d28e17f72\"")
    );
}

#[test]
fn builds_differ_and_calls_repeat() {
    let payload =
        |package, version, arch| extract(&Spk::new(package, version).arch(arch), "package.tgz");
    let first = payload("a", "1", "x86_64");
    assert_eq!(payload("a", "1", "x86_64"), first);
    assert_ne!(payload("b", "1", "x86_64"), first);
    assert_ne!(payload("a", "2", "x86_64"), first);
    assert_ne!(payload("a", "1", "armv7"), first);
    assert_eq!(full().bytes(), full().bytes());
    assert_eq!(full().truncated(700).bytes(), full().bytes()[..700]);
    let cut = full().raw_member(Member::file("x", "")).without_end();
    assert_eq!(cut.bytes().len() % 512, 0);
}
