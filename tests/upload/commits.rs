//! What becomes of the repository: one commit by the token's owner, on the branch that it is meant for.

use fs_err as fs;

use super::{Source, people, send, spk};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;

#[test]
fn the_commit_is_the_owners_and_says_which_token() {
    let source = Source::start("");
    let config = source.sandbox.path("home/.gitconfig");
    let text = fs::read_to_string(&config).expect("the sandbox has it");
    let without = text.replace("\tname = Tess Tester\n\temail = tess@example.org\n", "");
    fs::write(&config, without).expect("writable");
    source.publish(&spk("libalpha", "1.0-1").arch("x86_64"));
    let log = |format: &str| source.sandbox.git(&format!("log -1 --format='{format}'"));
    let ada = "Ada Admin <ada@example.org>";
    assert_eq!(log("%an <%ae>|%cn <%ce>"), format!("{ada}|{ada}"));
    let message = log("%B");
    assert!(
        message.starts_with("add libalpha 1.0-1 (x86_64, DSM 7.0)\n")
            && message.ends_with("\nSpkrepo-Uploaded-By: ada (ci)"),
        "{message}"
    );
    let package = source.sandbox.read("packages/libalpha/package.toml");
    assert!(package.contains("maintainers = [\n    \"ada\",\n]") || package.contains("\"ada\""));
    let second = spk("libalpha", "1.0-1").arch("armv7");
    source.send(&source.dev, &second.bytes()).status(201);
    assert_eq!(log("%an <%ae>"), "Dev Eloper <dev@users.invalid>");
    let package_now = source.sandbox.read("packages/libalpha/package.toml");
    assert_eq!(package_now, package, "a build changes no maintainers");
    source.sandbox.fsck();
}

#[test]
fn the_same_bytes_again_are_no_second_commit() {
    let source = Source::start("");
    let alpha = spk("alpha", "1.0-1");
    let first = source.publish(&alpha);
    let head = source.sandbox.head();
    let again = source.publish(&alpha);
    assert_eq!(first, again);
    assert_eq!(source.sandbox.head(), head);
    source.publish(&spk("beta", "1.0-1"));
    let later = source.publish(&alpha);
    assert_eq!(later["package"], "alpha");
    assert_eq!(later["commit"], source.sandbox.head());
}

#[test]
fn uploads_for_review_go_to_their_branch_and_leave_the_working_tree_alone() {
    let mut source = Source::start("--upload-to branch:incoming");
    source.sandbox.write("notes.txt", "not committed\n");
    let head = source.sandbox.head();
    let index = fs::read(source.sandbox.path("repo/.git/index")).expect("an index");
    let alpha = source.publish(&spk("alpha", "1.0-1"));
    let git = |line: &str| source.sandbox.git(line);
    assert_eq!(alpha["commit"], git("rev-parse incoming"));
    assert_eq!(git("rev-parse incoming^"), head);
    source.publish(&spk("beta", "1.0-1"));
    assert_eq!(git("rev-list --count main..incoming"), "2");
    assert_eq!(source.sandbox.head(), head);
    assert_eq!(source.sandbox.status(), "?? notes.txt");
    let untouched = fs::read(source.sandbox.path("repo/.git/index")).expect("an index");
    assert!(untouched == index);
    git("fsck --full --strict");
    // Who may upload is said by the branch that is served.
    git("branch other incoming");
    source.sandbox.run("token revoke ada ci").success();
    let gamma = spk("gamma", "1.0-1").bytes();
    source.is_served();
    source.send(&source.ada, &gamma).status(401);
    source.restart("--upload-to branch:other");
    source.send(&source.ada, &gamma).status(401);
}

#[test]
fn a_branch_that_is_served_gets_its_uploads() {
    let sandbox = Sandbox::initialized();
    let [ada, _] = people(&sandbox);
    sandbox.git("branch served");
    let server = Server::start(&sandbox, "--upload --ref served");
    let head = sandbox.head();
    send(server.host(), &ada, &spk("alpha", "1.0-1").bytes()).status(201);
    assert_eq!(sandbox.git("rev-list --count main..served"), "1");
    assert_eq!((sandbox.head(), sandbox.status()), (head, String::new()));
    sandbox.git("tag v1");
    sandbox
        .run("serve --port 0 --upload --ref v1")
        .failure(2)
        .stderr_has("uploads cannot be added to `v1`: it is no branch");
    sandbox
        .run("serve --port 0 --upload --rev HEAD")
        .failure(2)
        .stderr_has("`--upload` and `--rev` cannot be used with each other");
    sandbox
        .run("serve --port 0 --upload --upload-to branch:a..b")
        .failure(2)
        .stderr_has("uploads cannot be added to `a..b`");
}

#[test]
fn a_bare_repository_takes_uploads() {
    let sandbox = Sandbox::initialized();
    let [ada, _] = people(&sandbox);
    sandbox.git("clone --quiet --bare . ../bare.git");
    let mut command = sandbox.spkrepo("serve --port 0 --upload");
    command.current_dir(sandbox.path("bare.git"));
    let server = Server::spawn(command);
    for number in 0..3 {
        let spk = spk(&format!("p{number}"), "1.0-1").bytes();
        send(server.host(), &ada, &spk).status(201);
    }
    let count = sandbox.git_in("bare.git", "rev-list --count main --grep Uploaded-By");
    assert_eq!(count, "3");
    sandbox.git_in("bare.git", "fsck --full --strict");
}
