//! A folder in which the program and git run apart from the machine's own settings.
//!
//! ```text
//! root/         SPKs and whatever else a test brings; commands name it `..`
//! root/home/    HOME, with git's global configuration
//! root/repo/    the repository and the working folder of commands
//! ```

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;
use tempfile::TempDir;

use super::digest::sha256;
use super::outcome::{Checked, Outcome};
use super::spk::Spk;
use super::words::words;

/// How long a command may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);
const GIT_CONFIG: &str = "\
[user]
\tname = Tess Tester
\temail = tess@example.org
[init]
\tdefaultBranch = main
[core]
\tautocrlf = false
[gc]
\tauto = 0
[protocol \"file\"]
\tallow = always
";
/// The instant of every commit that follows the environment.
const DATE: &str = "2026-01-02T03:04:05Z";

/// The folder, removed when dropped.
pub(crate) struct Sandbox {
    root: TempDir,
}

impl Sandbox {
    /// Makes an empty `repo` folder, which is no repository yet.
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("spkrepo-test-")
            .tempdir()
            .expect("a writable folder for files");
        let sandbox = Self { root };
        fs::create_dir(sandbox.path("repo")).expect("new folder");
        fs::create_dir(sandbox.path("home")).expect("new folder");
        fs::write(sandbox.path("home/.gitconfig"), GIT_CONFIG).expect("new file");
        sandbox
    }

    /// Makes a package repository with `spkrepo init`.
    pub(crate) fn initialized() -> Self {
        let sandbox = Self::new();
        sandbox.run("init").success();
        sandbox
    }

    /// Returns a path in the root.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Writes an SPK to a path in the root: `spk("a.spk", &…)` is `run("add ../a.spk")`.
    pub(crate) fn spk(&self, path: &str, spk: &Spk) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a path in the root")).expect("a folder");
        spk.write(&path);
        self
    }

    /// Runs `spkrepo` in the repository.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.run_command(self.spkrepo(line), &format!("spkrepo {line}"), b"")
    }

    /// Runs `spkrepo` in the repository with something on standard input.
    pub(crate) fn run_with_input(&self, line: &str, input: &[u8]) -> Outcome {
        self.run_command(self.spkrepo(line), &format!("spkrepo {line}"), input)
    }

    /// Runs `spkrepo` in the repository with so little memory that it must not load what it reads.
    pub(crate) fn run_in_memory(&self, mebibytes: u32, line: &str) -> Outcome {
        // Where the shell cannot limit memory, the program runs without a limit.
        let script = format!(
            "ulimit -v {} 2>/dev/null; exec \"$0\" \"$@\"",
            mebibytes << 10
        );
        let mut arguments = vec![
            "-c".to_owned(),
            script,
            env!("CARGO_BIN_EXE_spkrepo").to_owned(),
        ];
        arguments.extend(words(line));
        self.run_command(
            self.command("sh", &arguments),
            &format!("spkrepo {line}"),
            b"",
        )
    }

    /// Runs `spkrepo` in a folder of the root.
    pub(crate) fn run_in(&self, folder: &str, line: &str) -> Outcome {
        let mut command = self.spkrepo(line);
        command.current_dir(self.path(folder));
        self.run_command(command, &format!("spkrepo {line} (in {folder})"), b"")
    }

    /// Returns the command that [`Sandbox::run`] runs, for tests that kill it or change its environment.
    pub(crate) fn spkrepo(&self, line: &str) -> Command {
        self.command(env!("CARGO_BIN_EXE_spkrepo"), &words(line))
    }

    /// Runs git in the repository, demands success and returns what it printed, without the last line end.
    #[track_caller]
    pub(crate) fn git(&self, line: &str) -> String {
        text_of(&self.try_git(line).success())
    }

    /// Runs git in a folder of the root, demands success and returns what it printed.
    #[track_caller]
    pub(crate) fn git_in(&self, folder: &str, line: &str) -> String {
        let mut command = self.command("git", &words(line));
        command.current_dir(self.path(folder));
        text_of(
            &self
                .run_command(command, &format!("git {line} (in {folder})"), b"")
                .success(),
        )
    }

    /// Runs git in the repository.
    pub(crate) fn try_git(&self, line: &str) -> Outcome {
        self.run_command(
            self.command("git", &words(line)),
            &format!("git {line}"),
            b"",
        )
    }

    /// Reads a file of the repository.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path("repo").join(path)).expect("a file of the repository")
    }

    /// Writes a file of the repository, and its folders.
    #[track_caller]
    pub(crate) fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.path("repo").join(path);
        fs::create_dir_all(path.parent().expect("a path in the repository")).expect("a folder");
        fs::write(path, text).expect("a writable file");
        self
    }

    /// Tells whether a file or folder is in the repository.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path("repo").join(path).exists()
    }

    /// Returns every file below a folder of the root, with its size, sorted; a folder that is not there has none.
    pub(crate) fn files(&self, folder: &str) -> Vec<(PathBuf, u64)> {
        let mut files = Vec::new();
        let mut folders = vec![self.path(folder)];
        while let Some(entries) = folders.pop().map(fs::read_dir) {
            for entry in entries.into_iter().flatten() {
                let entry = entry.expect("a readable folder");
                let metadata = entry.metadata().expect("a file of this test alone");
                if metadata.is_dir() {
                    folders.push(entry.path());
                } else {
                    files.push((entry.path(), metadata.len()));
                }
            }
        }
        files.sort();
        files
    }

    /// Returns the full id of HEAD.
    #[track_caller]
    pub(crate) fn head(&self) -> String {
        self.git("rev-parse HEAD")
    }

    /// Returns `git status`, one line per path that is not clean.
    #[track_caller]
    pub(crate) fn status(&self) -> String {
        self.git("status --porcelain --untracked-files=all")
    }

    /// Returns the paths of the files at HEAD.
    #[track_caller]
    pub(crate) fn tree(&self) -> Vec<String> {
        self.git("ls-tree -r --name-only HEAD")
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Returns the path of a blob in Git LFS's default store.
    #[track_caller]
    pub(crate) fn blob_path(&self, oid: &str) -> PathBuf {
        let common = self
            .path("repo")
            .join(self.git("rev-parse --git-common-dir"));
        common
            .join("lfs/objects")
            .join(&oid[..2])
            .join(&oid[2..4])
            .join(oid)
    }

    /// Reads a blob.
    #[track_caller]
    pub(crate) fn blob(&self, oid: &str) -> Vec<u8> {
        fs::read(self.blob_path(oid)).expect("a blob of the store")
    }

    /// Demands that git finds no fault and that every pointer at HEAD has its blob, whole.
    #[track_caller]
    pub(crate) fn fsck(&self) {
        self.git("fsck --full --strict --no-dangling");
        for path in self.tree().iter().filter(|path| path.ends_with(".spk")) {
            let pointer = self.git(&format!("cat-file blob 'HEAD:{path}'"));
            let (oid, size) = parse_pointer(&pointer)
                .unwrap_or_else(|| panic!("{path} is no pointer: {pointer}"));
            let bytes = self.blob(oid);
            assert_eq!(bytes.len() as u64, size, "the size of {path}");
            assert_eq!(sha256(&bytes), oid, "the digest of {path}");
        }
    }

    /// Returns a command in the repository with nothing of the machine's environment but where programs are.
    pub(crate) fn command(&self, program: &str, arguments: &[String]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.path("repo"))
            .env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .env("HOME", self.path("home"))
            .env("XDG_CONFIG_HOME", self.path("home/.config"));
        command
            .env("GIT_CONFIG_GLOBAL", self.path("home/.gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1");
        command
            .env("GIT_AUTHOR_DATE", DATE)
            .env("GIT_COMMITTER_DATE", DATE);
        command
            .env("GIT_CEILING_DIRECTORIES", self.root.path())
            .env("GIT_TERMINAL_PROMPT", "0");
        command
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("NO_COLOR", "1")
            .env("NO_PROXY", "*");
        command
    }

    fn run_command(&self, mut command: Command, line: &str, input: &[u8]) -> Outcome {
        let output = output_of(&mut command, line, input);
        Outcome {
            line: line.to_owned(),
            output,
            root: self.root.path().to_owned(),
        }
    }

    /// Returns the root.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }
}

/// Returns oid and size that a Git LFS pointer names.
pub(crate) fn parse_pointer(pointer: &str) -> Option<(&str, u64)> {
    let rest = pointer.strip_prefix("version https://git-lfs.github.com/spec/v1\noid sha256:")?;
    let (oid, size) = rest.split_once("\nsize ")?;
    Some((oid, size.trim_end().parse().ok()?))
}

fn text_of(checked: &Checked) -> String {
    String::from_utf8_lossy(checked.bytes())
        .trim_end_matches('\n')
        .to_owned()
}

/// Runs a command to its end; one that hangs is killed and fails the test.
fn output_of(command: &mut Command, line: &str, input: &[u8]) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("`{line}` does not start: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    let (stdout, stderr) = (
        child.stdout.take().expect("piped"),
        child.stderr.take().expect("piped"),
    );
    std::thread::scope(|threads| {
        // A program that ends without reading its input is no fault of the test's.
        threads.spawn(move || stdin.write_all(input).ok());
        let stdout = threads.spawn(move || read_all(stdout));
        let stderr = threads.spawn(move || read_all(stderr));
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child of this process") {
                break status;
            }
            if start.elapsed() > PATIENCE {
                child
                    .kill()
                    .and_then(|()| child.wait())
                    .expect("a child of this process");
                panic!("`{line}` hangs");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let [stdout, stderr] =
            [stdout, stderr].map(|thread| thread.join().expect("reading does not panic"));
        Output {
            status,
            stdout,
            stderr,
        }
    })
}

fn read_all(mut pipe: impl std::io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes)
        .expect("a pipe of this process");
    bytes
}

#[test]
fn git_sees_only_the_sandbox() {
    let sandbox = Sandbox::new();
    sandbox
        .try_git("log")
        .failure(128)
        .stderr_has("not a git repository");
    sandbox.git("init --quiet");
    sandbox.write("folder/file.txt", "text\n");
    assert_eq!(sandbox.status(), "?? folder/file.txt");
    sandbox.git("add .");
    sandbox.git("commit --quiet -m 'first commit'");
    assert_eq!(
        sandbox.git("log --format='%D %an <%ae> %cI %s'"),
        "HEAD -> main Tess Tester <tess@example.org> 2026-01-02T03:04:05Z first commit"
    );
    assert_eq!(sandbox.tree(), ["folder/file.txt"]);
    assert_eq!(sandbox.read("folder/file.txt"), "text\n");
    sandbox
        .try_git("rev-parse --show-toplevel HEAD")
        .success()
        .stdout("[ROOT]/repo\n[COMMIT]\n");
    sandbox.fsck();
}

#[test]
fn fsck_finds_a_blob_that_is_not_what_its_pointer_says() {
    let sandbox = Sandbox::new();
    let oid = sha256(b"content");
    sandbox.git("init --quiet");
    sandbox.write(
        "a.spk",
        &format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 7\n"),
    );
    sandbox.git("add .");
    sandbox.git("commit --quiet -m pointer");
    let blob = sandbox.blob_path(&oid);
    fs::create_dir_all(blob.parent().expect("a path in the store")).expect("new folders");
    fs::write(&blob, "content").expect("new file");
    sandbox.fsck();
    fs::write(&blob, "CONTENT").expect("a writable file");
    assert!(std::panic::catch_unwind(|| sandbox.fsck()).is_err());
}
