//! Tar headers that lie or claim more than there is.

use super::{Hostile, TOO_LARGE, TRUNCATED, plain};
use crate::support::spk::Spk;
use crate::support::tar::{Content, END, Member, gnu_long_name, pax_record};

const GIB: u64 = 1 << 30;
const MB: u64 = 1_000_000;
/// Either is right: the claim is refused as soon as it is read, or when the archive ends before it is fulfilled.
const CLAIM: &str = "too large|too long|more than|larger than|limit|at most|exceeds|truncated|cut off|incomplete|ends within";
const HEADER: &str = "header|checksum|corrupt|damaged|not a tar|no tar|size";

pub(super) const FILES: &[Hostile] = &[
    Hostile::new("INFO claims 100 MB", &["INFO", CLAIM], || {
        cut_after(&Member::file("INFO", info()).claiming(100 * MB))
    }),
    Hostile::new("INFO of 9 MB", &["INFO", TOO_LARGE], || {
        plain().info("changelog", &"x".repeat(9_000_000)).bytes()
    }),
    Hostile::new("icon claims 1 GiB", &["PACKAGE_ICON.PNG", CLAIM], || {
        with_member_cut(&Member::file("PACKAGE_ICON.PNG", "\u{89}PNG").claiming(GIB))
    }),
    Hostile::new("package.tgz claims 8 EiB", &["package.tgz", CLAIM], || {
        let mut field = [0xFF; 12];
        field[0] = 0x80;
        field[1..4].fill(0);
        field[4] = 0x7F;
        plain()
            .without_package_tgz()
            .raw_member(Member::file("package.tgz", "x").size_field(field))
            .bytes()
    }),
    Hostile::new("GNU long name claims 1 GiB", &[CLAIM], || {
        with_member_cut(
            &Member::new(b'L', "././@LongLink", Content::Bytes(b"INFO".to_vec())).claiming(GIB),
        )
    }),
    Hostile::new("GNU long link claims 1 GiB", &[CLAIM], || {
        with_member_cut(
            &Member::new(b'K', "././@LongLink", Content::Bytes(b"INFO".to_vec())).claiming(GIB),
        )
    }),
    Hostile::new("GNU long name of 2 MiB", &[TOO_LARGE], || {
        plain()
            .raw_member(gnu_long_name(&"n".repeat(2 << 20)))
            .member("x", "")
            .bytes()
    }),
    Hostile::new("pax header claims 1 GiB", &[CLAIM], || {
        with_member_cut(&Member::pax(b"9 a=b\n").claiming(GIB))
    }),
    Hostile::new("pax header of 2 MiB", &[TOO_LARGE], || {
        let record = pax_record("comment", &"c".repeat(2 << 20));
        plain()
            .raw_member(Member::pax(&record))
            .member("x", "")
            .bytes()
    }),
    Hostile::new("pax size beyond the end", &[CLAIM], || {
        plain()
            .without_package_tgz()
            .raw_member(Member::pax(&pax_record("size", "1073741824")))
            .member("package.tgz", "x")
            .bytes()
    }),
    Hostile::new(
        "pax size of 0 before a file with contents",
        &[HEADER],
        || {
            // Who follows the header reads other members than who follows pax.
            plain()
                .raw_member(Member::pax(&pax_record("size", "0")))
                .member("LICENSE", "x".repeat(600))
                .bytes()
        },
    ),
    Hostile::new("pax size that is no number", &["pax|size|header"], || {
        plain()
            .raw_member(Member::pax(&pax_record("size", "-1")))
            .member("LICENSE", "x")
            .bytes()
    }),
    Hostile::new(
        "pax record with a wrong length",
        &["pax|header|malformed"],
        || {
            plain()
                .raw_member(Member::pax(b"999 path=LICENSE\n"))
                .member("x", "")
                .bytes()
        },
    ),
    Hostile::new("size field of letters", &[HEADER], || {
        bad_size(*b"zzzzzzzzzzz\0")
    }),
    Hostile::new(
        "negative size field",
        &[HEADER, "negative|size|header|large|limit"],
        || bad_size([0xFF; 12]),
    ),
    Hostile::new(
        "size field that overflows",
        &["size|header|large|limit|exceeds|more than"],
        || {
            let mut field = [0xFF; 12];
            field[0] = 0x80;
            bad_size(field)
        },
    ),
    Hostile::new(
        "wrong header checksum",
        &["checksum|header|corrupt|damaged"],
        || {
            plain()
                .raw_member(Member::file("LICENSE", "x").checksum(1))
                .bytes()
        },
    ),
    Hostile::new(
        "wrong checksum of the first header",
        &["checksum|header|corrupt|damaged|not a tar|not an SPK"],
        || {
            let info = Member::file("INFO", info()).checksum(1);
            plain()
                .without_info_file()
                .raw_member(info)
                .order(&["INFO"])
                .bytes()
        },
    ),
    Hostile::new(
        "sparse member",
        &["sparse|not a plain file|not a regular file|type"],
        || {
            // GNU's old sparse format: the real size is in the header, 1 GiB from a few bytes.
            plain()
                .without_package_tgz()
                .raw_member(Member::special(b'S', "package.tgz", ""))
                .bytes()
        },
    ),
    Hostile::new(
        "member of an unknown type",
        &["type|not a plain file|not a regular file|unknown"],
        || {
            plain()
                .without_package_tgz()
                .raw_member(Member::special(b'Z', "package.tgz", ""))
                .bytes()
        },
    ),
    Hostile::new("100,000 entries", &[TOO_LARGE], many_entries),
    Hostile::new(
        "a long name after the last member",
        &[TRUNCATED, "header|name|truncated|member"],
        || {
            let mut bytes = plain().without_end().bytes();
            gnu_long_name("LICENSE")
                .write_to(&mut bytes)
                .expect("memory takes every write");
            bytes
        },
    ),
];

fn info() -> String {
    "package=\"hostile\"\nversion=\"1.0-1\"\narch=\"noarch\"\nos_min_ver=\"7.0-40000\"\n".to_owned()
}

/// Returns an SPK that begins with a member and ends right after what little it holds.
fn cut_after(member: &Member) -> Vec<u8> {
    let mut bytes = Vec::new();
    member
        .write_to(&mut bytes)
        .expect("memory takes every write");
    bytes
}

/// Returns a whole SPK but for its end, where a member claims more than follows.
fn with_member_cut(member: &Member) -> Vec<u8> {
    [plain().without_end().bytes(), cut_after(member)].concat()
}

fn bad_size(field: [u8; 12]) -> Vec<u8> {
    plain()
        .raw_member(Member::file("LICENSE", "x").size_field(field))
        .bytes()
}

fn many_entries() -> Vec<u8> {
    let mut bytes = Spk::new("hostile", "1.0-1").without_end().bytes();
    for number in 0..100_000 {
        Member::file(&format!("doc/{number}"), "")
            .write_to(&mut bytes)
            .expect("memory takes every write");
    }
    bytes.extend_from_slice(&END);
    bytes
}
