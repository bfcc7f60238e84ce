//! `commit.gpgsign`: commits are signed as git's configuration says.

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// Runs a program of the system that the test cannot do without.
#[track_caller]
fn needed(sandbox: &Sandbox, program: &str, arguments: &[&str]) {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let output = sandbox
        .command(program, &arguments)
        .env("GNUPGHOME", sandbox.path("home/.gnupg"))
        .output()
        .unwrap_or_else(|error| panic!("the tests need `{program}`: {error}"));
    assert!(output.status.success(), "`{program}`: {output:?}");
}

#[track_caller]
fn signs(sandbox: &Sandbox) {
    sandbox.spk("x.spk", &Spk::new("demo", "1.0-1"));
    sandbox.run("add ../x.spk").success();
    sandbox.run("promote demo").success();
    assert_eq!(
        sandbox.git("log --format='%G? %an %s' -2"),
        "G Tess Tester promote demo 1.0-1 to beta (noarch, DSM 7.0)\nG Tess Tester add demo 1.0-1 (noarch, DSM 7.0)"
    );
    assert_eq!(
        sandbox.git("log -1 --format='%(trailers:key=Spkrepo-Action,valueonly)'"),
        "promote"
    );
    assert_eq!(sandbox.status(), "");
    sandbox.fsck();
}

#[test]
fn an_ssh_key_signs_the_commits() {
    let sandbox = Sandbox::initialized();
    let key = sandbox.path("home/key").display().to_string();
    needed(
        &sandbox,
        "ssh-keygen",
        &["-q", "-t", "ed25519", "-N", "", "-f", &key],
    );
    let public = fs_err::read_to_string(sandbox.path("home/key.pub")).expect("a new key");
    fs_err::write(
        sandbox.path("home/allowed"),
        format!("tess@example.org {public}"),
    )
    .expect("a new file");
    sandbox.git("config gpg.format ssh");
    sandbox.git(&format!("config user.signingKey '{key}.pub'"));
    let allowed = sandbox.path("home/allowed").display().to_string();
    sandbox.git(&format!("config gpg.ssh.allowedSignersFile '{allowed}'"));
    sandbox.git("config commit.gpgSign true");
    signs(&sandbox);
    sandbox.git("worktree add --quiet -b side ../side");
    sandbox.run_in("side", "yank demo --reason x").success();
    assert_eq!(sandbox.git_in("side", "log -1 --format=%G?"), "G");
}

#[test]
fn an_openpgp_key_signs_the_commits() {
    let sandbox = Sandbox::initialized();
    let home = sandbox.path("home/.gnupg");
    fs_err::create_dir(&home).expect("a new folder");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs_err::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).expect("a folder");
    }
    let name = "Tess Tester <tess@example.org>";
    needed(
        &sandbox,
        "gpg",
        &[
            "--batch",
            "--quiet",
            "--passphrase",
            "",
            "--quick-generate-key",
            name,
            "ed25519",
            "sign",
        ],
    );
    sandbox.git("config commit.gpgSign true");
    sandbox.git("config user.signingKey tess@example.org");
    signs(&sandbox);
    needed(&sandbox, "gpgconf", &["--kill", "all"]);
}

#[test]
fn a_commit_that_cannot_be_signed_is_not_made() {
    let sandbox = Sandbox::initialized();
    sandbox.spk("x.spk", &Spk::new("demo", "1.0-1"));
    sandbox.git("config gpg.format ssh");
    sandbox.git("config user.signingKey /no/where");
    sandbox.git("config commit.gpgSign true");
    let head = sandbox.head();
    sandbox
        .run("add ../x.spk")
        .failure(2)
        .stderr_has("error: `git commit-tree -S` failed: ");
    assert_eq!(sandbox.head(), head);
    assert_eq!(sandbox.status(), "");
}
