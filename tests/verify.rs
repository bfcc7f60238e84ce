//! `spkrepo verify`, against GnuPG's signatures.

use crate::support::gpg::Gpg;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

fn demo() -> Spk {
    Spk::new("demo", "1.0-1").os_min("6.0-7321")
}

#[test]
fn signatures_of_gpg_are_good_for_each_kind_of_key() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    for (name, algorithm) in [("rita", "rsa4096"), ("edda", "ed25519")] {
        let fingerprint = gpg.key(name, algorithm, "", "");
        gpg.export(name, "");
        sandbox.spk("demo.spk", &demo());
        gpg.signs("demo.spk", name, "");
        sandbox
            .run("verify ../demo.spk")
            .failure(1)
            .stdout_has("signature of an unknown key");
        sandbox
            .run(&format!("verify ../demo.spk --keyring ../{name}.asc"))
            .success()
            .stdout_has(&format!("../demo.spk: good signature by {fingerprint}"));
        sandbox.write(
            &format!("keys/{fingerprint}.asc"),
            &fs_err::read_to_string(sandbox.path(&format!("{name}.asc"))).expect("a certificate"),
        );
        sandbox.git("add keys");
        sandbox.git("commit --quiet -m key");
        sandbox.run("verify ../demo.spk").success();
    }
    let report = sandbox.run("verify ../demo.spk --json").success().json();
    let signature = &report["checked"][0]["signature"];
    assert_eq!(signature["state"], "good");
    assert_eq!(signature["form"], "detached");
    assert_eq!(signature["whole"], false);
}

#[test]
fn expired_and_revoked_keys_are_told_apart() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    let then = "--faked-system-time 20200101T000000";
    gpg.key("old", "ed25519", "", then);
    gpg.export("old", "");
    sandbox.spk("old.spk", &demo());
    gpg.signs("old.spk", "old", then);
    sandbox
        .run("verify ../old.spk --keyring ../old.asc")
        .failure(1)
        .stdout_has("old.spk: expired signature");
    let fingerprint = gpg.key("gone", "ed25519", "", "");
    sandbox.spk("gone.spk", &demo());
    gpg.signs("gone.spk", "gone", "");
    gpg.shell(&format!(
        "sed 's/^:-----/-----/' home/.gnupg/openpgp-revocs.d/{fingerprint}.rev | gpg --batch --quiet --import"
    ));
    gpg.export("gone", "");
    sandbox
        .run("verify ../gone.spk --keyring ../gone.asc")
        .failure(1)
        .stdout_has("gone.spk: signature of a revoked key");
}

#[test]
fn no_signature_and_an_empty_one_are_no_problem_and_garbage_is() {
    let sandbox = Sandbox::initialized();
    for (file, content, code, words) in [
        ("none.spk", None, 0, "no signature"),
        ("empty.spk", Some(""), 0, "an empty signature"),
        ("odd.spk", Some("odd"), 1, "bad signature"),
        (
            "cut.spk",
            Some("-----BEGIN PGP SIGNATURE-----\n\niHUE\n-----END PGP SIGNATURE-----\n"),
            1,
            "bad signature",
        ),
        (
            "message.spk",
            Some("-----BEGIN PGP MESSAGE-----\n\nowGb\n-----END PGP MESSAGE-----\n"),
            1,
            "bad signature",
        ),
    ] {
        let mut spk = demo();
        if let Some(content) = content {
            spk = spk.member("syno_signature.asc", content);
        }
        sandbox.spk(file, &spk);
        let outcome = sandbox.run(&format!("verify ../{file}"));
        let checked = if code == 0 {
            outcome.success()
        } else {
            outcome.failure(code)
        };
        checked.stdout_has(&format!("../{file}: {words}"));
    }
    sandbox
        .run("verify ../nowhere.spk")
        .failure(2)
        .stderr_has("could not read");
}

#[test]
fn blob_document_and_info_must_say_the_same() {
    let sandbox = Sandbox::initialized();
    sandbox.spk("demo.spk", &demo());
    sandbox.run("add ../demo.spk").success();
    sandbox
        .run("verify --all")
        .success()
        .stdout("demo 1.0-1 (dsm6.0-7321-noarch): no signature\n");
    let path = "packages/demo/1.0-1/dsm6.0-7321-noarch.toml";
    let text = sandbox.read(path);
    let md5 = text.split("md5 = \"").nth(1).expect("a digest")[..32].to_owned();
    let edited = text
        .replace(&md5, &"0".repeat(32))
        .replace("6.0-7321\"\n", "6.0-7321\"\nos_max_ver = \"6.2-23739\"\n");
    sandbox.write(path, &edited);
    sandbox.git("commit --quiet -am edited");
    sandbox.run("verify demo").failure(1).stdout(
        "demo 1.0-1 (dsm6.0-7321-noarch): no signature\n\
         \x20 the blob has MD5 [MD5] instead of [MD5]\n\
         \x20 `os_max_ver` is nothing in INFO and `6.2-23739` in the repository\n",
    );
    let oid = text.split("sha256 = \"").nth(1).expect("a digest")[..64].to_owned();
    fs_err::remove_file(sandbox.blob_path(&oid)).expect("a blob");
    sandbox
        .run("verify demo")
        .failure(1)
        .stdout_has("the blob [SHA256] is not here");
}

#[test]
fn a_secret_key_among_the_certificates_is_refused() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    sandbox.spk("demo.spk", &demo());
    sandbox
        .run("verify ../demo.spk --keyring ../tess.key")
        .failure(2)
        .stderr_has("it holds a secret key");
}

#[test]
fn a_time_server_s_message_around_the_signature_is_opened() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    let fingerprint = gpg.key("tess", "rsa2048", "", "");
    let server = gpg.key("clock", "rsa2048", "", "");
    gpg.export("tess", "");
    gpg.export("clock", "");
    sandbox.spk("demo.spk", &demo());
    gpg.signs("demo.spk", "tess", "");
    gpg.shell(
        "cd unpacked && mv syno_signature.asc syno_signature && \
         gpg --batch --quiet --pinentry-mode loopback --passphrase '' --local-user clock@example.org \
         --armor --sign --output syno_signature.asc syno_signature && rm syno_signature",
    );
    sandbox.spk("demo.spk", &demo());
    gpg.shell("tar -rf demo.spk -C unpacked syno_signature.asc");
    let state = |options: &str, code: i32| {
        let outcome = sandbox.run(&format!("verify ../demo.spk --json {options}"));
        let checked = if code == 0 {
            outcome.success()
        } else {
            outcome.failure(code)
        };
        let signature = checked.json()["checked"][0]["signature"].clone();
        assert_eq!(signature["form"], "timestamped");
        assert_eq!(signature["timestamp"]["fingerprint"], server.as_str());
        assert_eq!(signature["fingerprint"], fingerprint.as_str());
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        [
            text(&signature["state"]),
            text(&signature["timestamp"]["state"]),
        ]
    };
    assert_eq!(state("", 1), ["unknown_key", "unknown_key"]);
    let both = "--keyring ../tess.asc --keyring ../clock.asc";
    assert_eq!(state(both, 0), ["good", "good"]);
    assert_eq!(state("--keyring ../tess.asc", 0), ["good", "unknown_key"]);
    for (folder, name) in [("keys", "tess"), ("keys/timestamp", "clock")] {
        let certificate = fs_err::read_to_string(sandbox.path(&format!("{name}.asc")));
        let path = format!("{folder}/{name}.asc");
        sandbox.write(&path, &certificate.expect("a certificate"));
    }
    sandbox.git("add keys");
    sandbox.git("commit --quiet -m keys");
    assert_eq!(state("", 0), ["good", "good"]);
    gpg.shell("cp demo.spk other.spk; printf x > unpacked/zzz; tar -rf demo.spk -C unpacked zzz");
    let broken = sandbox.run("verify ../demo.spk --json").failure(1).json();
    assert_eq!(broken["checked"][0]["signature"]["state"], "bad");
    assert_eq!(
        broken["checked"][0]["signature"]["timestamp"]["state"],
        "good"
    );
}
