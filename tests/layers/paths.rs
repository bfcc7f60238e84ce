//! Finds the paths (`crate::git::Repo`, `use super::{a, b::c}`) in Rust source, without a parser of the whole language.

/// A path with the modules inside the file in which it stands.
#[derive(Debug, PartialEq)]
pub(super) struct RustPath {
    /// Modules inside the file, such as `tests`.
    pub(super) inside: Vec<String>,
    pub(super) line: usize,
    pub(super) segments: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Colons,
    Other(char),
    Word(String),
}

/// Returns the paths of two or more segments, and all paths of `use` lines.
pub(super) fn paths(source: &str) -> Vec<RustPath> {
    let mut reader = Reader {
        at: 0,
        blocks: Vec::new(),
        found: Vec::new(),
        tokens: tokens(source),
    };
    while reader.at < reader.tokens.len() {
        reader.step();
    }
    reader.found
}

struct Reader {
    at: usize,
    /// Open braces, with the name of the module for those of one.
    blocks: Vec<Option<String>>,
    found: Vec<RustPath>,
    tokens: Vec<(Token, usize)>,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(token, _)| token)
    }

    fn word(&self, ahead: usize) -> Option<&str> {
        match self.peek(ahead)? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    fn step(&mut self) {
        match (self.word(0), self.word(1)) {
            // Not `use<'a>`, which says what a type captures.
            (Some("use"), _) if self.peek(1) != Some(&Token::Other('<')) => {
                self.at += 1;
                self.tree(&[]);
            }
            (Some("mod"), Some(name)) if self.peek(2) == Some(&Token::Other('{')) => {
                self.blocks.push(Some(name.to_owned()));
                self.at += 3;
            }
            (Some(_), _) => self.inline_path(),
            _ => self.punctuation(),
        }
    }

    fn punctuation(&mut self) {
        match self.peek(0) {
            Some(Token::Other('{')) => self.blocks.push(None),
            Some(Token::Other('}')) => drop(self.blocks.pop()),
            // What follows `::` after something else, as in `<T>::f` or `::std::x`, has its root elsewhere.
            Some(Token::Colons) if self.word(1).is_some() => self.at += 1,
            _ => {}
        }
        self.at += 1;
    }

    fn inline_path(&mut self) {
        let line = self.tokens[self.at].1;
        let after_dot = self.at > 0 && self.tokens[self.at - 1].0 == Token::Other('.');
        let segments = self.segments();
        if segments.len() > 1 && !after_dot {
            self.keep(segments, line);
        }
    }

    /// Reads `a::b::c`, and a last `::` that a group, `*` or `<` follows.
    fn segments(&mut self) -> Vec<String> {
        let mut segments = Vec::new();
        while let Some(word) = self.word(0) {
            segments.push(word.to_owned());
            self.at += 1;
            if self.peek(0) != Some(&Token::Colons) {
                break;
            }
            self.at += 1;
        }
        segments
    }

    /// Reads one tree of a `use` line, up to the `,`, `}` or `;` that ends it.
    fn tree(&mut self, prefix: &[String]) {
        if self.peek(0) == Some(&Token::Colons) {
            self.at += 1;
        }
        let line = self.tokens.get(self.at).map_or(0, |(_, line)| *line);
        let path = [prefix, &self.segments()].concat();
        if self.peek(0) == Some(&Token::Other('{')) {
            self.group(&path);
        } else {
            self.keep(path, line);
        }
        while !matches!(self.peek(0), None | Some(Token::Other(',' | '}' | ';'))) {
            self.at += 1;
        }
    }

    fn group(&mut self, prefix: &[String]) {
        self.at += 1;
        while !matches!(self.peek(0), None | Some(Token::Other('}'))) {
            self.tree(prefix);
            if self.peek(0) == Some(&Token::Other(',')) {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    fn keep(&mut self, segments: Vec<String>, line: usize) {
        let inside = self.blocks.iter().flatten().cloned().collect();
        self.found.push(RustPath {
            inside,
            line,
            segments,
        });
    }
}

/// Cuts source into words, `::` and other characters; comments, texts and lifetimes are left out.
fn tokens(source: &str) -> Vec<(Token, usize)> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let skipped = skipped_length(rest);
        let length = if skipped > 0 {
            skipped
        } else if is_word(first) {
            let length = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
            tokens.push((Token::Word(rest[..length].to_owned()), line));
            length
        } else if rest.starts_with("::") {
            tokens.push((Token::Colons, line));
            2
        } else {
            if !first.is_whitespace() {
                tokens.push((Token::Other(first), line));
            }
            first.len_utf8()
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Returns the length of the comment, text, character or lifetime at the start of `rest`.
fn skipped_length(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    let text = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    let prefix = rest.len() - text.len();
    if let Some(raw) = text
        .strip_prefix('r')
        .filter(|raw| raw.trim_start_matches('#').starts_with('"'))
    {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let body = &raw[hashes + 1..];
        return body
            .find(&end)
            .map_or(rest.len(), |at| rest.len() - body.len() + at + end.len());
    }
    match text.chars().next() {
        Some('"') => prefix + quoted_length(text, '"'),
        Some('\'') => prefix + character_length(text),
        _ => 0,
    }
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Tells `'a'` from the lifetime `'a`.
fn character_length(text: &str) -> usize {
    let mut letters = text.chars().skip(1);
    match (letters.next(), letters.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted_length(text, '\''),
        _ => text[1..]
            .find(|letter| !is_word(letter))
            .map_or(text.len(), |end| end + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<String> {
        let show = |path: RustPath| {
            [path.inside, vec![path.segments.join("::")]]
                .concat()
                .join(">")
        };
        paths(source).into_iter().map(show).collect()
    }

    #[test]
    fn use_trees_are_taken_apart() {
        let source =
            "use crate::{git::{self, Repo}, spk::*, a as b};\nuse clap;\npub(crate) use super::x;";
        assert_eq!(
            found(source),
            [
                "crate::git::self",
                "crate::git::Repo",
                "crate::spk",
                "crate::a",
                "clap",
                "super::x"
            ]
        );
    }

    #[test]
    fn paths_in_code_are_found_and_texts_are_not() {
        let source = r##"
            // crate::comment::x
            fn f<'a>(x: &'a crate::git::Repo) -> Vec<git2::Oid> { // '
                let s = "crate::text::x \" crate::y"; let r = r#"crate::"raw::x"#; let c = '"';
                x.collect::<Vec<_>>(); x.field; crate::spk::read::<u8>(b'\'', b"crate::z")
            }
            macro_rules! m { () => { $crate::pgp::f() } }
        "##;
        assert_eq!(
            found(source),
            [
                "crate::git::Repo",
                "git2::Oid",
                "crate::spk::read",
                "crate::pgp::f"
            ]
        );
    }

    #[test]
    fn modules_inside_the_file_are_known() {
        let source = "fn f() -> impl A + use<'a> {}\nmod tests { use super::x::y; fn f() { if a { b } } mod deep { use crate::z; } }\nuse super::q;";
        assert_eq!(
            found(source),
            ["tests>super::x::y", "tests>deep>crate::z", "super::q"]
        );
    }

    #[test]
    fn lines_are_counted_through_texts_and_comments() {
        let found = paths("/* a\n b */ \"c\n\"\n  use a::b;");
        assert_eq!((found.len(), found[0].line), (1, 4));
    }
}
