//! How long whom may keep what: the values of `Cache-Control` (RFC 9111 §5.2.2), in one place.

/// The catalog and whatever follows the repository: anybody may keep it, and asks each time whether it is still the one
/// (by its entity tag). No time is allowed without asking: what is yanked must be gone at once, and a proxy that does not
/// tell hosts apart would hand one host's links to another.
pub(crate) const CATALOG: &str = "public, no-cache";
/// What an address names by its content or exact version: it never changes.
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// What is named by its content: as the one before, but who had to show something to get it did not get it for others, too
/// (RFC 9111 §3.5).
pub(crate) const OBJECT: &str = "max-age=31536000, immutable";
/// Pages for people: as the catalog, but what they show may depend on who asks.
pub(crate) const PAGE: &str = "no-cache";
/// Where a download is at the moment: for less time than the address there is good for.
pub(crate) const PLACE: &str = "public, max-age=1200";
/// Problems and health: true at this moment only, and they may repeat what somebody sent.
pub(crate) const MOMENTARY: &str = "no-store";
/// Catalogs and pages with links to a host that only the client vouches for: theirs alone (RFC 9111 §5.2.2.7).
pub(crate) const PRIVATE: &str = "private, no-cache";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_says_who_may_keep_and_for_how_long() {
        // policy, a shared cache may keep it, it must ask again, it may be kept at all
        let table = [
            (CATALOG, true, true, true),
            (IMMUTABLE, true, false, true),
            (MOMENTARY, false, false, false),
            (OBJECT, false, false, true),
            (PAGE, false, true, true),
            (PRIVATE, false, true, true),
        ];
        for (policy, shared, asks, kept) in table {
            let has = |directive: &str| policy.split(", ").any(|part| part == directive);
            assert_eq!(has("public"), shared, "{policy}");
            assert_eq!(has("no-cache"), asks, "{policy}");
            assert_eq!(has("no-store"), !kept, "{policy}");
            assert_eq!(has("immutable"), kept && !asks, "{policy}");
        }
        assert!(PLACE.starts_with("public, max-age=") && !PLACE.contains("immutable"));
    }
}
