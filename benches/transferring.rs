//! How long SPKs take to an object store and back, beside curl, which hashes nothing, and beside git-lfs and its server.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;

use crate::measure::{self, line, median, resident, shell, time, timed, title};
use crate::support::giftless::Giftless;
use crate::support::s3::{BUCKET, KEY, PREFIX, S3Server, SECRET};
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const ROUNDS: usize = 3;
/// How many are under way at the same time, as `blob --jobs` has it.
const JOBS: usize = 8;
const SETS: [(&str, usize, u64); 2] = [
    ("500 of 1 MB", 500, 1_000_000),
    ("3 of 500 MB", 3, 500_000_000),
];
/// What `aws s3 cp` takes for a part.
const PART: u64 = 8 << 20;

pub(crate) fn run() {
    for (name, count, size) in SETS {
        measure(name, count, size);
    }
}

/// One set of SPKs, and where they go.
struct Set {
    blobs: Vec<String>,
    sandbox: Sandbox,
    server: S3Server,
}

fn measure(name: &str, count: usize, size: u64) {
    title(&format!(
        "SPKs to an object store and back: {name}, medians of {ROUNDS}"
    ));
    let set = Set::new(count, size);
    let giftless = Giftless::open(&set.sandbox);
    set.sandbox
        .git(&format!("config lfs.url {}", giftless.url()));
    let mut times: [Vec<Duration>; 9] = Default::default();
    let mut peaks = [0.0_f64; 2];
    for _ in 0..ROUNDS {
        times[0].push(set.curl_up());
        times[8].push(set.curl_up_with_digests());
        times[1].push(set.curl_parts());
        let (up, peak) = set.spkrepo("blob push");
        times[2].push(up);
        peaks[0] = peaks[0].max(peak);
        times[3].push(set.lfs("push --all origin"));
        times[4].push(set.curl_down());
        set.empty();
        let (down, peak) = set.spkrepo("blob pull");
        times[5].push(down);
        peaks[1] = peaks[1].max(peak);
        set.empty();
        times[6].push(set.lfs("fetch --all origin"));
        times[7].push(timed(|| {
            shell(set.sandbox.root(), "sha256sum downloaded/* > sums")
        }));
        fs::remove_dir_all(set.sandbox.path("downloaded")).expect("curl made it");
        set.clear();
        remove(&set.sandbox.path("giftless"));
    }
    let of = |at: usize| median(&times[at]);
    let up = Some(("curl", of(0)));
    time("curl, one request for each", of(0), None);
    time("  which the store compares with SHA-256", of(8), up);
    if !times[1].iter().all(Duration::is_zero) {
        time("curl, in parts of 8 MiB as `aws s3 cp` has them", of(1), up);
    }
    time("git lfs push, to giftless", of(3), up);
    time("spkrepo blob push", of(2), up);
    line("  its memory at most", &format!("{:.0} MB", peaks[0]), "");
    let down = Some(("curl", of(4)));
    time("curl, downloading", of(4), None);
    time("  and sha256sum of that", of(4) + of(7), down);
    time("git lfs fetch, from giftless", of(6), down);
    time("spkrepo blob pull", of(5), down);
    line("  its memory at most", &format!("{:.0} MB", peaks[1]), "");
}

impl Set {
    fn new(count: usize, size: u64) -> Self {
        let sandbox = Sandbox::initialized();
        let server = S3Server::start(&sandbox);
        let settings = sandbox.read("spkrepo.toml") + &server.table("store");
        sandbox.write("spkrepo.toml", &settings);
        sandbox.git("commit --quiet -am remote");
        for number in 0..count {
            let spk = Spk::new(&format!("p{number}"), "1.0-1").payload_size(size);
            sandbox.spk(&format!("in/{number}.spk"), &spk);
        }
        sandbox.run("add ../in").success();
        fs::remove_dir_all(sandbox.path("in")).expect("it was made");
        sandbox.git("init --quiet --bare ../origin.git");
        sandbox.git("remote add origin ../origin.git");
        let objects = sandbox.files("repo/.git/lfs/objects").into_iter();
        let blobs = objects.filter_map(|(path, _)| path.file_name()?.to_str().map(str::to_owned));
        let blobs = blobs.collect();
        Self {
            blobs,
            sandbox,
            server,
        }
    }

    /// Runs the program and returns how long it took and the most memory that it had.
    fn spkrepo(&self, command: &str) -> (Duration, f64) {
        let start = Instant::now();
        let mut child = self
            .sandbox
            .spkrepo(&format!("{command} --remote store --jobs {JOBS}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program");
        let peak = watch(&mut child);
        (start.elapsed(), peak)
    }

    fn curl(&self, lines: &str) -> Duration {
        let config = self.sandbox.path("curl");
        fs::write(&config, options() + lines).expect("writable");
        timed(|| measure::run(Command::new("curl").arg("--config").arg(&config)))
    }

    fn url(&self, folder: &str, blob: &str) -> String {
        format!("http://{}/{BUCKET}/{folder}/{blob}", self.server.host())
    }

    fn curl_up(&self) -> Duration {
        let mut lines = String::new();
        for blob in &self.blobs {
            let path = self.sandbox.blob_path(blob);
            let url = self.url("curl", blob);
            writeln!(
                lines,
                "upload-file = \"{}\"\nurl = \"{url}\"",
                path.display()
            )
            .expect("a text takes it");
        }
        self.curl(&lines)
    }

    /// The digests are known: they are the names.
    fn curl_up_with_digests(&self) -> Duration {
        let mut lines = String::new();
        for blob in &self.blobs {
            let bytes: Vec<u8> = (0..blob.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&blob[at..at + 2], 16).expect("hexadecimal"))
                .collect();
            let path = self.sandbox.blob_path(blob);
            // Options are those of what stands before the next `next`.
            writeln!(
                lines,
                "header = \"x-amz-checksum-sha256: {}\"\nupload-file = \"{}\"\nurl = \"{}\"\nnext\n{}",
                STANDARD.encode(bytes),
                path.display(),
                self.url("digests", blob),
                options(),
            )
            .expect("a text takes it");
        }
        let end = lines.rfind("next\n").unwrap_or_default();
        self.curl(&lines[..end])
    }

    fn curl_down(&self) -> Duration {
        let mut lines = String::new();
        for blob in &self.blobs {
            let path = self.sandbox.path("downloaded").join(blob);
            let url = self.url("curl", blob);
            writeln!(lines, "output = \"{}\"\nurl = \"{url}\"", path.display())
                .expect("a text takes it");
        }
        self.curl(&lines)
    }

    /// Uploads large blobs as `aws s3 cp` does; small ones go by one request there as well. The parts are made before.
    fn curl_parts(&self) -> Duration {
        let is_large = |blob: &&String| {
            let found = fs::metadata(self.sandbox.blob_path(blob));
            found.expect("it is there").len() > PART
        };
        let large: Vec<&String> = self.blobs.iter().filter(is_large).collect();
        if large.is_empty() {
            return Duration::ZERO;
        }
        let split = self.sandbox.path("split");
        for blob in &large {
            let folder = split.join(blob);
            fs::create_dir_all(&folder).expect("writable");
            let path = self.sandbox.blob_path(blob);
            shell(
                &folder,
                &format!(
                    "split --bytes={PART} --suffix-length=4 '{}' ''",
                    path.display()
                ),
            );
        }
        let time = timed(|| self.send_parts(&large, &split));
        remove(&split);
        time
    }

    fn send_parts(&self, blobs: &[&String], split: &Path) {
        let mut lines = String::new();
        let mut ends = String::new();
        for blob in blobs {
            let url = self.url("parts", blob);
            let answer = self.sandbox.path("upload");
            self.curl(&format!(
                "request = POST\nurl = \"{url}?uploads=\"\noutput = \"{}\"\n",
                answer.display()
            ));
            let answer = fs::read_to_string(answer).expect("an answer");
            let id = answer
                .split(['<', '>'])
                .skip_while(|text| *text != "UploadId")
                .nth(1);
            let id = id.expect("the name of the upload");
            let mut parts: Vec<_> = fs::read_dir(split.join(blob))
                .expect("it was split")
                .map(|entry| entry.expect("readable").path())
                .collect();
            parts.sort();
            let mut body = String::from("<CompleteMultipartUpload>");
            for (part, number) in parts.iter().zip(1..) {
                writeln!(
                    lines,
                    "upload-file = \"{}\"\nurl = \"{url}?partNumber={number}&uploadId={id}\"",
                    part.display()
                )
                .expect("a text takes it");
                write!(
                    body,
                    "<Part><ETag>x</ETag><PartNumber>{number}</PartNumber></Part>"
                )
                .expect("a text takes it");
            }
            body += "</CompleteMultipartUpload>";
            let path = self.sandbox.path(&format!("end-{blob}"));
            fs::write(&path, body).expect("writable");
            writeln!(
                ends,
                "url = \"{url}?uploadId={id}\"\ndata-binary = \"@{}\"\nnext",
                path.display()
            )
            .expect("a text takes it");
        }
        self.curl(&lines);
        for end in ends.split("next\n").filter(|end| !end.is_empty()) {
            self.curl(end);
        }
    }

    fn lfs(&self, line: &str) -> Duration {
        timed(|| {
            self.sandbox
                .git(&format!("-c lfs.concurrenttransfers={JOBS} lfs {line}"));
        })
    }

    /// Empties the store of this machine.
    fn empty(&self) {
        fs::remove_dir_all(self.sandbox.path("repo/.git/lfs/objects")).expect("it was filled");
    }

    /// Empties the bucket.
    fn clear(&self) {
        let bucket = self.sandbox.path("s3").join(BUCKET);
        for folder in ["curl", "digests", "parts", PREFIX] {
            remove(&bucket.join(folder));
        }
    }
}

fn options() -> String {
    format!(
        "parallel\nparallel-max = {JOBS}\nsilent\nfail\ncreate-dirs\nuser = \"{KEY}:{SECRET}\"\n\
         aws-sigv4 = \"aws:amz:us-east-1:s3\"\nheader = \"x-amz-content-sha256: UNSIGNED-PAYLOAD\"\n"
    )
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("it is ours");
    }
}

/// Waits for a program and returns the most memory that it had, in megabytes.
fn watch(child: &mut Child) -> f64 {
    let mut peak = 0.0_f64;
    loop {
        if let Some([_, most]) = resident(child.id()) {
            peak = peak.max(most);
        }
        if let Some(status) = child.try_wait().expect("a child of this process") {
            assert!(status.success(), "{status}");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
