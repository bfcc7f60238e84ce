//! What is asked of a store, and its signature, which rusty-s3 makes.
//!
//! Signature and parameters go in the address (Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters"), with
//! all headers signed: they can be sent for some minutes, and for nothing else.

use std::time::Duration;

use jiff::Timestamp;
use rusty_s3::{Bucket, Credentials, S3Action};

/// Headers that go along, in lower case.
pub(super) type Headers<'a> = &'a [(&'static str, String)];

/// One operation (Amazon S3 API Reference, "Actions").
#[derive(Clone, Copy, Debug)]
pub(super) enum Request<'a> {
    AbortUpload {
        key: &'a str,
        upload: &'a str,
    },
    BeginUpload {
        key: &'a str,
    },
    Delete {
        key: &'a str,
    },
    EndUpload {
        key: &'a str,
        upload: &'a str,
    },
    Get {
        key: &'a str,
    },
    /// Get, as somebody's browser should keep it.
    GetAs {
        disposition: &'a str,
        key: &'a str,
    },
    Head {
        key: &'a str,
    },
    List {
        after: Option<&'a str>,
        prefix: &'a str,
    },
    Part {
        key: &'a str,
        number: u16,
        upload: &'a str,
    },
    Parts {
        after: Option<u16>,
        key: &'a str,
        upload: &'a str,
    },
    Put {
        key: &'a str,
    },
}

/// What is sent.
pub(super) struct Signed {
    pub(super) method: &'static str,
    pub(super) url: String,
}

/// Whose signature counts, and when.
#[derive(Clone, Copy)]
pub(super) struct Signer<'a> {
    pub(super) bucket: &'a Bucket,
    /// None make requests as anybody may.
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) now: Timestamp,
    pub(super) valid: Duration,
}

impl Signer<'_> {
    /// Signs one request.
    pub(super) fn sign(&self, request: &Request<'_>, headers: Headers<'_>) -> Signed {
        let (bucket, who) = (self.bucket, self.credentials);
        match *request {
            Request::BeginUpload { key } => {
                self.finish(bucket.create_multipart_upload(who, key), headers)
            }
            Request::Delete { key } => self.finish(bucket.delete_object(who, key), headers),
            Request::Get { key } => self.finish(bucket.get_object(who, key), headers),
            Request::GetAs { disposition, key } => {
                let mut action = bucket.get_object(who, key);
                let query = action.query_mut();
                query.insert("response-content-disposition", disposition);
                query.insert("response-content-type", super::MEDIA_TYPE);
                self.finish(action, headers)
            }
            Request::Head { key } => self.finish(bucket.head_object(who, key), headers),
            Request::List { after, prefix } => {
                let mut action = bucket.list_objects_v2(who);
                action.with_prefix(prefix);
                if let Some(after) = after {
                    action.with_continuation_token(after);
                }
                self.finish(action, headers)
            }
            Request::Parts { after, key, upload } => {
                let mut action = bucket.list_parts(who, key, upload);
                if let Some(after) = after {
                    action.set_part_number_marker(after);
                }
                self.finish(action, headers)
            }
            Request::Put { key } => self.finish(bucket.put_object(who, key), headers),
            Request::AbortUpload { key, upload } => {
                self.finish(bucket.abort_multipart_upload(who, key, upload), headers)
            }
            Request::EndUpload { key, upload } => {
                let etags = std::iter::empty();
                let action = bucket.complete_multipart_upload(who, key, upload, etags);
                self.finish(action, headers)
            }
            Request::Part {
                key,
                number,
                upload,
            } => self.finish(bucket.upload_part(who, key, number, upload), headers),
        }
    }

    fn finish<'a, A: S3Action<'a>>(
        &self,
        mut action: A,
        headers: &'a [(&'static str, String)],
    ) -> Signed {
        for (name, value) in headers {
            action.headers_mut().insert(*name, value.as_str());
        }
        Signed {
            method: A::METHOD.to_str(),
            url: action.sign_with_time(self.valid, &self.now).into(),
        }
    }
}
