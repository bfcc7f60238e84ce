//! The access log of `serve`: [`mod@line`] words it, [`redact`] takes secrets out, [`writer`] writes it.

mod line;
mod redact;
mod writer;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use fs_err as fs;

pub(super) use self::redact::redacted;
use self::writer::{Open, Writer};
use super::ui::Out;
use crate::http::Event;
use crate::model::setting::AccessLog as Format;

/// An open log of requests.
pub(super) struct AccessLog {
    format: Format,
    /// Lines that could not be written.
    pub(super) lost: Arc<AtomicU64>,
    /// Absent when there is nothing to write.
    writer: Option<Writer>,
}

/// Says that the log cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot append to the access log `{}`", path.display())]
pub(super) struct AccessLogError {
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

impl AccessLog {
    /// Opens the log; lines are appended to `file` if there is one.
    pub(super) fn open(format: Format, file: Option<&Path>) -> Result<Self, AccessLogError> {
        let lost = Arc::default();
        let path = file.map(Path::to_owned);
        let open: Open = Box::new(move || sink(path.as_deref()));
        let start = || Writer::start(open()?, open, Arc::clone(&lost));
        let writer = match format {
            Format::Off => None,
            Format::Json | Format::Text => Some(start().map_err(|source| AccessLogError {
                path: file.unwrap_or(Path::new("standard output")).to_owned(),
                source,
            })?),
        };
        Ok(Self {
            format,
            lost,
            writer,
        })
    }

    /// Writes a line for an exchange that is over, soon.
    pub(super) fn write(&self, event: &Event) {
        if let Some(writer) = &self.writer
            && let Some(line) = line::line(self.format, jiff::Timestamp::now(), event)
        {
            writer.put(&line);
        }
    }

    /// Writes what waits, at the end.
    pub(super) fn close(&self) {
        if let Some(writer) = &self.writer {
            writer.close();
        }
    }

    /// Opens the file again, which may have been moved away.
    pub(super) fn reopen(&self) {
        if let Some(writer) = &self.writer {
            writer.reopen();
        }
    }
}

/// Standard output is for requests alone: what is not of requests is on standard error.
fn sink(file: Option<&Path>) -> std::io::Result<Box<dyn Write + Send>> {
    let Some(path) = file else {
        return Ok(Box::new(Out));
    };
    let file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)?;
    Ok(Box::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Asked;

    #[test]
    fn lines_are_appended_to_the_file_and_to_a_new_one_once_it_was_moved() {
        let folder = tempfile::tempdir().expect("a writable folder");
        let [path, moved] = ["access.log", "access.log.1"].map(|name| folder.path().join(name));
        let log = |target: &str| Event::Answered {
            asked: Box::new(Asked::example(target, &[])),
            bytes: 0,
            micros: 1,
            status: 404,
        };
        for target in ["/1", "/2"] {
            let open = AccessLog::open(Format::Json, Some(&path)).expect("a writable file");
            open.write(&Event::Refused {
                cause: "it is no request",
                id: "a".to_owned(),
                peer: std::net::Ipv4Addr::LOCALHOST.into(),
                status: 400,
            });
            open.write(&log(target));
        }
        let text = fs::read_to_string(&path).expect("the log");
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("\"/1\"") && text.contains("\"/2\""), "{text}");
        let open = AccessLog::open(Format::Json, Some(&path)).expect("a writable file");
        fs::rename(&path, &moved).expect("a writable folder");
        open.reopen();
        while !path.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        open.write(&log("/3"));
        drop(open);
        assert_eq!(fs::read_to_string(&moved).expect("the old log"), text);
        let text = fs::read_to_string(&path).expect("the new log");
        assert!(text.contains("\"/3\""), "{text}");
        let error = AccessLog::open(Format::Text, Some(folder.path())).map(drop);
        let error = error.expect_err("a folder is no file");
        assert!(error.to_string().contains("cannot append"), "{error}");
    }
}
