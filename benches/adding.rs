//! `add` of a large SPK against `cp`, `sha256sum` and `md5sum` of the same file.

use std::time::Duration;

use crate::measure::{line, median, run as execute, shell, time, timed, title};
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const SIZE: u64 = 1 << 30;
const ROUNDS: usize = 3;

fn case(name: &str, spk: &Spk) {
    let sandbox = Sandbox::initialized();
    sandbox.spk("large.spk", spk);
    let root = sandbox.root();
    let mut times: [Vec<Duration>; 6] = Default::default();
    for _ in 0..ROUNDS {
        // What was written before must not be waited for by what is measured.
        shell(root, "sync .");
        let alone = [
            "cp large.spk copy",
            "sha256sum large.spk",
            "md5sum large.spk",
        ];
        for (times, command) in times.iter_mut().zip(alone) {
            times.push(timed(|| shell(root, command)));
        }
        shell(root, "rm copy; sync .");
        let parallel = "cp large.spk copy & sha256sum large.spk & md5sum large.spk & wait";
        times[3].push(timed(|| shell(root, parallel)));
        shell(root, "rm copy; sync .");
        times[4].push(timed(|| shell(root, "cp large.spk copy; sync copy")));
        shell(root, "rm copy; sync .");
        times[5].push(timed(|| execute(&mut sandbox.spkrepo("add ../large.spk"))));
        sandbox.git("reset --quiet --hard HEAD~1");
        shell(root, "rm -r repo/.git/lfs");
    }
    let [copy, sha256, md5, parallel, durable, add] = times.map(|times| median(&times));
    let reference = parallel + copy;
    title(&format!(
        "add of an SPK of 1 GiB, {name} (medians of {ROUNDS})"
    ));
    time("cp", copy, None);
    time("cp, then sync, as add makes it durable", durable, None);
    time("sha256sum", sha256, None);
    time("md5sum", md5, None);
    time("the three in parallel: the slowest", parallel, None);
    time(
        "reference: the slowest of the three, plus cp",
        reference,
        None,
    );
    time(
        "spkrepo add",
        add,
        Some(("the reference (at most 1.3)", reference)),
    );
    time("", add, Some(("the slowest of the three", parallel)));
}

pub(crate) fn run() {
    let spk = Spk::new("large", "1.0-1").payload_size(SIZE);
    case("without checksum in INFO", &spk);
    case("with checksum in INFO", &spk.checksum());
    line(
        "",
        "",
        "with a checksum, MD5 is computed twice: of the SPK and of package.tgz",
    );
}
