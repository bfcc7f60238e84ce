//! README's commands run as they stand there.
//!
//! A block that begins with ```` ```sh test ```` is run; one of plain `sh` is not (it would not end, or needs a network).
//! The blocks run in their order, each in a shell of its own that stops at the first failure, all in one folder, which
//! has `hello.spk` at first. `spkrepo` is the program under test.

use std::path::Path;

use crate::source_rules::root;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const FENCE: &str = "```";
const RUN: &str = "```sh test";

/// Returns the blocks of a Markdown text that are to be run, each with the number of its first line.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut is_other = false;
    for (number, line) in (1..).zip(text.lines()) {
        match &mut open {
            Some(_) if line == FENCE => blocks.extend(open.take()),
            Some((_, block)) => block.extend([line, "\n"]),
            None if is_other => is_other = line != FENCE,
            None if line == RUN => open = Some((number + 1, String::new())),
            None => is_other = line.starts_with(FENCE),
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn path_with_program() -> std::ffi::OsString {
    let program = Path::new(env!("CARGO_BIN_EXE_spkrepo"));
    let mut folders = vec![program.parent().expect("a folder").to_owned()];
    folders.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    std::env::join_paths(folders).expect("folders of a path")
}

#[test]
fn the_commands_of_the_readme_work() {
    let readme = fs_err::read_to_string(root().join("README.md")).unwrap_or_default();
    let sandbox = Sandbox::new();
    let privilege = r#"{"defaults": {"run-as": "package"}}"#;
    let hello = Spk::new("hello", "1.0-1").icon(72).icon(256);
    sandbox.spk("hello.spk", &hello.conf("privilege", privilege));
    for (line, block) in blocks(&readme) {
        let mut command = sandbox.command("sh", &["-euc".to_owned(), block.clone()]);
        command
            .current_dir(sandbox.root())
            .env("PATH", path_with_program());
        let output = command.output().expect("a POSIX system");
        assert!(
            output.status.success(),
            "README.md, line {line}:\n{block}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn only_marked_blocks_are_run() {
    let text = "a\n```sh test\none\ntwo\n```\n```sh\nthree\n```\n```text\n```sh test\n```\n```sh test\nfour\n```\n";
    let found = blocks(text);
    assert_eq!(
        found,
        [(3, "one\ntwo\n".to_owned()), (13, "four\n".to_owned())]
    );
}
