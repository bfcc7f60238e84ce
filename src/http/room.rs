//! Whether something failed for want of room on a disk.

use std::error::Error;
use std::io::{self, ErrorKind};

/// Says whether something could not be written for want of room.
pub(super) fn is_full(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if let Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) =
            kind
        {
            return true;
        }
        // What libgit2 says of it is a text of the system's.
        if error.to_string().contains("No space left on device") {
            return true;
        }
        cause = error.source();
    }
    false
}
