//! What nobody may see of a secret key and its passphrase, and the ways in which the passphrase comes in.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::gpg::{Gpg, PASSPHRASE};
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const PATIENCE: Duration = Duration::from_secs(20);

fn prepared(algorithm: &str) -> Sandbox {
    let sandbox = Sandbox::initialized();
    let spk = Spk::new("demo", "1.0-1").os_min("6.0-7321");
    sandbox.spk("demo.spk", &spk);
    sandbox.run("add ../demo.spk").success();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", algorithm, PASSPHRASE, "");
    gpg.export("tess", PASSPHRASE);
    gpg.key("open", algorithm, "", "");
    gpg.export("open", "");
    drop(gpg);
    sandbox
}

/// Returns what of the secret keys must be nowhere: the secret numbers themselves, the armor, and the passphrase.
fn secrets(sandbox: &Sandbox) -> Vec<Vec<u8>> {
    let gpg = Gpg::existing(sandbox);
    let mut secrets = vec![PASSPHRASE.into(), b"BEGIN PGP PRIVATE KEY".to_vec()];
    for name in ["open", "tess"] {
        let text = fs_err::read_to_string(sandbox.path(&format!("{name}.key"))).expect("a key");
        let lines: Vec<&str> = text.lines().filter(|line| line.len() == 64).collect();
        // The secret part is at the end of its packet, before the first user id.
        let public = fs_err::read_to_string(sandbox.path(&format!("{name}.asc")));
        let public = public.expect("a certificate");
        let only = lines.iter().filter(|line| !public.contains(**line));
        secrets.extend(only.take(3).map(|line| line.as_bytes().to_vec()));
    }
    // The numbers of the key without a passphrase, in binary.
    let listed = gpg.shell("gpg --batch --list-packets --debug 0x02 -vv open.key 2>&1 || true");
    let numbers = listed.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once(": ")?;
        let value = value.trim();
        let is_number = value.len() >= 60 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        (key.starts_with("skey[") && is_number).then(|| value.to_owned())
    });
    let numbers: Vec<String> = numbers.collect();
    let last = numbers
        .last()
        .expect("gpg lists the secret numbers")
        .clone();
    let binary: Vec<u8> = (0..last.len() / 2)
        .map(|at| u8::from_str_radix(&last[2 * at..2 * at + 2], 16).expect("hexadecimal"))
        .collect();
    secrets.extend([last.to_lowercase().into_bytes(), last.into_bytes(), binary]);
    secrets
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[track_caller]
fn assert_clean(what: &str, text: &[u8], secrets: &[Vec<u8>]) {
    for secret in secrets {
        let shown = String::from_utf8_lossy(secret);
        assert!(!contains(text, secret), "{shown} is in {what}");
    }
}

#[test]
fn no_secret_is_in_outputs_errors_or_the_repository() {
    for algorithm in ["ed25519", "rsa2048"] {
        let sandbox = prepared(algorithm);
        let secrets = secrets(&sandbox);
        let key = fs_err::read(sandbox.path("tess.key")).expect("a key");
        assert!(secrets.iter().any(|secret| contains(&key, secret)));
        fs_err::write(sandbox.path("pass"), format!("{PASSPHRASE}\n")).expect("a new file");
        fs_err::write(sandbox.path("wrong"), format!("{PASSPHRASE}x\n")).expect("a new file");
        fs_err::write(sandbox.path("cut.key"), &key[..key.len() / 2]).expect("a new file");
        let mut damaged = key.clone();
        damaged[key.len() / 2] ^= 1;
        fs_err::write(sandbox.path("damaged.key"), &damaged).expect("a new file");
        for (line, code) in [
            ("sign demo --key ../cut.key", 2),
            (
                "sign demo --key ../damaged.key --passphrase-file ../pass",
                2,
            ),
            ("sign demo --key ../tess.key", 2),
            ("sign demo --key ../tess.key --passphrase-file ../wrong", 2),
            ("sign demo --key ../tess.key --passphrase-file ../none", 2),
            ("sign demo --key ../tess.key --passphrase-fd 77", 2),
            ("sign nobody --key ../open.key", 2),
            ("sign demo --key ../pass", 2),
            ("verify ../demo.spk --keyring ../open.key", 2),
            (
                "sign demo --key ../open.key --timestamp-url http://127.0.0.1:1/ --timestamp-key ../open.asc",
                2,
            ),
            (
                "sign demo --key ../open.key --timestamp-url http://127.0.0.1:1/ --timestamp-key ../open.key",
                2,
            ),
            ("sign demo --key ../open.key --dry-run", 0),
            (
                "sign demo --key ../tess.key --passphrase-file ../pass --json",
                0,
            ),
            ("unsign demo", 0),
            ("sign demo --key ../open.key", 0),
            ("log", 0),
            ("show demo --json", 0),
            ("query --arch x86_64 --dsm 6.2", 0),
        ] {
            let output = sandbox.spkrepo(line).output().expect("a program");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{line}: {stderr}");
            assert_clean(line, &[output.stdout, output.stderr].concat(), &secrets);
        }
        for (path, _) in sandbox.files("repo") {
            let bytes = fs_err::read(&path).expect("a file of the repository");
            assert_clean(&path.display().to_string(), &bytes, &secrets);
        }
        // What git has packed is not to be read as it lies there.
        let history = sandbox.git("log -p --format=raw --text").into_bytes();
        assert_clean("the history", &history, &secrets);
    }
}

/// Starts a command and waits until it is so far.
fn running(mut command: Command, so: impl Fn(u32) -> bool) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().expect("a program");
    let start = Instant::now();
    while !so(child.id()) {
        assert!(start.elapsed() < PATIENCE, "it does not come so far");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

/// Makes a pipe with a name, at which `sign` waits for the passphrase while it holds the key.
fn pipe(sandbox: &Sandbox) -> std::path::PathBuf {
    let path = sandbox.path("pipe");
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("a POSIX system").success());
    path
}

#[cfg(target_os = "linux")]
fn proc(id: u32, file: &str) -> String {
    let bytes = fs_err::read(Path::new("/proc").join(id.to_string()).join(file));
    String::from_utf8_lossy(&bytes.unwrap_or_default()).replace('\0', " ")
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_has_a_key_leaves_no_core_and_no_secret_in_its_arguments() {
    use std::os::unix::process::ExitStatusExt;

    let sandbox = prepared("ed25519");
    let pipe = pipe(&sandbox);
    let secrets = secrets(&sandbox);
    let program = env!("CARGO_BIN_EXE_spkrepo");
    let script = format!(
        "ulimit -c unlimited 2>/dev/null; cd {}; exec {program} sign demo --key ../tess.key --passphrase-file {}",
        sandbox.path("repo").display(),
        pipe.display()
    );
    let command = sandbox.command("sh", &["-c".to_owned(), script]);
    let limits = |id: u32| {
        let limits = proc(id, "limits");
        let line = limits.lines().find(|line| line.starts_with("Max core"));
        line.unwrap_or_default().to_owned()
    };
    // Soft and hard: nobody can raise it again.
    let has_none = |id: u32| {
        let limits = limits(id);
        let mut limits = limits.split_whitespace().skip(4);
        (limits.next(), limits.next()) == (Some("0"), Some("0"))
    };
    let mut child = running(command, |id| {
        has_none(id) && proc(id, "cmdline").starts_with(program)
    });
    let id = child.id();
    let arguments = proc(id, "cmdline");
    assert!(arguments.contains("--passphrase-file"), "{arguments}");
    assert_clean("the arguments", arguments.as_bytes(), &secrets);
    let killed = Command::new("kill")
        .args(["-s", "ABRT", &id.to_string()])
        .status();
    assert!(killed.expect("a POSIX system").success());
    let status = child.wait().expect("a child of this process");
    assert_eq!(status.signal(), Some(6), "it was there until then");
    assert!(!status.core_dumped());
    let cores = |folder: &str| {
        let files = sandbox.files(folder).into_iter();
        let named = files.filter(|(path, _)| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("core"))
        });
        named.count()
    };
    assert_eq!(cores("repo") + cores("home"), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn while_gpg_signs_there_is_no_secret_in_its_arguments() {
    let sandbox = prepared("ed25519");
    let secrets = secrets(&sandbox);
    // Stands before gpg in the search path, and writes down how it is called, by itself and in `/proc`.
    let seen = sandbox.path("seen");
    let wrapper = format!(
        "#!/bin/sh\ntr '\\0' ' ' < /proc/$PPID/cmdline >> {seen}\nprintf ' | %s\\n' \"$*\" >> {seen}\nexec \"$REAL_GPG\" \"$@\"\n",
        seen = seen.display()
    );
    let folder = sandbox.path("bin");
    fs_err::create_dir(&folder).expect("a new folder");
    fs_err::write(folder.join("gpg"), wrapper).expect("a new file");
    use std::os::unix::fs::PermissionsExt;
    fs_err::set_permissions(folder.join("gpg"), std::fs::Permissions::from_mode(0o755))
        .expect("a file");
    let gpg = Gpg::existing(&sandbox);
    let real = gpg.shell("command -v gpg").trim().to_owned();
    let path = std::env::var("PATH").expect("a search path");
    let mut command = sandbox.spkrepo("sign demo --gpg open@example.org");
    command
        .env("REAL_GPG", real)
        .env("PATH", format!("{}:{path}", folder.display()));
    let output = command.output().expect("a program");
    assert!(output.status.success(), "{output:?}");
    let seen = fs_err::read_to_string(seen).expect("gpg was run");
    assert!(seen.contains("--detach-sign"), "{seen}");
    assert!(!seen.contains("passphrase"), "{seen}");
    assert_clean("the arguments", seen.as_bytes(), &secrets);
}

#[test]
fn a_descriptor_brings_the_passphrase() {
    for algorithm in ["ed25519", "rsa4096"] {
        let sandbox = prepared(algorithm);
        let program = env!("CARGO_BIN_EXE_spkrepo");
        let run = |number: &str, passphrase: &str| {
            let script = format!(
                "{program} sign demo --key ../tess.key --passphrase-fd {number} {number}<<EOF\n{passphrase}\nEOF\n"
            );
            let mut command = sandbox.command("sh", &["-c".to_owned(), script]);
            command.output().expect("a shell")
        };
        let wrong = run("5", "wrong");
        let stderr = String::from_utf8_lossy(&wrong.stderr);
        assert_eq!(wrong.status.code(), Some(2));
        assert!(
            stderr.contains("the passphrase of the key is missing or wrong"),
            "{stderr}"
        );
        let right = run("3", PASSPHRASE);
        assert!(right.status.success(), "{right:?}");
        let gpg = Gpg::existing(&sandbox);
        let text = sandbox.read("packages/demo/1.0-1/dsm6.0-7321-noarch.toml");
        let oid = text.split("sha256 = \"").nth(1).expect("a digest");
        fs_err::write(sandbox.path("signed.spk"), sandbox.blob(&oid[..64])).expect("a new file");
        gpg.verifies("signed.spk");
    }
}

/// `script` of util-linux runs a command on a terminal of its own.
#[cfg(target_os = "linux")]
#[test]
fn the_terminal_asks_for_the_passphrase_and_does_not_show_it() {
    for algorithm in ["ed25519", "rsa4096"] {
        let sandbox = prepared(algorithm);
        let program = env!("CARGO_BIN_EXE_spkrepo");
        let line = format!("{program} sign demo --key ../tess.key");
        let arguments = ["-qec", &line, "/dev/null"].map(str::to_owned);
        let mut command = sandbox.command("script", &arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the tests need `script`");
        let mut stdout = child.stdout.take().expect("piped");
        let mut shown = Vec::new();
        // What is typed before the question would be shown by the terminal.
        while !contains(&shown, b"Passphrase of ../tess.key: ") {
            let mut piece = [0; 256];
            let count = std::io::Read::read(&mut stdout, &mut piece).expect("a pipe");
            assert!(count > 0, "{}", String::from_utf8_lossy(&shown));
            shown.extend_from_slice(&piece[..count]);
        }
        // It asks, and then has the terminal show nothing of what is typed.
        std::thread::sleep(Duration::from_secs(1));
        let mut stdin = child.stdin.take().expect("piped");
        stdin
            .write_all(format!("{PASSPHRASE}\n").as_bytes())
            .expect("it reads");
        stdin.flush().expect("it reads");
        std::io::Read::read_to_end(&mut stdout, &mut shown).expect("a pipe");
        drop(stdin);
        let text = String::from_utf8_lossy(&shown);
        assert!(child.wait().expect("a child").success(), "{text}");
        assert!(text.contains("signed by "), "{text}");
        assert!(!text.contains(PASSPHRASE), "{text}");
        sandbox
            .run("verify demo")
            .success()
            .stdout_has("good signature");
    }
}
