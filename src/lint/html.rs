//! Whether a text is HTML that nothing can be done with but to show it.
//!
//! Package Center puts texts into its page as they are. What is known to be harmless is let through, and everything else
//! is named: a list of bad things would always lack one. The words are those of the HTML standard, 13.2.5 "Tokenization".

/// Elements that only shape a text.
const ELEMENTS: [&str; 40] = [
    "a",
    "b",
    "blockquote",
    "br",
    "center",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "tr",
    "u",
    "ul",
];

/// Those that have no end tag.
const VOID: [&str; 2] = ["br", "hr"];

/// Those whose end tag may be left out.
const OPTIONAL: [&str; 8] = ["dd", "dt", "li", "p", "tbody", "td", "th", "tr"];

/// Attributes that do nothing by themselves.
const ATTRIBUTES: [&str; 9] = [
    "align", "class", "color", "colspan", "href", "rel", "rowspan", "target", "title",
];

/// Returns what is not harmless, each once and in the order of the text.
pub(super) fn faults(text: &str) -> Vec<String> {
    let mut reader = Reader {
        faults: Vec::new(),
        open: Vec::new(),
        rest: text,
    };
    while let Some(start) = reader.rest.find('<') {
        reader.rest = &reader.rest[start + 1..];
        reader.tag();
    }
    let open = std::mem::take(&mut reader.open);
    for element in open
        .iter()
        .filter(|element| !OPTIONAL.contains(&element.as_str()))
    {
        reader.fault(format!("`<{element}>` is not closed"));
    }
    reader.faults
}

struct Reader<'a> {
    faults: Vec<String>,
    /// Elements whose end tag has not come yet.
    open: Vec<String>,
    rest: &'a str,
}

impl Reader<'_> {
    fn fault(&mut self, fault: String) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Reads what follows a `<`: only a letter, `/`, `!` or `?` makes it markup.
    fn tag(&mut self) {
        let Some(first) = self.rest.chars().next() else {
            return;
        };
        match first {
            '/' => self.end_tag(),
            '!' | '?' => self.fault(format!(
                "`<{first}` begins a comment or a declaration, which belongs in no text"
            )),
            first if first.is_ascii_alphabetic() => self.start_tag(),
            _ => {}
        }
    }

    fn end_tag(&mut self) {
        self.rest = &self.rest[1..];
        let name = self.name();
        let (inside, rest) = self.rest.split_once('>').unwrap_or((self.rest, ""));
        self.rest = rest;
        if !inside.trim().is_empty() {
            self.fault(format!("`</{name}` has more than a name in it"));
        }
        if !ELEMENTS.contains(&name.as_str()) {
            return;
        }
        // What is inside and may be left open ends with it.
        let begun = self.open.iter().rposition(|open| *open == name);
        match begun.filter(|index| {
            self.open[index + 1..]
                .iter()
                .all(|one| OPTIONAL.contains(&one.as_str()))
        }) {
            Some(index) => self.open.truncate(index),
            None => self.fault(format!("`</{name}>` closes nothing")),
        }
    }

    fn start_tag(&mut self) {
        let name = self.name();
        if !ELEMENTS.contains(&name.as_str()) {
            self.fault(format!("`<{name}>` does more than shape a text"));
        }
        loop {
            self.rest = self
                .rest
                .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            match self.rest.chars().next() {
                None => return self.fault(format!("the tag `<{name}` has no end")),
                Some('>') => break,
                Some(_) => self.attribute(&name),
            }
        }
        self.rest = &self.rest[1..];
        // Others were named already.
        if ELEMENTS.contains(&name.as_str()) && !VOID.contains(&name.as_str()) {
            self.open.push(name);
        }
    }

    fn name(&mut self) -> String {
        let end = self
            .rest
            .find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>');
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        name.to_ascii_lowercase()
    }

    fn attribute(&mut self, element: &str) {
        let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=');
        // A `=` at the very beginning is part of the name.
        let first = self.rest.chars().next().map_or(0, char::len_utf8);
        let end = self.rest[first..]
            .find(is_end)
            .map_or(self.rest.len(), |end| end + first);
        let (name, rest) = self.rest.split_at(end);
        let name = name.to_ascii_lowercase();
        self.rest = rest;
        let value = self.value();
        if !ATTRIBUTES.contains(&name.as_str()) {
            self.fault(format!(
                "`{name}` in `<{element}>` can do more than shape a text"
            ));
        } else if name == "href" && !is_web(&value) {
            self.fault(format!(
                "`href` in `<{element}>` leads to `{value}`, which is no address of the web"
            ));
        }
    }

    fn value(&mut self) -> String {
        let Some(rest) = self.rest.trim_start().strip_prefix('=') else {
            return String::new();
        };
        let rest = rest.trim_start();
        let quote = rest
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''));
        let (value, rest) = match quote {
            Some(quote) => rest[1..].split_once(quote).unwrap_or((&rest[1..], "")),
            None => {
                let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '>');
                rest.split_at(end.unwrap_or(rest.len()))
            }
        };
        self.rest = rest;
        value.to_owned()
    }
}

/// An address that begins otherwise could be a script, also one whose first letters are entities.
fn is_web(address: &str) -> bool {
    let lower = address.trim().to_ascii_lowercase();
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|start| lower.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shapes_a_text_is_harmless() {
        for text in [
            "",
            "1 < 2 > 0 & <3, a<",
            "Fixed<br>it<BR/><hr />",
            "<ul><li>one<li>two</ul><p>three",
            "<a href=\"https://example.org/?a=1&b=2\" target=_blank title='x > y'>there</a>",
            "<a href = http://example.org>there</a>",
            "<h2 class=x>New</h2><font color='#f00'>!</font>",
        ] {
            assert_eq!(faults(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn everything_else_is_named() {
        for (text, fault) in [
            (
                "<script>x</script>",
                "`<script>` does more than shape a text",
            ),
            ("<IMG src=x>", "`<img>` does more than shape a text"),
            ("<svg/onload=x>", "`<svg>` does more than shape a text"),
            (
                "<b onclick=\"x\">a</b>",
                "`onclick` in `<b>` can do more than shape a text",
            ),
            (
                "<b\nOnClick = x>a</b>",
                "`onclick` in `<b>` can do more than shape a text",
            ),
            (
                "<b/onclick=x>a</b>",
                "`onclick` in `<b>` can do more than shape a text",
            ),
            (
                "<b a='>' style=x>a</b>",
                "`a` in `<b>` can do more than shape a text",
            ),
            (
                "<a href=javascript:x>a</a>",
                "`href` in `<a>` leads to `javascript:x`, which is no address of the web",
            ),
            (
                "<a href=' &#106;avascript:x'>a</a>",
                "`href` in `<a>` leads to ` &#106;avascript:x`, which is no address of the web",
            ),
            (
                "<a href=data:text/html,x>a</a>",
                "`href` in `<a>` leads to `data:text/html,x`, which is no address of the web",
            ),
            (
                "<!-- a",
                "`<!` begins a comment or a declaration, which belongs in no text",
            ),
            (
                "<?php",
                "`<?` begins a comment or a declaration, which belongs in no text",
            ),
            ("<b>a", "`<b>` is not closed"),
            ("a</b>", "`</b>` closes nothing"),
            ("<b><i>a</b></i>", "`</b>` closes nothing"),
            ("<ul", "the tag `<ul` has no end"),
            ("<b></b x=1>", "`</b` has more than a name in it"),
            ("<a href=\"https://x>a</a>", "the tag `<a` has no end"),
        ] {
            assert_eq!(
                faults(text).first().map(String::as_str),
                Some(fault),
                "{text}"
            );
        }
    }
}
