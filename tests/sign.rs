//! `spkrepo sign` and `unsign`, against GnuPG.

use crate::support::digest::sha256;
use crate::support::gpg::{Gpg, PASSPHRASE};
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const DOCUMENT: &str = "packages/demo/1.0-1/dsm6.0-7321-noarch.toml";

fn demo() -> Spk {
    Spk::new("demo", "1.0-1").os_min("6.0-7321")
}

/// Adds the SPK and returns its bytes.
fn added(sandbox: &Sandbox, spk: &Spk) -> Vec<u8> {
    sandbox.spk("demo.spk", spk);
    sandbox.run("add ../demo.spk").success();
    fs_err::read(sandbox.path("demo.spk")).expect("an SPK")
}

/// Writes the build's blob to `signed.spk` in the root and returns its bytes.
fn stored(sandbox: &Sandbox) -> Vec<u8> {
    let text = sandbox.read(DOCUMENT);
    let oid = text.split("sha256 = \"").nth(1).expect("a digest");
    let bytes = sandbox.blob(&oid[..64]);
    fs_err::write(sandbox.path("signed.spk"), &bytes).expect("a new file");
    bytes
}

#[test]
fn gpg_verifies_what_any_kind_of_key_signs_and_unsign_takes_it_back() {
    for (algorithm, passphrase) in [
        ("rsa4096", ""),
        ("rsa2048", PASSPHRASE),
        ("ed25519", ""),
        ("ed25519", PASSPHRASE),
    ] {
        let sandbox = Sandbox::initialized();
        let gpg = Gpg::new(&sandbox);
        let fingerprint = gpg.key("tess", algorithm, passphrase, "");
        gpg.export("tess", passphrase);
        fs_err::write(sandbox.path("pass"), format!("{passphrase}\n")).expect("a new file");
        let unsigned = added(&sandbox, &demo());
        let document = sandbox.read(DOCUMENT);
        sandbox
            .run("sign demo --key ../tess.key --passphrase-file ../pass")
            .success()
            .stdout(&format!(
                "demo 1.0-1  noarch  DSM 6.0-7321  signed by {fingerprint}\n"
            ));
        let signed = stored(&sandbox);
        gpg.verifies("signed.spk");
        assert!(signed.starts_with(&unsigned[..unsigned.len() - 1024]));
        sandbox
            .run("verify demo ../signed.spk")
            .success()
            .stdout_has(&format!("good signature by {fingerprint}"));
        sandbox.fsck();
        sandbox.run("unsign demo").success();
        assert_eq!(stored(&sandbox), unsigned, "{algorithm}");
        assert_eq!(sandbox.read(DOCUMENT), document);
        assert_eq!(sandbox.status(), "");
    }
}

#[test]
fn one_commit_has_the_documents_the_pointers_and_the_certificate() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    let fingerprint = gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    let unsigned = added(&sandbox, &demo());
    sandbox.spk("x.spk", &demo().arch("x86_64"));
    sandbox.run("add ../x.spk").success();
    let head = sandbox.head();
    sandbox
        .run("sign demo --key ../tess.key --dry-run")
        .success()
        .stdout_has("+[signature]");
    assert_eq!(sandbox.head(), head);
    sandbox.run("sign demo --key ../tess.key").success();
    assert_eq!(sandbox.git("rev-parse HEAD~1"), head);
    assert_eq!(
        sandbox.git("log -1 --format=%B"),
        format!(
            "sign demo 1.0-1 (2 builds)\n\nBy {fingerprint}.\n- noarch, DSM 6.0-7321\n- x86_64, DSM 6.0-7321\n\n\
             Spkrepo-Action: sign\nSpkrepo-Package: demo\nSpkrepo-Version: 1.0-1\n\
             Spkrepo-Build: dsm6.0-7321-noarch\nSpkrepo-Build: dsm6.0-7321-x86_64"
        )
    );
    let changed = sandbox.git("diff --name-only HEAD~1 HEAD");
    assert_eq!(changed.lines().count(), 5, "{changed}");
    assert!(changed.starts_with(&format!("keys/{fingerprint}.asc\n")));
    let text = sandbox.read(DOCUMENT);
    assert!(text.contains(&format!("[signature]\nfingerprint = \"{fingerprint}\"\n")));
    assert!(text.contains(&format!("unsigned_sha256 = \"{}\"", sha256(&unsigned))));
    sandbox.run("log demo -n 1").success().stdout_has(&format!(
        "demo 1.0-1 dsm6.0-7321-noarch: signed by {fingerprint}"
    ));
    let head = sandbox.head();
    sandbox
        .run("sign demo --key ../tess.key")
        .success()
        .stdout_has(&format!("already signed by {fingerprint}"))
        .stderr("");
    assert_eq!(sandbox.head(), head);
    sandbox.fsck();
}

#[test]
fn the_certificate_is_minimal_and_has_stable_bytes() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    let fingerprint = gpg.key("tess", "ed25519", "", "");
    gpg.key("friend", "ed25519", "", "");
    gpg.export("tess", "");
    added(&sandbox, &demo());
    sandbox.run("sign demo --key ../tess.key").success();
    let path = format!("keys/{fingerprint}.asc");
    let certificate = sandbox.read(&path);
    gpg.shell("gpg --batch --quiet --pinentry-mode loopback --passphrase '' --local-user friend@example.org --quick-sign-key tess@example.org 2>/dev/null || \
               gpg --batch --quiet --yes --pinentry-mode loopback --passphrase '' --local-user friend@example.org --quick-sign-key $(gpg --batch --with-colons --list-keys tess@example.org | awk -F: '/^fpr/{print $10; exit}')");
    gpg.export("tess", "");
    let exported = fs_err::read_to_string(sandbox.path("tess.asc")).expect("a certificate");
    assert!(
        exported.len() > certificate.len(),
        "the friend's signature is in it"
    );
    sandbox.run("unsign demo").success();
    sandbox.git(&format!("rm --quiet {path}"));
    sandbox.git("commit --quiet -m 'without the key'");
    sandbox.run("sign demo --key ../tess.key").success();
    assert_eq!(sandbox.read(&path), certificate);
    gpg.shell(&format!("gpg --batch --quiet --import repo/{path}"));
}

#[test]
fn extra_members_long_names_and_folders_keep_their_bytes() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    gpg.shell(
        "mkdir -p in/ui in/conf && cd in && printf 'package=\"demo\"\\nversion=\"1.0-1\"\\narch=\"noarch\"\\nos_min_ver=\"6.0-7321\"\\ndisplayname=\"d\"\\ndescription=\"d\"\\nmaintainer=\"m\"\\n' > INFO; \
         printf x > x && tar -czf package.tgz x && rm x; printf '{}' > conf/resource; \
         long=$(printf '%0150d' 0); printf long > ui/$long; printf extra > LICENSE_fre; : > ui/empty; \
         tar -cf ../demo.spk .",
    );
    sandbox.run("add ../demo.spk").success();
    let unsigned = fs_err::read(sandbox.path("demo.spk")).expect("an SPK");
    sandbox.run("sign demo --key ../tess.key").success();
    stored(&sandbox);
    gpg.verifies("signed.spk");
    sandbox
        .run("verify demo")
        .success()
        .stdout_has("good signature");
    sandbox.run("unsign demo").success();
    assert_eq!(sha256(&stored(&sandbox)), sha256(&unsigned));
}

#[test]
fn stable_and_yanked_builds_change_only_when_that_is_asked_for() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    added(&sandbox, &demo());
    sandbox.run("sign demo --key ../tess.key").success();
    sandbox.run("promote demo --to stable").success();
    sandbox.run("unsign demo").failure(2).stderr(
        "error: demo 1.0-1 (dsm6.0-7321-noarch) is offered on stable, where released bytes do not change\n\
         hint: raise the version instead, or use `spkrepo unsign --force PACKAGE@VERSION`\n",
    );
    sandbox
        .run("unsign demo --force")
        .success()
        .stdout_has("signature removed");
    sandbox
        .run("unsign demo --force")
        .success()
        .stdout_has("not signed")
        .stderr("");
    sandbox.run("yank demo --reason bad").success();
    sandbox
        .run("sign demo --key ../tess.key")
        .success()
        .stdout_has("left alone, since it is yanked");
    sandbox
        .run("sign demo --key ../tess.key --yanked")
        .success();
    sandbox
        .run("verify demo")
        .success()
        .stdout_has("good signature");
}

#[test]
fn a_damaged_blob_is_not_signed() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    let spk = added(&sandbox, &demo());
    let path = sandbox.blob_path(&sha256(&spk));
    let (head, files) = (sandbox.head(), sandbox.files("repo/.git/lfs"));
    // Within the content of INFO, and in the zeros behind the last member.
    for at in [600, spk.len() - 1] {
        let mut damaged = spk.clone();
        damaged[at] ^= 1;
        fs_err::write(&path, damaged).expect("a blob");
        sandbox
            .run("sign demo --key ../tess.key")
            .failure(2)
            .stderr_has("the blob of demo 1.0-1 (dsm6.0-7321-noarch) is damaged");
        assert_eq!(sandbox.head(), head);
        assert_eq!(sandbox.files("repo/.git/lfs"), files);
    }
    fs_err::write(&path, spk).expect("a blob");
    sandbox.run("sign demo --key ../tess.key").success();
}

#[test]
fn keys_that_cannot_sign_are_refused_with_the_reason() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", PASSPHRASE, "");
    gpg.export("tess", PASSPHRASE);
    gpg.key("old", "ed25519", "", "--faked-system-time 20200101T000000");
    gpg.export("old", "");
    added(&sandbox, &demo());
    fs_err::write(sandbox.path("wrong"), "wrong\n").expect("a new file");
    let head = sandbox.head();
    for (options, message) in [
        ("--key ../old.key", "the key has expired"),
        (
            "--key ../tess.asc",
            "there is no secret key in it that can sign",
        ),
        ("--key ../demo.spk", "is of no use as a secret key"),
        ("--key ../none.key", "could not read `../none.key`"),
        ("--key ../tess.key", "there is no terminal to ask for it"),
        (
            "--key ../tess.key --passphrase-file ../wrong",
            "the passphrase of the key is missing or wrong",
        ),
    ] {
        sandbox
            .run(&format!("sign demo {options}"))
            .failure(2)
            .stderr_has(message);
        assert_eq!(sandbox.head(), head);
    }
    sandbox
        .run("sign demo --key ../old.key")
        .failure(2)
        .stderr_has("caused by: the key has expired");
}

#[test]
fn nothing_of_the_secret_key_or_its_passphrase_is_anywhere() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", PASSPHRASE, "");
    gpg.export("tess", PASSPHRASE);
    fs_err::write(sandbox.path("pass"), PASSPHRASE).expect("a new file");
    added(&sandbox, &demo());
    let mut command = sandbox.spkrepo("sign demo --key ../tess.key");
    command.env("SPKREPO_PASSPHRASE_FILE", sandbox.path("pass"));
    let output = command.output().expect("a program");
    assert!(output.status.success(), "{output:?}");
    let key = fs_err::read_to_string(sandbox.path("tess.key")).expect("a key");
    let secrets: Vec<&str> = key
        .lines()
        .filter(|line| line.len() == 64)
        .skip(1)
        .take(1)
        .chain([PASSPHRASE, "BEGIN PGP PRIVATE"])
        .collect();
    let mut texts = vec![output.stdout, output.stderr];
    for (path, _) in sandbox.files("repo") {
        texts.push(fs_err::read(path).expect("a file of the repository"));
    }
    texts.push(sandbox.git("log -p --format=raw").into_bytes());
    for text in texts {
        let text = String::from_utf8_lossy(&text);
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

#[test]
fn the_catalog_gives_the_certificates_to_dsm_5_and_6_only() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    let fingerprint = gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    added(&sandbox, &demo());
    sandbox.run("sign demo --key ../tess.key").success();
    let certificate = sandbox.read(&format!("keys/{fingerprint}.asc"));
    let catalog = |build: &str, version: &str| {
        sandbox
            .run(&format!("query --arch x86_64 --dsm {version}-{build}"))
            .success()
            .json()
    };
    for (build, version) in [("5004", "5.1"), ("39999", "6.2")] {
        let catalog = catalog(build, version);
        assert_eq!(catalog["keyrings"], serde_json::json!([certificate.trim()]));
    }
    assert!(catalog("5003", "5.0").is_array());
    assert!(catalog("40000", "7.0").get("keyrings").is_none());
    fs_err::write(sandbox.path("from-catalog.asc"), certificate.trim()).expect("a new file");
    gpg.shell("gpg --batch --quiet --import from-catalog.asc");
}

#[test]
fn a_commit_with_a_secret_key_or_garbage_among_the_keys_is_broken() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    let key = fs_err::read_to_string(sandbox.path("tess.key")).expect("a key");
    for (text, message) in [
        (key.as_str(), "keys/tess.asc:1: it holds a secret key"),
        ("nothing", "keys/tess.asc:1: "),
    ] {
        sandbox.write("keys/tess.asc", text);
        sandbox.git("add keys");
        sandbox.git("commit --quiet -m key");
        let stderr = sandbox.run("list").failure(2).err().to_owned();
        assert!(stderr.contains(message), "{stderr}");
        assert!(!stderr.contains("PRIVATE"), "{stderr}");
    }
}

#[test]
fn an_spk_that_arrives_signed_is_recorded_when_its_signer_is_known() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    let fingerprint = gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    sandbox.spk("demo.spk", &demo());
    gpg.signs("demo.spk", "tess", "");
    sandbox
        .run("add ../demo.spk --dry-run")
        .success()
        .stderr(&format!(
            "warning: ../demo.spk: the signature is by {fingerprint}, which is not known here\n"
        ));
    sandbox
        .run("add ../demo.spk --reject-signed")
        .failure(2)
        .stderr("error: `../demo.spk` has a signature already\n");
    let certificate = fs_err::read_to_string(sandbox.path("tess.asc")).expect("a certificate");
    sandbox.write("keys/tess.asc", &certificate);
    sandbox.git("add keys");
    sandbox.git("commit --quiet -m key");
    let signed = added(&sandbox, &demo());
    assert!(!sandbox.read(DOCUMENT).contains("[signature]"));
    drop(signed);
    gpg.signs("demo.spk", "tess", "");
    sandbox.run("add ../demo.spk --replace").success();
    let text = sandbox.read(DOCUMENT);
    assert!(text.contains(&format!("[signature]\nfingerprint = \"{fingerprint}\"\n")));
    sandbox
        .run("verify demo")
        .success()
        .stdout_has("good signature");
    sandbox
        .run("sign demo --key ../tess.key")
        .success()
        .stdout_has("already signed by");
    sandbox
        .run("unsign demo")
        .success()
        .stdout_has("signature removed");
    sandbox
        .run("verify demo")
        .success()
        .stdout_has("no signature");
}

#[test]
fn the_spk_that_came_is_still_there_after_it_was_signed() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    added(&sandbox, &demo());
    sandbox.run("sign demo --key ../tess.key").success();
    let head = sandbox.head();
    sandbox
        .run("add ../demo.spk")
        .success()
        .stdout_has("already there");
    assert_eq!(sandbox.head(), head);
}

#[test]
fn add_is_held_to_required_signatures_too() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    let settings = sandbox.read("spkrepo.toml");
    let settings = settings.replace("required = []", "required = [\"stable\"]");
    let certificate = fs_err::read_to_string(sandbox.path("tess.asc")).expect("a certificate");
    sandbox.write("spkrepo.toml", &settings);
    sandbox.git("commit --quiet -am settings");
    sandbox.spk("demo.spk", &demo());
    let head = sandbox.head();
    let refused = "error: `../demo.spk` has no signature that is known here, which `signing.required` asks for on stable\n\
         hint: take it in with `spkrepo add --channel staged FILE`, then `spkrepo sign PACKAGE@VERSION --key FILE` and \
         `spkrepo promote PACKAGE@VERSION --to CHANNEL`; an SPK signed elsewhere needs its certificate under keys/\n";
    for options in ["--channel stable", "--channel stable --dry-run"] {
        let added = sandbox.run(&format!("add ../demo.spk {options}"));
        added.failure(2).stderr(refused);
    }
    // A signature that nobody here knows is none.
    gpg.signs("demo.spk", "tess", "");
    sandbox
        .run("add ../demo.spk --channel stable")
        .failure(2)
        .stderr(refused);
    assert_eq!(sandbox.head(), head);
    let stable = settings.replace("channel = \"staged\"", "channel = \"stable\"");
    sandbox.write("spkrepo.toml", &stable);
    sandbox.git("commit --quiet -am 'straight to stable'");
    sandbox.run("add ../demo.spk").failure(2).stderr(refused);
    sandbox.write("keys/tess.asc", &certificate);
    sandbox.git("add keys");
    sandbox.git("commit --quiet -m key");
    sandbox
        .run("add ../demo.spk")
        .success()
        .stdout_has("stable");
    sandbox.spk("other.spk", &Spk::new("other", "1.0-1"));
    sandbox
        .run("add ../other.spk --channel beta")
        .success()
        .stdout_has("beta");
}

#[test]
fn only_signed_builds_go_where_signatures_are_required() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    let settings = sandbox.read("spkrepo.toml");
    sandbox.write(
        "spkrepo.toml",
        &settings.replace("required = []", "required = [\"stable\"]"),
    );
    sandbox.git("commit --quiet -am settings");
    added(&sandbox, &demo());
    sandbox.run("promote demo").success();
    let head = sandbox.head();
    sandbox.run("promote demo").failure(2).stderr(
        "error: demo 1.0-1 (dsm6.0-7321-noarch) has no signature that is known here, which `signing.required` asks for on stable\n\
         hint: `spkrepo sign PACKAGE@VERSION --key FILE` signs it; an SPK signed elsewhere needs its certificate under keys/ before it is added\n",
    );
    assert_eq!(sandbox.head(), head);
    sandbox.run("sign demo --key ../tess.key").success();
    sandbox
        .run("promote demo")
        .success()
        .stdout_has("beta → stable");
}
