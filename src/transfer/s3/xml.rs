//! Answers of stores, where rusty-s3 is stricter than some stores are: what went wrong, and the parts of an upload.

use instant_xml::FromXml;

use crate::base::digest::Md5;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// What went wrong (Amazon S3 API Reference, "REST error responses").
#[derive(Debug, Default, FromXml)]
#[xml(rename = "Error")]
pub(super) struct Fault {
    #[xml(rename = "Code")]
    pub(super) code: Option<String>,
    #[xml(rename = "Message")]
    pub(super) message: Option<String>,
    /// The one that a bucket is in.
    #[xml(rename = "Region")]
    pub(super) region: Option<String>,
}

/// A page of the parts of an upload that the store has (ibid., "ListParts").
#[derive(Debug, FromXml)]
#[xml(rename = "ListPartsResult", ns(NAMESPACE))]
struct PartsPage {
    parts: Vec<ListedPart>,
    #[xml(rename = "IsTruncated")]
    is_truncated: Option<bool>,
    #[xml(rename = "NextPartNumberMarker")]
    next: Option<u16>,
}

/// A part that the store has.
#[derive(Debug, FromXml)]
#[xml(rename = "Part", ns(NAMESPACE))]
pub(super) struct ListedPart {
    #[xml(rename = "PartNumber")]
    pub(super) number: u16,
    #[xml(rename = "ETag")]
    pub(super) etag: Option<String>,
    /// In bytes.
    #[xml(rename = "Size")]
    pub(super) size: u64,
}

impl Fault {
    /// Reads what a store says; one that says nothing of use says nothing.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        instant_xml::from_str(&text).unwrap_or_default()
    }

    /// Says whether the store means this.
    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Returns it as one text.
    pub(super) fn text(&self) -> String {
        let parts = [&self.code, &self.message];
        let parts: Vec<&str> = parts
            .into_iter()
            .filter_map(|part| part.as_deref().filter(|part| !part.is_empty()))
            .collect();
        parts.join(": ")
    }
}

/// Reads a page of parts; returns them and the number after which the next page begins, if there is one.
pub(super) fn parts(text: &str) -> Option<(Vec<ListedPart>, Option<u16>)> {
    let page: PartsPage = instant_xml::from_str(text).ok()?;
    let next = page.next.filter(|_| page.is_truncated == Some(true));
    Some((page.parts, next))
}

impl ListedPart {
    /// Says whether it is what has this size and this MD5, which is the tag of a part in most stores.
    pub(super) fn is(&self, size: u64, md5: &Md5) -> bool {
        let tag = self.etag.as_deref().map(|etag| etag.trim_matches('"'));
        self.size == size && tag == Some(md5.to_string().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_from_any_store() {
        let fault = Fault::read(
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code>\
              <Message>the region 'us-east-1' is wrong &amp; more</Message><Region>eu-west-1</Region>\
              <RequestId>1</RequestId></Error>",
        );
        assert!(fault.is("AuthorizationHeaderMalformed"));
        assert_eq!(fault.region.as_deref(), Some("eu-west-1"));
        assert_eq!(
            fault.text(),
            "AuthorizationHeaderMalformed: the region 'us-east-1' is wrong & more"
        );
        for nothing in [&b""[..], b"<html><body>no</body></html>", b"\xff{}"] {
            assert_eq!(Fault::read(nothing).text(), "");
        }
    }

    #[test]
    fn parts_are_read_with_and_without_what_is_optional() {
        let md5 = Md5::of(b"x");
        let text = format!(
            "<ListPartsResult xmlns=\"{NAMESPACE}\"><Bucket>b</Bucket><MaxParts>2</MaxParts><IsTruncated>true</IsTruncated>\
             <NextPartNumberMarker>3</NextPartNumberMarker>\
             <Part><ETag>\"{md5}\"</ETag><PartNumber>2</PartNumber><Size>1</Size></Part>\
             <Part><PartNumber>3</PartNumber><Size>1</Size></Part></ListPartsResult>"
        );
        let (parts, next) = parts(&text).expect("it is a page");
        assert_eq!(next, Some(3));
        assert!(parts[0].is(1, &md5) && !parts[0].is(2, &md5));
        assert_eq!((parts[1].number, parts[1].is(1, &md5)), (3, false));
    }
}
