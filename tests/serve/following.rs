//! Which commit is served, and when.

use super::{
    DSM72, catalog, entries, offering, offers, serve_in, served_commit, wait_for_head, wait_until,
};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

const RELEASE: &str = "packages/alpha/1.0-1/release.toml";

fn alpha() -> Sandbox {
    offering(&[Spk::new("alpha", "1.0-1").icon(72)])
}

/// Changes the description of `alpha` in the working tree.
fn describe(sandbox: &Sandbox, description: &str) {
    let text = sandbox.read(RELEASE);
    let lines = text
        .lines()
        .map(|line| match line.strip_prefix("description = ") {
            Some(_) => format!("description = \"{description}\"\n"),
            None => format!("{line}\n"),
        });
    sandbox.write(RELEASE, &lines.collect::<String>());
}

fn commit(sandbox: &Sandbox, description: &str) {
    describe(sandbox, description);
    sandbox.git("commit --quiet --all -m 'another text'");
}

#[track_caller]
fn description(server: &Server) -> String {
    let entries = entries(&server.get(&catalog(DSM72)).status(200));
    entries[0]["desc"].as_str().expect("a text").to_owned()
}

#[track_caller]
fn wait_for_description(server: &Server, expected: &str) {
    wait_until(expected, || description(server) == expected);
}

#[test]
fn files_that_are_not_committed_are_not_served() {
    let sandbox = alpha();
    let server = Server::start(&sandbox, "");
    describe(&sandbox, "staged in the index");
    sandbox.git("add .");
    describe(&sandbox, "edited");
    assert_eq!(description(&server), "What alpha does");
    let restarted = Server::start(&sandbox, "");
    assert_eq!(description(&restarted), "What alpha does");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(description(&server), "What alpha does");
    sandbox.git("commit --quiet -m index");
    wait_for_description(&server, "staged in the index");
}

#[test]
fn new_commit_is_served_without_a_restart_also_an_older_one_or_one_of_another_branch() {
    let sandbox = alpha();
    let server = Server::start(&sandbox, "");
    sandbox.spk("b.spk", &Spk::new("beta", "1.0-1"));
    sandbox.run("add --channel stable ../b.spk").success();
    wait_until("the second package", || {
        offers(&server.get(&catalog(DSM72))) == ["alpha 1.0-1", "beta 1.0-1"]
    });
    sandbox.git("reset --quiet --hard HEAD~1");
    wait_until("the older commit", || {
        offers(&server.get(&catalog(DSM72))) == ["alpha 1.0-1"]
    });
    sandbox.git("switch --quiet --create other");
    commit(&sandbox, "on another branch");
    wait_for_description(&server, "on another branch");
    sandbox.git("switch --quiet --detach main");
    wait_for_description(&server, "What alpha does");
    wait_until("the log", || {
        server.log().matches("serving 1 packages").count() == 4
    });
}

#[test]
fn a_reference_is_followed_and_head_is_not() {
    let sandbox = alpha();
    sandbox.git("branch live");
    let server = Server::start(&sandbox, "--ref live");
    let head = Server::start(&sandbox, "");
    commit(&sandbox, "on main");
    wait_for_description(&head, "on main");
    assert_eq!(description(&server), "What alpha does");
    sandbox.git("branch --force live main");
    wait_for_description(&server, "on main");
}

#[test]
fn a_revision_stays() {
    let sandbox = alpha();
    let first = sandbox.head();
    let server = Server::start(&sandbox, "--rev HEAD");
    let head = Server::start(&sandbox, "");
    commit(&sandbox, "later");
    wait_for_description(&head, "later");
    assert_eq!(description(&server), "What alpha does");
    assert_eq!(served_commit(&server), first);
    let again = Server::start(&sandbox, "--rev HEAD~1");
    assert_eq!(served_commit(&again), first);
}

#[test]
fn an_unknown_reference_or_revision_is_an_error_that_names_it() {
    let sandbox = alpha();
    for option in ["--ref", "--rev"] {
        sandbox
            .run(&format!("serve --port 0 {option} nowhere"))
            .failure(2)
            .stdout("")
            .stderr_has("nowhere");
    }
    sandbox
        .run("serve --port 0 --ref main --rev main")
        .failure(2)
        .stderr_has("`--ref` and `--rev` cannot be used with each other");
}

#[test]
fn a_commit_that_does_not_parse_is_refused_with_the_reason_and_the_one_before_serves_on() {
    let sandbox = alpha();
    let first = sandbox.head();
    let server = Server::start(&sandbox, "");
    let good = sandbox.read(RELEASE);
    sandbox.write(RELEASE, &good.replace("displayname", "dsplayname"));
    sandbox.git("commit --quiet --all -m broken");
    wait_until("the refusal", || server.get("/readyz").status == 503);
    let ready = server.get("/readyz").json();
    assert_eq!(ready["commit"], first);
    assert_eq!(ready["refused"], sandbox.head());
    let problem = ready["problems"][0].as_str().expect("a problem");
    for part in [RELEASE, "dsplayname"] {
        assert!(problem.contains(part), "{problem}");
    }
    wait_until("the log", || server.log().contains("still serving"));
    wait_until("the log", || server.log().contains(RELEASE));
    assert_eq!(description(&server), "What alpha does");
    server.get("/healthz").status(200);
    sandbox.write(RELEASE, &good);
    sandbox.git("commit --quiet --all -m mended");
    wait_until("the mended commit", || server.get("/readyz").status == 200);
    assert_eq!(served_commit(&server), sandbox.head());
    assert_eq!(
        server.log().matches("still serving").count(),
        1,
        "the reason is told once:\n{}",
        server.log()
    );
}

#[test]
fn a_refused_commit_that_is_taken_back_is_forgotten() {
    let sandbox = alpha();
    let server = Server::start(&sandbox, "");
    sandbox.write("spkrepo.toml", "format = 99\n");
    sandbox.git("commit --quiet --all -m newer");
    wait_until("the refusal", || server.get("/readyz").status == 503);
    let text = server.get("/readyz").text().to_owned();
    assert!(text.contains("99"), "{text}");
    sandbox.git("reset --quiet --hard HEAD~1");
    wait_until("the good commit", || server.get("/readyz").status == 200);
}

#[test]
fn a_commit_whose_objects_arrive_after_it_is_served_once_they_are_there() {
    let sandbox = alpha();
    sandbox.git("switch --quiet --create next");
    commit(&sandbox, "complete");
    let blob = sandbox.git(&format!("rev-parse HEAD:{RELEASE}"));
    let object = sandbox.path(&format!("repo/.git/objects/{}/{}", &blob[..2], &blob[2..]));
    sandbox.git("switch --quiet main");
    let away = sandbox.path("object");
    fs_err::rename(&object, &away).expect("a loose object");
    let server = Server::start(&sandbox, "");
    sandbox.git("update-ref refs/heads/main next");
    wait_until("the refusal", || server.get("/readyz").status == 503);
    assert_eq!(description(&server), "What alpha does");
    std::thread::sleep(std::time::Duration::from_millis(500));
    fs_err::rename(&away, &object).expect("the same file system");
    wait_for_description(&server, "complete");
    let log = server.log();
    assert_eq!(log.matches("still serving").count(), 1, "{log}");
}

#[test]
fn a_server_does_not_start_on_a_commit_that_does_not_parse() {
    let sandbox = alpha();
    sandbox.write(RELEASE, "what = is this\n");
    sandbox.git("commit --quiet --all -m broken");
    sandbox
        .run("serve --port 0")
        .failure(2)
        .stdout("")
        .stderr_has(RELEASE);
}

#[test]
fn a_repository_that_is_packed_and_pruned_is_served_on() {
    let sandbox = alpha();
    let server = Server::start(&sandbox, "");
    for round in 1..=4 {
        let text = format!("round {round}");
        commit(&sandbox, &text);
        sandbox.git(if round % 2 == 0 {
            "gc --quiet --prune=now"
        } else {
            "repack -a -d --quiet"
        });
        wait_for_description(&server, &text);
        server.get("/packages/alpha/1.0-1/icon_72.png").status(200);
    }
    sandbox.git("pack-refs --all");
    sandbox.git("reflog expire --expire=now --all");
    sandbox.git("gc --quiet --aggressive --prune=now");
    server.get("/packages/alpha/1.0-1/icon_72.png").status(200);
    assert_eq!(server.get("/readyz").status, 200);
    assert!(!server.log().contains("still serving"), "{}", server.log());
}

#[test]
fn a_bare_repository_is_served() {
    let sandbox = alpha();
    sandbox.git("clone --quiet --bare . ../bare.git");
    let server = serve_in(&sandbox, "bare.git");
    assert_eq!(description(&server), "What alpha does");
    commit(&sandbox, "pushed");
    sandbox.git("push --quiet ../bare.git main");
    wait_for_description(&server, "pushed");
}

#[test]
fn a_linked_working_tree_is_served_with_its_own_head_and_the_common_blobs() {
    let sandbox = alpha();
    sandbox.git("worktree add --quiet -b linked ../linked");
    let server = serve_in(&sandbox, "linked");
    commit(&sandbox, "not of this tree");
    sandbox.git_in("linked", "commit --quiet --allow-empty -m 'of this tree'");
    let head = sandbox.git_in("linked", "rev-parse HEAD");
    wait_until("the linked tree's commit", || {
        served_commit(&server) == head
    });
    assert_eq!(description(&server), "What alpha does");
    let path = super::download_path(&server, DSM72);
    let spk = Spk::new("alpha", "1.0-1").icon(72).bytes();
    assert!(server.get(&path).status(200).body == spk);
}

#[test]
fn the_commits_of_another_process_are_seen_however_many_come_at_once() {
    let sandbox = alpha();
    let server = Server::start(&sandbox, "");
    for number in 1..=20 {
        commit(&sandbox, &format!("text {number}"));
    }
    wait_for_head(&sandbox, &server);
    assert_eq!(description(&server), "text 20");
}
