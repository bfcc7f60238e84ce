//! One writer at a time: the others wait, say for whom, and give up in time.

use std::fs::File;
use std::time::{Duration, Instant};

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const LOCK: &str = "repo/.git/spkrepo/lock";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox.spk("a.spk", &Spk::new("alpha", "1.0-1"));
    sandbox
}

/// Takes the lock as another process of spkrepo does.
fn hold(sandbox: &Sandbox) -> File {
    let path = sandbox.path(LOCK);
    std::fs::write(&path, "4711 spkrepo promote").expect("writable");
    let file = File::options()
        .read(true)
        .write(true)
        .open(&path)
        .expect("a file");
    file.lock().expect("nobody else");
    file
}

#[test]
fn who_waits_says_for_whom_and_goes_on() {
    let sandbox = sandbox();
    let lock = hold(&sandbox);
    let start = Instant::now();
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| sandbox.run("add ../a.spk").success().err().to_owned());
        std::thread::sleep(Duration::from_millis(1500));
        drop(lock);
        let said = waiting.join().expect("no panic");
        assert!(
            said.starts_with("waiting for process 4711, which runs `spkrepo promote`\n"),
            "{said}"
        );
        assert_eq!(said.matches("waiting").count(), 1);
    });
    assert!(start.elapsed() < Duration::from_secs(30));
    let text = std::fs::read_to_string(sandbox.path(LOCK)).expect("a file");
    assert!(text.ends_with(" spkrepo add"), "{text}");
}

#[test]
fn who_has_waited_long_enough_gives_up_and_has_changed_nothing() {
    let sandbox = sandbox();
    let head = sandbox.head();
    let _lock = hold(&sandbox);
    sandbox
        .run("add ../a.spk --lock-timeout 100ms")
        .failure(2)
        .stderr_has("error: gave up after 0 seconds: the repository is being written to by process 4711, which runs `spkrepo promote`")
        .stderr_has("--lock-timeout");
    assert_eq!((sandbox.head(), sandbox.status()), (head, String::new()));
    // Whoever only reads waits for nobody.
    sandbox.run("list").success();
}

#[test]
fn the_lock_of_a_dead_process_is_none() {
    let sandbox = sandbox();
    drop(hold(&sandbox));
    let said = sandbox
        .run("add ../a.spk --lock-timeout 1s")
        .success()
        .err()
        .to_owned();
    assert!(!said.contains("waiting"), "{said}");
}
