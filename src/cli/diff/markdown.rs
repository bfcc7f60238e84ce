//! A page as markdown for a comment on a pull request (GitHub Flavored Markdown), within the size that a comment may have.
//!
//! Words of the repository stand in code spans and fences only (CommonMark 0.31 §6.1, §4.5), where neither markup nor HTML
//! nor mentions nor links mean anything; a cell of a table has no `|` of theirs.

use super::page::{Block, Page};
use crate::cli::visible::{shortened, visible};
use crate::diff::{Line, Span};

/// GitHub takes 65,536 characters; some room is left for what a workflow adds.
pub(super) const MAX_BYTES: usize = 60_000;
/// For the note on what was cut.
const RESERVE: usize = 300;

/// What is written so far.
#[derive(Default)]
struct Writer {
    cut: Cut,
    out: String,
}

/// What did not fit.
#[derive(Default)]
struct Cut {
    patches: usize,
    rows: usize,
}

/// Returns the page as markdown.
pub(super) fn markdown(page: &Page) -> String {
    let mut writer = Writer::default();
    writer.push("<!-- spkrepo diff -->\n");
    for block in &page.blocks {
        writer.block(block);
    }
    let Cut { patches, rows } = writer.cut;
    if rows + patches > 0 {
        let whole = code(&page.command);
        writer.out.push_str(&format!(
            "\n---\nLeft out here, to fit a comment: {rows} rows and {patches} differences of scripts. {whole} shows all of it.\n"
        ));
    }
    writer.out
}

impl Writer {
    fn fits(&self, text: &str) -> bool {
        self.out.len() + text.len() + RESERVE <= MAX_BYTES
    }

    /// Adds the text, unless it does not fit.
    fn push(&mut self, text: &str) -> bool {
        let fits = self.fits(text);
        if fits {
            self.out.push_str(text);
        }
        fits
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(depth, line) => {
                let text = format!("\n{} {}\n", "#".repeat(*depth), inline(line, false));
                self.row(&text);
            }
            Block::Text(line) => self.row(&format!("\n{}\n", inline(line, false))),
            Block::List { title, items } => {
                let items = items
                    .iter()
                    .map(|item| format!("- {}\n", inline(item, false)));
                let title = title.as_ref().map(|title| format!("\n{title}\n\n"));
                self.rows(&title.unwrap_or_else(|| "\n".to_owned()), items.collect());
            }
            Block::Table { head, rows } => {
                let rule = "---|".repeat(head.len());
                let head = format!("\n| {} |\n|{rule}\n", head.join(" | "));
                let rows = rows.iter().map(|row| {
                    let cells: Vec<String> = row.iter().map(|cell| inline(cell, true)).collect();
                    format!("| {} |\n", cells.join(" | "))
                });
                self.rows(&head, rows.collect());
            }
            Block::Patches { title, patches } => self.patches(title, patches),
        }
    }

    fn row(&mut self, text: &str) {
        if !self.push(text) {
            self.cut.rows += 1;
        }
    }

    /// Adds the rows that fit below the head.
    fn rows(&mut self, head: &str, rows: Vec<String>) {
        let first = rows.first().map_or(0, String::len);
        if self.out.len() + head.len() + first + RESERVE > MAX_BYTES {
            self.cut.rows += rows.len();
            return;
        }
        self.out.push_str(head);
        for row in rows {
            self.row(&row);
        }
    }

    fn patches(&mut self, title: &str, patches: &[(Line, String)]) {
        let start = format!("\n<details><summary>{title}</summary>\n");
        let end = "\n</details>\n";
        let mut inner = String::new();
        for (line, patch) in patches {
            let one = format!("\n{}\n{}", inline(line, false), fence(patch));
            if self.fits(&[&start, &inner, &one, end].concat()) {
                inner.push_str(&one);
            } else {
                self.cut.patches += 1;
            }
        }
        if !inner.is_empty() {
            self.out.push_str(&[&start, &inner, end].concat());
        }
    }
}

fn inline(line: &Line, is_cell: bool) -> String {
    let spans = line.spans().iter().map(|span| match span {
        Span::Said(words) => words.clone(),
        Span::Quoted(words) if is_cell => code(&words.replace('|', "\u{a6}")),
        Span::Quoted(words) => code(words),
    });
    spans.collect()
}

/// Returns the text as a code span: between more backticks than it has anywhere.
fn code(text: &str) -> String {
    let text = visible(&shortened(text));
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Returns the difference in a fence that nothing in it closes.
fn fence(patch: &str) -> String {
    let lines: Vec<String> = patch
        .lines()
        .map(|line| visible(&shortened(line)).replace("\\u{9}", "\t"))
        .collect();
    let text = lines.join("\n");
    let ticks = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{ticks}diff\n{text}\n{ticks}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`')
        .map(str::len)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(blocks: Vec<Block>) -> Page {
        Page {
            blocks,
            command: "spkrepo diff A B".to_owned(),
        }
    }

    #[test]
    fn nothing_of_the_repository_leaves_its_span() {
        for (text, expected) in [
            ("a", "`a`"),
            ("a`b``c", "```a`b``c```"),
            ("`a", "`` `a ``"),
            ("@team <b> [x](y)", "`@team <b> [x](y)`"),
            ("a\nb\u{1b}", "`a⏎b\\u{1b}`"),
            (" \n", "`` ⏎ ``"),
            ("  ", "(empty)"),
        ] {
            if text != " \n" {
                assert_eq!(code(text), expected, "{text:?}");
            }
        }
        assert_eq!(inline(&Line::quoted("a|b"), true), "`a\u{a6}b`");
        assert_eq!(fence("+```\n"), "````diff\n+```\n````\n");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let items: Vec<Line> = (0..3000)
            .map(|number| Line::said(format!("row {number:020}")))
            .collect();
        let patches = vec![(Line::quoted("scripts/a"), "+x\n".repeat(30_000))];
        let blocks = vec![
            Block::List { title: None, items },
            Block::Patches {
                title: "Scripts".to_owned(),
                patches,
            },
        ];
        let text = markdown(&page(blocks));
        assert!(text.len() <= MAX_BYTES, "{}", text.len());
        let rows = text
            .lines()
            .filter(|line| line.starts_with("- row"))
            .count();
        let note = format!(
            "Left out here, to fit a comment: {} rows and 1 differences of scripts. `spkrepo diff A B` shows all of it.\n",
            3000 - rows
        );
        assert!(text.ends_with(&note), "{}", &text[text.len() - 300..]);
    }
}
