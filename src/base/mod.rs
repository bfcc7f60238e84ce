//! What every layer may use: digests, limits, atomic files. Knows nothing of packages.

pub(crate) mod atomic_file;
pub(crate) mod backoff;
pub(crate) mod causes;
pub(crate) mod crew;
pub(crate) mod digest;
pub(crate) mod disposition;
pub(crate) mod limits;
