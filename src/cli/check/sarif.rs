//! Findings as SARIF, for code scanning.
//!
//! OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0": the sections are named where they decide.

use serde_json::{Value, json};

use crate::lint::{Finding, Rule, Severity};
use crate::ops::check::Report;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Returns the log of one run (§3.13).
pub(super) fn report(report: &Report, rules: &[Rule]) -> Value {
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(finding, rules))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "spkrepo",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.iter().map(described).collect::<Vec<_>>(),
            } },
            // §3.14.17: what columns count. Ours are characters.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// Returns a rule (§3.49).
fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.explain },
        "help": { "text": rule.help },
        "helpUri": rule.docs(),
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

/// Returns a finding (§3.27).
fn result(finding: &Finding, rules: &[Rule]) -> Value {
    let mut region = json!({ "startLine": finding.line });
    if let Some(column) = finding.column {
        region["startColumn"] = json!(column);
    }
    let text = format!("{} ({})", finding.message, finding.help);
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rules.iter().position(|rule| rule.id == finding.rule),
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&finding.path), "uriBaseId": "%SRCROOT%" },
            "region": region,
        } }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Note => "note",
        Severity::Warning => "warning",
    }
}

/// Returns a path as a relative reference (§3.4.3, RFC 3986 §3.3): a folder's name may have spaces, and `:` at first.
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(path, KEPT).to_string()
}
