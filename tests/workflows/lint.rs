//! The tools that others look at workflows with find nothing.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::workflow::Workflow;
use super::{run, tool, workflows};
use crate::source_rules::root;

/// Folders of workflows.
const FOLDERS: [&str; 2] = [".github/workflows", "repo-template/.github/workflows"];

fn all() -> Vec<std::path::PathBuf> {
    FOLDERS
        .iter()
        .flat_map(|folder| workflows(folder))
        .collect()
}

#[test]
fn an_attacker_finds_nothing_to_use() {
    let mut zizmor = tool("zizmor");
    zizmor.current_dir(root());
    let text = run(zizmor.args([
        "--offline",
        "--pedantic",
        ".github",
        "repo-template/.github",
    ]));
    for file in all() {
        let name = file
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .into_owned();
        assert!(text.contains(&name), "{name} was not looked at:\n{text}");
    }
}

#[test]
fn they_are_valid_by_githubs_schemas() {
    let files = |schema: &str| {
        let mut check = tool("check-jsonschema");
        check.current_dir(root());
        check.args(["--builtin-schema", &format!("vendor.{schema}")]);
        check
    };
    run(files("github-workflows").args(all()));
    run(files("github-actions").arg(".github/actions/setup/action.yml"));
    let dependabot = [
        ".github/dependabot.yml",
        "repo-template/.github/dependabot.yml",
    ];
    run(files("dependabot").args(dependabot));
}

#[test]
fn shellcheck_has_nothing_to_say_about_any_command() {
    for file in all() {
        let workflow = Workflow::read(&file);
        for (job, step) in workflow.steps() {
            let Some(script) = step.run else { continue };
            let mut shellcheck = Command::new("shellcheck")
                .args(["--shell", "bash", "-"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("`shellcheck` is needed (see .ci/test)");
            let mut input = shellcheck.stdin.take().expect("piped");
            input.write_all(script.as_bytes()).expect("it reads it all");
            drop(input);
            let output = shellcheck.wait_with_output().expect("a child");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{} {job}:\n{said}", file.display());
        }
    }
    let scripts = [".ci/run", ".ci/test", "tests/fuzz/run"].map(|script| root().join(script));
    let action = workflows(".github/actions/setup").into_iter();
    let action = action.filter(|file| file.extension().is_some_and(|end| end == "sh"));
    run(Command::new("shellcheck").args(scripts).args(action));
}

#[test]
fn no_value_from_outside_is_part_of_a_command() {
    for file in all() {
        for (job, step) in Workflow::read(&file).steps() {
            let script = step.run.unwrap_or_default();
            assert!(
                !script.contains("${{"),
                "{} {job}: {script}",
                file.display()
            );
        }
    }
}

#[test]
fn the_template_pins_one_commit_of_the_setup_action() {
    let mut pins: Vec<String> = Vec::new();
    for file in workflows(FOLDERS[1]) {
        for (_, step) in Workflow::read(&file).steps() {
            pins.extend(step.uses.filter(|uses| uses.contains("actions/setup@")));
        }
    }
    pins.sort();
    pins.dedup();
    let [pin] = pins.as_slice() else {
        panic!("{pins:?}");
    };
    let (_, commit) = pin.split_once('@').expect("a pin");
    assert!(
        commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{pin}"
    );
}
