//! `spkrepo sign --timestamp-url`, against a time server of the test's own.

use std::io::Write;
use std::time::Duration;

use crate::support::certificate::Certificate;
use crate::support::gpg::Gpg;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;
use crate::support::time_server::{Posted, reply, with_server};

const DOCUMENT: &str = "packages/demo/1.0-1/dsm6.0-7321-noarch.toml";
const THEN: &str = "--faked-system-time 20200101T000000";

/// A repository with an unsigned build, and the key `tess` to sign it.
fn prepared() -> Sandbox {
    let sandbox = Sandbox::initialized();
    let spk = Spk::new("demo", "1.0-1").os_min("6.0-7321");
    sandbox.spk("demo.spk", &spk);
    sandbox.run("add ../demo.spk").success();
    sandbox
}

/// Commits the certificates of these keys as those of time servers.
fn trust(sandbox: &Sandbox, names: &[&str]) {
    for name in names {
        let text = fs_err::read_to_string(sandbox.path(&format!("{name}.asc")));
        let path = format!("keys/timestamp/{name}.asc");
        sandbox.write(&path, &text.expect("a certificate"));
    }
    sandbox.git("add keys");
    sandbox.git("commit --quiet -m 'time servers'");
}

/// Returns what gpg makes of the bytes, with the key `name` and such options as `--armor --sign`.
fn made(gpg: &Gpg<'_>, sandbox: &Sandbox, name: &str, options: &str, bytes: &[u8]) -> Vec<u8> {
    fs_err::write(sandbox.path("syno_signature"), bytes).expect("a new file");
    let made = gpg.shell(&format!(
        "gpg --batch --quiet --pinentry-mode loopback --passphrase '' --local-user {name}@example.org \
         --armor {options} --output - syno_signature"
    ));
    made.into_bytes()
}

fn sign(url: &str) -> String {
    format!("sign demo --key ../tess.key --timestamp-url {url}")
}

#[test]
fn a_good_answer_is_stored_as_it_is() {
    let sandbox = prepared();
    let gpg = Gpg::new(&sandbox);
    let fingerprint = gpg.key("tess", "rsa4096", "", "");
    let clock = gpg.key("clock", "rsa2048", "", "");
    gpg.export("tess", "");
    gpg.export("clock", "");
    trust(&sandbox, &["clock"]);
    let before = fs_err::read(sandbox.path("demo.spk")).expect("an SPK");
    let answer = |posted: &Posted, to: &mut dyn Write| {
        assert!(
            posted.head.starts_with("POST /timestamp.php HTTP/1.1\r\n"),
            "{}",
            posted.head
        );
        let disposition =
            "Content-Disposition: form-data; name=\"file\"; filename=\"syno_signature\"\r\n";
        assert!(posted.part.contains(disposition), "{}", posted.part);
        assert!(posted.file.starts_with(b"-----BEGIN PGP SIGNATURE-----\n"));
        let message = made(&gpg, &sandbox, "clock", "--sign", &posted.file);
        fs_err::write(sandbox.path("answered"), &message).expect("a new file");
        reply(to, "200 OK", &message);
    };
    with_server(None, answer, |url| {
        let signed = sandbox.run(&sign(url)).success();
        assert!(!signed.err().contains("note:"), "{}", signed.err());
        signed.stdout(&format!(
            "demo 1.0-1  noarch  DSM 6.0-7321  signed by {fingerprint}, time stamp by {clock}\n"
        ));
    });
    let text = sandbox.read(DOCUMENT);
    let oid = text.split("sha256 = \"").nth(1).expect("a digest");
    fs_err::write(sandbox.path("signed.spk"), sandbox.blob(&oid[..64])).expect("a new file");
    // As DSM does: the message is checked and opened, and what is in it is checked over the contents.
    gpg.shell(
        "rm -rf unpacked && mkdir unpacked && tar -xf signed.spk -C unpacked && cmp unpacked/syno_signature.asc answered && \
         gpg --batch --quiet --verify unpacked/syno_signature.asc && \
         gpg --batch --quiet --decrypt unpacked/syno_signature.asc > syno_signature && cd unpacked && \
         rm syno_signature.asc && find . -type f | sed 's|^\\./||' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 cat > ../joined && \
         cd .. && gpg --batch --quiet --verify syno_signature joined",
    );
    let report = sandbox.run("verify demo --json").success().json();
    let signature = &report["checked"][0]["signature"];
    assert_eq!(signature["state"], "good");
    assert_eq!(signature["whole"], true);
    assert_eq!(signature["timestamp"]["state"], "good");
    assert_eq!(signature["timestamp"]["fingerprint"], clock.as_str());
    sandbox.fsck();
    sandbox.run("unsign demo").success();
    let text = sandbox.read(DOCUMENT);
    let oid = text.split("sha256 = \"").nth(1).expect("a digest");
    assert_eq!(sandbox.blob(&oid[..64]), before);
}

#[test]
fn without_a_time_server_one_line_says_what_dsm_makes_of_it() {
    let sandbox = prepared();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    let other = Spk::new("demo", "1.0-1").os_min("6.0-7321").arch("x86_64");
    sandbox.spk("other.spk", &other);
    sandbox.run("add ../other.spk").success();
    let signed = sandbox.run("sign demo --key ../tess.key").success();
    let notes = signed.err().lines().filter(|line| line.contains("DSM 5.1"));
    assert_eq!(notes.count(), 1, "two builds, one note: {}", signed.err());
    let again = sandbox.run("sign demo --key ../tess.key").success();
    again.stderr("");
}

#[test]
fn https_is_believed_when_an_authority_vouches_for_it() {
    let sandbox = prepared();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.key("clock", "ed25519", "", "");
    gpg.export("tess", "");
    gpg.export("clock", "");
    let certificate = Certificate::write(&sandbox, "server");
    let answer = |posted: &Posted, to: &mut dyn Write| {
        let message = made(&gpg, &sandbox, "clock", "--sign", &posted.file);
        reply(to, "200 OK", &message);
    };
    with_server(Some(&certificate), answer, |url| {
        let line = format!("{} --timestamp-key ../clock.asc", sign(url));
        let run = |roots: &str| {
            let mut command = sandbox.spkrepo(&line);
            command.env("SSL_CERT_FILE", sandbox.path(roots));
            let output = command.output().expect("a program");
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.code(), stderr)
        };
        sandbox
            .run(&line)
            .failure(2)
            .stderr_has("could not be asked")
            .stderr_has("invalid peer certificate");
        let (code, stderr) = run("clock.asc");
        assert_eq!(code, Some(2));
        assert!(
            stderr.contains("there is no certificate in PEM"),
            "{stderr}"
        );
        let (code, stderr) = run("server.crt");
        assert_eq!(code, Some(0), "{stderr}");
    });
    let verified = sandbox.run("verify demo --json").success().json();
    // The key was believed for this call, and is not among those of the repository.
    let signature = &verified["checked"][0]["signature"];
    assert_eq!(signature["state"], "good");
    assert_eq!(signature["timestamp"]["state"], "unknown_key");
}

type Answer<'a> = Box<dyn Fn(&Posted, &mut dyn Write) + Sync + 'a>;

/// Returns each bad answer with what is said of it.
fn bad_answers<'a>(gpg: &'a Gpg<'a>, sandbox: &'a Sandbox) -> Vec<(&'static str, Answer<'a>)> {
    let signed = move |name: &'static str, options: &'static str| -> Answer<'a> {
        Box::new(move |posted, to| {
            let message = made(gpg, sandbox, name, options, &posted.file);
            reply(to, "200 OK", &message);
        })
    };
    let fixed = |status: &'static str, body: &'static str| -> Answer<'a> {
        Box::new(move |_, to| reply(to, status, body.as_bytes()))
    };
    let changed = move |change: fn(Vec<u8>) -> Vec<u8>| -> Answer<'a> {
        Box::new(move |posted, to| {
            let message = made(gpg, sandbox, "clock", "--sign", &posted.file);
            reply(to, "200 OK", &change(message));
        })
    };
    let raw = |bytes: &'static [u8]| -> Answer<'a> {
        Box::new(move |_, to| to.write_all(bytes).unwrap_or_default())
    };
    let slow = |piece: &'static [u8]| -> Answer<'a> {
        Box::new(move |_, to| {
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
            to.write_all(if piece.is_empty() { b"" } else { head }).ok();
            for _ in 0..12 {
                std::thread::sleep(Duration::from_millis(200));
                to.write_all(piece).and_then(|()| to.flush()).ok();
            }
        })
    };
    let other: Answer<'a> = Box::new(move |_, to| {
        let message = made(gpg, sandbox, "clock", "--sign", b"something else");
        reply(to, "200 OK", &message);
    });
    let large: Answer<'a> = Box::new(|_, to| reply(to, "200 OK", &vec![b'\n'; 300_000]));
    vec![
        ("a redirection to `http://other.example.org/`", {
            raw(b"HTTP/1.1 302 Found\r\nLocation: http://other.example.org/\r\nContent-Length: 0\r\n\r\n")
        }),
        ("a redirection to `/other`", {
            raw(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
        }),
        ("gave no whole answer within 1 s", slow(b"")),
        ("gave no whole answer within 1 s", slow(b"-")),
        ("answered with status 503", {
            fixed("503 Service Unavailable", "later")
        }),
        ("answered with status 404", fixed("404 Not Found", "")),
        ("answered with nothing", fixed("200 OK", "")),
        (
            "answered with something else than a signed OpenPGP message",
            { fixed("200 OK", "<html>-----BEGIN PGP MESSAGE-----</html>") },
        ),
        ("an OpenPGP message that is damaged", {
            fixed(
                "200 OK",
                "-----BEGIN PGP MESSAGE-----\n\nowGbwMvM\n-----END PGP MESSAGE-----\n",
            )
        }),
        ("an OpenPGP message that is damaged", {
            changed(|mut message| {
                message.truncate(message.len() / 2);
                message
            })
        }),
        ("signed something else than what it was sent", other),
        ("which is not known", signed("stranger", "--sign")),
        ("of its signature has expired", {
            signed("old", "--sign --faked-system-time 20200101T000000")
        }),
        ("of its signature is revoked", signed("gone", "--sign")),
        ("a signature that is not around anything", {
            signed("clock", "--detach-sign")
        }),
        ("there is no signature in it", signed("clock", "--store")),
        ("answered with more than 262144 bytes", large),
        (
            "could not be asked",
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n-----BEGIN"),
        ),
        ("could not be asked", raw(b"SSH-2.0-OpenSSH_9.2\r\n")),
        ("could not be asked", raw(b"")),
    ]
}

#[test]
fn a_bad_answer_is_one_clear_error_and_nothing_is_written() {
    let sandbox = prepared();
    let gpg = Gpg::new(&sandbox);
    for (name, more) in [
        ("tess", ""),
        ("clock", ""),
        ("stranger", ""),
        ("gone", ""),
        ("old", THEN),
    ] {
        gpg.key(name, "ed25519", "", more);
        gpg.export(name, "");
    }
    // It goes on signing where its revocation is not known.
    gpg.shell(
        "mkdir -m 700 other; gpg --batch --quiet --homedir other --import gone.asc; \
         sed 's/^:-----/-----/' home/.gnupg/openpgp-revocs.d/$(gpg --batch --with-colons --list-keys gone@example.org | awk -F: '/^fpr/{print $10; exit}').rev \
         | gpg --batch --quiet --homedir other --import; \
         gpg --batch --quiet --homedir other --armor --export gone@example.org > gone.asc; \
         gpgconf --homedir other --kill all",
    );
    trust(&sandbox, &["clock", "gone", "old"]);
    let before = (sandbox.head(), sandbox.files("repo/.git/lfs"));
    let answers = bad_answers(&gpg, &sandbox);
    assert!(answers.len() >= 10);
    for (message, answer) in answers {
        with_server(None, answer, |url| {
            let line = format!("{} --timestamp-timeout 1s", sign(url));
            // gpg may take its time before it answers on a busy machine.
            let patient = line.replace(" --timestamp-timeout 1s", "");
            let line = if message.contains("within") {
                line
            } else {
                patient
            };
            let failed = sandbox.run(&line).failure(2).stdout("").stderr_has(message);
            let errors = failed
                .err()
                .lines()
                .filter(|line| line.starts_with("error:"));
            assert_eq!(errors.count(), 1, "{}", failed.err());
            assert!(
                failed
                    .err()
                    .contains("demo 1.0-1 (dsm6.0-7321-noarch) got no time stamp")
            );
        });
        let now = (sandbox.head(), sandbox.files("repo/.git/lfs"));
        assert_eq!(now, before, "{message}");
        assert_eq!(sandbox.status(), "", "{message}");
    }
}

#[test]
fn nobody_is_asked_whose_answer_could_not_be_believed() {
    let sandbox = prepared();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    let answer = |_: &Posted, _: &mut dyn Write| panic!("asked all the same");
    with_server(None, answer, |url| {
        sandbox.run(&sign(url)).failure(2).stderr(
            "error: demo 1.0-1 got no time stamp\n\
             caused by: no certificate of a time server is known\n\
             hint: commit the time server's certificate under keys/timestamp/, or name it with `--timestamp-key FILE`; nothing was written\n",
        );
    });
    for (url, message) in [
        ("http://127.0.0.1:1/", "could not be asked"),
        ("ftp://127.0.0.1/", "that is no address of a web server"),
        (
            "http://me:secret@127.0.0.1/",
            "that is no address of a web server",
        ),
    ] {
        let line = format!("{} --timestamp-key ../tess.asc", sign(url));
        let failed = sandbox.run(&line).failure(2).stderr_has(message);
        assert!(!failed.err().contains("secret"), "{}", failed.err());
    }
    sandbox
        .run("sign demo --key ../tess.key --timestamp-key ../tess.asc")
        .failure(2)
        .stderr_has("--timestamp-url <URL>");
}
