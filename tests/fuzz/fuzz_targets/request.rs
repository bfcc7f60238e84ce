//! Whatever is sent, the gate either refuses it or passes on a request that has one reading.
//!
//! The files of the gate are built into the target by their paths, so that they need no public names.

#![no_main]

#[allow(dead_code)]
#[path = "../../../src/http/front/chunked.rs"]
mod chunked;
#[allow(dead_code)]
#[path = "../../../src/http/front/framing.rs"]
mod framing;
#[allow(dead_code)]
#[path = "../../../src/http/front/rebuild.rs"]
mod rebuild;
#[allow(dead_code)]
#[path = "../../../src/http/front/refusal.rs"]
mod refusal;
#[allow(dead_code)]
#[path = "../../../src/http/front/request_head.rs"]
mod request_head;

use std::net::{IpAddr, Ipv4Addr};

use chunked::Decoder;
use framing::{Extent, Framing, framing};
use libfuzzer_sys::fuzz_target;
use rebuild::{Sender, rebuild};
use refusal::Refusal;
use request_head::{Bounds, RequestHead, parse};

const BOUNDS: Bounds = Bounds {
    bytes: 4096,
    headers: 32,
};
const MAX_BODY: u64 = 1024;
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fuzz_target!(|bytes: &[u8]| {
    whole_is_found_in_parts(bytes);
    if let Ok(Some((head, length))) = parse(bytes, BOUNDS) {
        head_is_plain(&head);
        if let Ok(framing) = within(&head) {
            rebuilt_means_the_same(&head, framing);
        }
        chunks_are_the_same_in_parts(&bytes[length..]);
    }
    chunks_are_the_same_in_parts(bytes);
});

fn within(head: &RequestHead) -> Result<Framing, Refusal> {
    let framing = framing(head)?;
    framing.check_size(MAX_BODY)?;
    Ok(framing)
}

/// Nothing is made of the beginning of a head that its rest takes back.
fn whole_is_found_in_parts(bytes: &[u8]) {
    let whole = parse(bytes, BOUNDS);
    for end in [
        bytes.len() / 3,
        bytes.len() / 2,
        bytes.len().saturating_sub(1),
    ] {
        match (parse(&bytes[..end], BOUNDS), &whole) {
            (Ok(Some(part)), whole) => assert_eq!(Ok(Some(part)), *whole),
            (Err(_), whole) => assert!(whole.is_err()),
            (Ok(None), _) => {}
        }
    }
}

fn head_is_plain(head: &RequestHead) {
    let is_plain = |text: &str| {
        text.bytes()
            .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
    };
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    assert!(is_word(&head.method) && is_word(&head.target));
    for (name, value) in &head.headers {
        assert!(is_word(name) && !name.contains(':') && is_plain(value));
        assert!(!name.bytes().any(|byte| byte.is_ascii_uppercase()));
    }
}

/// The clean request is read as one of its length, with the same words, and nothing that concerns the connection.
fn rebuilt_means_the_same(head: &RequestHead, found: Framing) {
    let length = match found.body {
        Extent::Length(length) => length,
        Extent::Chunked => 7,
    };
    assert!(length <= MAX_BODY);
    let length_of_body = usize::try_from(length).expect("a small number");
    let sender = Sender {
        client: CLIENT,
        peer: PEER,
        secure: false,
    };
    let clean = rebuild(head, length_of_body, sender);
    let bounds = Bounds {
        bytes: clean.len(),
        headers: 64,
    };
    let (again, end) = parse(&clean, bounds)
        .expect("a clean head is accepted")
        .expect("it is whole");
    assert_eq!(end, clean.len());
    assert_eq!((&again.method, &again.target), (&head.method, &head.target));
    assert_eq!(
        again.values("content-length").collect::<Vec<_>>(),
        [length.to_string()]
    );
    assert_eq!(
        again.values("spkrepo-peer").collect::<Vec<_>>(),
        ["127.0.0.1"]
    );
    assert_eq!(
        again.values("spkrepo-client").collect::<Vec<_>>(),
        ["192.0.2.7"]
    );
    for gone in [
        "connection",
        "transfer-encoding",
        "expect",
        "upgrade",
        "spkrepo-ping",
    ] {
        assert!(again.values(gone).next().is_none());
    }
    assert!(again.values("host").eq(head.values("host")));
    if !head.old {
        let reframed = within(&again).expect("one reading");
        assert_eq!(reframed.body, Extent::Length(length));
    }
}

fn chunks_are_the_same_in_parts(bytes: &[u8]) {
    let (mut body, mut decoder) = (Vec::new(), Decoder::new(MAX_BODY));
    let whole = decoder.decode(bytes, &mut body);
    assert!(body.len() as u64 <= MAX_BODY);
    let in_parts = decode_by_bytes(bytes);
    match (whole, in_parts) {
        (Ok(used), Ok((parts, rest, is_done))) => {
            assert_eq!((parts, is_done), (body, decoder.is_done()));
            assert_eq!(rest, bytes[used..]);
        }
        (whole, parts) => assert_eq!(whole.err(), parts.err()),
    }
}

fn decode_by_bytes(bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>, bool), Refusal> {
    let (mut body, mut rest, mut decoder) = (Vec::new(), Vec::new(), Decoder::new(MAX_BODY));
    for byte in bytes {
        rest.push(*byte);
        let used = decoder.decode(&rest, &mut body)?;
        rest.drain(..used);
    }
    Ok((body, rest, decoder.is_done()))
}
