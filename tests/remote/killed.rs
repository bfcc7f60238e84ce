//! `kill -9` during `add --push`: the remote has the commit or not, and the next command finishes the rest.

use std::process::Stdio;
use std::time::{Duration, Instant};

use fs_err as fs;

use super::{Shared, build};

const DEFAULT_ROUNDS: u32 = 12;

fn rounds() -> u32 {
    let rounds = std::env::var("SPKREPO_PUSH_KILLS").ok();
    rounds
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(DEFAULT_ROUNDS)
}

/// Starts a command in `repo` and kills it, but not what it has started, after `delay`.
fn kill(shared: &Shared, line: &str, delay: Duration) -> bool {
    let mut command = shared.sandbox.spkrepo(line);
    let null = || Stdio::null();
    let mut child = command
        .stdin(null())
        .stdout(null())
        .stderr(null())
        .spawn()
        .expect("the program");
    std::thread::sleep(delay);
    let was_running = child.try_wait().expect("a child of this process").is_none();
    // It may end in this instant.
    child.kill().ok();
    child.wait().expect("a child of this process");
    was_running
}

/// Waits until what the killed command had started has ended: git goes on without it.
fn settle(shared: &Shared) {
    let start = Instant::now();
    let mut last = String::new();
    loop {
        std::thread::sleep(Duration::from_millis(150));
        let now = shared.git("remote.git", "rev-parse main");
        let locks = ["repo/.git", "remote.git"].iter().any(|folder| {
            let files = shared.sandbox.files(folder);
            files
                .iter()
                .any(|(path, _)| path.extension().is_some_and(|one| one == "lock"))
        });
        if now == last && !locks || start.elapsed() > Duration::from_secs(10) {
            return;
        }
        last = now;
    }
}

#[test]
fn a_killed_push_has_happened_or_not_and_the_next_one_finishes() {
    let shared = Shared::new();
    shared.clone_as("other");
    let start = Instant::now();
    let spk = shared.spk("first", &build("first"));
    shared.run("repo", &format!("add {spk} --push")).success();
    let whole = start.elapsed();
    let mut killed = 0;
    for round in 0..rounds() {
        // Somebody else is faster each time.
        let theirs = format!("theirs{round}");
        let spk = shared.spk(&theirs, &build(&theirs));
        shared.run("other", &format!("add {spk} --push")).success();
        let mine = format!("mine{round}");
        let spk = shared.spk(&mine, &build(&mine).payload_size(200_000));
        let line = format!("add {spk} --push");
        let before = shared.subjects().len();
        killed += u32::from(kill(&shared, &line, whole * (round + 1) / rounds()));
        settle(&shared);
        let after = shared.subjects().len();
        assert!(
            after == before || after == before + 1,
            "it was pushed once or not at all"
        );
        shared.check_remote();
        shared.run("repo", &line).success();
        assert_eq!(shared.subjects().len(), before + 1, "round {round}");
        shared.check_clone("repo");
    }
    shared.check_remote();
    assert!(killed > 0, "every command ended before it was killed");
}

#[test]
fn killed_between_the_push_and_its_own_branch_it_is_finished_by_the_next_command() {
    for next in ["add ../in/a.spk --push", "pull", "add ../in/b.spk --push"] {
        let shared = Shared::new();
        shared.spk("a", &build("alpha").payload_size(100_000));
        shared.spk("b", &build("beta"));
        let before = shared.head("repo");
        // The lock says who writes; the hook runs when the remote's branch has moved.
        let lock = shared.sandbox.path("repo/.git/spkrepo/lock");
        let script = format!(
            "#!/bin/sh\nread process rest < '{}'\nkill -9 $process\nrm $0\n",
            lock.display()
        );
        let hook = shared.sandbox.path("remote.git/hooks/post-receive");
        fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
        fs::write(&hook, script).expect("writable");
        super::pushing::make_executable(&hook);
        let mut command = shared.sandbox.spkrepo("add ../in/a.spk --push");
        let status = command.stderr(Stdio::null()).status().expect("the program");
        assert_eq!(status.code(), None, "it was killed");
        settle(&shared);
        assert_eq!(shared.head("repo"), before);
        assert_eq!(shared.subjects().len(), 2);
        shared.run("repo", next).success();
        shared.check_clone("repo");
        assert_eq!(
            shared.subjects().len(),
            if next.contains("b.spk") { 3 } else { 2 }
        );
        shared.check_remote();
    }
}
