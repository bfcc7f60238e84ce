//! A page for a terminal, or for a file: columns, and colours when they are wanted.

use super::page::{Block, Page};
use crate::cli::table::table;
use crate::cli::visible::{shortened, visible};
use crate::diff::{Line, Span};

/// Escape sequences of ECMA-48 §8.3.117 (SGR), or nothing.
struct Paint {
    is_coloured: bool,
}

const BOLD: &str = "1";
const GREEN: &str = "32";
const RED: &str = "31";
const CYAN: &str = "36";

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.is_coloured {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Returns the page as text.
pub(super) fn terminal(page: &Page, is_coloured: bool) -> String {
    let paint = Paint { is_coloured };
    let blocks: Vec<String> = page
        .blocks
        .iter()
        .map(|block| shown(block, &paint))
        .collect();
    blocks.join("\n")
}

fn shown(block: &Block, paint: &Paint) -> String {
    match block {
        Block::Heading(_, line) => format!("{}\n", paint.with(BOLD, &plain(line))),
        Block::Text(line) => format!("{}\n", plain(line)),
        Block::List { title, items } => {
            let title = title.iter().map(|title| format!("{title}\n"));
            let items = items
                .iter()
                .map(|item| format!("  {}\n", severity(&plain(item), paint)));
            title.chain(items).collect()
        }
        Block::Table { head, rows } => {
            let head = head.iter().map(|cell| (*cell).to_owned()).collect();
            let rows = rows.iter().map(|row| row.iter().map(plain).collect());
            let text = table(&std::iter::once(head).chain(rows).collect::<Vec<_>>());
            text.lines().map(|line| format!("  {line}\n")).collect()
        }
        Block::Patches { title, patches } => {
            let patches = patches.iter().map(|(line, patch)| {
                let lines: String = patch.lines().map(|line| patch_line(line, paint)).collect();
                format!("  {}\n{lines}", plain(line))
            });
            std::iter::once(format!("{title}:\n"))
                .chain(patches)
                .collect()
        }
    }
}

fn plain(line: &Line) -> String {
    let spans = line.spans().iter().map(|span| match span {
        Span::Said(words) => words.replace("**", ""),
        Span::Quoted(words) => visible(&shortened(words)),
    });
    spans.collect()
}

/// Says the severity of a risk in a word and a colour.
fn severity(item: &str, paint: &Paint) -> String {
    for (mark, word, code) in [
        ("🔴 ", "high    ", RED),
        ("🟠 ", "medium  ", "33"),
        ("🔵 ", "low     ", CYAN),
    ] {
        if let Some(rest) = item.strip_prefix(mark) {
            return format!("{}{rest}", paint.with(code, word));
        }
    }
    item.to_owned()
}

fn patch_line(line: &str, paint: &Paint) -> String {
    let text = visible(&shortened(line)).replace("\\u{9}", "    ");
    let text = match line.chars().next() {
        Some('+') => paint.with(GREEN, &text),
        Some('-') => paint.with(RED, &text),
        Some('@') => paint.with(CYAN, &text),
        _ => text,
    };
    format!("    {text}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_the_programs_and_controls_are_spelt() {
        let blocks = vec![Block::Heading(2, Line::said("a ").quote("b\u{1b}[31m"))];
        let page = Page {
            blocks,
            command: String::new(),
        };
        assert_eq!(terminal(&page, false), "a b\\u{1b}[31m\n");
        assert_eq!(terminal(&page, true), "\u{1b}[1ma b\\u{1b}[31m\u{1b}[0m\n");
    }
}
