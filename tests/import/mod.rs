//! `spkrepo import` and `spkrepo mirror`.

mod folder;
mod hostile;
mod killed;
mod live;
mod mirror;
mod recorded;

use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::sandbox::Sandbox;

/// Gives a file the time of so many days after the first of January 2020.
fn date(path: &Path, days: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_577_836_800 + days * 86_400);
    let file = std::fs::File::options().write(true).open(path);
    file.expect("writable")
        .set_modified(time)
        .expect("writable");
}

/// Returns the commits after the first, the oldest first: author's date, committer's date, subject.
fn commits(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.git("log --reverse --format='%aI %cI %s'");
    log.lines().skip(1).map(str::to_owned).collect()
}
