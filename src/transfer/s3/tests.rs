//! A remote against a store that answers as it is told, where a real one cannot be brought to it.

use std::io::Cursor;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;

use super::testing::{Answered, Said, answering};
use super::*;
use crate::model::doc::SettingsDoc;
use crate::transfer::remote::Names;
use crate::web::{Roots, Transport};

const SECRET: &str = "the-secret-key";
const TOKEN: &str = "the-session-token";

fn access(key: bool) -> S3Access {
    S3Access {
        key: key.then(|| S3Key {
            id: "AKIAHERE".to_owned(),
            secret: Some(SECRET.to_owned()),
            token: Some(TOKEN.to_owned()),
        }),
        ..S3Access::default()
    }
}

/// Returns the remote that `keys` state.
fn remote_with(keys: &str, access: &S3Access) -> S3Remote {
    let text = format!(
        "format = 1\n\n[[blobs.remote]]\nname = \"store\"\nurl = \"s3://bucket/spk\"\n{keys}"
    );
    let settings = SettingsDoc::read("spkrepo.toml", text.as_bytes()).expect("valid");
    let doc = &settings.blobs.remote[0];
    let crate::model::doc::BlobPlace::S3(place) = &doc.place else {
        unreachable!("the address is that of a bucket");
    };
    let wire = Wire {
        name: doc.name.clone(),
        transport: Transport::new(Roots::default(), 0),
    };
    // Nothing here is large.
    let uploads = PathBuf::from("/nowhere");
    S3Remote::new(doc, place, access, uploads, wire).expect("it can be used")
}

fn remote(address: &str) -> S3Remote {
    remote_with(&format!("endpoint = \"{address}\"\n"), &access(true))
}

fn blob() -> Wanted {
    Wanted::new(Sha256::of(b"whole"), 5)
}

fn fault(status: u16, code: &str, message: &str) -> Answered {
    let text = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    (status, Vec::new(), text.into_bytes())
}

fn ok(headers: Vec<(&'static str, String)>) -> Answered {
    (200, headers, Vec::new())
}

#[test]
fn a_clock_that_is_wrong_does_not_matter() {
    let answer = |said: &Said| {
        let theirs = jiff::Timestamp::now() + SignedDuration::from_hours(5);
        let date = httpdate::fmt_http_date(theirs.into());
        let day = theirs.strftime("X-Amz-Date=%Y%m%dT%H").to_string();
        match said.query.contains(&day) {
            true => (200, vec![("Date", date)], b"whole".to_vec()),
            false => (403, vec![("Date", date)], Vec::new()),
        }
    };
    let found = answering(answer, |address| remote(address).stat(&blob()));
    assert_eq!(found.expect("it follows").map(|found| found.size), Some(5));
}

#[test]
fn a_clock_that_stays_wrong_is_said() {
    let answer = |_: &Said| {
        let theirs = jiff::Timestamp::now() - SignedDuration::from_hours(2);
        let date = httpdate::fmt_http_date(theirs.into());
        let (status, _, content) = fault(403, "RequestTimeTooSkewed", "no");
        (status, vec![("Date", date)], content)
    };
    let error = answering(answer, |address| remote(address).stat(&blob()));
    let error = error.expect_err("it is refused").to_string();
    assert!(error.starts_with("the clock here is 7"), "{error}");
    assert!(error.contains(" s fast, and so `store`"), "{error}");
}

#[test]
fn each_refusal_says_what_to_do() {
    let region = |status, header: bool| {
        let (_, _, content) = fault(status, "PermanentRedirect", "elsewhere");
        let headers = vec![("x-amz-bucket-region", "eu-west-1".to_owned())];
        match header {
            true => (status, headers, content),
            false => {
                let text = "<Error><Code>AuthorizationQueryParametersError</Code><Message>m</Message>\
                            <Region>eu-west-1</Region></Error>";
                (status, Vec::new(), text.as_bytes().to_vec())
            }
        }
    };
    let long = "0123456789abcdef".repeat(4);
    let leak = format!("{SECRET} {TOKEN} AKIAHERE {long} end");
    for (answered, expected) in [
        (
            region(301, true),
            "is in the region `eu-west-1`, not in `us-east-1`",
        ),
        (
            region(400, false),
            "is in the region `eu-west-1`, not in `us-east-1`",
        ),
        (
            fault(404, "NoSuchBucket", "gone"),
            "there is no bucket `bucket` where `store` should be",
        ),
        (
            fault(403, "AccessDenied", &leak),
            "does not let us in: AccessDenied: *** *** *** ***end",
        ),
        (
            fault(403, "InvalidAccessKeyId", "who?"),
            "does not let us in: InvalidAccessKeyId: who?",
        ),
        (
            fault(503, "SlowDown", "later"),
            "answered with status 503: SlowDown: later",
        ),
    ] {
        let answer = |_: &Said| answered.clone();
        let error = answering(answer, |address| remote(address).stat(&blob()));
        let error = error.expect_err(expected);
        let text = format!("{error} {error:?}");
        assert!(text.contains(expected), "{text}");
        for secret in [SECRET, TOKEN, "AKIAHERE", long.as_str(), "X-Amz-Signature"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn without_credentials_requests_have_no_signature_and_a_refusal_names_the_places() {
    let answer = |said: &Said| match said.query.is_empty() {
        true => fault(403, "AccessDenied", "no"),
        false => (500, Vec::new(), Vec::new()),
    };
    let error = answering(answer, |address| {
        let keys = format!("endpoint = \"{address}\"\n");
        remote_with(&keys, &access(false)).stat(&blob())
    });
    let error = error.expect_err("it is refused").to_string();
    assert!(
        error.starts_with("`store` wants credentials, and there are none in AWS_ACCESS_KEY_ID"),
        "{error}"
    );
}

#[test]
fn a_store_that_does_not_know_a_header_is_asked_without_it() {
    let asked = Mutex::new(Vec::new());
    let there = AtomicUsize::new(0);
    let answer = |said: &Said| {
        if !said.request.starts_with("PUT") {
            return match there.load(Ordering::SeqCst) {
                0 => fault(404, "NoSuchKey", ""),
                _ => (200, Vec::new(), b"whole".to_vec()),
            };
        }
        let has = |name| said.header(name).is_some();
        let headers = [has("if-none-match"), has("x-amz-checksum-sha256")];
        asked.lock().expect("no panic").push(headers);
        match headers {
            [true, _] => fault(501, "NotImplemented", "A header is not implemented"),
            [_, true] => fault(400, "InvalidArgument", "x-amz-checksum-sha256 is unknown"),
            _ => {
                there.store(1, Ordering::SeqCst);
                ok(Vec::new())
            }
        }
    };
    answering(answer, |address| {
        let remote = remote(address);
        for _ in 0..2 {
            let error = remote.put(&blob(), &mut Cursor::new(b"whole"));
            assert!(error.expect_err("a header is refused").is_passing());
        }
        let put = remote.put(&blob(), &mut Cursor::new(b"whole"));
        assert_eq!(put.expect("it is put without"), Put::Done);
    });
    assert_eq!(
        asked.into_inner().expect("no panic"),
        [[true, true], [false, true], [false, false]]
    );
}

#[test]
fn what_a_store_has_made_of_an_upload_is_looked_at() {
    let other = "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=".to_owned();
    for (headers, content) in [
        (Vec::new(), &b"who"[..]),
        (vec![("x-amz-checksum-sha256", other)], b"whole"),
    ] {
        let asked = Mutex::new(Vec::new());
        let answer = |said: &Said| {
            asked.lock().expect("no panic").push(
                said.request
                    .split(' ')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            );
            let is_put = asked
                .lock()
                .expect("no panic")
                .iter()
                .any(|asked| asked == "PUT");
            match (said.request.as_bytes()[0], is_put) {
                (b'P', _) => ok(Vec::new()),
                (b'H', true) => (200, headers.clone(), content.to_vec()),
                _ => fault(404, "NoSuchKey", ""),
            }
        };
        let put = answering(answer, |address| {
            remote(address).put(&blob(), &mut Cursor::new(b"whole"))
        });
        assert!(matches!(put, Err(TransferError::Damaged { .. })), "{put:?}");
        let asked = asked.into_inner().expect("no panic");
        assert_eq!(asked.last().map(String::as_str), Some("DELETE"));
    }
}

#[test]
fn a_list_has_all_pages() {
    let oid = |number: u8| Sha256::of(&[number]).to_string();
    let answer = |said: &Said| {
        let is_second = said.query.contains("continuation-token=a%2Fb");
        let (number, rest) = match is_second {
            true => (2, "<IsTruncated>false</IsTruncated>"),
            false => (
                1,
                "<IsTruncated>true</IsTruncated><NextContinuationToken>a/b</NextContinuationToken>",
            ),
        };
        let oid = oid(number);
        let key = format!("spk/{}/{}/{oid}", &oid[..2], &oid[2..4]);
        let object = |key: &str| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><Size>7</Size></Contents>"
            )
        };
        let text = format!(
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{rest}{}{}</ListBucketResult>",
            object(&key),
            object("spk/README")
        );
        (200, Vec::new(), text.into_bytes())
    };
    let listed = answering(answer, |address| remote(address).list());
    let listed = listed.expect("a list").expect("it can be listed");
    let mut expected = [oid(1), oid(2)];
    expected.sort();
    assert_eq!(
        listed
            .iter()
            .map(|blob| blob.sha256.to_string())
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(listed[0].size, 7);
    assert!(listed[0].modified.is_some());
}

#[test]
fn an_address_counts_for_a_while_and_names_the_file() {
    let named = Wanted {
        names: Some(Names {
            file: "a b.spk".to_owned(),
            ..Names::default()
        }),
        ..blob()
    };
    let month = Duration::from_secs(30 * 24 * 3600);
    let address = |keys: &str, key: bool| {
        let remote = remote_with(keys, &access(key));
        let address = remote.address(&named, month).expect("there is one");
        address.expect("there is one")
    };
    let oid = named.sha256.to_string();
    let path = format!("spk/{}/{}/{oid}", &oid[..2], &oid[2..4]);
    let signed = address("region = \"eu-west-3\"\n", true);
    assert!(
        signed.starts_with(&format!(
            "https://bucket.s3.eu-west-3.amazonaws.com/{path}?"
        )),
        "{signed}"
    );
    for part in [
        "X-Amz-Expires=604800&",
        "response-content-disposition=attachment%3B%20filename%3D%22a%20b.spk%22",
        "&X-Amz-Signature=",
    ] {
        assert!(signed.contains(part), "{signed}");
    }
    let endpoint = "endpoint = \"https://s3.example.org\"\n";
    assert_eq!(
        address(endpoint, false),
        format!("https://s3.example.org/bucket/{path}")
    );
    assert!(
        address(&format!("{endpoint}path_style = false\n"), false)
            .starts_with("https://bucket.s3.example.org/spk/")
    );
    assert_eq!(
        address("public_url = \"https://cdn.example.org/{sha256}\"\n", true),
        format!("https://cdn.example.org/{oid}")
    );
}

#[test]
fn what_is_read_only_is_neither_written_nor_removed() {
    let remote = remote_with(
        "endpoint = \"http://127.0.0.1:1\"\nread_only = true\n",
        &access(true),
    );
    let put = remote.put(&blob(), &mut Cursor::new(b"whole"));
    assert!(matches!(put, Err(TransferError::ReadOnly { .. })));
    let deleted = remote.delete(blob().sha256);
    assert!(matches!(deleted, Err(TransferError::ReadOnly { .. })));
}

#[test]
fn the_environment_says_where_a_store_is_that_has_no_address() {
    let access = S3Access {
        endpoint: Some("https://env.example.org".to_owned()),
        region: Some("auto".to_owned()),
        ..access(true)
    };
    let remote = remote_with("", &access);
    assert_eq!(remote.store.bucket.region(), "auto");
    assert_eq!(
        remote.store.bucket.base_url().as_str(),
        "https://env.example.org/bucket/"
    );
    assert_eq!(
        amazon("cn-north-1"),
        "https://s3.cn-north-1.amazonaws.com.cn"
    );
}
