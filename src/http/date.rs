//! Dates as conditions compare them: whole seconds (RFC 9110 §5.6.7, §8.8.2).
//!
//! Only downloads have one. A catalog or a picture has none that is true: those of commits go back when a branch is set
//! back, or takes in what was committed elsewhere, and then `If-Modified-Since` would keep what is not there any more.
//! Tools that compare dates (`curl -z`, `wget -N`) are for files; whoever keeps a catalog has its entity tag.

use std::fmt;
use std::fs::File;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date(u64);

impl Date {
    /// Returns when the bytes of `file` came here: nothing is written to a blob once it is in its place.
    ///
    /// One that is yet to come is none, since no answer may name a date after its own (§8.8.2.1).
    pub(crate) fn of(file: &File) -> Option<Self> {
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        let modified = modified.ok().filter(|time| *time <= SystemTime::now())?;
        Self::at(modified)
    }

    /// Reads each of the three forms that a date may have.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::at(httpdate::parse_http_date(text.trim()).ok()?)
    }

    fn at(time: SystemTime) -> Option<Self> {
        let since = time.duration_since(UNIX_EPOCH).ok()?;
        Some(Self(since.as_secs()))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(self.0)).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_are_one_date() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            let date = Date::parse(text).expect("a date");
            assert_eq!(date.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
        }
    }

    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            "0",
            "1994-11-06T08:49:37Z",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn date_of_a_file_is_in_the_past() {
        let file = tempfile::tempfile().expect("a temporary file");
        let date = Date::of(&file).expect("a date");
        assert!(Date::at(SystemTime::now()).expect("after 1970") >= date);
        let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
        file.set_modified(tomorrow).expect("an open file");
        assert_eq!(Date::of(&file), None);
    }
}
