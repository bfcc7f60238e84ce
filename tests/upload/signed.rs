//! SPKs that are signed as they arrive.

use super::{Source, spk};
use crate::support::gpg::{Gpg, PASSPHRASE};
use crate::support::sandbox::Sandbox;

#[test]
fn what_arrives_without_a_signature_gets_one_and_is_known_again() {
    let sandbox = Sandbox::initialized();
    let fingerprint = {
        let gpg = Gpg::new(&sandbox);
        let fingerprint = gpg.key("tess", "ed25519", PASSPHRASE, "");
        gpg.export("tess", PASSPHRASE);
        fingerprint
    };
    fs_err::write(sandbox.path("pass"), format!("{PASSPHRASE}\n")).expect("a new file");
    let source = Source::serve(
        sandbox,
        "--sign-key ../tess.key --sign-passphrase-file ../pass",
    );
    let gpg = Gpg::existing(&source.sandbox);
    let demo = spk("demo", "1.0-1").os_min("6.0-7321");
    let first = source.publish(&demo);
    let document = source
        .sandbox
        .read("packages/demo/1.0-1/dsm6.0-7321-noarch.toml");
    assert!(
        document.contains(&format!("fingerprint = \"{fingerprint}\"")),
        "{document}"
    );
    assert!(source.sandbox.exists(&format!("keys/{fingerprint}.asc")));
    let oid = document.split("sha256 = \"").nth(1).expect("a digest");
    let bytes = source.sandbox.blob(&oid[..64]);
    fs_err::write(source.sandbox.path("signed.spk"), &bytes).expect("a new file");
    gpg.verifies("signed.spk");
    assert_eq!(
        source.publish(&demo),
        first,
        "the same bytes are there already"
    );
    let more = spk("more", "1.0-1").os_min("6.0-7321");
    source.publish(&more);
    source.sandbox.run("verify --all").success();
    source.sandbox.fsck();
    let blobs = source.sandbox.files("repo/.git/lfs/objects");
    assert_eq!(
        blobs.len(),
        2,
        "what was signed again is not kept: {blobs:?}"
    );
}

#[test]
fn a_key_that_cannot_be_used_stops_the_start() {
    let source = Source::start("");
    source
        .sandbox
        .run("serve --port 0 --upload --sign-key ../none.key")
        .failure(2)
        .stderr_has("none.key");
}
