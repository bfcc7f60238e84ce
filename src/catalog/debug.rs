//! The entry that shows a device its own request in its Package Center (gosspks, `--debug-package`).

use serde_json::{Value, json};

use super::entry::link;

/// Not the name of gosspks's entry, `debug`: somebody may offer a package of that name.
const NAME: &str = "spkrepo-debug";

/// Returns `catalog` with one entry more, whose description lists `lines`.
pub(crate) fn with_debug_entry(
    catalog: &[u8],
    base_url: &str,
    lines: &[(String, String)],
) -> Vec<u8> {
    let mut catalog: Value = serde_json::from_slice(catalog).expect("the catalog is JSON");
    let packages = match &mut catalog {
        Value::Object(keys) => keys.get_mut("packages"),
        list => Some(list),
    };
    if let Some(Value::Array(packages)) = packages {
        packages.push(entry(base_url, lines));
    }
    serde_json::to_vec(&catalog).expect("JSON has text keys")
}

/// Not marked as a beta, as it is in gosspks: DSM 7 hides such entries. Nothing is at its link.
fn entry(base_url: &str, lines: &[(String, String)]) -> Value {
    json!({
        "package": NAME,
        "version": concat!(env!("CARGO_PKG_VERSION"), "-1"),
        "dname": "spkrepo debug",
        "desc": description(lines),
        "maintainer": "spkrepo",
        "link": link(base_url, &["packages", NAME, "nothing.spk"]),
        "md5": "d41d8cd98f00b204e9800998ecf8427e",
        "size": 0,
        "thumbnail": [],
        "snapshot": [],
        "qinst": false,
        "qstart": false,
        "qupgrade": false,
        "deppkgs": null,
        "conflictpkgs": null,
        "download_count": 0,
        "recent_download_count": 0,
    })
}

/// Package Center may take a description for HTML: what was sent must not become markup.
fn description(lines: &[(String, String)]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.join("\n").replace('<', "‹").replace('>', "›")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_of_the_catalog_gets_the_entry() {
        let lines = [("arch".to_owned(), "<b>avoton".to_owned())];
        for (catalog, pointer) in [
            ("[]", "/0"),
            (r#"{"packages":[]}"#, "/packages/0"),
            (r#"{"keyrings":[],"packages":[{}]}"#, "/packages/1"),
        ] {
            let bytes = with_debug_entry(catalog.as_bytes(), "http://nas", &lines);
            let catalog: Value = serde_json::from_slice(&bytes).expect("JSON");
            let entry = catalog.pointer(pointer).expect("an entry");
            assert_eq!(entry["desc"], "arch: ‹b›avoton");
            assert_eq!(
                entry["link"],
                "http://nas/packages/spkrepo-debug/nothing.spk"
            );
            assert!(entry.get("beta").is_none());
        }
    }
}
