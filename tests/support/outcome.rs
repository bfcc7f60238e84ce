//! What a program printed and how it ended, and the comparisons with what a test expects.

use std::path::PathBuf;
use std::process::Output;

use super::redact::redact;

/// An ended program whose exit code nobody has looked at yet.
#[must_use = "say how the program ended: `.success()` or `.failure(code)`"]
pub(crate) struct Outcome {
    pub(crate) line: String,
    pub(crate) output: Output,
    pub(crate) root: PathBuf,
}

impl Outcome {
    /// Demands exit code 0.
    #[track_caller]
    pub(crate) fn success(self) -> Checked {
        self.ended_with(0)
    }

    /// Demands this exit code, and no panic.
    #[track_caller]
    pub(crate) fn failure(self, code: i32) -> Checked {
        assert_ne!(code, 0, "`{}`: 0 is no failure", self.line);
        self.ended_with(code)
    }

    #[track_caller]
    fn ended_with(self, code: i32) -> Checked {
        let checked = Checked {
            code: self.output.status.code(),
            line: self.line,
            raw_stdout: self.output.stdout,
            stderr: redact(&String::from_utf8_lossy(&self.output.stderr), &self.root),
            root: self.root,
        };
        let Checked { line, stderr, .. } = &checked;
        assert!(
            !stderr.contains("panicked at"),
            "`{line}` panicked:\n{stderr}"
        );
        assert_eq!(
            checked.code,
            Some(code),
            "`{line}` ended otherwise\nstdout: {}\nstderr: {stderr}",
            checked.out()
        );
        checked
    }
}

/// An ended program whose exit code was the expected one.
pub(crate) struct Checked {
    code: Option<i32>,
    line: String,
    raw_stdout: Vec<u8>,
    root: PathBuf,
    stderr: String,
}

impl Checked {
    /// Demands exactly this on standard output, after redaction.
    #[track_caller]
    pub(crate) fn stdout(self, expected: &str) -> Self {
        assert_eq!(
            self.out(),
            expected,
            "stdout of `{}`; stderr:\n{}",
            self.line,
            self.stderr
        );
        self
    }

    /// Demands exactly this on standard error, after redaction.
    #[track_caller]
    pub(crate) fn stderr(self, expected: &str) -> Self {
        assert_eq!(self.stderr, expected, "stderr of `{}`", self.line);
        self
    }

    /// Demands this within standard output, after redaction.
    #[track_caller]
    pub(crate) fn stdout_has(self, part: &str) -> Self {
        let out = self.out();
        assert!(
            out.contains(part),
            "stdout of `{}` lacks `{part}`:\n{out}",
            self.line
        );
        self
    }

    /// Demands this within standard error, after redaction.
    #[track_caller]
    pub(crate) fn stderr_has(self, part: &str) -> Self {
        assert!(
            self.stderr.contains(part),
            "stderr of `{}` lacks `{part}`:\n{}",
            self.line,
            self.stderr
        );
        self
    }

    /// Returns standard output, redacted.
    pub(crate) fn out(&self) -> String {
        redact(&String::from_utf8_lossy(&self.raw_stdout), &self.root)
    }

    /// Returns standard error, redacted.
    pub(crate) fn err(&self) -> &str {
        &self.stderr
    }

    /// Returns the bytes of standard output as they are.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.raw_stdout
    }

    /// Parses standard output, not redacted.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.raw_stdout).unwrap_or_else(|error| {
            panic!("`{}` printed no JSON: {error}\n{}", self.line, self.out())
        })
    }
}
