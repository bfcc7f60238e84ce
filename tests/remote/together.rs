//! Many clones that push to one remote at once.
//!
//! `SPKREPO_PUSH_ROUNDS` sets how often; `tests/push-long` does ten long rounds.

use std::collections::BTreeSet;

use fs_err as fs;

use super::{Shared, build};
use crate::support::spk::Spk;

const CLONES: usize = 20;
const PLATFORMS: [&str; 20] = [
    "alpine",
    "apollolake",
    "armada370",
    "armada375",
    "armada38x",
    "avoton",
    "braswell",
    "broadwell",
    "broadwellnk",
    "bromolow",
    "cedarview",
    "denverton",
    "evansport",
    "geminilake",
    "kvmx64",
    "monaco",
    "purley",
    "rtd1296",
    "v1000",
    "x86",
];

fn rounds() -> usize {
    let rounds = std::env::var("SPKREPO_PUSH_ROUNDS").ok();
    rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

#[test]
fn twenty_clones_that_push_at_once_all_land_once_each() {
    for round in 0..rounds() {
        let shared = Shared::new();
        let lines: Vec<String> = PLATFORMS
            .iter()
            .enumerate()
            .map(|(number, platform)| {
                shared.clone_as(&format!("clone{number}"));
                // Half of them add builds of one release, the others packages of their own.
                let spk = match number % 2 {
                    0 => Spk::new("shared", "1.0-1").arch(platform),
                    _ => build(&format!("own{number}")),
                };
                let spk = shared.spk(&format!("{number}"), &spk);
                format!("add {spk} --push --channel stable")
            })
            .collect();
        assert_eq!(lines.len(), CLONES);
        std::thread::scope(|threads| {
            for (number, line) in lines.iter().enumerate() {
                let shared = &shared;
                threads.spawn(move || shared.run(&format!("clone{number}"), line).success());
            }
        });
        let subjects = shared.subjects();
        let distinct: BTreeSet<&String> = subjects.iter().collect();
        assert_eq!(
            (subjects.len(), distinct.len()),
            (1 + CLONES, 1 + CLONES),
            "round {round}: {subjects:?}"
        );
        shared.check_remote();
        for number in 0..CLONES {
            let clone = format!("clone{number}");
            assert_eq!(shared.git(&clone, "status --porcelain"), "");
            shared.git(&clone, "merge-base --is-ancestor main origin/main");
        }
    }
}

#[test]
fn of_two_that_conflict_at_once_one_lands_and_one_is_told() {
    let shared = Shared::new();
    shared.clone_as("other");
    let lines = ["repo", "other"].map(|clone| {
        let spk = shared.spk(clone, &build("alpha").payload(clone));
        (clone, format!("add {spk} --push"))
    });
    let codes: BTreeSet<Option<i32>> = std::thread::scope(|threads| {
        let running = lines.each_ref().map(|(clone, line)| {
            let shared = &shared;
            threads.spawn(move || {
                let outcome = shared.run(clone, line);
                let said = String::from_utf8_lossy(&outcome.output.stderr).into_owned();
                let code = outcome.output.status.code();
                assert!(
                    code == Some(0) || said.contains("does not fit them"),
                    "{said}"
                );
                code
            })
        });
        running
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    assert_eq!(codes, [Some(0), Some(2)].into());
    assert_eq!(shared.subjects().len(), 2);
    shared.check_remote();
}

/// Commits by hand and publishes it, as a person does who pulls and tries again.
fn commit_by_hand(shared: &Shared, clone: &str, note: &str) {
    fs::write(shared.sandbox.path(clone).join(note), "text\n").expect("writable");
    shared.git(clone, &format!("add {note}"));
    shared.git(clone, &format!("commit --quiet -m {note}"));
    for _ in 0..40 {
        let line = |line: &str| {
            let mut command = shared.sandbox.command(
                "git",
                &line.split(' ').map(str::to_owned).collect::<Vec<_>>(),
            );
            let output = command
                .current_dir(shared.sandbox.path(clone))
                .output()
                .expect("git is needed");
            output.status.success()
        };
        assert!(line("pull --quiet --rebase"), "{clone} rebases");
        if line("push --quiet") {
            return;
        }
    }
    panic!("{clone} was never first");
}

#[test]
fn adding_promoting_and_commits_by_hand_at_once_all_land_once_each() {
    let shared = Shared::new();
    for number in 0..4 {
        let package = format!("known{number}");
        let spk = shared.spk(&package, &build(&package));
        shared.run("repo", &format!("add {spk} --push")).success();
    }
    let kinds = ["add", "promote", "hand"];
    for (kind, number) in kinds
        .iter()
        .flat_map(|kind| (0..4).map(move |number| (kind, number)))
    {
        shared.clone_as(&format!("{kind}{number}"));
        if *kind == "add" {
            shared.spk(&format!("new{number}"), &build(&format!("new{number}")));
        }
    }
    std::thread::scope(|threads| {
        for number in 0..4 {
            let shared = &shared;
            threads.spawn(move || {
                shared
                    .run(
                        &format!("add{number}"),
                        &format!("add ../in/new{number}.spk --push"),
                    )
                    .success()
            });
            threads.spawn(move || {
                shared
                    .run(
                        &format!("promote{number}"),
                        &format!("promote known{number} --push"),
                    )
                    .success()
            });
            threads.spawn(move || {
                commit_by_hand(shared, &format!("hand{number}"), &format!("note{number}"))
            });
        }
    });
    let subjects = shared.subjects();
    let distinct: BTreeSet<&String> = subjects.iter().collect();
    assert_eq!(
        (subjects.len(), distinct.len()),
        (1 + 4 + 12, 1 + 4 + 12),
        "{subjects:?}"
    );
    let taken_back = shared.git(
        "remote.git",
        "log --diff-filter=D --name-only --format=%s main",
    );
    assert_eq!(taken_back, "", "no commit takes another one back");
    shared.check_remote();
}
