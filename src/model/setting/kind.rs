//! What the texts of a value become.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use super::amount::{Period, Size};
use crate::model::host::{HostPattern, HostPatternError};
use crate::model::trusted_proxy::{TrustedProxy, TrustedProxyError};
use crate::model::url_prefix::{UrlPrefix, UrlPrefixError};

/// Whether a setting has one value or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    List,
    One,
    /// One that a flag without a value turns on.
    Switch,
}

/// Says why texts are no value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("it needs a value, or several")]
    Empty,
    #[error(transparent)]
    Host(#[from] HostPatternError),
    #[error("it needs one value, not {count}")]
    Number { count: usize },
    #[error(transparent)]
    Prefix(#[from] UrlPrefixError),
    #[error(transparent)]
    Proxy(#[from] TrustedProxyError),
    #[error("`{text}` is not {expected}")]
    Unfit {
        expected: &'static str,
        text: String,
    },
}

impl ValueError {
    pub(super) fn unfit(text: &str, expected: &'static str) -> Self {
        let text = text.to_owned();
        Self::Unfit { expected, text }
    }
}

/// The type of a setting: one value, one or none, or a list.
pub(super) trait Kind: Sized {
    const SHAPE: Shape;

    fn of(texts: &[String]) -> Result<Self, ValueError>;
}

/// The type of one value.
pub(super) trait Value: Sized {
    const SHAPE: Shape = Shape::One;

    fn of(text: &str) -> Result<Self, ValueError>;
}

/// Says whether the texts are a value of this type.
pub(super) fn check<K: Kind>(texts: &[String]) -> Result<(), ValueError> {
    K::of(texts).map(drop)
}

impl<V: Value> Kind for V {
    const SHAPE: Shape = V::SHAPE;

    fn of(texts: &[String]) -> Result<Self, ValueError> {
        match texts {
            [text] => V::of(text),
            _ => Err(ValueError::Number { count: texts.len() }),
        }
    }
}

impl<V: Value> Kind for Option<V> {
    const SHAPE: Shape = V::SHAPE;

    fn of(texts: &[String]) -> Result<Self, ValueError> {
        match texts {
            [] => Ok(None),
            texts => <V as Kind>::of(texts).map(Some),
        }
    }
}

impl<V: Value> Kind for Vec<V> {
    const SHAPE: Shape = Shape::List;

    fn of(texts: &[String]) -> Result<Self, ValueError> {
        texts.iter().map(|text| V::of(text)).collect()
    }
}

/// A list that is never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OneOrMore<V>(pub(crate) Vec<V>);

impl<V: Value> Kind for OneOrMore<V> {
    const SHAPE: Shape = Shape::List;

    fn of(texts: &[String]) -> Result<Self, ValueError> {
        match <Vec<V> as Kind>::of(texts)? {
            values if values.is_empty() => Err(ValueError::Empty),
            values => Ok(Self(values)),
        }
    }
}

/// The branch that uploads go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UploadBranch(pub(crate) String);

impl Value for UploadBranch {
    fn of(text: &str) -> Result<Self, ValueError> {
        let name = text.strip_prefix("branch:").filter(|name| !name.is_empty());
        let expected = "a branch, as `branch:incoming`";
        name.map(|name| Self(name.to_owned()))
            .ok_or_else(|| ValueError::unfit(text, expected))
    }
}

/// Which lines are written of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessLog {
    Json,
    Off,
    Text,
}

impl Value for AccessLog {
    fn of(text: &str) -> Result<Self, ValueError> {
        match text {
            "json" => Ok(Self::Json),
            "off" => Ok(Self::Off),
            "text" => Ok(Self::Text),
            _ => Err(ValueError::unfit(text, "one of `off`, `text` and `json`")),
        }
    }
}

/// Where the bytes of downloads come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DownloadsFrom {
    /// From here; what is not here is fetched from remotes and kept as long as there is room.
    Cache,
    /// From here alone.
    Local,
    /// Clients are sent to remotes that have an address for them.
    Redirect,
}

impl Value for DownloadsFrom {
    fn of(text: &str) -> Result<Self, ValueError> {
        match text {
            "cache" => Ok(Self::Cache),
            "local" => Ok(Self::Local),
            "redirect" => Ok(Self::Redirect),
            _ => Err(ValueError::unfit(
                text,
                "one of `local`, `cache` and `redirect`",
            )),
        }
    }
}

/// An address to listen on, with or without a port of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListenAddress {
    address: IpAddr,
    port: Option<u16>,
}

impl ListenAddress {
    /// Returns address and port; `port` is for an address that has none.
    pub(crate) fn socket(self, port: u16) -> SocketAddr {
        SocketAddr::new(self.address, self.port.unwrap_or(port))
    }
}

impl Value for ListenAddress {
    fn of(text: &str) -> Result<Self, ValueError> {
        if let Ok(socket) = text.parse::<SocketAddr>() {
            let (address, port) = (socket.ip(), Some(socket.port()));
            return Ok(Self { address, port });
        }
        let inner = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let address = inner.unwrap_or(text).parse().map_err(|_| {
            let expected =
                "an IP address, as `0.0.0.0` or `::`, or one with a port, as `[::]:8080`";
            ValueError::unfit(text, expected)
        })?;
        let port = None;
        Ok(Self { address, port })
    }
}

impl Value for bool {
    const SHAPE: Shape = Shape::Switch;

    fn of(text: &str) -> Result<Self, ValueError> {
        text.parse()
            .map_err(|_| ValueError::unfit(text, "`true` or `false`"))
    }
}

impl Value for HostPattern {
    fn of(text: &str) -> Result<Self, ValueError> {
        Ok(text.parse()?)
    }
}

impl Value for PathBuf {
    fn of(text: &str) -> Result<Self, ValueError> {
        Ok(text.into())
    }
}

impl Value for Period {
    fn of(text: &str) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl Value for Size {
    fn of(text: &str) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl Value for SocketAddr {
    fn of(text: &str) -> Result<Self, ValueError> {
        let expected = "an IP address with a port, as `0.0.0.0:80` or `[::]:80`";
        text.parse().map_err(|_| ValueError::unfit(text, expected))
    }
}

impl Value for String {
    fn of(text: &str) -> Result<Self, ValueError> {
        Ok(text.to_owned())
    }
}

impl Value for TrustedProxy {
    fn of(text: &str) -> Result<Self, ValueError> {
        Ok(text.parse()?)
    }
}

impl Value for u16 {
    fn of(text: &str) -> Result<Self, ValueError> {
        let expected = "a port from 0 to 65535";
        text.parse().map_err(|_| ValueError::unfit(text, expected))
    }
}

impl Value for UrlPrefix {
    fn of(text: &str) -> Result<Self, ValueError> {
        Ok(text.parse()?)
    }
}

/// A count: none at all would serve nobody.
impl Value for usize {
    fn of(text: &str) -> Result<Self, ValueError> {
        let count = text.parse().ok().filter(|count| *count > 0);
        count.ok_or_else(|| ValueError::unfit(text, "a number from 1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn one_value_is_needed_unless_it_may_be_absent_or_is_a_list() {
        let [none, one, two] = [&[][..], &["1"], &["1", "2"]].map(texts);
        assert_eq!(<usize as Kind>::of(&one), Ok(1));
        for count in [&none, &two] {
            let expected = ValueError::Number { count: count.len() };
            assert_eq!(<usize as Kind>::of(count), Err(expected));
        }
        assert_eq!(Option::<usize>::of(&none), Ok(None));
        assert!(Option::<usize>::of(&two).is_err());
        assert_eq!(Vec::<usize>::of(&none), Ok(vec![]));
        assert_eq!(Vec::<usize>::of(&two), Ok(vec![1, 2]));
        assert_eq!(OneOrMore::<usize>::of(&none), Err(ValueError::Empty));
        assert_eq!(OneOrMore::<usize>::of(&one), Ok(OneOrMore(vec![1])));
    }

    #[test]
    fn an_address_to_listen_on_may_have_a_port() {
        for (text, expected) in [
            ("127.0.0.1", "127.0.0.1:80"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("::1", "[::1]:80"),
            ("[::1]", "[::1]:80"),
            ("[::1]:443", "[::1]:443"),
        ] {
            let address = <ListenAddress as Value>::of(text).expect(text);
            assert_eq!(address.socket(80).to_string(), expected);
        }
        for bad in ["localhost", "", ":80", "1.2.3.4:", "1.2.3.4:99999"] {
            let error = <ListenAddress as Value>::of(bad).expect_err(bad);
            assert!(
                error.to_string().contains("is not an IP address"),
                "{error}"
            );
        }
    }
}
