//! `gc --delete` beside everybody who publishes: no blob that anything names is ever missing.
//!
//! Commands, uploads to a server, and people who add SPKs by git and git-lfs work on branches of one repository, drop commits,
//! branches and reflogs, and publish again what they have dropped, while `gc --delete --older-than 0s` goes on and on: no age
//! protects anything. After each batch every pointer of every root must have its blob, whole.
//!
//! `SPKREPO_GC_OPERATIONS` says how many operations, `SPKREPO_GC_SEED` repeats a run; `tests/gc-long` does 10,000.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Instant, SystemTime};

use fs_err as fs;

use crate::support::digest::sha256;
use crate::support::sandbox::{Sandbox, parse_pointer};
use crate::upload::{Source, number_from, send, spk};

const DEFAULT_OPERATIONS: usize = 200;
/// Operations after which all is looked at.
const BATCH: usize = 200;
/// Versions that each worker publishes.
const VERSIONS: usize = 6;
/// Different bytes of each; the fewer, the more often one is dropped and comes again.
const PAYLOADS: usize = 12;
/// What git says when another has a lock; trying again helps.
const BUSY: [&str; 5] = [
    "index.lock",
    "cannot lock ref",
    "Unable to create",
    "could not lock",
    "Unable to write new index",
];

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worker {
    Branches,
    Command(usize),
    Hand(usize),
    Uploads,
}

const WORKERS: [Worker; 6] = [
    Worker::Command(0),
    Worker::Command(1),
    Worker::Hand(0),
    Worker::Hand(1),
    Worker::Uploads,
    Worker::Branches,
];

/// Numbers that follow from a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// A repository with a server and a working tree for each worker that needs one.
struct Ground {
    deleted: AtomicUsize,
    done: AtomicUsize,
    runs: AtomicUsize,
    source: Source,
}

impl Ground {
    fn new() -> Self {
        let sandbox = Sandbox::initialized();
        for (key, value) in [
            ("clean", "git-lfs clean -- %f"),
            ("smudge", "git-lfs smudge --skip -- %f"),
            ("process", "git-lfs filter-process --skip"),
            ("required", "true"),
        ] {
            sandbox.git(&format!("config filter.lfs.{key} '{value}'"));
        }
        sandbox.git("tag base");
        for worker in WORKERS {
            if let Some(folder) = worker.folder() {
                sandbox.git(&format!("worktree add --quiet -b {folder} ../{folder}"));
            }
        }
        for number in 0..VERSIONS {
            let version = format!("1.0-{number}");
            sandbox.spk(&format!("in/up-{number}.spk"), &spk("up", &version));
        }
        Self {
            deleted: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            runs: AtomicUsize::new(0),
            source: Source::serve(sandbox, ""),
        }
    }

    fn sandbox(&self) -> &Sandbox {
        &self.source.sandbox
    }

    /// Runs git until nobody else has a lock; returns whether it succeeded.
    fn git(&self, folder: &str, line: &str) -> bool {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        loop {
            let mut command = self.sandbox().command("git", &words);
            let output = command.current_dir(self.sandbox().path(folder)).output();
            let output = output.expect("git is needed");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                !said.contains("Git LFS") || output.status.success(),
                "{said}"
            );
            if !BUSY.iter().any(|busy| said.contains(busy)) {
                return output.status.success();
            }
        }
    }

    /// Runs spkrepo; what it refuses is fine, what it does not find is not.
    fn spkrepo(&self, folder: &str, line: &str) {
        let output = self.sandbox().run_in(folder, line).output;
        let said = String::from_utf8_lossy(&output.stderr);
        let is_fine = matches!(output.status.code(), Some(0 | 2))
            && ["not here", "could not", "panicked", "gave up"]
                .iter()
                .all(|bad| !said.contains(bad));
        assert!(is_fine, "`spkrepo {line}` in {folder}: {said}");
    }

    fn work(&self, worker: Worker, random: &mut Random, operations: usize) {
        for _ in 0..operations {
            match worker {
                Worker::Branches => self.change_branches(random),
                Worker::Command(number) => self.run_command(number, random),
                Worker::Hand(number) => self.work_by_hand(number, random),
                Worker::Uploads => self.upload(random),
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(folder) = worker.folder() {
            self.check_tree(&folder);
        }
    }

    fn run_command(&self, number: usize, random: &mut Random) {
        let (folder, package) = (format!("command{number}"), format!("cmd{number}"));
        let version = random.below(VERSIONS);
        let release = format!("{package}@1.0-{version}");
        match random.below(20) {
            0..=11 => {
                let payload = format!("payload {}", random.below(PAYLOADS)).into_bytes();
                let spk = spk(&package, &format!("1.0-{version}")).payload(payload);
                self.sandbox().spk(&format!("in/{package}.spk"), &spk);
                self.spkrepo(&folder, &format!("add --replace ../in/{package}.spk"));
            }
            12 => self.spkrepo(&folder, &format!("promote {release}")),
            13 => self.spkrepo(&folder, &format!("yank {release} --reason bad")),
            14 => self.spkrepo(&folder, &format!("unyank {release}")),
            15 => {
                self.git(&folder, &format!("branch --force side{number}"));
            }
            16 => {
                self.git(&folder, "reset --quiet --hard base");
            }
            _ => {
                let back = 1 + random.below(4);
                self.git(&folder, &format!("reset --quiet --hard HEAD~{back}"));
            }
        }
    }

    fn work_by_hand(&self, number: usize, random: &mut Random) {
        let folder = format!("hand{number}");
        // The same bytes in both trees.
        let content = random.below(PAYLOADS);
        let file = format!("by-hand/{}.spk", random.below(3));
        match random.below(20) {
            0..=9 => {
                let path = self.sandbox().path(&folder).join(&file);
                fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
                fs::write(&path, format!("content {content}")).expect("writable");
                assert!(
                    self.git(&folder, &format!("add {file}")),
                    "{folder}: {file}"
                );
                self.check_pointer(&folder, &format!(":{file}"));
            }
            10..=13 => {
                self.git(&folder, "commit --quiet -m by-hand");
            }
            14 => {
                self.git(&folder, &format!("rm --quiet --force {file}"));
            }
            15 => {
                self.git(&folder, "reset --quiet --hard");
            }
            16 => {
                self.git(&folder, "reset --quiet --hard base");
            }
            _ => {
                self.git(&folder, "reset --quiet --hard HEAD~1");
            }
        }
    }

    fn upload(&self, random: &mut Random) {
        let number = random.below(VERSIONS);
        // Each is new once; then the same bytes come again.
        let path = self.sandbox().path(&format!("in/up-{number}.spk"));
        let bytes = fs::read(path).expect("made before");
        let response = send(self.source.server.host(), &self.source.ada, &bytes);
        assert_eq!(response.status, 201);
        let blob = self.blob(&sha256(&bytes));
        assert!(blob.exists(), "the upload {number} is accepted and gone");
    }

    fn change_branches(&self, random: &mut Random) {
        let of = ["command0", "command1", "hand0", "hand1", "main"][random.below(5)];
        let number = random.below(4);
        match random.below(8) {
            0..=1 => self.git("repo", &format!("branch --force tmp{number} {of}")),
            2 => self.git("repo", &format!("branch --quiet -D tmp{number}")),
            3 => self.git("repo", &format!("tag --force tag{number} {of}")),
            4 => self.git("repo", &format!("tag --delete tag{number}")),
            5 => self.git("repo", "pack-refs --all"),
            _ => {
                for folder in ["repo", "command0", "command1", "hand0", "hand1"] {
                    self.git(folder, "update-ref -d ORIG_HEAD");
                }
                self.git("repo", "reflog expire --expire=all --all")
            }
        };
    }

    fn blob(&self, oid: &str) -> std::path::PathBuf {
        let objects = self.sandbox().path("repo/.git/lfs/objects");
        objects.join(&oid[..2]).join(&oid[2..4]).join(oid)
    }

    /// Demands that the blob is there which a pointer of an own branch or index names.
    fn check_pointer(&self, folder: &str, object: &str) {
        let pointer = self
            .sandbox()
            .git_in(folder, &format!("cat-file blob {object}"));
        let pointer = format!("{pointer}\n");
        let (oid, _) = parse_pointer(&pointer).expect("a pointer");
        assert!(self.blob(oid).exists(), "{folder}: {object} is gone");
    }

    fn check_tree(&self, folder: &str) {
        let tree = self.sandbox().git_in(folder, "ls-tree -r --name-only HEAD");
        for path in tree.lines().filter(|path| path.ends_with(".spk")) {
            self.check_pointer(folder, &format!("HEAD:{path}"));
        }
    }

    /// Collects until the others are done.
    fn collect(&self, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            let line = "gc --delete --older-than 0s --json";
            let report = self.sandbox().run(line).success().json();
            let collected = report["places"][0]["collected"].as_array();
            let count = collected.expect("a list").len();
            self.deleted.fetch_add(count, Ordering::Relaxed);
            self.runs.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Demands every blob that git finds a pointer to, whatever leads there; returns how many there are.
    fn check_all(&self, known: &mut BTreeMap<String, SystemTime>) -> usize {
        let sandbox = self.sandbox();
        let objects =
            sandbox.git("rev-list --objects --all --reflog --indexed-objects --no-object-names");
        let mut oids = BTreeSet::new();
        let ids: String = objects.lines().map(|id| format!("{id}\n")).collect();
        for line in self.small_blobs(&ids) {
            if let Some((oid, size)) = parse_pointer(&line) {
                oids.insert((oid.to_owned(), size));
            }
        }
        for (oid, size) in &oids {
            let path = self.blob(oid);
            let metadata = fs::metadata(&path);
            let metadata = metadata.unwrap_or_else(|error| panic!("{oid} is missing: {error}"));
            assert_eq!(metadata.len(), *size, "{oid}");
            let modified = metadata.modified().expect("a system with times");
            if known.insert(oid.clone(), modified) != Some(modified) {
                assert_eq!(sha256(&fs::read(&path).expect("readable")), *oid);
            }
        }
        sandbox.git("fsck --no-dangling --no-progress");
        oids.len()
    }

    /// Returns the content of each object that may be a pointer.
    fn small_blobs(&self, ids: &str) -> Vec<String> {
        let input = self.sandbox().path("ids");
        fs::write(&input, ids).expect("writable");
        // A pointer has its three lines; what follows an object's header up to the next is its content.
        let script = "git cat-file --batch-check < ../ids | awk '$2 == \"blob\" && $3 < 1024 {print $1}' | git cat-file --batch";
        let mut command = self
            .sandbox()
            .command("sh", &["-c".to_owned(), script.to_owned()]);
        let output = command.output().expect("a POSIX system");
        assert!(output.status.success());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let start = "version https://git-lfs.github.com/spec/v1\n";
        text.split(start)
            .skip(1)
            .map(|rest| {
                let lines: Vec<&str> = rest.lines().take(2).collect();
                format!("{start}{}\n", lines.join("\n"))
            })
            .collect()
    }
}

impl Worker {
    fn folder(self) -> Option<String> {
        match self {
            Self::Command(number) => Some(format!("command{number}")),
            Self::Hand(number) => Some(format!("hand{number}")),
            Self::Branches | Self::Uploads => None,
        }
    }
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "whoever sees a failure wants to repeat it"
)]
fn no_blob_that_anything_names_is_ever_missing() {
    let operations = number_from("SPKREPO_GC_OPERATIONS");
    let operations = operations.map_or(DEFAULT_OPERATIONS, |number| number as usize);
    let seed = number_from("SPKREPO_GC_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.expect("it is after 1970").as_nanos() as u64
    });
    eprintln!("{operations} operations, SPKREPO_GC_SEED={seed}");
    let (start, ground) = (Instant::now(), Ground::new());
    let mut known = BTreeMap::new();
    let (mut batch, mut checked) = (0, 0);
    while ground.done.load(Ordering::Relaxed) < operations {
        let is_over = AtomicBool::new(false);
        thread::scope(|threads| {
            let collector = threads.spawn(|| ground.collect(&is_over));
            let workers = WORKERS.iter().enumerate().map(|(number, worker)| {
                let ground = &ground;
                let mut random = Random(seed ^ ((batch * WORKERS.len() + number) as u64) << 32);
                threads.spawn(move || ground.work(*worker, &mut random, BATCH / WORKERS.len() + 1))
            });
            let workers: Vec<_> = workers.collect();
            let ended: Vec<_> = workers
                .into_iter()
                .map(thread::ScopedJoinHandle::join)
                .collect();
            is_over.store(true, Ordering::Relaxed);
            collector.join().expect("gc succeeds");
            for end in ended {
                end.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
        });
        checked += ground.check_all(&mut known);
        batch += 1;
        eprintln!(
            "{} operations, {} collections, {} blobs deleted, {checked} checked, {:?}",
            ground.done.load(Ordering::Relaxed),
            ground.runs.load(Ordering::Relaxed),
            ground.deleted.load(Ordering::Relaxed),
            start.elapsed()
        );
    }
    assert!(checked > 0, "something is named");
    let deleted = ground.deleted.load(Ordering::Relaxed);
    assert!(deleted > 0, "something was collected");
}
