//! The lines that `serve` writes of requests, as text or as JSON.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use fs_err as fs;
use serde_json::json;

use super::ui::Ui;
use crate::http::Event;
use crate::model::setting::AccessLog as Format;

/// Where the lines go.
enum Sink {
    File(Mutex<fs::File>),
    /// Standard output: what is not of requests is on standard error.
    Out(Ui),
}

/// An open log of requests.
pub(super) struct AccessLog {
    format: Format,
    sink: Sink,
}

/// Says that the log cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot append to the access log `{path}`")]
pub(super) struct AccessLogError {
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

impl AccessLog {
    /// Opens the log; lines are appended to `file` if there is one.
    pub(super) fn open(format: Format, file: Option<&Path>) -> Result<Self, AccessLogError> {
        let sink = match file {
            Some(path) if format != Format::Off => Sink::File(Mutex::new(append(path)?)),
            _ => Sink::Out(Ui::new()),
        };
        Ok(Self { format, sink })
    }

    /// Writes a line for an exchange that is over.
    pub(super) fn write(&self, event: &Event) {
        let now = jiff::Timestamp::now();
        let Some(line) = line(self.format, now, event) else {
            return;
        };
        match &self.sink {
            Sink::Out(ui) => ui.out(&line),
            Sink::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                // A full disk must not stop the answers.
                let _ = file.write_all(line.as_bytes());
            }
        }
    }
}

fn append(path: &Path) -> Result<fs::File, AccessLogError> {
    let opened = fs::OpenOptions::new().append(true).create(true).open(path);
    opened.map_err(|source| AccessLogError {
        path: path.to_owned(),
        source,
    })
}

fn line(format: Format, now: jiff::Timestamp, event: &Event) -> Option<String> {
    let Event::Answered {
        bytes,
        method,
        micros,
        peer,
        status,
        target,
    } = event
    else {
        return None;
    };
    let time = format!("{now:.3}");
    match format {
        Format::Off => None,
        Format::Json => {
            let entry = json!({
                "time": time, "peer": peer, "method": method, "target": target,
                "status": status, "bytes": bytes, "micros": micros,
            });
            Some(format!("{entry}\n"))
        }
        Format::Text => {
            // A quotation mark or a control character in the target could look like another field.
            let target = target.escape_debug();
            Some(format!(
                "{time} {peer} \"{method} {target}\" {status} {bytes} bytes {micros} µs\n"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(format: Format, target: &str) -> Option<String> {
        let event = Event::Answered {
            bytes: 3,
            method: "GET".to_owned(),
            micros: 42,
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            status: 200,
            target: target.to_owned(),
        };
        line(format, jiff::Timestamp::UNIX_EPOCH, &event)
    }

    #[test]
    fn line_says_when_who_what_and_how_it_ended() {
        assert_eq!(
            of(Format::Text, "/a\" 500\x1b[2J").as_deref(),
            Some(
                "1970-01-01T00:00:00.000Z 127.0.0.1 \"GET /a\\\" 500\\u{1b}[2J\" 200 3 bytes 42 µs\n"
            )
        );
        assert_eq!(
            of(Format::Json, "/a\"").as_deref(),
            Some(concat!(
                r#"{"time":"1970-01-01T00:00:00.000Z","peer":"127.0.0.1","method":"GET","target":"/a\"","#,
                r#""status":200,"bytes":3,"micros":42}"#,
                "\n"
            ))
        );
        assert_eq!(of(Format::Off, "/"), None);
    }

    #[test]
    fn lines_are_appended_to_the_file() {
        let folder = tempfile::tempdir().expect("a writable folder");
        let path = folder.path().join("access.log");
        for total in 1..=2 {
            let log = AccessLog::open(Format::Json, Some(&path)).expect("a writable file");
            log.write(&Event::Refused {
                cause: "it is no request",
                peer: std::net::Ipv4Addr::LOCALHOST.into(),
                status: 400,
            });
            log.write(&Event::Answered {
                bytes: 0,
                method: "GET".to_owned(),
                micros: 1,
                peer: std::net::Ipv4Addr::LOCALHOST.into(),
                status: 404,
                target: format!("/{total}"),
            });
        }
        let text = fs::read_to_string(&path).expect("the log");
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("\"/1\"") && text.contains("\"/2\""), "{text}");
        let error = AccessLog::open(Format::Text, Some(folder.path())).map(drop);
        let error = error.expect_err("a folder is no file");
        assert!(error.to_string().contains("cannot append"), "{error}");
    }
}
