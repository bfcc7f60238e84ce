//! The process, by the names that all Prometheus clients use; only Linux says how much memory and how many descriptors.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::registry::Registry;

use super::moment::gauge;

/// Adds what the process uses.
pub(super) fn register(started: SystemTime, registry: &mut Registry) {
    let since = started.duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = since.as_secs_f64();
    gauge(
        registry,
        "start_time_seconds",
        "When the process started, since 1970",
        since,
    );
    if let Some(bytes) = resident_bytes() {
        gauge(
            registry,
            "resident_memory_bytes",
            "Bytes in memory",
            bytes as f64,
        );
    }
    if let Some(count) = open_descriptors() {
        gauge(
            registry,
            "open_fds",
            "Descriptors that are open",
            count as f64,
        );
    }
}

/// Reads proc_pid_status(5), "VmRSS".
fn resident_bytes() -> Option<u64> {
    let status = fs_err::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn open_descriptors() -> Option<usize> {
    // The one that the folder is read by is one of them.
    Some(
        fs_err::read_dir("/proc/self/fd")
            .ok()?
            .count()
            .saturating_sub(1),
    )
}
