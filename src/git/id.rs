//! Names of git objects, typed by what they name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub(crate) struct $name(pub(super) git2::Oid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = super::GitError;

            fn from_str(text: &str) -> Result<Self, super::GitError> {
                git2::Oid::from_str(text)
                    .map(Self)
                    .map_err(super::GitError::at("read the object name", text))
            }
        }

        impl TryFrom<String> for $name {
            type Error = super::GitError;

            fn try_from(text: String) -> Result<Self, super::GitError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.to_string()
            }
        }
    };
}

id_type! {
    /// The name of a commit.
    CommitId
}
id_type! {
    /// The name of a tree: equal trees have equal names, so an unchanged package is recognised by it.
    TreeId
}
id_type! {
    /// The name of a git blob (a TOML document, an icon, a Git LFS pointer; never an SPK).
    BlobId
}

impl CommitId {
    /// Returns the first ten digits, for people.
    pub(crate) fn short(self) -> String {
        self.to_string()[..10].to_owned()
    }
}

impl BlobId {
    /// Returns the name that `bytes` have as a git blob.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(
            git2::Oid::hash_object(git2::ObjectType::Blob, bytes)
                .expect("hashing a buffer needs neither a file nor memory of its own"),
        )
    }
}
