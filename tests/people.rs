//! `spkrepo maintainer` and `spkrepo token`: people and tokens are commits, and a token is shown once.

use crate::support::digest::sha256;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

fn with_alice() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox
        .run("maintainer add alice --name 'Alice Example' --email alice@example.org --role developer --package 'python3*'")
        .success()
        .stdout("");
    sandbox
}

#[test]
fn a_person_is_a_commit_that_leaves_the_comments_of_the_file() {
    let sandbox = Sandbox::initialized();
    let before = sandbox.read("maintainers.toml");
    let line = "maintainer add alice --name 'Alice Example' --email alice@example.org --role admin";
    let preview = sandbox.run(&format!("{line} --dry-run")).success();
    assert!(
        preview.out().contains("+[people.alice]"),
        "{}",
        preview.out()
    );
    assert_eq!(sandbox.git("rev-list --count HEAD"), "1");
    sandbox.run(line).success();
    let expected = format!(
        "{before}\n[people.alice]\nname = \"Alice Example\"\nemail = \"alice@example.org\"\nrole = \"admin\"\n"
    );
    assert_eq!(sandbox.read("maintainers.toml"), expected);
    assert_eq!(
        sandbox.git("log -1 --format=%B"),
        "maintainers: add alice as admin\n\nSpkrepo-Action: add-maintainer"
    );
    assert_eq!(sandbox.status(), "");
    sandbox.run("maintainer list").success().stdout(
        "PERSON  NAME           ROLE   PACKAGES  TOKENS\nalice   Alice Example  admin  all\n",
    );
}

#[test]
fn a_token_is_shown_once_and_only_its_digest_is_committed() {
    let sandbox = with_alice();
    let made = sandbox
        .run("token new alice --label ci --package python311 --builds-only --expires 2027-01-01")
        .success();
    let token = made.out().trim().to_owned();
    assert!(
        token.starts_with("spkrepo_") && token.len() == 51,
        "{token}"
    );
    let text = sandbox.read("maintainers.toml");
    let digest = sha256(token.as_bytes());
    assert!(text.contains(&format!("sha256 = \"{digest}\"")), "{text}");
    let everything = sandbox.git("log -p --all");
    assert!(
        !everything.contains(&token[8..]),
        "the token is in the history"
    );
    sandbox.run("token list").success().stdout(
        "PERSON  LABEL  FOR     PACKAGES   EXPIRES\nalice   ci     builds  python311  2027-01-01T00:00:00Z\n",
    );
    sandbox.run("token revoke alice ci").success();
    assert!(!sandbox.read("maintainers.toml").contains(&digest));
    sandbox
        .run("token list")
        .success()
        .stdout("")
        .stderr("there are no tokens\n");
}

#[test]
fn two_tokens_are_never_the_same() {
    let sandbox = with_alice();
    let new = |label: &str| {
        let made = sandbox
            .run(&format!("token new alice --label {label} --json"))
            .success();
        let report = made.json();
        report["token"].as_str().expect("a text").to_owned()
    };
    assert_ne!(new("one"), new("two"));
}

#[test]
fn what_does_not_fit_the_people_is_refused_with_the_way_out() {
    let sandbox = with_alice();
    sandbox.run("maintainer add bob --name Bob").success();
    sandbox.run("token new alice --label ci").success();
    let head = sandbox.head();
    for (line, message) in [
        (
            "maintainer add alice --name Other",
            "error: `maintainers.toml` has the person `alice` already\nhint: edit `maintainers.toml` to change what is known of a person, and commit it\n",
        ),
        (
            "maintainer remove alise",
            "error: `maintainers.toml` has no person `alise`; did you mean `alice`?\nhint: `spkrepo maintainer add PERSON --name NAME --role ROLE` adds a person\n",
        ),
        (
            "token new alice --label ci",
            "error: alice has a token with the label `ci` already\nhint: choose another label, or revoke that one first: `spkrepo token revoke PERSON LABEL`\n",
        ),
        (
            "token new bob --label ci",
            "error: bob has no role in `maintainers.toml`, so a token would open nothing\nhint: edit `maintainers.toml` to change what is known of a person, and commit it\n",
        ),
        (
            "token revoke alice cd",
            "error: alice has no token with the label `cd`, only ci\nhint: `spkrepo token list` shows the tokens\n",
        ),
    ] {
        sandbox.run(line).failure(2).stdout("").stderr(message);
    }
    assert_eq!(sandbox.head(), head);
}

#[test]
fn a_person_who_goes_takes_the_tokens_along_and_packages_that_name_the_person_are_told() {
    let sandbox = with_alice();
    sandbox.run("token new alice --label ci").success();
    sandbox.spk("a.spk", &Spk::new("demo", "1.0-1").icon(72));
    sandbox.run("add ../a.spk").success();
    sandbox.write("packages/demo/package.toml", "maintainers = [\"alice\"]\n");
    sandbox.git("commit --quiet --all -m 'demo is of alice'");
    let removed = sandbox.run("maintainer remove alice").success();
    let warning = "warning: alice is still named in package.toml of demo\n";
    assert!(removed.err().contains(warning), "{}", removed.err());
    assert!(!sandbox.read("maintainers.toml").contains("sha256"));
    assert_eq!(sandbox.status(), "");
}
