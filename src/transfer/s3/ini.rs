//! The files in `~/.aws`: sections with keys and values (AWS SDKs and Tools Reference Guide, "Format of the config and
//! credentials files").

use std::collections::BTreeMap;

/// Returns the keys of the section that is called one of `names`; nothing if there is none. The last one stated counts.
///
/// What belongs to a key (`s3 =` with lines that are set in) is left out: nothing of it is used here.
pub(super) fn section(text: &str, names: &[&str]) -> Option<BTreeMap<String, String>> {
    let mut found = None;
    let mut is_inside = false;
    for line in text.lines() {
        let is_nested = line.starts_with([' ', '\t']);
        let line = without_comment(line);
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            let words: Vec<&str> = header.split_whitespace().collect();
            is_inside = names.contains(&words.join(" ").as_str());
            if is_inside {
                found.get_or_insert_with(BTreeMap::new);
            }
        } else if let (true, false, Some((key, value))) =
            (is_inside, is_nested, line.split_once('='))
        {
            let section = found.get_or_insert_with(BTreeMap::new);
            section.insert(key.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    found
}

/// A comment begins a line, or comes after a blank.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with(['#', ';']) {
        return "";
    }
    let end = [" #", " ;", "\t#", "\t;"]
        .into_iter()
        .filter_map(|mark| line.find(mark))
        .min();
    line[..end.unwrap_or(line.len())].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# mine
[default]
aws_access_key_id = AKIA#1 ; a comment
aws_secret_access_key=a/b+c==

[ profile   work ]
Region = eu-central-1
s3 =
  endpoint_url = https://nested.example.org
[profile other]
region = us-east-1
";

    #[test]
    fn a_section_has_its_own_keys() {
        let default = section(TEXT, &["default"]).expect("it is there");
        assert_eq!(default["aws_access_key_id"], "AKIA#1");
        assert_eq!(default["aws_secret_access_key"], "a/b+c==");
        let work = section(TEXT, &["work", "profile work"]).expect("it is there");
        assert_eq!(work["region"], "eu-central-1");
        assert!(!work.contains_key("endpoint_url"));
        assert_eq!(section(TEXT, &["nobody"]), None);
    }
}
