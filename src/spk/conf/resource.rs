//! `conf/resource`: what DSM sets up for the package, one worker per key (developer guide, "Resource", "Resource Specification").

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use super::super::text::{clean, printable};
use super::super::warning::{Warning, Warnings};

/// Returns the names of the workers, sorted; a file that is not a JSON object is a warning.
pub(in crate::spk) fn parse(bytes: &[u8], warnings: &mut Warnings) -> Vec<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(bytes) {
        Ok(workers) => workers.keys().map(String::as_str).map(clean).collect(),
        Err(error) => {
            warnings.push(Warning::Json {
                place: "conf/resource".to_owned(),
                reason: printable(error.to_string().as_bytes()),
            });
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_sorted() {
        let mut warnings = Warnings::default();
        let text = br#"{"port-config": {"protocol-file": "x"}, "data-share": {"shares": []}}"#;
        assert_eq!(parse(text, &mut warnings), ["data-share", "port-config"]);
        assert!(warnings.into_vec().is_empty());
    }

    #[test]
    fn anything_but_an_object_is_a_warning() {
        let mut warnings = Warnings::default();
        assert!(parse(b"[1]", &mut warnings).is_empty());
        assert_eq!(warnings.into_vec().len(), 1);
    }
}
