//! A workflow as the tests need it: its jobs, and their steps in order.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::{run, tool};

/// A workflow file.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Workflow {
    pub(super) jobs: BTreeMap<String, Job>,
}

/// A job.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Job {
    #[serde(default)]
    pub(super) env: BTreeMap<String, Value>,
    #[serde(rename = "if")]
    pub(super) condition: Option<String>,
    pub(super) steps: Vec<Step>,
}

/// A step: an action that is used, or a script that is run.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Step {
    #[serde(default)]
    pub(super) env: BTreeMap<String, Value>,
    #[serde(rename = "if")]
    pub(super) condition: Option<String>,
    pub(super) run: Option<String>,
    pub(super) uses: Option<String>,
    #[serde(default)]
    pub(super) with: BTreeMap<String, Value>,
}

/// Prints a document of YAML 1.2, where `on` is a word, as JSON.
const TO_JSON: &str = "import json, sys; from ruamel.yaml import YAML; \
    json.dump(YAML(typ='safe').load(open(sys.argv[1])), sys.stdout)";

impl Workflow {
    /// Reads the workflow at `path`.
    pub(super) fn read(path: &Path) -> Self {
        let text = run(tool("python3").args(["-c", TO_JSON]).arg(path));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Returns every step with the name of its job.
    pub(super) fn steps(self) -> Vec<(String, Step)> {
        let jobs = self.jobs.into_iter();
        jobs.flat_map(|(name, job)| job.steps.into_iter().map(move |step| (name.clone(), step)))
            .collect()
    }
}
