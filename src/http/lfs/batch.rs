//! The batch API (git-lfs, `docs/api/batch.md`): which objects a client wants to bring or have, and what it is told of each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::digest::Sha256;

/// What a client asks. Keys that are not known, such as `ref`, say nothing that matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Batch {
    hash_algo: Option<String>,
    objects: Vec<Wanted>,
    pub(super) operation: Operation,
    transfers: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Operation {
    Download,
    Upload,
}

#[derive(Debug, Deserialize)]
struct Wanted {
    oid: String,
    size: i64,
}

/// Why a whole request cannot be answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum WrongBatch {
    #[error("objects are known here by `sha256`, not `{name}`")]
    HashAlgo { name: String },
    #[error("this is not what the batch API reads: {source}")]
    Json {
        #[source]
        source: serde_json::Error,
    },
    #[error("{count} objects are too many for one request: {MOST} may be asked for")]
    TooMany { count: usize },
    #[error("only `basic` transfers are known here")]
    Transfers,
}

impl WrongBatch {
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::HashAlgo { .. } => 409,
            Self::Json { .. } | Self::Transfers => 422,
            Self::TooMany { .. } => 413,
        }
    }
}

/// What does not depend on the object.
pub(super) struct Terms<'a> {
    /// As the client has sent it: not every client shows of its own accord again what it has shown here.
    pub(super) authorization: Option<&'a str>,
    /// Bytes of an object that is taken.
    pub(super) max_size: u64,
    /// The address that all objects are below.
    pub(super) objects: String,
}

/// What is answered.
#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    transfer: &'static str,
    objects: Vec<Told<'a>>,
    hash_algo: &'static str,
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    oid: &'a str,
    size: i64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    actions: BTreeMap<&'static str, Action<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Fault>,
}

#[derive(Debug, Serialize)]
struct Action<'a> {
    href: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    header: BTreeMap<&'static str, &'a str>,
}

#[derive(Debug, Serialize)]
struct Fault {
    code: u16,
    message: String,
}

/// Objects of one request; git-lfs asks for a hundred.
const MOST: usize = 1000;
const TRANSFER: &str = "basic";
const HASH_ALGO: &str = "sha256";

impl Batch {
    /// Reads a request.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, WrongBatch> {
        let batch: Self =
            serde_json::from_slice(bytes).map_err(|source| WrongBatch::Json { source })?;
        let count = batch.objects.len();
        if count > MOST {
            return Err(WrongBatch::TooMany { count });
        }
        if let Some(name) = batch.hash_algo.as_ref().filter(|name| *name != HASH_ALGO) {
            return Err(WrongBatch::HashAlgo { name: name.clone() });
        }
        let transfers = batch.transfers.as_deref().unwrap_or_default();
        if !transfers.is_empty() && !transfers.iter().any(|name| name == TRANSFER) {
            return Err(WrongBatch::Transfers);
        }
        Ok(batch)
    }

    /// Says of each object what is to be done; `stored` returns how many bytes there are of one that is here.
    pub(super) fn answer<'a>(
        &'a self,
        terms: &Terms<'a>,
        stored: impl Fn(Sha256) -> Option<u64>,
    ) -> Answer<'a> {
        let tell = |wanted: &'a Wanted| {
            let (actions, error) = match self.judge(wanted, terms, &stored) {
                Ok(actions) => (actions, None),
                Err(fault) => (BTreeMap::new(), Some(fault)),
            };
            Told {
                oid: &wanted.oid,
                size: wanted.size,
                actions,
                error,
            }
        };
        Answer {
            transfer: TRANSFER,
            objects: self.objects.iter().map(tell).collect(),
            hash_algo: HASH_ALGO,
        }
    }

    fn judge<'a>(
        &self,
        wanted: &Wanted,
        terms: &Terms<'a>,
        stored: impl Fn(Sha256) -> Option<u64>,
    ) -> Result<BTreeMap<&'static str, Action<'a>>, Fault> {
        let sha256: Sha256 = wanted
            .oid
            .parse()
            .map_err(|_| Fault::new(422, "the oid is no SHA-256 in lower-case hexadecimal"))?;
        let size = u64::try_from(wanted.size)
            .map_err(|_| Fault::new(422, "the size of an object is at least 0"))?;
        let found = stored(sha256);
        let action = |rest: &str| terms.action(sha256, rest);
        match (self.operation, found) {
            (Operation::Download, Some(found)) if found == size => {
                Ok(BTreeMap::from([("download", action(""))]))
            }
            (Operation::Download, Some(found)) => {
                let message = format!("the object has {found} bytes here, not {size}");
                Err(Fault::new(422, &message))
            }
            (Operation::Download, None) => Err(Fault::new(404, "the object is not here")),
            // The client takes it that nothing is to be done.
            (Operation::Upload, Some(found)) if found == size => Ok(BTreeMap::new()),
            (Operation::Upload, _) if size > terms.max_size => {
                let message = format!("objects of up to {} bytes are taken", terms.max_size);
                Err(Fault::new(413, &message))
            }
            (Operation::Upload, _) => Ok(BTreeMap::from([
                ("upload", action(&format!("?size={size}"))),
                ("verify", action("/verify")),
            ])),
        }
    }
}

impl<'a> Terms<'a> {
    fn action(&self, sha256: Sha256, rest: &str) -> Action<'a> {
        let shown = self.authorization.map(|value| ("Authorization", value));
        Action {
            href: format!("{}/{sha256}{rest}", self.objects),
            header: shown.into_iter().collect(),
        }
    }
}

impl Fault {
    fn new(code: u16, message: &str) -> Self {
        Self {
            code,
            message: message.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(operation: &str, objects: &Value, authorization: Option<&str>) -> Value {
        let request = json!({
            "operation": operation,
            "transfers": ["ssh", "basic"],
            "ref": {"name": "refs/heads/main"},
            "objects": objects,
        });
        let batch = Batch::parse(request.to_string().as_bytes()).expect("a valid request");
        let terms = Terms {
            authorization,
            max_size: 100,
            objects: "https://a/spk/info/lfs/objects".to_owned(),
        };
        let here = Sha256::of(b"here");
        let answer = batch.answer(&terms, |sha256| (sha256 == here).then_some(4));
        serde_json::to_value(answer).expect("its keys are texts")
    }

    fn oid(bytes: &[u8]) -> String {
        Sha256::of(bytes).to_string()
    }

    #[test]
    fn what_is_here_can_be_downloaded_and_the_rest_is_told_apart() {
        let objects = json!([
            {"oid": oid(b"here"), "size": 4},
            {"oid": oid(b"here"), "size": 5},
            {"oid": oid(b"gone"), "size": 4},
            {"oid": "../../etc/passwd", "size": 4},
            {"oid": oid(b"here").to_uppercase(), "size": 4},
            {"oid": oid(b"here"), "size": -1},
        ]);
        let answer = answer("download", &objects, None);
        assert_eq!(
            (&answer["transfer"], &answer["hash_algo"]),
            (&json!("basic"), &json!("sha256"))
        );
        let objects = answer["objects"].as_array().expect("a list");
        let href = format!("https://a/spk/info/lfs/objects/{}", oid(b"here"));
        assert_eq!(
            objects[0],
            json!({"oid": oid(b"here"), "size": 4, "actions": {"download": {"href": href}}})
        );
        let codes: Vec<_> = objects[1..]
            .iter()
            .map(|object| (object["error"]["code"].as_u64(), object.get("actions")))
            .collect();
        assert_eq!(
            codes,
            [422, 404, 422, 422, 422].map(|code| (Some(code), None))
        );
        assert_eq!(
            objects[1]["error"]["message"],
            "the object has 4 bytes here, not 5"
        );
    }

    #[test]
    fn what_is_not_here_can_be_uploaded_within_the_limit() {
        let objects = json!([
            {"oid": oid(b"here"), "size": 4},
            {"oid": oid(b"new"), "size": 100},
            {"oid": oid(b"new"), "size": 101},
            {"oid": oid(b"here"), "size": 5},
        ]);
        let answer = answer("upload", &objects, Some("Basic eA=="));
        let objects = answer["objects"].as_array().expect("a list");
        assert_eq!(objects[0], json!({"oid": oid(b"here"), "size": 4}));
        let href = format!("https://a/spk/info/lfs/objects/{}", oid(b"new"));
        let header = json!({"Authorization": "Basic eA=="});
        assert_eq!(
            objects[1]["actions"],
            json!({
                "upload": {"href": format!("{href}?size=100"), "header": header},
                "verify": {"href": format!("{href}/verify"), "header": header},
            })
        );
        assert_eq!(objects[2]["error"]["code"], 413);
        assert!(
            objects[3]["actions"].get("upload").is_some(),
            "what is damaged here can be sent again"
        );
    }

    #[test]
    fn whole_request_is_refused_with_the_reason() {
        let many = vec![json!({"oid": oid(b"x"), "size": 1}); MOST + 1];
        for (request, status) in [
            (json!({"operation": "download", "objects": many}), 413),
            (
                json!({"operation": "download", "objects": [], "hash_algo": "sha512"}),
                409,
            ),
            (
                json!({"operation": "upload", "objects": [], "transfers": ["tus"]}),
                422,
            ),
            (json!({"operation": "delete", "objects": []}), 422),
            (json!({"operation": "download"}), 422),
            (
                json!({"operation": "download", "objects": [{"oid": "a"}]}),
                422,
            ),
            (
                json!({"operation": "download", "objects": [{"oid": "a", "size": 1.5}]}),
                422,
            ),
            (json!([]), 422),
        ] {
            let refused = Batch::parse(request.to_string().as_bytes());
            let refused = refused.expect_err("it is not valid");
            assert_eq!(refused.status(), status, "{refused}");
        }
        assert!(Batch::parse(b"").is_err() && Batch::parse(b"\xff").is_err());
    }

    #[test]
    fn basic_is_what_counts_where_nothing_is_named() {
        for rest in [
            "",
            r#", "transfers": null"#,
            r#", "transfers": []"#,
            r#", "hash_algo": "sha256""#,
        ] {
            let request = format!(r#"{{"operation": "upload", "objects": []{rest}}}"#);
            Batch::parse(request.as_bytes()).expect(rest);
        }
    }
}
