//! `sign` of a large SPK against `gpg --detach-sign` of the same contents.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::measure::{line, median, resident, shell, time, timed, title};
use crate::support::gpg::Gpg;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const SIZE: u64 = 1 << 30;
const ROUNDS: usize = 3;

/// Runs a command to its end, and returns how long it took and the most memory that it had.
fn watched(mut command: Command) -> (Duration, f64) {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a program");
    let mut most = 0.0;
    let status = loop {
        if let Some([_, peak]) = resident(child.id()) {
            most = f64::max(most, peak);
        }
        if let Some(status) = child.try_wait().expect("a child of this process") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(status.success(), "{command:?}: {status}");
    (start.elapsed(), most)
}

fn case(algorithm: &str) {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    gpg.key("tess", algorithm, "", "");
    gpg.export("tess", "");
    let spk = Spk::new("large", "1.0-1").os_min("6.0-7321");
    sandbox.spk("large.spk", &spk.payload_size(SIZE));
    sandbox.run("add ../large.spk").success();
    let root = sandbox.root();
    // What DSM's tool gives to gpg.
    shell(
        root,
        "mkdir in && tar -xf large.spk -C in && cd in && find . -type f | sed 's|^\\./||' | LC_ALL=C sort | tr '\\n' '\\0' | \
         xargs -0 cat > ../joined && cd .. && rm -r in",
    );
    let mut times: [Vec<Duration>; 6] = Default::default();
    let mut most: f64 = 0.0;
    for _ in 0..ROUNDS {
        shell(root, "rm -f copy; sync .");
        times[0].push(timed(|| {
            gpg.shell(
                "gpg --batch --quiet --yes --local-user tess@example.org --armor --detach-sign --output joined.asc joined",
            );
        }));
        times[1].push(timed(|| shell(root, "md5sum large.spk")));
        times[2].push(timed(|| shell(root, "cp large.spk copy; sync copy")));
        shell(root, "rm copy; sync .");
        times[5].push(timed(|| {
            gpg.shell(
                "gpg --batch --quiet --yes --local-user tess@example.org --armor --detach-sign --output syno_signature.asc joined; \
                 cp large.spk copy; tar -rf copy syno_signature.asc; sha256sum copy; md5sum copy; sync copy",
            );
        }));
        shell(root, "rm copy; sync .");
        let (took, peak) = watched(sandbox.spkrepo("sign large --key ../tess.key"));
        times[3].push(took);
        most = most.max(peak);
        sandbox.git("reset --quiet --hard HEAD~1");
        shell(root, "sync .");
        // The blob is there already: all but waiting for the disk.
        times[4].push(watched(sandbox.spkrepo("sign large --key ../tess.key --dry-run")).0);
        shell(root, "sync .");
    }
    let [reference, md5, durable, sign, dry, tools] = times.map(|times| median(&times));
    title(&format!(
        "sign of an SPK of 1 GiB with {algorithm} (medians of {ROUNDS})"
    ));
    time("gpg --detach-sign of the contents", reference, None);
    let name = "gpg (at most 0.5)";
    time(
        "md5sum of the SPK, which the catalog needs",
        md5,
        Some(("gpg", reference)),
    );
    time(
        "cp of the SPK, then sync",
        durable,
        Some(("gpg", reference)),
    );
    time(
        "gpg, cp, tar, sha256sum, md5sum, sync: all that sign does",
        tools,
        Some(("gpg", reference)),
    );
    time("spkrepo sign", sign, Some((name, reference)));
    time("", sign, Some(("all that it does by other tools", tools)));
    time(
        "spkrepo sign --dry-run: nothing is synced",
        dry,
        Some(("gpg", reference)),
    );
    line(
        "",
        &format!("{most:.0} MB"),
        "the most memory (at most 67: 64 MiB)",
    );
}

pub(crate) fn run() {
    case("ed25519");
    case("rsa4096");
}
