//! `spkrepo sign --gpg`: keys that stay with GnuPG.

use crate::support::gpg::{Gpg, PASSPHRASE};
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

fn prepared() -> Sandbox {
    let sandbox = Sandbox::initialized();
    let spk = Spk::new("demo", "1.0-1").os_min("6.0-7321");
    sandbox.spk("demo.spk", &spk);
    sandbox.run("add ../demo.spk").success();
    sandbox
}

/// Returns the bytes of the build, also as `signed.spk` in the root.
fn stored(sandbox: &Sandbox) -> Vec<u8> {
    let text = sandbox.read("packages/demo/1.0-1/dsm6.0-7321-noarch.toml");
    let oid = text.split("sha256 = \"").nth(1).expect("a digest");
    let bytes = sandbox.blob(&oid[..64]);
    fs_err::write(sandbox.path("signed.spk"), &bytes).expect("a new file");
    bytes
}

/// Returns what matters of the signature, as gpg lists it.
fn form(gpg: &Gpg<'_>) -> String {
    gpg.shell(
        "rm -rf unpacked && mkdir unpacked && tar -xf signed.spk -C unpacked && \
         head -n 2 unpacked/syno_signature.asc | sed 's/^$/no header in the armor/' && \
         gpg --batch --list-packets unpacked/syno_signature.asc | \
         grep -oE 'algo [0-9]+, keyid [0-9A-F]+|sigclass.*|digest algo [0-9]+|unsigned-sha256@.*|issuer fpr.*|issuer key ID.*' | sort",
    )
}

#[test]
fn the_result_is_the_same_as_with_the_key_in_a_file() {
    for algorithm in ["ed25519", "rsa2048"] {
        let sandbox = prepared();
        let gpg = Gpg::new(&sandbox);
        let fingerprint = gpg.key("tess", algorithm, "", "");
        gpg.export("tess", "");
        let unsigned = fs_err::read(sandbox.path("demo.spk")).expect("an SPK");
        let mut forms = Vec::new();
        for by in ["--key ../tess.key", "--gpg", "--gpg tess@example.org"] {
            let line = format!("sign demo {by}");
            sandbox.run(&line).success().stdout(&format!(
                "demo 1.0-1  noarch  DSM 6.0-7321  signed by {fingerprint}\n"
            ));
            stored(&sandbox);
            gpg.verifies("signed.spk");
            let verified = sandbox.run("verify demo --json").success().json();
            let signature = &verified["checked"][0]["signature"];
            assert_eq!(signature["state"], "good", "{by}");
            assert_eq!(signature["whole"], true, "{by}");
            let certificate = sandbox.read(&format!("keys/{fingerprint}.asc"));
            forms.push((form(&gpg), certificate));
            sandbox.run("unsign demo").success();
            assert_eq!(stored(&sandbox), unsigned, "{by}");
        }
        for needed in [
            "unsigned-sha256@spkrepo=",
            "no header in the armor",
            "digest algo 8",
            "issuer key ID",
        ] {
            assert!(forms[0].0.contains(needed), "{}", forms[0].0);
        }
        assert!(forms.iter().all(|form| *form == forms[0]), "{forms:#?}");
    }
}

#[test]
fn what_gpg_has_against_it_is_shown() {
    let sandbox = prepared();
    let gpg = Gpg::new(&sandbox);
    let head = sandbox.head();
    sandbox.run("sign demo --gpg").failure(2).stderr(
        "error: GnuPG cannot sign\n\
         caused by: gpg has no secret key that can sign\n\
         hint: `gpg --list-secret-keys` shows the keys that it has\n",
    );
    let first = gpg.key("tess", "ed25519", "", "");
    gpg.key("old", "ed25519", "", "--faked-system-time 20200101T000000");
    gpg.key("locked", "ed25519", PASSPHRASE, "");
    // The agent forgets what it was told, and has no terminal to ask on.
    gpg.shell("gpgconf --kill all");
    for (options, message) in [
        ("--gpg nobody@example.org", "caused by: gpg: "),
        ("--gpg nobody@example.org", "No secret key"),
        ("--gpg old", "caused by: the key has expired"),
        (
            "--gpg example.org",
            "several secret keys that it could be: ",
        ),
        ("--gpg", &first),
        (
            "--gpg locked",
            "error: demo 1.0-1 (dsm6.0-7321-noarch) could not be signed\ncaused by: gpg: ",
        ),
        ("--gpg locked", "signing failed"),
        ("--gpg tess --key ../tess.key", "cannot be used with"),
        ("--gpg tess --passphrase-file x", "cannot be used with"),
        ("", "--key <FILE>"),
    ] {
        sandbox
            .run(&format!("sign demo {options}"))
            .failure(2)
            .stdout("")
            .stderr_has(message);
        assert_eq!(sandbox.head(), head, "{options}");
    }
    sandbox.run("sign demo --gpg tess").success();
}

#[test]
fn without_gpg_the_way_out_is_told() {
    let sandbox = prepared();
    let empty = sandbox.path("empty");
    fs_err::create_dir(&empty).expect("a new folder");
    let mut command = sandbox.spkrepo("sign demo --gpg");
    let output = command.env("PATH", &empty).output().expect("a program");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr.contains("caused by: `gpg` could not be run"),
        "{stderr}"
    );
    assert!(stderr.contains("hint: install GnuPG"), "{stderr}");
}
