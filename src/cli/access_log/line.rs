//! One line of the access log, as text or as JSON.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::Serialize;

use super::redact::redacted;
use crate::http::{Asked, Event};
use crate::model::setting::AccessLog as Format;

/// What a line says. `Authorization` and cookies are not among it, and never will be.
#[derive(Serialize)]
struct Entry<'a> {
    time: String,
    id: &'a str,
    client: IpAddr,
    /// The proxy, if there is one.
    peer: IpAddr,
    method: &'a str,
    target: Cow<'a, str>,
    version: &'static str,
    scheme: &'static str,
    host: Option<&'a str>,
    route: &'static str,
    status: u16,
    bytes: u64,
    micros: u64,
    referer: Option<Cow<'a, str>>,
    user_agent: Option<&'a str>,
    /// Whose token an upload came with: person and label.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
}

/// Returns the line for an exchange that is over.
pub(super) fn line(format: Format, now: jiff::Timestamp, event: &Event) -> Option<String> {
    let Event::Answered {
        asked,
        bytes,
        micros,
        status,
    } = event
    else {
        return None;
    };
    let entry = || Entry::new(now, asked, *status, *bytes, *micros);
    match format {
        Format::Off => None,
        Format::Json => {
            let mut json = serde_json::to_string(&entry()).expect("its keys are texts");
            json.push('\n');
            Some(json)
        }
        Format::Text => Some(entry().text()),
    }
}

impl<'a> Entry<'a> {
    fn new(now: jiff::Timestamp, asked: &'a Asked, status: u16, bytes: u64, micros: u64) -> Self {
        Self {
            time: format!("{now:.3}"),
            id: &asked.id,
            client: asked.client,
            peer: asked.peer,
            method: asked.method(),
            target: redacted(asked.target()),
            version: asked.version(),
            scheme: asked.scheme(),
            host: asked.header("host"),
            route: asked.route,
            status,
            bytes,
            micros,
            referer: asked.header("referer").map(redacted),
            user_agent: asked.header("user-agent"),
            user: asked.user.as_deref(),
        }
    }

    fn text(&self) -> String {
        let Self {
            time,
            id,
            client,
            method,
            version,
            scheme,
            route,
            status,
            bytes,
            micros,
            user,
            ..
        } = self;
        let user = user.map_or_else(String::new, |user| format!(" {user}"));
        let [target, host, referer, agent] = [
            Some(&*self.target),
            self.host,
            self.referer.as_deref(),
            self.user_agent,
        ]
        .map(|text| escaped(text.unwrap_or("-")));
        format!(
            "{time} {client} {id} \"{method} {target} {version}\" {status} {bytes} bytes {micros} µs \
             {route} {scheme} \"{host}\" \"{referer}\" \"{agent}\"{user}\n"
        )
    }
}

/// A quotation mark or a control character could look like another field, or another line.
fn escaped(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        text.into()
    } else {
        text.escape_debug().to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(format: Format, target: &str, headers: &[(&str, &str)]) -> Option<String> {
        let event = Event::Answered {
            asked: Box::new(Asked::example(target, headers)),
            bytes: 3,
            micros: 42,
            status: 200,
        };
        line(format, jiff::Timestamp::UNIX_EPOCH, &event)
    }

    const HEADERS: [(&str, &str); 4] = [
        ("host", "nas"),
        ("user-agent", "a \"b\""),
        ("authorization", "Bearer secret"),
        ("referer", "https://nas/?Token=secret"),
    ];

    #[test]
    fn line_says_when_who_what_and_how_it_ended() {
        assert_eq!(
            of(Format::Text, "/a\" 500\x1b[2J", &HEADERS).as_deref(),
            Some(
                "1970-01-01T00:00:00.000Z 203.0.113.9 0f-1 \"GET /a\\\" 500\\u{1b}[2J HTTP/1.1\" 200 3 bytes 42 µs \
                 catalog https \"nas\" \"https://nas/?Token=***\" \"a \\\"b\\\"\"\n"
            )
        );
        assert_eq!(
            of(Format::Json, "/?key=secret", &HEADERS).as_deref(),
            Some(concat!(
                r#"{"time":"1970-01-01T00:00:00.000Z","id":"0f-1","client":"203.0.113.9","peer":"127.0.0.1","#,
                r#""method":"GET","target":"/?key=***","version":"HTTP/1.1","scheme":"https","host":"nas","#,
                r#""route":"catalog","status":200,"bytes":3,"micros":42,"referer":"https://nas/?Token=***","#,
                r#""user_agent":"a \"b\""}"#,
                "\n"
            ))
        );
        assert_eq!(of(Format::Off, "/", &HEADERS), None);
    }

    #[test]
    fn what_is_absent_is_a_dash_or_null() {
        let text = of(Format::Text, "/", &[]).expect("a line");
        assert!(
            text.ends_with("catalog https \"-\" \"-\" \"-\"\n"),
            "{text}"
        );
        let json = of(Format::Json, "/", &[]).expect("a line");
        assert!(json.contains(r#""host":null"#), "{json}");
    }
}
