//! Findings as annotations: workflow commands that GitHub shows at the lines of a pull request.
//!
//! GitHub, "Workflow commands for GitHub Actions": `::error file={name},line={line},title={title}::{message}`. What is
//! escaped, and how, is `actions/toolkit`, `packages/core/src/command.ts`.

use std::fmt::Write as _;

use crate::lint::{Finding, Severity};
use crate::ops::check::Report;

/// Returns a command for each finding.
pub(super) fn report(report: &Report) -> String {
    report.findings.iter().map(command).collect()
}

fn command(finding: &Finding) -> String {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Note => "notice",
        Severity::Warning => "warning",
    };
    let mut command = format!(
        "::{name} file={},line={}",
        property(&finding.path),
        finding.line
    );
    if let Some(column) = finding.column {
        write!(command, ",col={column}").expect("writing to a text cannot fail");
    }
    let message = format!(
        "{}\nhelp: {}\n{}",
        finding.message, finding.help, finding.docs
    );
    let title = property(finding.rule);
    command + &format!(",title={title}::{}\n", data(&message))
}

/// Escapes a message.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_end_a_property_or_a_command_is_escaped() {
        assert_eq!(property("a:b,c%\r\n"), "a%3Ab%2Cc%25%0D%0A");
        assert_eq!(data("a:b,c%\n::error::"), "a:b,c%25%0A::error::");
    }

    #[test]
    fn a_finding_is_one_command() {
        let finding = Finding {
            rule: "size-jump",
            severity: Severity::Warning,
            path: "packages/a,b/1.0-1/x.toml".to_owned(),
            line: 7,
            column: Some(3),
            message: "100% more".to_owned(),
            help: "look".to_owned(),
            docs: "https://example.org/#size-jump".to_owned(),
            fix: None,
        };
        assert_eq!(
            command(&finding),
            "::warning file=packages/a%2Cb/1.0-1/x.toml,line=7,col=3,title=size-jump::100%25 more%0Ahelp: look%0A\
             https://example.org/#size-jump\n"
        );
    }
}
