//! The folder of an export: replaced as a whole, the same for the same commit, and never somebody else's.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fs_err as fs;

use super::{URL, varied};
use crate::support::digest::sha256;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// Returns the digest of every file below a folder.
fn contents(sandbox: &Sandbox, folder: &str) -> BTreeMap<PathBuf, String> {
    let root = sandbox.path(folder);
    let files = sandbox.files(folder).into_iter();
    let content = |(path, _): (PathBuf, u64)| {
        let bytes = fs::read(&path).expect("a readable file");
        let path = path.strip_prefix(&root).expect("below").to_owned();
        (path, sha256(&bytes))
    };
    files.map(content).collect()
}

fn one() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox.spk("a.spk", &Spk::new("a", "1.0-1").icon(72));
    sandbox.run("add --channel stable ../a.spk").success();
    sandbox
}

#[test]
fn same_commit_gives_the_same_bytes_anywhere() {
    let sandbox = varied();
    sandbox.git("clone --quiet --bare . ../elsewhere.git");
    let template = "--download-url 'https://example.org/{tag}/{file}'";
    sandbox
        .run(&format!("export --output ../site {URL} {template}"))
        .success();
    // Neither a blob nor a working tree is there.
    sandbox
        .run_in(
            "elsewhere.git",
            &format!("export --output ../other {URL} {template}"),
        )
        .success();
    let site = contents(&sandbox, "site");
    assert_eq!(site, contents(&sandbox, "other"));
    assert!(site.len() > 300, "{} files", site.len());
    assert!(
        !site
            .keys()
            .any(|path| path.extension().is_some_and(|ending| ending == "spk"))
    );
    let head = sandbox.head();
    sandbox
        .run("yank everywhere@1.0-1 --reason 'no more'")
        .success();
    sandbox
        .run(&format!(
            "export --output ../site --rev {head} {URL} {template}"
        ))
        .success();
    assert_eq!(contents(&sandbox, "site"), site);
}

#[test]
fn report_says_what_was_written() {
    let sandbox = one();
    let checked = sandbox
        .run(&format!(
            "export --output ../site {URL} --summary ../summary.md"
        ))
        .success();
    let out = checked.out();
    assert!(out.starts_with("exported "), "{out}");
    assert!(
        out.contains(" to ../site: 1 package, ") && out.contains(", 1 SPK, "),
        "{out}"
    );
    assert!(out.ends_with("https://example.org/spk/\n"), "{out}");
    let report = sandbox.run(&format!(
        "export --output ../site {URL} --summary ../summary.md --json"
    ));
    let report = report.success().json();
    assert_eq!(report["files"], sandbox.files("site").len());
    let sizes: u64 = sandbox.files("site").iter().map(|(_, size)| size).sum();
    assert_eq!(report["bytes"], sizes);
    assert_eq!(
        report["folders"],
        serde_json::json!(["dsm7.0", "dsm7.1", "dsm7.2", "dsm7.3", "dsm7.4"])
    );
    let summary = fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    assert_eq!(summary.matches("### Package source\n").count(), 2);
    assert!(summary.contains("For `dsm7.0`, `dsm7.1`"), "{summary}");
}

#[test]
fn nothing_stale_is_left() {
    let sandbox = varied();
    sandbox
        .run(&format!("export --output ../site {URL}"))
        .success();
    assert!(sandbox.path("site/packages/old").exists());
    sandbox.git("rm -r --quiet packages/old");
    sandbox.git("commit --quiet -m 'remove old'");
    sandbox
        .run(&format!("export --output ../site {URL}"))
        .success();
    assert!(!sandbox.path("site/packages/old").exists());
    let beside: Vec<String> = fs::read_dir(sandbox.root())
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(beside, [""; 0]);
    sandbox
        .run(&format!("export --output ../fresh {URL}"))
        .success();
    assert_eq!(contents(&sandbox, "site"), contents(&sandbox, "fresh"));
}

#[test]
fn what_no_export_wrote_is_not_touched() {
    let sandbox = one();
    let export = || sandbox.run(&format!("export --output ../site {URL}"));
    fs::create_dir(sandbox.path("site")).expect("a new folder");
    export().success();
    fs::write(sandbox.path("site/CNAME"), "example.org\n").expect("a writable folder");
    let before = contents(&sandbox, "site");
    let refused = export()
        .failure(2)
        .stderr_has("`[ROOT]/site` has `CNAME`, which no export wrote");
    assert!(
        refused.err().contains("hint: name a folder"),
        "{}",
        refused.err()
    );
    assert_eq!(contents(&sandbox, "site"), before);
    fs::remove_file(sandbox.path("site/CNAME")).expect("a file");
    fs::create_dir_all(sandbox.path("site/packages/.git")).expect("a new folder");
    export().failure(2).stderr_has("`packages/.git`");
    fs::remove_dir(sandbox.path("site/packages/.git")).expect("a folder");
    export().success();
    for (folder, file) in [("mine", "notes.txt"), ("theirs", "spkrepo.json")] {
        fs::create_dir(sandbox.path(folder)).expect("a new folder");
        fs::write(sandbox.path(folder).join(file), "{}").expect("a new file");
        sandbox
            .run(&format!("export --output ../{folder} {URL}"))
            .failure(2)
            .stderr_has("is not empty, and no export made it");
        assert_eq!(
            fs::read(sandbox.path(folder).join(file)).expect("a file"),
            b"{}"
        );
    }
    sandbox
        .run(&format!("export --output ../mine/notes.txt {URL}"))
        .failure(2)
        .stderr_has("is not a folder");
    sandbox.run(&format!("export --output . {URL}")).failure(2);
    assert_eq!(sandbox.status(), "");
}

#[test]
fn blobs_that_are_missing_are_named_and_nothing_is_written() {
    let sandbox = varied();
    fs::remove_dir_all(sandbox.path("repo/.git/lfs/objects")).expect("the blobs");
    let refused = sandbox
        .run(&format!("export --output ../site {URL}"))
        .failure(2);
    let lines = refused
        .err()
        .lines()
        .filter(|line| line.starts_with("  "))
        .count();
    refused
        .stderr_has("of the SPKs that are offered are not here")
        .stderr_has("  older older_1.0-1_dsm5.0-4458-noarch.spk (")
        .stderr_has("--download-url");
    assert_eq!(lines, 17);
    assert!(!sandbox.path("site").exists());
}

#[test]
fn addresses_come_from_flags_and_then_from_settings() {
    let sandbox = one();
    sandbox
        .run("export --output ../site")
        .failure(2)
        .stderr_has("it is not known where the files will be")
        .stderr_has("--url");
    let links = || {
        let file = fs::read(sandbox.path("site/dsm7.2/avoton.json")).expect("a catalog");
        let json: serde_json::Value = serde_json::from_slice(&file).expect("JSON");
        let entry = &json["packages"][0];
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        (text(&entry["link"]), text(&entry["thumbnail"][0]))
    };
    let settings = sandbox.read("spkrepo.toml");
    let own = "[export]\nurl = \"https://pages.example.org/\"\n\
        download_url = \"https://files.example.org/{tag}/{file}\"\n";
    let url = "[repository]\nurl = \"http://served.example.org\"\n";
    sandbox.write("spkrepo.toml", &settings.replace("[repository]\n", url));
    sandbox.git("commit --quiet -a -m url");
    sandbox.run("export --output ../site").success();
    assert!(
        links()
            .0
            .starts_with("http://served.example.org/packages/a/a_1.0-1")
    );
    sandbox.write(
        "spkrepo.toml",
        &format!("{}\n{own}", settings.replace("[repository]\n", url)),
    );
    sandbox.git("commit --quiet -a -m export");
    sandbox.run("export --output ../site").success();
    let (link, icon) = links();
    assert_eq!(
        link,
        "https://files.example.org/a-1.0-1/a_1.0-1_dsm7.0-40000-noarch.spk"
    );
    assert_eq!(
        icon,
        "https://pages.example.org/packages/a/1.0-1/icon_72.png"
    );
    sandbox
        .run("export --output ../site --url http://x --download-url 'http://y/{sha256}'")
        .success();
    let (link, icon) = links();
    assert!(link.starts_with("http://y/") && icon.starts_with("http://x/packages/"));
    sandbox
        .run("export --output ../site --download-url 'https://h/{fil}'")
        .failure(2)
        .stderr_has("`{fil}` is none of {build}, {file}, {package}, {sha256}, {tag} and {version}");
    let typo = own.replace("{file}", "{name}");
    sandbox.write("spkrepo.toml", &format!("{settings}\n{typo}"));
    sandbox.git("commit --quiet -a -m typo");
    sandbox
        .run("export --output ../site")
        .failure(2)
        .stderr_has("spkrepo.toml:")
        .stderr_has("`{name}` is none of {build}");
}

/// Returns the commit that a folder is the export of, when it is all of it.
fn whole(sandbox: &Sandbox) -> String {
    let manifest = fs::read(sandbox.path("site/spkrepo.json")).expect("an export is there");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let mut found = contents(sandbox, "site");
    found.remove(&PathBuf::from("spkrepo.json"));
    let files = manifest["files"].as_object().expect("a table");
    assert_eq!(found.len(), files.len());
    for (path, digest) in &found {
        let path = path.to_str().expect("UTF-8");
        assert_eq!(files[path]["sha256"], *digest, "{path}");
    }
    manifest["commit"].as_str().expect("a text").to_owned()
}

#[test]
fn killed_at_any_instant_the_old_export_or_the_new_one_is_there() {
    let sandbox = varied();
    let export = format!("export --output ../site {URL}");
    let start = std::time::Instant::now();
    sandbox.run(&export).success();
    let whole_run = start.elapsed();
    let old = sandbox.head();
    sandbox.run("yank old --reason 'no more'").success();
    let new = sandbox.head();
    let (mut olds, mut news) = (0, 0);
    const ROUNDS: u32 = 16;
    for round in 0..ROUNDS {
        sandbox.run(&format!("{export} --rev {old}")).success();
        let mut child = sandbox
            .spkrepo(&format!("{export} --rev {new}"))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the program");
        if round + 1 == ROUNDS {
            // However slow the machine is: the new one comes to be there.
            child.wait().expect("a child of this process");
        }
        std::thread::sleep(whole_run * round / ROUNDS);
        // One that has ended already needs no kill.
        child.kill().ok();
        child.wait().expect("a child of this process");
        let commit = whole(&sandbox);
        if commit == old {
            olds += 1;
        } else {
            assert_eq!(commit, new);
            news += 1;
        }
    }
    assert!(olds > 0 && news > 0, "{olds} old, {news} new");
    sandbox.run(&export).success();
    assert_eq!(whole(&sandbox), new);
    assert!(!sandbox.path(".site.spkrepo-export").exists());
}

#[test]
fn two_at_once_do_not_mix() {
    let sandbox = varied();
    let spawn = || {
        sandbox
            .spkrepo(&format!("export --output ../site {URL}"))
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the program")
    };
    let children: Vec<_> = (0..4).map(|_| spawn()).collect();
    let mut done = 0;
    for child in children {
        let output = child.wait_with_output().expect("a child of this process");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => done += 1,
            code => assert!(
                code == Some(2) && said.contains("another export to"),
                "{said}"
            ),
        }
    }
    assert!(done > 0);
    assert_eq!(whole(&sandbox), sandbox.head());
    assert!(!sandbox.path(".site.spkrepo-export").exists());
}
