//! Runs the jobs of a workflow in a clone as GitHub's runners do: the same shell, the same files and variables.
//!
//! What stands in for GitHub itself: expressions are looked up in a table that the test fills, artifacts are folders, and the
//! actions that check out, install and upload are done here. An expression or action that is not known fails the test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fs_err as fs;
use serde_json::Value;

use super::workflow::{Job, Step, Workflow};
use crate::support::sandbox::Sandbox;

/// A runner, and what it knows of the event that started it.
pub(super) struct Runner<'a> {
    /// The folder of the checkout, in the sandbox.
    folder: &'a str,
    sandbox: &'a Sandbox,
    /// What each expression is.
    values: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
}

/// What a job that was run left.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// What its commands printed.
    pub(super) log: String,
    pub(super) succeeded: bool,
    /// What it wrote for the page of the run.
    pub(super) summary: String,
}

impl<'a> Runner<'a> {
    /// Makes a runner for the clone in `folder` of the sandbox, whose programs stand before all others.
    pub(super) fn new(sandbox: &'a Sandbox, folder: &'a str) -> Self {
        for folder in ["artifacts", "runner", "programs"] {
            fs::create_dir_all(sandbox.path(folder)).expect("a folder");
        }
        let (program, path) = (
            env!("CARGO_BIN_EXE_spkrepo"),
            std::env::var("PATH").expect("a PATH"),
        );
        let own = Path::new(program)
            .parent()
            .expect("a file in a folder")
            .display();
        let path = format!("{}:{own}:{path}", sandbox.path("programs").display());
        let temporary = sandbox.path("runner").display().to_string();
        let variables = [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("PATH", &path),
            ("RUNNER_TEMP", &temporary),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            folder,
            sandbox,
            values: BTreeMap::new(),
            variables: variables.map(owned).into(),
        }
    }

    /// Sets a variable that GitHub sets.
    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Says what an expression is.
    pub(super) fn value(mut self, expression: &str, value: &str) -> Self {
        self.values.insert(expression.to_owned(), value.to_owned());
        self
    }

    /// Runs a job of `.github/workflows/<workflow>.yml` as it is in the checkout.
    pub(super) fn run(&self, workflow: &str, job: &str) -> Done {
        let file = format!("{}/.github/workflows/{workflow}.yml", self.folder);
        let workflow = Workflow::read(&self.sandbox.path(&file));
        let job = &workflow.jobs[job];
        assert!(
            self.is_true(job.condition.as_deref(), true),
            "the job is left out"
        );
        self.run_job(job)
    }

    fn run_job(&self, job: &Job) -> Done {
        let files =
            ["env", "output", "path", "summary"].map(|name| self.sandbox.path("runner").join(name));
        for file in &files {
            fs::write(file, "").expect("a writable folder");
        }
        let mut done = Done {
            succeeded: true,
            ..Done::default()
        };
        for step in &job.steps {
            if !self.is_true(step.condition.as_deref(), done.succeeded) {
                continue;
            }
            match (&step.run, &step.uses) {
                (Some(script), None) => {
                    let output = self.shell(script, job, step, &files);
                    done.succeeded &= output.status.success();
                    for stream in [&output.stdout, &output.stderr] {
                        done.log.push_str(&String::from_utf8_lossy(stream));
                    }
                }
                (None, Some(action)) => self.act(action, step),
                _ => panic!("a step runs a script or uses an action: {step:?}"),
            }
        }
        done.summary = fs::read_to_string(&files[3]).expect("a file of this runner");
        done
    }

    /// Runs a script as a step without `shell` is run (docs.github.com, "jobs.<job_id>.steps[*].shell": `bash -e {0}`).
    fn shell(&self, script: &str, job: &Job, step: &Step, files: &[PathBuf; 4]) -> Output {
        let path = self.sandbox.path("runner/script.sh");
        fs::write(&path, script).expect("a writable folder");
        let arguments = ["-e".to_owned(), path.display().to_string()];
        let mut command: Command = self.sandbox.command("bash", &arguments);
        command
            .current_dir(self.sandbox.path(self.folder))
            .envs(&self.variables);
        for (name, value) in job.env.iter().chain(&step.env) {
            command.env(name, self.filled(value));
        }
        for (name, file) in [
            "GITHUB_ENV",
            "GITHUB_OUTPUT",
            "GITHUB_PATH",
            "GITHUB_STEP_SUMMARY",
        ]
        .iter()
        .zip(files)
        {
            command.env(name, file);
        }
        for line in fs::read_to_string(&files[0])
            .expect("a file of this runner")
            .lines()
        {
            let (name, value) = line.split_once('=').expect("NAME=VALUE");
            command.env(name, value);
        }
        command.output().expect("`bash` is needed")
    }

    /// Does what an action does.
    fn act(&self, action: &str, step: &Step) {
        let name = action.split_once('@').map_or(action, |(name, _)| name);
        let with = |key: &str| step.with.get(key).map(|value| self.filled(value));
        let artifact =
            |name: Option<String>| self.sandbox.path("artifacts").join(name.expect("a name"));
        let here = |path: Option<String>| {
            self.sandbox
                .path(self.folder)
                .join(path.unwrap_or_default())
        };
        match name {
            // The clone and the program are there.
            "actions/checkout" | "spkrepo/spkrepo/.github/actions/setup" => {}
            "actions/upload-artifact" => copy(&here(with("path")), &artifact(with("name"))),
            "actions/download-artifact" => copy(&artifact(with("name")), &here(with("path"))),
            "actions/upload-pages-artifact" => {
                let folder = artifact(Some("github-pages".to_owned()));
                fs::create_dir_all(&folder).expect("a folder");
                let status = Command::new("tar")
                    .arg("-cf")
                    .arg(folder.join("artifact.tar"))
                    .arg("-C")
                    .arg(here(with("path")))
                    .arg(".")
                    .status();
                assert!(status.expect("`tar` is needed").success());
            }
            _ => panic!("the runner does not know the action {name}"),
        }
    }

    /// Returns a value with its expressions replaced.
    fn filled(&self, value: &Value) -> String {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut parts = text.split("${{");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (expression, rest) = part.split_once("}}").expect("an expression ends");
            filled.push_str(self.looked_up(expression.trim()));
            filled.push_str(rest);
        }
        filled
    }

    fn looked_up(&self, expression: &str) -> &str {
        self.values
            .get(expression)
            .unwrap_or_else(|| panic!("the test does not say what `{expression}` is"))
    }

    /// Returns whether what has this condition is run; without one, what comes after a failure is not.
    fn is_true(&self, condition: Option<&str>, succeeded: bool) -> bool {
        let Some(condition) = condition else {
            return succeeded;
        };
        let condition = condition
            .trim_start_matches("${{")
            .trim_end_matches("}}")
            .trim();
        match condition {
            "!cancelled()" => true,
            _ => succeeded && self.looked_up(condition) == "true",
        }
    }
}

/// Copies a file into the folder `to`, or what is in a folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    let from = if from.is_dir() {
        from.join(".")
    } else {
        from.to_owned()
    };
    let status = Command::new("cp").arg("-R").arg(from).arg(to).status();
    assert!(status.expect("a POSIX system").success());
}
