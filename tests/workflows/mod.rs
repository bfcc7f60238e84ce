//! The workflows of the template and of this project: what an attacker could use, whether GitHub would read them, and each of
//! their commands run as GitHub runs them.

mod lint;
mod runner;
mod setup_action;
mod template;
mod workflow;

use std::path::PathBuf;
use std::process::Command;

use crate::source_rules::root;
use crate::support::tool::tool as program;

/// Returns the workflows of a folder of the project.
fn workflows(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).expect("a folder of the project");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} has no workflow");
    files
}

/// Returns the command of a tool.
fn tool(name: &str) -> Command {
    Command::new(program(name))
}

/// Runs a tool and returns what it printed; demands success.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} is needed (see .ci/test): {error}"));
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    let text = text.concat();
    assert!(output.status.success(), "{command:?}\n{text}");
    text
}
