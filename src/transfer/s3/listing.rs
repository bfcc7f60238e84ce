//! All blobs of a bucket, page by page; what else is there is left out.

use jiff::Timestamp;
use rusty_s3::actions::ListObjectsV2;

use super::S3Remote;
use super::request::Request;
use super::store::{text, unreadable};
use crate::base::digest::Sha256;
use crate::transfer::error::TransferError;
use crate::transfer::remote::Listed;

/// Bytes of a page, which has a thousand objects at most.
const PAGE: u64 = 8 << 20;

impl S3Remote {
    pub(super) fn list_all(&self) -> Result<Vec<Listed>, TransferError> {
        let start = self.start();
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let request = Request::List {
                after: after.as_deref(),
                prefix: &start,
            };
            let answer = self.store.ask(&request, &[], None)?;
            if answer.status() != 200 {
                return Err(self.store.refused(answer));
            }
            let unreadable = || unreadable(&self.store.wire, "asked for a list");
            let page = text(&self.store.wire, answer, PAGE)?;
            let page = ListObjectsV2::parse_response(&page).map_err(|_| unreadable())?;
            let listed = page.contents.iter().filter_map(|object| {
                Some(Listed {
                    modified: object.last_modified.as_deref().and_then(moment),
                    sha256: blob_of(&start, &object.key)?,
                    size: object.size?,
                })
            });
            all.extend(listed);
            match page.next_continuation_token {
                // A store that begins from the beginning would never end.
                Some(next) if after.as_ref() == Some(&next) => return Err(unreadable()),
                Some(next) => after = Some(next),
                None => break,
            }
        }
        all.sort();
        Ok(all)
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Returns the blob that an object is, by its name.
fn blob_of(start: &str, key: &str) -> Option<Sha256> {
    let mut parts = key.strip_prefix(start)?.split('/');
    let (first, second, oid) = (parts.next()?, parts.next()?, parts.next()?);
    let sha256 = oid.parse().ok()?;
    let is_layout = first == &oid[..2] && second == &oid[2..4] && parts.next().is_none();
    is_layout.then_some(sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_where_a_blob_belongs_is_one() {
        let sha256 = Sha256::of(b"x");
        let oid = sha256.to_string();
        let (a, b) = (&oid[..2], &oid[2..4]);
        assert_eq!(blob_of("", &format!("{a}/{b}/{oid}")), Some(sha256));
        assert_eq!(blob_of("p/q/", &format!("p/q/{a}/{b}/{oid}")), Some(sha256));
        for key in [
            format!("{a}/{b}/{oid}"),
            format!("p/q/{b}/{a}/{oid}"),
            format!("p/q/{a}/{b}/{oid}/x"),
            format!("p/q/{a}/{b}/{oid}.tmp"),
            format!("p/q/{oid}"),
            "p/q/".to_owned(),
        ] {
            assert_eq!(blob_of("p/q/", &key), None, "{key}");
        }
    }
}
