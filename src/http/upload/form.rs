//! How an SPK is sent: as the body itself, or as a file in a form.

use crate::http::request::Request;

/// What an address takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Form {
    /// A form with one file (RFC 7578).
    Multipart,
    /// The SPK alone.
    Raw,
}

/// How to read the body of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Multipart { boundary: String },
    Raw,
}

/// Says why a request has no SPK where it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WrongForm {
    #[error(
        "the boundary of the form is missing or not valid (RFC 2046 §5.1.1): leave `Content-Type` to the client, as `curl -F file=@FILE` does"
    )]
    Boundary,
    #[error("there is no body: send the SPK itself, as `curl --data-binary @FILE` does")]
    Empty,
    #[error(
        "a form is not read here: send the SPK itself with `Content-Type: application/octet-stream`, or a form with the field `file` to /api/upload"
    )]
    Form,
    #[error(
        "the SPK must be the field `file` of a form here, as `curl -F file=@FILE` sends it; /api/packages takes the SPK itself"
    )]
    NoForm,
}

/// The most bytes of a boundary (RFC 2046 §5.1.1).
const MAX_BOUNDARY: usize = 70;

impl Way {
    /// Returns how to read the body of `request`, which is for an address that takes `form`.
    pub(super) fn of(request: &Request, form: Form) -> Result<Self, WrongForm> {
        let length = request.header("content-length");
        let has_length = length.is_some_and(|length| length.bytes().any(|byte| byte != b'0'));
        if !has_length && request.header("transfer-encoding").is_none() {
            return Err(WrongForm::Empty);
        }
        let media = request.header("content-type").unwrap_or_default();
        let essence = media.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        let is_multipart = is("multipart/form-data");
        match form {
            Form::Multipart if is_multipart => {
                let boundary = boundary(media).ok_or(WrongForm::Boundary)?;
                Ok(Self::Multipart { boundary })
            }
            Form::Multipart => Err(WrongForm::NoForm),
            Form::Raw if is_multipart || is("application/x-www-form-urlencoded") => {
                Err(WrongForm::Form)
            }
            Form::Raw => Ok(Self::Raw),
        }
    }
}

fn boundary(media: &str) -> Option<String> {
    let mut parameters = media
        .split(';')
        .skip(1)
        .filter_map(|part| part.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let value = value.trim();
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let boundary = quoted.unwrap_or(value);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let is_valid = (1..=MAX_BOUNDARY).contains(&boundary.len())
        && boundary.bytes().all(is_plain)
        && !boundary.ends_with(' ');
    is_valid.then(|| boundary.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(form: Form, headers: &[(&str, &str)]) -> Result<Way, WrongForm> {
        let add = |request: Request, (name, value): &(&str, &str)| request.with(name, value);
        Way::of(&headers.iter().fold(Request::get("/"), add), form)
    }

    const LENGTH: (&str, &str) = ("content-length", "10");

    #[test]
    fn the_body_is_the_spk_whatever_it_says_to_be_but_a_form() {
        for media in ["application/octet-stream", "application/x-tar", "a/b", ""] {
            let found = way(Form::Raw, &[LENGTH, ("content-type", media)]);
            assert_eq!(found, Ok(Way::Raw), "{media}");
        }
        assert_eq!(
            way(Form::Raw, &[("transfer-encoding", "chunked")]),
            Ok(Way::Raw)
        );
        for media in [
            "application/x-www-form-urlencoded",
            "Multipart/Form-Data; boundary=xx",
        ] {
            let found = way(Form::Raw, &[LENGTH, ("content-type", media)]);
            assert_eq!(found, Err(WrongForm::Form), "{media}");
        }
        assert_eq!(way(Form::Raw, &[]), Err(WrongForm::Empty));
        let none = ("content-length", "00");
        assert_eq!(way(Form::Raw, &[none]), Err(WrongForm::Empty));
    }

    #[test]
    fn a_form_has_a_boundary() {
        let of = |media: &str| way(Form::Multipart, &[LENGTH, ("content-type", media)]);
        let boundary = |text: &str| {
            Ok(Way::Multipart {
                boundary: text.to_owned(),
            })
        };
        assert_eq!(of("multipart/form-data; boundary=a-b"), boundary("a-b"));
        assert_eq!(
            of("multipart/form-data;charset=utf-8; Boundary=\"a b\""),
            boundary("a b")
        );
        for bad in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"a\u{7f}\"",
            &format!("multipart/form-data; boundary={}", "x".repeat(71)),
        ] {
            assert_eq!(of(bad), Err(WrongForm::Boundary), "{bad}");
        }
        assert_eq!(of("application/octet-stream"), Err(WrongForm::NoForm));
    }
}
