//! Sound archives whose INFO cannot be believed or kept.

use super::{Hostile, plain};
use crate::support::spk::Spk;

const WRONG: &str = "cannot|not |empty|invalid|missing|no |lacks|bytes";

pub(super) const FILES: &[Hostile] = &[
    Hostile::new(
        "checksum of another package.tgz",
        &["package.tgz", "checksum|MD5"],
        || {
            plain()
                .info("checksum", "0123456789abcdef0123456789abcdef")
                .bytes()
        },
    ),
    Hostile::new("checksum that is no MD5", &["checksum"], || {
        plain().info("checksum", "yes").bytes()
    }),
    Hostile::new("empty INFO", &["INFO|package", WRONG], || {
        plain().raw_info("").bytes()
    }),
    Hostile::new("INFO without package", &["package", WRONG], || {
        plain().without_info("package").bytes()
    }),
    Hostile::new("INFO without version", &["version", WRONG], || {
        plain().without_info("version").bytes()
    }),
    Hostile::new("package is empty", &["package", WRONG], || {
        Spk::new("", "1.0-1").bytes()
    }),
    Hostile::new("package climbs", &["../x", WRONG], || {
        Spk::new("../x", "1.0-1").bytes()
    }),
    Hostile::new("package with a slash", &["a/b", WRONG], || {
        Spk::new("a/b", "1.0-1").bytes()
    }),
    Hostile::new("package is a device on Windows", &["con", WRONG], || {
        Spk::new("con", "1.0-1").bytes()
    }),
    Hostile::new("package is .git", &[".git", WRONG], || {
        Spk::new(".git", "1.0-1").bytes()
    }),
    Hostile::new(
        "package with a line end",
        &["package|INFO|character|line"],
        || {
            plain()
            .raw_info("package=\"hos\rtile\"\nversion=\"1.0-1\"\narch=\"noarch\"\nos_min_ver=\"7.0-40000\"\n")
            .bytes()
        },
    ),
    Hostile::new("package of 300 letters", &["package", WRONG], || {
        Spk::new(&"n".repeat(300), "1.0-1").bytes()
    }),
    Hostile::new("version climbs", &["../1", WRONG], || {
        Spk::new("hostile", "../1").bytes()
    }),
    Hostile::new("version is an option", &["--force", WRONG], || {
        Spk::new("hostile", "--force").bytes()
    }),
    Hostile::new("os_min_ver is nonsense", &["os_min_ver", "seven"], || {
        plain().os_min("seven").bytes()
    }),
    Hostile::new("os_max_ver is nonsense", &["os_max_ver", "7.x"], || {
        plain().os_max("7.x").bytes()
    }),
    Hostile::new("os_max_ver below os_min_ver", &["6.0-1"], || {
        plain().os_max("6.0-1").bytes()
    }),
    Hostile::new("arch is nonsense", &["arch|platform", "../x86"], || {
        plain().arch("../x86").bytes()
    }),
    Hostile::new("binary INFO", &["INFO"], || {
        plain().raw_info([0, 159, 146, 150].repeat(100)).bytes()
    }),
    Hostile::new("INFO with NULs", &["INFO|package|character"], || {
        plain()
            .map_info(|text| text.replace("package=\"hostile\"", "package=\"host\0ile\""))
            .bytes()
    }),
    Hostile::new(
        "package named twice in INFO",
        &["package", "twice|duplicate|again|more than once|both"],
        || {
            plain()
                .map_info(|text| format!("{text}package=\"other\"\n"))
                .bytes()
        },
    ),
];
