//! How many files and sockets this process may have open.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What is open besides connections: the repository, the relay, files that are being read.
const OTHERS: u64 = 512;

/// Raises the limit as far as the system lets it, and returns how many connections there can be: each may be sent a file.
pub(super) fn room_for_connections() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // A system may refuse what it promises, as macOS does; what was allowed before is allowed still.
    let _ = setrlimit(Resource::Nofile, limit);
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let room = descriptors.saturating_sub(OTHERS.min(descriptors / 2)) / 2;
    usize::try_from(room).unwrap_or(usize::MAX).max(1)
}
