//! `_headers`, which Netlify and Cloudflare Pages read; GitHub Pages has no such thing, and S3 keeps headers per object.

/// The path of the file.
pub(super) const PATH: &str = "_headers";

/// Any page may read the catalogs, as from a server. Each is asked for again (RFC 9111 §5.2.2.4): what is yanked must be
/// gone at once. An SPK's address has always the same bytes, but an icon's may change.
pub(super) const TEXT: &str = "\
/*
  Access-Control-Allow-Origin: *
  Cache-Control: public, no-cache
  Referrer-Policy: no-referrer
  X-Content-Type-Options: nosniff
  X-Frame-Options: DENY
";
