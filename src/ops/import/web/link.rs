//! Where the links of a catalog lead: absolute, or relative to the address that answered (RFC 3986 §5.2).

/// Says why a link is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("its link has {length} bytes, more than {max}")]
    Long { length: usize, max: usize },
    #[error("its link `{link}` does not lead to the web")]
    Scheme { link: String },
}

/// Bytes of a link.
const MAX: usize = 4096;

/// Returns the address that `link` stands for in an answer of `base`.
pub(super) fn resolve(base: &str, link: &str) -> Result<String, LinkError> {
    let link = link.trim();
    if link.len() > MAX {
        let (length, max) = (link.len(), MAX);
        return Err(LinkError::Long { length, max });
    }
    // The fragment is not sent (RFC 9110 §4.2.5).
    let link = link.split_once('#').map_or(link, |(link, _)| link);
    let strange = || LinkError::Scheme {
        link: link.chars().take(120).collect(),
    };
    if link.is_empty() || link.chars().any(char::is_control) {
        return Err(strange());
    }
    if let Some(scheme) = scheme(link) {
        let is_web = ["http", "https"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        return if is_web {
            Ok(escaped(link))
        } else {
            Err(strange())
        };
    }
    let (origin, path) = split(base).ok_or_else(strange)?;
    let (scheme, _) = base.split_once(':').ok_or_else(strange)?;
    if link.starts_with("//") {
        return Ok(escaped(&format!("{scheme}:{link}")));
    }
    let (folder, _) = path.rsplit_once('/').unwrap_or(("", ""));
    let (link_path, query) = match link.find('?') {
        Some(at) => link.split_at(at),
        None => (link, ""),
    };
    let whole = match link_path {
        "" => path.to_owned(),
        _ if link_path.starts_with('/') => link_path.to_owned(),
        _ => format!("{folder}/{link_path}"),
    };
    Ok(escaped(&format!("{origin}{}{query}", without_dots(&whole))))
}

/// RFC 3986 §3.1.
fn scheme(link: &str) -> Option<&str> {
    let (scheme, _) = link.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some(scheme)
}

/// Returns scheme and authority, and the path without its query.
fn split(address: &str) -> Option<(&str, &str)> {
    let start = address.find("://")? + 3;
    let rest = &address[start..];
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let path = &rest[end..];
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    Some((&address[..start + end], path))
}

/// RFC 3986 §5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.trim_start_matches('/').split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// Escapes what may not stand in an address and is seen there all the same: spaces, brackets, letters beyond ASCII.
fn escaped(link: &str) -> String {
    let mut text = String::with_capacity(link.len());
    let host_end = link.find("://").map_or(0, |at| {
        let rest = &link[at + 3..];
        at + 3 + rest.find(['/', '?']).unwrap_or(rest.len())
    });
    for (at, byte) in link.bytes().enumerate() {
        if at < host_end || byte.is_ascii_graphic() && !b"\"<>[]\\^`{|}".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "http://spk.example.org:8080/a/b/?arch=avoton&link=http://x/";

    #[test]
    fn links_are_relative_to_the_address_that_answered() {
        for (link, expected) in [
            (
                "https://cdn.example.org/x.spk",
                "https://cdn.example.org/x.spk",
            ),
            ("//cdn.example.org/x.spk", "http://cdn.example.org/x.spk"),
            ("/x.spk?y=1", "http://spk.example.org:8080/x.spk?y=1"),
            ("x.spk", "http://spk.example.org:8080/a/b/x.spk"),
            ("./c/x.spk#top", "http://spk.example.org:8080/a/b/c/x.spk"),
            ("../x.spk", "http://spk.example.org:8080/a/x.spk"),
            ("../../../x.spk", "http://spk.example.org:8080/x.spk"),
            (
                "?file=../x.spk",
                "http://spk.example.org:8080/a/b/?file=../x.spk",
            ),
            (
                "x 1[avoton].spk",
                "http://spk.example.org:8080/a/b/x%201%5Bavoton%5D.spk",
            ),
            (
                "ä%20b.spk",
                "http://spk.example.org:8080/a/b/%C3%A4%20b.spk",
            ),
        ] {
            assert_eq!(resolve(BASE, link).as_deref(), Ok(expected), "{link}");
        }
        let bare = resolve("https://example.org", "x.spk");
        assert_eq!(bare.as_deref(), Ok("https://example.org/x.spk"));
    }

    #[test]
    fn links_lead_to_the_web_only() {
        for link in [
            "",
            "file:///etc/passwd",
            "ftp://x/y.spk",
            "javascript:1",
            "a\r\nb",
        ] {
            assert!(
                matches!(resolve(BASE, link), Err(LinkError::Scheme { .. })),
                "{link}"
            );
        }
        let long = "x".repeat(5000);
        assert!(matches!(resolve(BASE, &long), Err(LinkError::Long { .. })));
    }
}
