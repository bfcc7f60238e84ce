//! `conf/privilege`: as whom the package's scripts and programs run (developer guide, "Privilege", "Privilege Specification").

use serde_json::Value;

use super::super::text::{clean, printable};
use super::super::warning::{Warning, Warnings};
use super::Privilege;

const PLACE: &str = "conf/privilege";

/// Reads the file; one that is not a JSON object is a warning, and unknown parts are passed over.
pub(in crate::spk) fn parse(bytes: &[u8], warnings: &mut Warnings) -> Privilege {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let reason = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Object(file)) => return read(&Value::Object(file)),
        Ok(_) => "it is not an object".to_owned(),
        Err(error) => printable(error.to_string().as_bytes()),
    };
    let place = PLACE.to_owned();
    warnings.push(Warning::Json { place, reason });
    Privilege::default()
}

fn read(file: &Value) -> Privilege {
    let run_as = file["defaults"]["run-as"].as_str().map(clean);
    let scripts = rows(file, "ctrl-script").filter_map(script);
    let programs = ["executable", "tool"]
        .into_iter()
        .flat_map(|list| rows(file, list))
        .filter_map(program);
    Privilege {
        root: scripts.chain(programs).collect(),
        run_as: run_as.filter(|user| !user.is_empty()),
    }
}

fn rows<'a>(file: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    file[list].as_array().into_iter().flatten()
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

fn script(row: &Value) -> Option<String> {
    (text(row, "run-as") == "root").then(|| format!("script {}", clean(text(row, "action"))))
}

/// A program runs as root when its row says so, or when it belongs to root and has the set-user-id bit.
fn program(row: &Value) -> Option<String> {
    let path = clean(text(row, "relpath"));
    let capabilities = clean(text(row, "capabilities"));
    if text(row, "run-as") == "root"
        || (text(row, "user") == "root" && sets_user_id(text(row, "permission")))
    {
        Some(format!("program {path}"))
    } else if capabilities.is_empty() {
        None
    } else {
        Some(format!("program {path} with {capabilities}"))
    }
}

/// Reads the octal mode of a file.
fn sets_user_id(permission: &str) -> bool {
    u32::from_str_radix(permission, 8).is_ok_and(|mode| mode & 0o4000 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn privilege(text: &str) -> (Privilege, Vec<Warning>) {
        let mut warnings = Warnings::default();
        let privilege = parse(text.as_bytes(), &mut warnings);
        (privilege, warnings.into_vec())
    }

    #[test]
    fn what_runs_as_root_is_listed_in_the_order_of_the_file() {
        let (privilege, warnings) = privilege(
            r#"{"defaults": {"run-as": "package"},
            "ctrl-script": [{"action": "postinst", "run-as": "root"}, {"action": "preinst", "run-as": "package"}],
            "executable": [{"relpath": "bin/a", "run-as": "root"}],
            "tool": [
                {"relpath": "bin/b", "user": "root", "permission": "4755"},
                {"relpath": "bin/c", "user": "root", "permission": "0755"},
                {"relpath": "bin/d", "user": "package", "capabilities": "cap_net_raw"},
                {"relpath": 7}, 7
            ]}"#,
        );
        assert_eq!(privilege.run_as.as_deref(), Some("package"));
        assert_eq!(
            privilege.root,
            [
                "script postinst",
                "program bin/a",
                "program bin/b",
                "program bin/d with cap_net_raw"
            ]
        );
        assert!(warnings.is_empty());
    }

    #[test]
    fn anything_but_an_object_is_a_warning() {
        for text in ["", "[]", "{", "{\"a\": 1} x", &"[".repeat(100_000)] {
            let (privilege, warnings) = privilege(text);
            assert_eq!(privilege, Privilege::default());
            assert!(matches!(warnings[..], [Warning::Json { .. }]), "{text:.9}");
        }
    }
}
