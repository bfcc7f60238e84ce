//! Channels: where a build is offered.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a build is offered, in the order of promotion.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channel {
    /// In the repository, offered to nobody.
    #[default]
    Staged,
    /// Offered to devices that ask for betas.
    Beta,
    /// Offered to everybody.
    Stable,
}

/// Says that a text names no channel.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a channel: `staged`, `beta` or `stable`")]
pub(crate) struct ChannelError {
    text: String,
}

impl Channel {
    /// Returns the channel that comes after this one in the order of promotion.
    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::Staged => Some(Self::Beta),
            Self::Beta => Some(Self::Stable),
            Self::Stable => None,
        }
    }

    /// Returns the name that stands in TOML and on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Beta => "beta",
            Self::Stable => "stable",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = ChannelError;

    fn from_str(text: &str) -> Result<Self, ChannelError> {
        [Self::Staged, Self::Beta, Self::Stable]
            .into_iter()
            .find(|channel| channel.as_str() == text)
            .ok_or_else(|| ChannelError {
                text: text.to_owned(),
            })
    }
}
