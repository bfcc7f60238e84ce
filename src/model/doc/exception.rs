//! `[[exceptions]]`: what a rule of `check` would find here is meant to be so.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::build_id::BuildId;
use crate::model::name::PackageName;
use crate::model::version::Version;

/// One exception, in `package.toml` or `spkrepo.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExceptionDoc {
    /// The id of the rule.
    pub(crate) rule: String,
    #[serde(deserialize_with = "not_blank")]
    pub(crate) reason: String,
    /// The package that it is for; in `package.toml` it is that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) package: Option<PackageName>,
    /// The release that it is for; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<Version>,
    /// The build that it is for; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) build: Option<BuildId>,
    /// The last day on which it counts, as `2027-01-31`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Date>,
}

/// An exception that nobody can judge later is none.
fn not_blank<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let reason = String::deserialize(deserializer)?;
    if reason.trim().is_empty() {
        let message = "the reason is empty: say why the rule does not apply here";
        return Err(serde::de::Error::custom(message));
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use crate::model::doc::{PackageDoc, read, write};

    #[test]
    fn an_exception_has_a_reason_and_perhaps_an_end() {
        let text = "maintainers = []\n\n[[exceptions]]\nrule = \"size-jump\"\nreason = \"manuals\"\n\
            version = \"2.0-1\"\nuntil = \"2027-01-31\"\n";
        let package: PackageDoc = read("package.toml", text.as_bytes()).expect("valid");
        assert_eq!(package.exceptions[0].until, "2027-01-31".parse().ok());
        assert_eq!(write(&package), text);
        for (from, to, line) in [
            ("\"manuals\"", "\" \"", 5),
            ("2027-01-31", "soon", 7),
            ("version", "versions", 6),
        ] {
            let broken = text.replace(from, to);
            let error = read::<PackageDoc>("package.toml", broken.as_bytes()).expect_err(to);
            assert_eq!(error.line, line, "{error}");
        }
    }
}
