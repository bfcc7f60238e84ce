//! Members with dangerous names, of dangerous types, twice or not at all.

use super::{Hostile, UNSAFE, plain};
use crate::support::tar::{Member, pax_record};

const TWICE: &str = "twice|duplicate|second|more than once|again";
const MISSING: &str = "no |missing|lacks|without";
const SPECIAL: &str = "device|fifo|special|not a plain file|not a regular file|type";
const NO_FILE: &str = "not a plain file|not a regular file|not a file|folder|directory|link|type";

pub(super) const FILES: &[Hostile] = &[
    Hostile::new("absolute name", &["/etc/passwd", UNSAFE], || {
        plain().member("/etc/passwd", "x").bytes()
    }),
    Hostile::new("name that climbs", &["../../escape", UNSAFE], || {
        plain().member("../../escape", "x").bytes()
    }),
    Hostile::new(
        "name that climbs in the middle",
        &["scripts/../../escape", UNSAFE],
        || plain().member("scripts/../../escape", "x").bytes(),
    ),
    Hostile::new("name that climbs by pax", &["../escape", UNSAFE], || {
        plain().pax_long_name("../escape", "x").bytes()
    }),
    Hostile::new(
        "name that climbs by GNU long name",
        &["../escape", UNSAFE],
        || plain().gnu_long_name("../escape", "x").bytes(),
    ),
    Hostile::new("name with backslashes", &["escape", UNSAFE], || {
        plain().member("..\\..\\escape", "x").bytes()
    }),
    Hostile::new(
        "name with a drive",
        &["C:", "unsafe|absolute|drive|not allowed|outside|character"],
        || plain().member("C:/escape", "x").bytes(),
    ),
    Hostile::new("empty name", &["name"], || plain().member("", "x").bytes()),
    Hostile::new(
        "pax name with a NUL",
        &["name|pax|NUL|character|header"],
        || {
            plain()
                .raw_member(Member::pax(&pax_record("path", "LICENSE\0/../x")))
                .member("x", "")
                .bytes()
        },
    ),
    Hostile::new("symbolic link out", &[UNSAFE], || {
        plain().symlink("conf/x", "/etc/shadow").bytes()
    }),
    Hostile::new("symbolic link that climbs", &[UNSAFE], || {
        plain().symlink("conf/x", "../../shadow").bytes()
    }),
    Hostile::new("hard link out", &[UNSAFE], || {
        plain().hardlink("conf/x", "/etc/shadow").bytes()
    }),
    Hostile::new("hard link that climbs", &[UNSAFE], || {
        plain().hardlink("conf/x", "../shadow").bytes()
    }),
    Hostile::new("symbolic link out by pax", &[UNSAFE], || {
        let target = pax_record("linkpath", "/etc/shadow");
        plain()
            .raw_member(Member::pax(&target))
            .symlink("conf/x", "inside")
            .bytes()
    }),
    Hostile::new("INFO is a symbolic link", &["INFO", NO_FILE], || {
        plain()
            .without_info_file()
            .member("INFO.real", "package=\"x\"\n")
            .symlink("INFO", "INFO.real")
            .bytes()
    }),
    Hostile::new("INFO is a hard link", &["INFO", NO_FILE], || {
        plain()
            .without_info_file()
            .member("INFO.real", "package=\"x\"\n")
            .hardlink("INFO", "INFO.real")
            .bytes()
    }),
    Hostile::new("INFO is a folder", &["INFO", NO_FILE], || {
        plain()
            .without_info_file()
            .raw_member(Member::special(b'5', "INFO", ""))
            .bytes()
    }),
    Hostile::new(
        "package.tgz is a symbolic link",
        &["package.tgz", NO_FILE],
        || {
            plain()
                .without_package_tgz()
                .symlink("package.tgz", "LICENSE")
                .bytes()
        },
    ),
    Hostile::new("character device", &[SPECIAL], || {
        plain()
            .raw_member(Member::special(b'3', "conf/tty", ""))
            .bytes()
    }),
    Hostile::new("block device", &[SPECIAL], || {
        plain()
            .raw_member(Member::special(b'4', "conf/sda", ""))
            .bytes()
    }),
    Hostile::new("fifo", &[SPECIAL], || plain().fifo("conf/pipe").bytes()),
    Hostile::new("INFO twice", &["INFO", TWICE], || {
        plain().member("INFO", "package=\"other\"\n").bytes()
    }),
    Hostile::new("INFO twice, once with ./", &["INFO", TWICE], || {
        plain().member("./INFO", "package=\"other\"\n").bytes()
    }),
    Hostile::new("INFO twice, once by pax", &["INFO", TWICE], || {
        plain()
            .raw_member(Member::pax(&pax_record("path", "INFO")))
            .member("other", "package=\"other\"\n")
            .bytes()
    }),
    Hostile::new("package.tgz twice", &["package.tgz", TWICE], || {
        plain().member("package.tgz", "other").bytes()
    }),
    Hostile::new("no INFO", &["INFO", MISSING], || {
        plain().without_info_file().bytes()
    }),
    Hostile::new("INFO in a folder only", &["INFO", MISSING], || {
        plain()
            .without_info_file()
            .member("package/INFO", "package=\"x\"\n")
            .bytes()
    }),
    Hostile::new("no package.tgz", &["package.tgz", MISSING], || {
        plain().without_package_tgz().bytes()
    }),
];
