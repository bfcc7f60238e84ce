//! `spkrepo check`: what is looked at, how findings are shown, exceptions, mending. Each rule has its own tests beside it.

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const RELEASE: &str = "packages/demo/1.0-1/release.toml";
const PACKAGE: &str = "packages/demo/package.toml";

/// Makes a repository with one release on the channel `stable`, and commits it.
fn repository() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox.spk("demo.spk", &demo("1.0-1"));
    sandbox.run("add ../demo.spk").success();
    sandbox.run("promote demo --to stable").success();
    sandbox
}

fn demo(version: &str) -> Spk {
    Spk::new("demo", version)
        .info("os_min_ver", "6.1-15047")
        .icon(72)
        .icon(256)
}

fn edit(sandbox: &Sandbox, path: &str, from: &str, to: &str) {
    let text = sandbox.read(path);
    assert_eq!(text.matches(from).count(), 1, "`{from}` in {path}:\n{text}");
    sandbox.write(path, &text.replace(from, to));
}

/// Has the release link to something that is not https.
fn with_a_finding(sandbox: &Sandbox) {
    let text = sandbox.read(RELEASE);
    let text = text.replace(
        "\"Somebody\"\n",
        "\"Somebody\"\nmaintainer_url = \"http://example.org/a,b:c%\"\n",
    );
    sandbox.write(RELEASE, &text);
}

#[test]
fn what_init_and_add_write_has_nothing_wrong() {
    let sandbox = repository();
    sandbox
        .run("check")
        .success()
        .stdout("nothing wrong in 1 build of 1 package; 1 SPK not looked into (`--blobs` does)\n");
    sandbox
        .run("check --blobs --deny-warnings")
        .success()
        .stdout("nothing wrong in 1 build of 1 package\n");
}

#[test]
fn the_working_tree_is_checked_and_a_commit_when_it_is_named() {
    let sandbox = repository();
    with_a_finding(&sandbox);
    sandbox.run("check").success().stdout(
        "warning[url-not-https]: the link `http://example.org/a,b:c%` is not https\n\
         \x20 --> packages/demo/1.0-1/release.toml:5:1\n\
         \x20 help: link to the https address\n\
         \n\
         1 warning in 1 build of 1 package; 1 SPK not looked into (`--blobs` does)\n",
    );
    sandbox.run("check --deny-warnings").failure(1);
    sandbox.run("check --at HEAD --deny-warnings").success();
    edit(&sandbox, RELEASE, "[text]", "[txt]");
    sandbox
        .run("check")
        .failure(1)
        .stdout_has("error[invalid-document]: unknown field `txt`");
    sandbox.run("check --at nothing").failure(2).stdout("");
}

#[test]
fn github_shows_a_finding_at_its_line() {
    let sandbox = repository();
    with_a_finding(&sandbox);
    sandbox
        .run("check --format github")
        .success()
        .stdout(
            "::warning file=packages/demo/1.0-1/release.toml,line=5,col=1,title=url-not-https::the link \
             `http://example.org/a,b:c%25` is not https%0Ahelp: link to the https address%0A\
             https://github.com/spkrepo/spkrepo/blob/main/src/lint/rules.md#url-not-https\n",
        )
        .stderr("1 warning in 1 build of 1 package; 1 SPK not looked into (`--blobs` does)\n");
}

#[test]
fn json_is_the_whole_report() {
    let sandbox = repository();
    with_a_finding(&sandbox);
    let report = sandbox
        .run("check --format json --changed-since HEAD")
        .success()
        .json();
    let finding = serde_json::json!({
        "rule": "url-not-https",
        "severity": "warning",
        "path": RELEASE,
        "line": 5,
        "column": 1,
        "message": "the link `http://example.org/a,b:c%` is not https",
        "help": "link to the https address",
        "docs": "https://github.com/spkrepo/spkrepo/blob/main/src/lint/rules.md#url-not-https",
    });
    assert_eq!(report["findings"], serde_json::json!([finding]));
    assert_eq!(report["commit"], serde_json::Value::Null);
    assert_eq!(report["base"], sandbox.head());
    let summary = serde_json::json!({
        "errors": 0, "warnings": 1, "notes": 0, "excepted": 0, "packages": 1, "builds": 1, "unread": 0,
    });
    assert_eq!(report["summary"], summary);
}

#[test]
fn sarif_has_what_the_standard_demands() {
    let sandbox = repository();
    with_a_finding(&sandbox);
    let log = sandbox.run("check --format sarif").success().json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("a list");
    assert!(rules.len() > 40);
    for rule in rules {
        let level = rule["defaultConfiguration"]["level"]
            .as_str()
            .expect("a level");
        assert!(["error", "note", "warning"].contains(&level), "{rule}");
        assert!(
            rule["id"].is_string() && rule["shortDescription"]["text"].is_string(),
            "{rule}"
        );
    }
    let result = &run["results"][0];
    let index = result["ruleIndex"].as_u64().expect("an index");
    assert_eq!(
        rules[usize::try_from(index).expect("small")]["id"],
        result["ruleId"]
    );
    assert_eq!(result["level"], "warning");
    assert!(result["message"]["text"].is_string());
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], RELEASE);
    assert_eq!(
        place["region"],
        serde_json::json!({"startLine": 5, "startColumn": 1})
    );
}

#[test]
fn a_branch_is_compared_with_where_it_began() {
    let sandbox = repository();
    sandbox.git("checkout --quiet -b topic");
    sandbox.spk("demo.spk", &demo("1.1-1").payload_size(3 << 20));
    sandbox.run("add ../demo.spk").success();
    sandbox.git("checkout --quiet main");
    with_a_finding(&sandbox);
    sandbox.git("commit --quiet -am 'on main'");
    sandbox.git("checkout --quiet topic");
    sandbox.run("check --changed-since main").success().stdout(
        "warning[size-jump]: the SPK has 3151872 bytes, that of 1.0-1 had 8704\n\
         \x20 --> packages/demo/1.1-1/dsm6.1-15047-noarch.toml:7:1\n\
         \x20 help: look at what is in it with `spkrepo inspect`; if it is meant so, except the release from the rule\n\
         \n\
         1 warning in 1 build of 1 package\n",
    );
    sandbox.git("checkout --quiet --orphan alone");
    sandbox.git("commit --quiet -m alone");
    sandbox
        .run("check --changed-since main")
        .failure(2)
        .stderr_has("error: `main` has no history in common with what is checked");
}

#[test]
fn an_exception_names_the_rule_and_a_reason() {
    let sandbox = repository();
    with_a_finding(&sandbox);
    let text = sandbox.read(PACKAGE);
    let exception = "\n[[exceptions]]\nrule = \"url-not-https\"\nreason = \"they have no other\"\n";
    sandbox.write(PACKAGE, &(text.clone() + exception));
    sandbox
        .run("check --deny-warnings")
        .success()
        .stdout_has("nothing wrong, 1 excepted in 1 build of 1 package");
    edit(&sandbox, RELEASE, "http:", "https:");
    sandbox.run("check").success().stdout_has(
        "warning[exception-unused]: the exception from `url-not-https` covers nothing\n\
         \x20 --> packages/demo/package.toml:4:1\n",
    );
    sandbox.write(
        PACKAGE,
        &(text + "\n[[exceptions]]\nrule = \"url-not-https\"\n"),
    );
    sandbox
        .run("check")
        .failure(1)
        .stdout_has("packages/demo/package.toml:3\n");
}

#[test]
fn what_can_be_mended_is_mended_in_the_working_tree() {
    let sandbox = repository();
    let path = "packages/demo/1.0-1/dsm6.1-15047-noarch.toml";
    let pointer = "packages/demo/1.0-1/demo_1.0-1_dsm6.1-15047-noarch.spk";
    let sound = sandbox.read(path);
    sandbox.write(
        path,
        &sound.replace('"', "'").replacen("\n", " # for all\n", 1),
    );
    sandbox.write(pointer, &sandbox.read(pointer).replace('\n', "\r\n"));
    sandbox.git("add --all");
    sandbox.git("commit --quiet -m 'by hand'");
    sandbox.run("check --fix").success().stderr(
        "rewrote packages/demo/1.0-1/demo_1.0-1_dsm6.1-15047-noarch.spk (pointer-not-canonical)\n\
         rewrote packages/demo/1.0-1/dsm6.1-15047-noarch.toml (not-canonical)\n",
    );
    assert_eq!(sandbox.read(path), sound.replacen("\n", " # for all\n", 1));
    sandbox.run("check --fix").success().stderr("");

    sandbox.git("commit --quiet -am mended");
    let other = "packages/demo/1.0-1/other.toml";
    sandbox.git(&format!("mv {path} {other}"));
    sandbox.git("commit --quiet -m renamed");
    sandbox
        .run("check --fix")
        .success()
        .stderr(&format!("renamed {other} to {path} (misnamed-build)\n"));
    assert!(sandbox.exists(path) && !sandbox.exists(other));
}

#[test]
fn what_a_person_has_not_committed_is_not_mended() {
    let sandbox = repository();
    let text = sandbox.read(PACKAGE).replace("[]", "[ ]");
    sandbox.write(PACKAGE, &text);
    sandbox.run("check --fix").success().stderr(
        "warning: packages/demo/package.toml: it has changes that are not committed, so it was left alone\n",
    );
    assert_eq!(sandbox.read(PACKAGE), text);
    let bare = Sandbox::new();
    bare.run("init --bare").success();
    bare.run("check --fix")
        .failure(2)
        .stderr_has("has no working tree that could be mended");
}

#[test]
fn an_spk_is_looked_into_when_it_is_here() {
    let sandbox = repository();
    sandbox.git("tag before");
    let path = "packages/demo/1.0-1/dsm6.1-15047-noarch.toml";
    edit(&sandbox, path, "arch = [\"noarch\"]", "arch = [\"x86_64\"]");
    sandbox
        .run("check")
        .success()
        .stdout_has("1 SPK not looked into");
    for options in ["--blobs", "--changed-since before"] {
        sandbox
            .run(&format!("check {options}"))
            .failure(1)
            .stdout_has(
                "error[identity-drift]: `arch` is `noarch` in INFO and `x86_64` in the repository\n\
             \x20 --> packages/demo/1.0-1/dsm6.1-15047-noarch.toml:2:1\n",
            );
    }
}

#[test]
fn an_spk_that_is_not_here_is_fetched_or_missing() {
    let sandbox = repository();
    sandbox.git_in(".", "clone --quiet --bare repo host");
    sandbox.git(&format!(
        "remote add origin file://{}",
        sandbox.path("host").display()
    ));
    sandbox.git("lfs push --all origin");
    let text = sandbox.read("packages/demo/1.0-1/dsm6.1-15047-noarch.toml");
    let oid = text.split("sha256 = \"").nth(1).expect("a digest")[..64].to_owned();
    let blob = sandbox.blob_path(&oid);
    fs_err::remove_file(&blob).expect("a blob");
    sandbox.run("check --deny-warnings").success();
    assert!(
        !blob.exists(),
        "nothing is fetched unless that is asked for"
    );
    sandbox
        .run("check --blobs")
        .success()
        .stdout("nothing wrong in 1 build of 1 package\n");
    assert!(blob.exists());
    fs_err::remove_file(&blob).expect("a blob");
    fs_err::remove_dir_all(sandbox.path("host/lfs")).expect("the blobs of the remote");
    sandbox
        .run("check --blobs")
        .failure(1)
        .stdout_has("error[blob-missing]: the SPK [SHA256] cannot be fetched: ");
}

#[test]
fn a_link_is_named_beside_what_is_sound() {
    let sandbox = repository();
    std::os::unix::fs::symlink("demo", sandbox.path("repo/packages/other"))
        .expect("a file system with links");
    sandbox.run("check").failure(1).stdout_has(
        "error[link-in-tree]: this is a symbolic link or a submodule, which is not followed\n\
         \x20 --> packages/other:1\n",
    );
}

#[test]
fn rules_are_listed_and_explained() {
    let sandbox = Sandbox::new();
    let list = sandbox.run("check --rules").success().out();
    assert!(list.lines().count() > 50, "{list}");
    assert!(list.contains("identity-drift"), "{list}");
    sandbox
        .run("check --explain firmware-range-empty")
        .success()
        .stdout_has("firmware-range-empty (error): a range of DSM that no device is in\n")
        .stdout_has("src/lint/rules.md#firmware-range-empty\n");
    sandbox
        .run("check --explain size-jmp")
        .failure(2)
        .stdout("")
        .stderr("error: there is no rule `size-jmp`\nhint: did you mean `size-jump`?\n");
}

#[test]
fn the_documentation_of_the_rules_is_what_the_program_says() {
    let sandbox = Sandbox::new();
    let list = sandbox.run("check --rules").success().out();
    let mut text = "# The rules of `spkrepo check`\n\n\
        Written by `UPDATE_REFERENCE=1 cargo test --test integration check`, from the rules themselves.\n\n\
        | rule | severity | what is wrong |\n|---|---|---|\n"
        .to_owned();
    let mut chapters = String::new();
    for line in list.lines().skip(1) {
        let id = line.split(' ').next().expect("a word");
        let words = sandbox
            .run(&format!("check --explain {id}"))
            .success()
            .out();
        let (title, rest) = words.split_once("\n\n").expect("a title");
        let (explained, _docs) = rest.trim_end().rsplit_once("\n\n").expect("an address");
        let (severity, summary) = title[id.len() + 2..].split_once("): ").expect("a severity");
        text.push_str(&format!("| [`{id}`](#{id}) | {severity} | {summary} |\n"));
        chapters.push_str(&format!(
            "\n## {id}\n\n*{severity}: {summary}*\n\n{explained}\n"
        ));
    }
    text.push_str(&chapters);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lint/rules.md");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs_err::write(path, &text).expect("the sources are writable");
    }
    let known = fs_err::read_to_string(path).unwrap_or_default();
    assert!(
        text == known,
        "src/lint/rules.md differs; UPDATE_REFERENCE=1 writes it anew"
    );
}
