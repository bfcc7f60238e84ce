//! `kill -9` at random instants of `add` and `promote`: the repository is at the old commit or at the new one, and the
//! next command finishes what the killed one began and says so.
//!
//! `SPKREPO_CRASH_ROUNDS` sets how often, `SPKREPO_CRASH_SEED` repeats a run. `tests/crash-long` does many rounds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use fs_err as fs;

use crate::support::digest::sha256;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const DEFAULT_ROUNDS: usize = 30;
/// Rounds in one repository; a new one keeps each round as cheap as the first.
const ROUNDS_PER_REPOSITORY: usize = 24;
const FILES_AT_ONCE: usize = 20;
const PLATFORMS: [&str; 12] = [
    "alpine",
    "apollolake",
    "armada370",
    "avoton",
    "braswell",
    "broadwell",
    "bromolow",
    "cedarview",
    "denverton",
    "geminilake",
    "kvmx64",
    "rtd1296",
];
/// What spkrepo keeps in the common git directory between commands.
const OWN_FILES: [&str; 3] = ["durable.gitconfig", "index-lock", "lock"];

/// Where the repository is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Bare,
    LinkedTree,
    WorkTree,
}

/// What is killed.
#[derive(Clone, Copy, Debug)]
enum Job {
    AddMany,
    AddOne,
    Promote,
    RollBack,
}

const JOBS: [Job; 4] = [Job::AddOne, Job::AddMany, Job::Promote, Job::RollBack];

/// A repository that commands are killed in.
struct Ground {
    folder: &'static str,
    sandbox: Sandbox,
}

/// A command that is about to be killed.
struct Task {
    /// How many documents of builds its commit has.
    builds: usize,
    line: String,
}

impl Ground {
    fn new(place: Place) -> Self {
        let sandbox = Sandbox::new();
        let folder = match place {
            Place::Bare => {
                sandbox.run_in("", "init --bare store").success();
                "store"
            }
            Place::LinkedTree => {
                sandbox.run("init").success();
                sandbox.git("worktree add --quiet -b linked ../linked");
                "linked"
            }
            Place::WorkTree => {
                sandbox.run("init").success();
                "repo"
            }
        };
        Self { folder, sandbox }
    }

    /// Makes what the command needs; `number` tells the rounds apart.
    fn prepare(&self, job: Job, number: usize) -> Task {
        let version = format!("1.0-{number}");
        match job {
            Job::AddOne => {
                let spk = Spk::new("one", &version).icon(72).payload_size(300_000);
                self.sandbox.spk(&format!("in/{number}.spk"), &spk);
                let line = format!("add ../in/{number}.spk");
                Task { builds: 1, line }
            }
            Job::AddMany => {
                for file in 0..FILES_AT_ONCE {
                    let spk = Spk::new(&format!("many{file}"), &version).icon(72);
                    self.sandbox.spk(&format!("in/{number}/{file}.spk"), &spk);
                }
                let line = format!("add ../in/{number}");
                Task {
                    builds: FILES_AT_ONCE,
                    line,
                }
            }
            Job::Promote => {
                self.add_for_platforms("offered", &version, number);
                let line = format!("promote offered@{version} --to stable");
                Task {
                    builds: PLATFORMS.len(),
                    line,
                }
            }
            Job::RollBack => {
                let before = self.git("rev-parse HEAD");
                self.add_for_platforms("removed", &version, number);
                Task {
                    builds: PLATFORMS.len(),
                    line: format!("rollback {before}"),
                }
            }
        }
    }

    fn add_for_platforms(&self, package: &str, version: &str, number: usize) {
        for platform in PLATFORMS {
            let spk = Spk::new(package, version).arch(platform);
            let path = format!("in/{number}/{platform}.spk");
            self.sandbox.spk(&path, &spk);
        }
        self.run(&format!("add ../in/{number}"));
    }

    /// Runs a command that must succeed, and returns what it says to people.
    fn run(&self, line: &str) -> String {
        self.sandbox
            .run_in(self.folder, line)
            .success()
            .err()
            .to_owned()
    }

    /// Starts a command and kills it after `delay`; returns how long it took when it ended before.
    fn kill(&self, line: &str, delay: Duration) -> Option<Duration> {
        let mut child = self
            .sandbox
            .spkrepo(line)
            .current_dir(self.sandbox.path(self.folder))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let start = Instant::now();
        while start.elapsed() < delay {
            if child.try_wait().expect("a child of this process").is_some() {
                return Some(start.elapsed());
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        child.kill().expect("a child of this process");
        let status = child.wait().expect("a child of this process");
        status.code().map(|_| start.elapsed())
    }

    fn git(&self, line: &str) -> String {
        self.sandbox.git_in(self.folder, line)
    }

    fn common_dir(&self) -> PathBuf {
        self.sandbox
            .path(self.folder)
            .join(self.git("rev-parse --git-common-dir"))
    }

    fn status(&self, place: Place) -> String {
        match place {
            Place::Bare => String::new(),
            _ => self.git("status --porcelain --untracked-files=all"),
        }
    }

    /// Demands that git finds no fault and that each committed SPK is whole.
    fn check_whole(&self) {
        self.git("fsck --full --strict --no-dangling");
        let common = self.common_dir();
        let pointers = self.git(
            "grep -h -e '^version ' -e '^oid sha256:' HEAD -- '*.spk' .gitattributes '*.toml'",
        );
        for oid in pointers
            .lines()
            .filter_map(|line| line.strip_prefix("oid sha256:"))
        {
            let path = common
                .join("lfs/objects")
                .join(&oid[..2])
                .join(&oid[2..4])
                .join(oid);
            assert_eq!(sha256(&fs::read(path).expect("a committed blob")), oid);
        }
    }

    /// Demands that nothing of the killed command is left.
    fn check_tidy(&self, place: Place) {
        assert_eq!(self.status(place), "", "the working tree is clean");
        let common = self.common_dir();
        let locks: Vec<PathBuf> = files_below(&common)
            .into_iter()
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "lock")
            })
            .collect();
        assert!(locks.is_empty(), "locks stay: {locks:?}");
        let own = names(&common.join("spkrepo"));
        let known = OWN_FILES.map(str::to_owned).into();
        assert!(own.is_subset(&known), "files stay: {own:?}");
    }

    /// Makes the half-written blobs of killed commands as old as they are when somebody comes back to them.
    fn age_leftovers(&self) {
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        for path in files_below(&self.common_dir().join("lfs/tmp")) {
            let file = std::fs::File::options()
                .write(true)
                .open(&path)
                .expect("writable");
            file.set_modified(hour_ago).expect("writable");
        }
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.expect("readable").path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}

/// Kills one command after `delay` and demands that everything is as it was, or as it shall be, and goes on.
fn round(ground: &Ground, place: Place, task: &Task, delay: Duration) -> Option<Duration> {
    let before = ground.git("rev-parse HEAD");
    ground.age_leftovers();
    let ended = ground.kill(&task.line, delay);
    let commits = |before: &str| ground.git(&format!("rev-list --count {before}..HEAD"));
    assert!(
        ["0", "1"].contains(&commits(&before).as_str()),
        "the old commit or the new one"
    );
    ground.check_whole();
    let dirty = ground.status(place);
    let said = ground.run(&task.line);
    assert!(
        dirty.is_empty() || said.contains("finished commit") || said.contains("took commit"),
        "the command says what it mended:\n{dirty}\n---\n{said}"
    );
    ground.check_whole();
    ground.check_tidy(place);
    assert_eq!(commits(&before), "1", "the command landed once");
    let documents = ground.git(
        "diff --name-only HEAD^ HEAD -- ':(glob)packages/*/*/*.toml' ':(exclude)*/release.toml'",
    );
    assert_eq!(documents.lines().count(), task.builds, "{documents}");
    ended
}

/// Returns how long the command takes when it is left alone.
fn duration(ground: &Ground, job: Job, number: usize) -> Duration {
    let task = ground.prepare(job, number);
    let start = Instant::now();
    ground.run(&task.line);
    start.elapsed()
}

/// Numbers that follow from a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns an instant within `whole`, or shortly after it.
    fn within(&mut self, whole: Duration) -> Duration {
        whole.mul_f64((self.next() % 1_100) as f64 / 1_000.0)
    }
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[expect(
    clippy::print_stderr,
    reason = "whoever sees a failure wants to repeat it"
)]
fn crash(place: Place) {
    let rounds = number_from("SPKREPO_CRASH_ROUNDS")
        .map_or(DEFAULT_ROUNDS, |rounds| rounds as usize)
        .div_ceil(3);
    let seed = number_from("SPKREPO_CRASH_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.expect("it is after 1970").as_nanos() as u64
    });
    eprintln!("{place:?}: {rounds} rounds, SPKREPO_CRASH_SEED={seed}");
    let mut random = Random(seed);
    let mut killed = 0;
    let mut done = 0;
    while done < rounds {
        let ground = Ground::new(place);
        let mut durations = [0, 1, 2, 3].map(|job| duration(&ground, JOBS[job], 9_000 + job));
        for number in 0..ROUNDS_PER_REPOSITORY.min(rounds - done) {
            let job = number % JOBS.len();
            let task = ground.prepare(JOBS[job], number);
            let delay = random.within(durations[job]);
            eprintln!(
                "{place:?}: `{}` killed after {delay:?} of {:?}",
                task.line, durations[job]
            );
            match round(&ground, place, &task, delay) {
                None => killed += 1,
                // The machine was busy when the time was taken.
                Some(took) => durations[job] = took,
            }
            done += 1;
        }
    }
    eprintln!("{place:?}: {killed} of {rounds} were killed before they ended");
    assert!(killed > 0, "every command ended before it was killed");
}

#[test]
fn a_killed_command_in_a_working_tree_leaves_the_old_commit_or_the_new_one() {
    crash(Place::WorkTree);
}

#[test]
fn a_killed_command_in_a_linked_working_tree_leaves_the_old_commit_or_the_new_one() {
    crash(Place::LinkedTree);
}

#[test]
fn a_killed_command_in_a_bare_repository_leaves_the_old_commit_or_the_new_one() {
    crash(Place::Bare);
}
