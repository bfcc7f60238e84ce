//! In which line and column of a document a key stands.
//!
//! Documents are parsed a second time for that, but only those with a finding.

use std::ops::Range;

use toml_edit::{Array, ArrayOfTables, Document, Item, Table, TableLike, Value};

/// What a part of a key names: the tables of an array are no items.
enum Node<'a> {
    Array(&'a Array),
    Tables(&'a ArrayOfTables),
    Table(&'a dyn TableLike),
    Other,
}

/// Returns line and column of `key`, both counted from 1; of the nearest part of it that is there when the document
/// does not state it, and nothing when it states no part of it.
pub(super) fn find(text: &str, key: &str) -> Option<(usize, usize)> {
    let document = Document::parse(text).ok()?;
    let mut offset = None;
    let mut node = Node::Table(document.as_table());
    for part in key.split('.') {
        let Some((span, next)) = step(&node, part) else {
            break;
        };
        offset = span.map(|span| span.start).or(offset);
        node = next;
    }
    offset.map(|offset| position(text, offset))
}

/// Returns where a part of a key stands, and what it names.
fn step<'a>(node: &Node<'a>, part: &str) -> Option<(Option<Range<usize>>, Node<'a>)> {
    match node {
        Node::Array(array) => Some((array.get(part.parse().ok()?)?.span(), Node::Other)),
        Node::Other => None,
        Node::Table(table) => {
            let (key, item) = table.get_key_value(part)?;
            // A table begins with its header, not with the part of the header that is its name.
            let header = item.as_table().and_then(Table::span);
            Some((header.or_else(|| key.span()), Node::of(item)))
        }
        Node::Tables(tables) => {
            let table = tables.get(part.parse().ok()?)?;
            Some((table.span(), Node::Table(table)))
        }
    }
}

impl<'a> Node<'a> {
    fn of(item: &'a Item) -> Self {
        match item {
            Item::ArrayOfTables(tables) => Self::Tables(tables),
            Item::Value(Value::Array(array)) => Self::Array(array),
            item => item.as_table_like().map_or(Self::Other, Self::Table),
        }
    }
}

/// Returns the line and the column of a byte.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "channel = 'beta'\narch = [\n  'é', 'b',\n]\n\n# why\n[spk]\n  size = 1\n\n\
        [text.languages.fre]\ndescription = 'd'\n\n[[exceptions]]\nrule = 'a'\n[[exceptions]]\nrule = 'b'\n";

    #[test]
    fn a_key_is_found_in_its_table_list_and_line() {
        for (key, place) in [
            ("channel", Some((1, 1))),
            ("arch", Some((2, 1))),
            ("arch.1", Some((3, 8))),
            ("spk", Some((7, 1))),
            ("spk.size", Some((8, 3))),
            ("text.languages.fre.description", Some((11, 1))),
            ("exceptions.1", Some((15, 1))),
            ("exceptions.1.rule", Some((16, 1))),
        ] {
            assert_eq!(find(TEXT, key), place, "{key}");
        }
    }

    #[test]
    fn of_a_key_that_is_not_stated_the_nearest_part_is_found() {
        assert_eq!(find(TEXT, "spk.md5"), Some((7, 1)));
        assert_eq!(find(TEXT, "arch.7"), Some((2, 1)));
        assert_eq!(find(TEXT, "yanked.reason"), None);
        assert_eq!(find("a = ", "a"), None);
    }
}
