//! Which coding an `Accept-Encoding` header asks for (RFC 9110 §12.5.3), of gzip and none.

use super::request::Request;

/// What a client takes, of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Rather than none.
    Gzip,
    /// And never none.
    GzipAlone,
    Identity,
}

/// Returns what `request` asks for. Without the header anything is acceptable, but its sender may not know how to
/// decode; where nothing is acceptable, the header is passed over (§12.4.1).
pub(super) fn coding(request: &Request) -> Coding {
    let mut weights = Weights::default();
    for value in request.header_values("accept-encoding") {
        value.split(',').for_each(|element| weights.take(element));
    }
    let gzip = weights.gzip.or(weights.others).unwrap_or(0);
    // What is named is preferred to what is only not excluded.
    let identity = weights
        .identity
        .or(weights.others.filter(|weight| *weight == 0));
    match identity {
        _ if gzip == 0 => Coding::Identity,
        Some(0) => Coding::GzipAlone,
        Some(identity) if identity > gzip => Coding::Identity,
        _ => Coding::Gzip,
    }
}

/// In thousandths.
#[derive(Default)]
struct Weights {
    gzip: Option<u16>,
    identity: Option<u16>,
    others: Option<u16>,
}

impl Weights {
    /// What cannot be read counts for nothing.
    fn take(&mut self, element: &str) {
        let (coding, parameter) = match element.split_once(';') {
            Some((coding, parameter)) => (coding, Some(parameter)),
            None => (element, None),
        };
        let coding = coding.trim().to_ascii_lowercase();
        let Some(weight) = parameter.map_or(Some(1000), weight) else {
            return;
        };
        match coding.as_str() {
            "*" => self.others.get_or_insert(weight),
            // §8.4.1.3
            "gzip" | "x-gzip" => self.gzip.get_or_insert(weight),
            "identity" => self.identity.get_or_insert(weight),
            _ => return,
        };
    }
}

/// Reads `q=0.5` (§12.4.2).
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.trim().split_once('=')?;
    let (whole, thousandths) = value.split_once('.').unwrap_or((value, ""));
    if !name.eq_ignore_ascii_case("q")
        || thousandths.len() > 3
        || !thousandths.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    match (whole, format!("{thousandths:0<3}").parse().ok()?) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coding_is_the_one_that_weighs_most() {
        for (value, expected) in [
            ("gzip", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("GZip;Q=0.001", Coding::Gzip),
            ("deflate, gzip, br, zstd", Coding::Gzip),
            ("deflate;q=1 , gzip ; q=0.5", Coding::Gzip),
            ("*", Coding::Gzip),
            ("br, *;q=0.1", Coding::Gzip),
            ("gzip, identity", Coding::Gzip),
            ("gzip;q=0.5, identity;q=0.5", Coding::Gzip),
            ("gzip;q=0.5, *;q=0.9", Coding::Gzip),
            ("gzip;q=0.5, identity;q=0.501", Coding::Identity),
            ("", Coding::Identity),
            ("identity", Coding::Identity),
            ("br", Coding::Identity),
            ("gzip;q=0", Coding::Identity),
            ("gzip;q=0, *", Coding::Identity),
            ("gzip;q=0.000", Coding::Identity),
            ("gzip, identity;q=0", Coding::GzipAlone),
            ("gzip, *;q=0", Coding::GzipAlone),
            ("*, identity;q=0", Coding::GzipAlone),
            ("gzip, *;q=0, identity;q=0.1", Coding::Gzip),
            ("identity;q=0", Coding::Identity),
            ("*;q=0", Coding::Identity),
        ] {
            let request = Request::get("/").with("accept-encoding", value);
            assert_eq!(coding(&request), expected, "{value}");
        }
        assert_eq!(coding(&Request::get("/")), Coding::Identity);
    }

    #[test]
    fn what_cannot_be_read_counts_for_nothing() {
        for value in [
            "gzip;q=2",
            "gzip;q=1.001",
            "gzip;q=0.0001",
            "gzip;q=",
            "gzip;q=-1",
            "gzip;level=1",
            "gzip;q=0.+1",
            "gzip gzip",
            ";q=1",
            "gzipped",
        ] {
            let request = Request::get("/").with("accept-encoding", value);
            assert_eq!(coding(&request), Coding::Identity, "{value}");
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let request = Request::get("/")
            .with("accept-encoding", "br")
            .with("accept-encoding", "gzip, identity;q=0");
        assert_eq!(coding(&request), Coding::GzipAlone);
    }
}
