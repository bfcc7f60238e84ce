//! Several writers at once: `spkrepo` beside `spkrepo`, and `spkrepo` beside git.

use fs_err as fs;

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const WRITERS: usize = 8;
const COMMITS: usize = 25;
/// What git says when spkrepo holds a lock or was faster; trying again helps.
const BUSY: [&str; 3] = ["index.lock", "cannot lock ref", "Unable to create"];

#[test]
fn eight_writers_at_once_all_land_in_one_line_of_commits() {
    let sandbox = Sandbox::initialized();
    let platforms = [
        "apollolake",
        "armada370",
        "avoton",
        "braswell",
        "broadwell",
        "bromolow",
        "denverton",
        "kvmx64",
    ];
    for (writer, platform) in platforms.into_iter().enumerate() {
        let shared = Spk::new("shared", "1.0-1").arch(platform);
        sandbox.spk(&format!("in/{writer}/shared.spk"), &shared);
        for package in 0..3 {
            let own = Spk::new(&format!("own{writer}-{package}"), "1.0-1").icon(72);
            sandbox.spk(&format!("in/{writer}/{package}.spk"), &own);
        }
    }
    std::thread::scope(|threads| {
        for writer in 0..WRITERS {
            let sandbox = &sandbox;
            threads.spawn(move || sandbox.run(&format!("add ../in/{writer}")).success());
        }
    });
    sandbox.fsck();
    assert_eq!(sandbox.status(), "");
    assert_eq!(
        sandbox.git("rev-list --count HEAD"),
        (1 + WRITERS).to_string()
    );
    assert_eq!(sandbox.git("rev-list --min-parents=2 HEAD"), "");
    let pointers = sandbox
        .tree()
        .into_iter()
        .filter(|path| path.ends_with(".spk"));
    assert_eq!(pointers.count(), 4 * WRITERS);
}

/// Commits a file as a person does who tries again when git is busy.
fn commit_by_hand(sandbox: &Sandbox, name: &str) {
    sandbox.write(name, "text\n");
    for line in [format!("add {name}"), format!("commit --quiet -m {name}")] {
        loop {
            let outcome = sandbox.try_git(&line);
            if outcome.output.status.success() {
                outcome.success();
                break;
            }
            let said = String::from_utf8_lossy(&outcome.output.stderr).into_owned();
            assert!(
                BUSY.iter().any(|busy| said.contains(busy)),
                "`git {line}`: {said}"
            );
            let _ = outcome;
        }
    }
}

#[test]
fn commits_by_git_beside_spkrepo_lose_nothing() {
    let sandbox = Sandbox::initialized();
    for number in 0..COMMITS {
        sandbox.spk(
            &format!("in/{number}.spk"),
            &Spk::new(&format!("p{number}"), "1.0-1"),
        );
    }
    std::thread::scope(|threads| {
        threads.spawn(|| {
            (0..COMMITS).for_each(|number| commit_by_hand(&sandbox, &format!("notes/{number}.txt")))
        });
        threads.spawn(|| {
            for number in 0..COMMITS {
                sandbox.run(&format!("add ../in/{number}.spk")).success();
            }
        });
    });
    sandbox.fsck();
    assert_eq!(sandbox.status(), "");
    assert_eq!(
        sandbox.git("rev-list --count HEAD"),
        (1 + 2 * COMMITS).to_string()
    );
    let tree = sandbox.tree();
    for number in 0..COMMITS {
        assert!(
            tree.contains(&format!("notes/{number}.txt")),
            "note {number} is lost"
        );
        assert!(
            tree.contains(&format!("packages/p{number}/package.toml")),
            "package {number} is lost"
        );
    }
    let changed_back = sandbox.git("log --diff-filter=D --name-only --format=%s");
    assert_eq!(changed_back, "", "no commit takes another one back");
    assert!(!fs::exists(sandbox.path("repo/.git/index.lock")).expect("readable"));
}
