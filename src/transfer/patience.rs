//! Tries again what a busy server or a broken line made fail.

use super::error::TransferError;
use crate::base::backoff::Backoff;

/// How often the same is tried.
pub(super) const ATTEMPTS: u32 = 6;

/// Does `act` until it succeeds, fails for good, or has failed often enough.
pub(super) fn patiently<T>(
    act: impl FnMut() -> Result<T, TransferError>,
) -> Result<T, TransferError> {
    patiently_within(|| ATTEMPTS, act)
}

/// Does the same with as many attempts as `attempts` says after each.
pub(super) fn patiently_within<T>(
    attempts: impl Fn() -> u32,
    mut act: impl FnMut() -> Result<T, TransferError>,
) -> Result<T, TransferError> {
    let mut backoff = Backoff::default();
    loop {
        match act() {
            Err(error) if error.is_passing() && backoff.attempts() + 1 < attempts() => {
                backoff.pause()
            }
            ended => return ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(status: u16) -> TransferError {
        TransferError::Status {
            reason: String::new(),
            remote: "store".to_owned(),
            status,
            url: "https://example.org".to_owned(),
        }
    }

    #[test]
    fn what_passes_is_tried_again_and_nothing_else() {
        let mut left = 2;
        let ended = patiently(|| {
            left -= 1;
            if left > 0 { Err(busy(503)) } else { Ok(left) }
        });
        assert_eq!(ended.expect("the second attempt succeeds"), 0);
        for (status, expected) in [(503, ATTEMPTS), (403, 1)] {
            let mut attempts = 0;
            let ended = patiently(|| -> Result<(), _> {
                attempts += 1;
                Err(busy(status))
            });
            assert!(ended.is_err());
            assert_eq!(attempts, expected, "{status}");
        }
    }
}
