//! A request as handlers see it: decoded target, headers by lower-case name, a body within bounds.
//!
//! Targets follow RFC 9112 §3.2 (origin-form and absolute-form), paths and queries RFC 3986 §3.3 and §3.4, forms the URL
//! standard's `application/x-www-form-urlencoded`. What a path means is the router's affair.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;

/// The method of a request (RFC 9110 §9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Other(String),
    Post,
    Put,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) body: Vec<u8>,
    /// Who asked, as far as trusted proxies say; else the peer.
    pub(crate) client: IpAddr,
    headers: Vec<(String, String)>,
    pub(crate) method: Method,
    /// The decoded segments: none for `/`, and an empty last one for `/a/`.
    pub(crate) path: Vec<String>,
    /// The address of the other end of the connection, which may be a proxy's.
    pub(crate) peer: IpAddr,
    pub(crate) query: Vec<(String, String)>,
    /// Whether the connection that it came on is encrypted.
    pub(crate) secure: bool,
}

/// Says why a target cannot be understood; each is the client's fault (400).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("the path has a `%` that two hexadecimal digits do not follow")]
    Escape,
    #[error("the path has the segment `{segment}`, which would leave its folder")]
    Dots { segment: String },
    #[error("the path has a character that no name can have, {character:?}")]
    Character { character: char },
    #[error("the target of the request is neither a path nor an `http` address")]
    Target,
    #[error("the path is not UTF-8")]
    Utf8,
}

impl From<&str> for Method {
    fn from(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl Request {
    /// Returns the request that `target` and `headers` describe; the headers' names may be of any case.
    pub(crate) fn new(
        method: Method,
        target: &str,
        headers: impl IntoIterator<Item = (String, String)>,
        body: Vec<u8>,
        peer: IpAddr,
    ) -> Result<Self, RequestError> {
        let target = Target::parse(target)?;
        let mut headers: Vec<_> = headers.into_iter().collect();
        headers
            .iter_mut()
            .for_each(|(name, _)| name.make_ascii_lowercase());
        if let Some(authority) = target.authority {
            // RFC 9112 §3.2.2: the host of an absolute-form target replaces the header.
            headers.retain(|(name, _)| name != "host");
            headers.push(("host".to_owned(), authority.to_owned()));
        }
        let peer = peer.to_canonical();
        Ok(Self {
            body,
            client: peer,
            headers,
            method,
            path: decode_path(target.path)?,
            peer,
            query: pairs(target.query.as_bytes()),
            secure: false,
        })
    }

    /// Returns the request as one of `client`, who may be behind the peer.
    pub(crate) fn of_client(self, client: IpAddr) -> Self {
        Self { client, ..self }
    }

    /// Returns the request as one that came encrypted, or not.
    pub(crate) fn secured(self, secure: bool) -> Self {
        Self { secure, ..self }
    }

    /// Returns the first value of the header `name`, which is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }

    /// Returns every value of the header `name`, which is in lower case.
    pub(crate) fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the query's parameters and then, for a POST of a form, the form's.
    pub(crate) fn parameters(&self) -> Parameters {
        let mut all = self.query.clone();
        if self.method == Method::Post && self.is_form() {
            all.extend(pairs(&self.body));
        }
        Parameters(all)
    }

    fn is_form(&self) -> bool {
        let media = self.header("content-type").unwrap_or_default();
        let essence = media.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }
}

/// The parameters of a request, those that win first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Returns the first value of `name` that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        values.find_map(|(_, value)| (!value.is_empty()).then_some(value.as_str()))
    }

    /// Returns every name and value, those that win first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

struct Target<'a> {
    authority: Option<&'a str>,
    path: &'a str,
    query: &'a str,
}

impl<'a> Target<'a> {
    fn parse(target: &'a str) -> Result<Self, RequestError> {
        let (authority, rest) = split_authority(target);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = if authority.is_some() && path.is_empty() {
            "/"
        } else {
            path
        };
        if !path.starts_with('/') || target.contains('#') {
            return Err(RequestError::Target);
        }
        Ok(Self {
            authority,
            path,
            query,
        })
    }
}

fn split_authority(target: &str) -> (Option<&str>, &str) {
    let scheme = ["http://", "https://"].into_iter().find(|scheme| {
        target
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let Some(scheme) = scheme else {
        return (None, target);
    };
    let rest = &target[scheme.len()..];
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    (Some(authority), path)
}

fn decode_path(path: &str) -> Result<Vec<String>, RequestError> {
    match path.strip_prefix('/').unwrap_or(path) {
        "" => Ok(Vec::new()),
        inner => inner.split('/').map(decode_segment).collect(),
    }
}

fn decode_segment(raw: &str) -> Result<String, RequestError> {
    if !escapes_are_whole(raw.as_bytes()) {
        return Err(RequestError::Escape);
    }
    let decoded = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| RequestError::Utf8)?;
    // A separator that was escaped would make two segments of one wherever segments are joined to a path again.
    if let Some(character) = decoded.chars().find(|c| matches!(c, '\0' | '/' | '\\')) {
        return Err(RequestError::Character { character });
    }
    if decoded == "." || decoded == ".." {
        return Err(RequestError::Dots {
            segment: decoded.into_owned(),
        });
    }
    Ok(decoded.into_owned())
}

fn escapes_are_whole(raw: &[u8]) -> bool {
    let is_hex = |at: usize| raw.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut percents = raw.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    percents.all(|(at, _)| is_hex(at + 1) && is_hex(at + 2))
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

#[cfg(test)]
impl Request {
    /// Returns the decoded path as one text.
    pub(crate) fn path_text(&self) -> String {
        format!("/{}", self.path.join("/"))
    }

    /// Returns a GET of `target` from the loopback address.
    pub(crate) fn get(target: &str) -> Self {
        Self::of(Method::Get, target)
    }

    /// Returns a request without headers from the loopback address.
    pub(crate) fn of(method: Method, target: &str) -> Self {
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        Self::new(method, target, [], Vec::new(), peer).expect("the test's target is valid")
    }

    /// Returns the request with one more header, its name in lower case.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns the request with `body` as a form.
    pub(crate) fn form(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self.with(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(target: &str) -> Result<Vec<String>, RequestError> {
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        Request::new(Method::Get, target, [], Vec::new(), peer).map(|request| request.path)
    }

    #[test]
    fn path_is_split_and_then_decoded() {
        assert_eq!(path("/").expect("valid"), Vec::<String>::new());
        assert_eq!(
            path("/a/b%20c%C3%BC+d?x=/y").expect("valid"),
            ["a", "b cü+d"]
        );
        assert_eq!(path("/a//b/").expect("valid"), ["a", "", "b", ""]);
    }

    #[test]
    fn path_that_could_mean_another_file_is_refused() {
        for bad in [
            "/a/../b",
            "/a/%2e%2E",
            "/a/./b",
            "/..",
            "/a%2Fb",
            "/a%5cb",
            "/a%00",
            "/%",
            "/%4",
            "/%zz",
            "/%ff",
        ] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn target_is_a_path_or_an_address() {
        for bad in ["", "a", "*", "ftp://host/a", "/a#b", "host:80"] {
            assert_eq!(path(bad), Err(RequestError::Target), "{bad}");
        }
    }

    #[test]
    fn absolute_target_replaces_the_host_header() {
        let headers = [("Host".to_owned(), "old".to_owned())];
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        let request = Request::new(Method::Get, "HTTP://new:81?a=b", headers, Vec::new(), peer)
            .expect("valid");
        assert_eq!(
            request.header_values("host").collect::<Vec<_>>(),
            ["new:81"]
        );
        assert_eq!(
            (request.path_text().as_str(), request.parameters().get("a")),
            ("/", Some("b"))
        );
    }

    #[test]
    fn query_beats_form_and_the_first_value_that_is_not_empty_wins() {
        let request = Request::of(Method::Post, "/?arch=&arch=a+1&arch=b&build=%zz")
            .form("arch=form&major=7&build=1");
        let parameters = request.parameters();
        assert_eq!(parameters.get("arch"), Some("a 1"));
        assert_eq!(parameters.get("major"), Some("7"));
        assert_eq!(parameters.get("build"), Some("%zz"));
        assert_eq!(parameters.get("minor"), None);
        assert_eq!(parameters.iter().count(), 7);
    }

    #[test]
    fn form_counts_in_a_post_of_that_type_only() {
        assert_eq!(Request::get("/").form("a=1").parameters().get("a"), None);
        let mut json = Request::of(Method::Post, "/").with("content-type", "application/json");
        json.body = b"a=1".to_vec();
        assert_eq!(json.parameters().get("a"), None);
    }

    #[test]
    fn header_names_are_found_whatever_their_case() {
        let headers = [
            ("X-A".to_owned(), "1".to_owned()),
            ("x-a".to_owned(), "2".to_owned()),
        ];
        let peer = "::ffff:10.0.0.1".parse().expect("an address");
        let request =
            Request::new(Method::from("PATCH"), "/", headers, Vec::new(), peer).expect("valid");
        assert_eq!(request.header("x-a"), Some("1"));
        assert_eq!(request.header_values("x-a").count(), 2);
        assert_eq!(request.peer.to_string(), "10.0.0.1");
        assert_eq!(request.method, Method::Other("PATCH".to_owned()));
    }
}
