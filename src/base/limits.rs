//! Every bound on untrusted input, in one place, with the attack that it stops.

/// The bounds on one SPK, its members and the TOML files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Members of an SPK; stops archives of millions of empty files.
    pub(crate) entries: usize,
    /// Bytes of headers, long names and PAX records before a member; stops a "name" of gigabytes.
    pub(crate) header: u64,
    /// Bytes of `INFO`, which may hold icons in base64.
    pub(crate) info: u64,
    /// Bytes of an icon or a screenshot.
    pub(crate) image: u64,
    /// Bytes of any other member that is kept in memory (`conf/*`, wizards).
    pub(crate) text: u64,
    /// Icons and screenshots together, since each is kept in memory.
    pub(crate) images: usize,
    /// How many times its own size a gzip-compressed SPK may unpack to, beyond [`Limits::gzip_floor`].
    pub(crate) gzip_ratio: u64,
    /// Bytes that a gzip-compressed SPK may unpack to whatever its size.
    pub(crate) gzip_floor: u64,
    /// Bytes of one TOML file of the repository.
    pub(crate) document: u64,
}

impl Limits {
    /// The limits that every command uses.
    pub(crate) const DEFAULT: Self = Self {
        entries: 20_000,
        header: 1 << 20,
        info: 8 << 20,
        image: 4 << 20,
        text: 1 << 20,
        images: 40,
        gzip_ratio: 100,
        gzip_floor: 64 << 20,
        document: 1 << 20,
    };
}
