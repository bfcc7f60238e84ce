//! A package source from `init` to a device: every command of the template's workflows, in a clone, as GitHub runs it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use fs_err as fs;
use serde_json::{Value, json};

use super::runner::{Done, Runner};
use crate::support::nginx::Nginx;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// The clone that workflows run in.
const CLONE: &str = "checkout";

/// What DSM 7 wants of a package.
const PRIVILEGE: &str = r#"{"defaults": {"run-as": "package"}}"#;

/// A package source with one stable package, on a host with Git LFS, and a clone of it.
fn published() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox.git("lfs install --local");
    let spk = |version: &str| {
        Spk::new("hello", version)
            .os_min("7.0-40000")
            .conf("privilege", PRIVILEGE)
            .icon(72)
            .icon(256)
    };
    sandbox
        .spk("1.spk", &spk("1.0-1"))
        .spk("2.spk", &spk("1.0-2"));
    let settings = sandbox.read("spkrepo.toml");
    let url = "url = \"http://packages.example.org\"\n";
    let settings = settings.replace("# url = \"https://packages.example.org\"\n", url);
    sandbox.write("spkrepo.toml", &settings);
    sandbox.git("commit --quiet --all -m 'settings: the address'");
    sandbox.run("add --channel stable ../1.spk").success();
    sandbox.git("init --quiet --bare ../host.git");
    sandbox.git("remote add origin ../host.git");
    sandbox.git("push --quiet origin main");
    sandbox
}

/// Clones the branch as `actions/checkout` does, without the SPKs unless its option `lfs` is set.
fn check_out(sandbox: &Sandbox, branch: &str, lfs: bool) {
    fs::remove_dir_all(sandbox.path(CLONE)).ok();
    sandbox.git_in(
        ".",
        &format!("clone --quiet --branch {branch} host.git {CLONE}"),
    );
    if lfs {
        sandbox.git_in(CLONE, "lfs install --local");
        sandbox.git_in(CLONE, "lfs pull");
    }
}

/// Puts a program before those of the machine.
fn program(sandbox: &Sandbox, name: &str, script: &str) {
    fs::create_dir_all(sandbox.path("programs")).expect("a folder");
    let path = sandbox.path("programs").join(name);
    fs::write(
        &path,
        format!("#!/usr/bin/env bash\nset -euo pipefail\n{script}"),
    )
    .expect("a file");
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("a file of this user");
}

/// Stands in for GitHub's API: one pull request, whose head and comments are files in the sandbox.
const GH: &str = r#"
case "$1 $2" in
  'run download') mkdir -p "$7"; cp -R "$ROOT/artifacts/$5/." "$7" ;;
  'pr view') test "$3" = 7; jq --raw-output "$7" "$ROOT/pull-request.json" ;;
  'api --paginate') test "$3" = repos/example/source/issues/7/comments; jq --raw-output "$5" "$ROOT/comments.json" ;;
  'api --silent')
    body=$(cat "${7#body=@}")
    case "$4" in
      POST) change='. + [{id: 1, user: {login: "github-actions[bot]"}, body: $body}]' ;;
      PATCH) test "$5" = repos/example/source/issues/comments/1; change='map(if .id == 1 then .body = $body else . end)' ;;
    esac
    jq --arg body "$body" "$change" "$ROOT/comments.json" > "$ROOT/comments.new"
    mv "$ROOT/comments.new" "$ROOT/comments.json"
    ;;
  *) echo "unknown: $*" >&2; exit 1 ;;
esac
"#;

/// The pull request that `comment` is about.
fn pull_request(sandbox: &Sandbox, head: &str) {
    program(
        sandbox,
        "gh",
        &format!("ROOT='{}'\n{GH}", sandbox.root().display()),
    );
    let text = json!({ "headRefOid": head }).to_string();
    fs::write(sandbox.path("pull-request.json"), text).expect("a file");
    if !sandbox.path("comments.json").exists() {
        fs::write(sandbox.path("comments.json"), "[]").expect("a file");
    }
}

fn comments(sandbox: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(sandbox.path("comments.json")).expect("a file");
    let comments: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let body = |comment: &Value| comment["body"].as_str().expect("a text").to_owned();
    comments.iter().map(body).collect()
}

/// Runs `check` for a pull request from the branch that is checked out.
fn check(sandbox: &Sandbox) -> Done {
    let base = sandbox.git("--git-dir ../host.git rev-parse main");
    Runner::new(sandbox, CLONE)
        .value(
            "github.event.pull_request.base.sha || github.event.merge_group.base_sha",
            &base,
        )
        .value("github.event.pull_request.number", "7")
        .value("github.event_name == 'pull_request'", "true")
        .run("check", "check")
}

/// Runs `comment` after a check of `head`.
fn comment(sandbox: &Sandbox, head: &str) -> Done {
    Runner::new(sandbox, CLONE)
        .variable("GH_REPO", "example/source")
        .value("github.event.workflow_run.event == 'pull_request'", "true")
        .value("github.event.workflow_run.head_sha", head)
        .value("github.event.workflow_run.id", "1")
        .value("github.repository", "example/source")
        .value("github.token", "no-token")
        .run("comment", "comment")
}

#[track_caller]
fn succeeds(done: &Done) {
    assert!(done.succeeded, "{}", done.log);
}

#[test]
fn a_pull_request_is_checked_and_shown_in_one_comment() {
    let sandbox = published();
    sandbox.git("switch --quiet --create next");
    sandbox.run("add --channel stable ../2.spk").success();
    sandbox.git("push --quiet origin next");
    check_out(&sandbox, "next", false);
    let done = check(&sandbox);
    succeeds(&done);
    assert!(
        done.summary.contains("hello") && done.summary.contains("1.0-2"),
        "{}",
        done.summary
    );
    let head = sandbox.head();
    pull_request(&sandbox, &head);
    for _ in 0..2 {
        succeeds(&comment(&sandbox, &head));
        let [text] = &comments(&sandbox)[..] else {
            panic!("one comment is replaced");
        };
        assert!(text.starts_with("<!-- spkrepo diff -->\n"), "{text}");
        assert_eq!(
            text.split_once('\n').expect("lines").1.trim(),
            done.summary.trim()
        );
    }
}

#[test]
fn a_report_for_another_commit_is_not_shown() {
    let sandbox = published();
    check_out(&sandbox, "main", false);
    succeeds(&check(&sandbox));
    pull_request(&sandbox, "somebody pushed meanwhile");
    let done = comment(&sandbox, &sandbox.head());
    succeeds(&done);
    assert!(
        done.log.contains("at another commit by now"),
        "{}",
        done.log
    );
    assert_eq!(comments(&sandbox), [""; 0]);
}

#[test]
fn a_broken_pull_request_fails_at_its_file_and_line() {
    let sandbox = published();
    sandbox.git("switch --quiet --create broken");
    let path = "packages/hello/1.0-1/release.toml";
    sandbox.write(path, &format!("colour = 'blue'\n{}", sandbox.read(path)));
    sandbox.git("commit --quiet --all -m 'a new key'");
    sandbox.git("push --quiet origin broken");
    check_out(&sandbox, "broken", false);
    let done = check(&sandbox);
    assert!(!done.succeeded);
    let annotation = format!("::error file={path},line=1,");
    assert!(done.log.contains(&annotation), "{}", done.log);
}

#[test]
fn a_document_that_says_something_else_than_its_spk_fails() {
    let sandbox = published();
    sandbox.git("switch --quiet --create drift");
    sandbox.run("add --channel stable ../2.spk").success();
    let path = "packages/hello/1.0-2/dsm7.0-40000-noarch.toml";
    let text = sandbox.read(path).replace("7.0-40000", "7.2-64570");
    let id = "packages/hello/1.0-2/dsm7.2-64570-noarch.toml";
    sandbox.git(&format!("mv {path} {id}"));
    sandbox.write(id, &text);
    sandbox.git("commit --quiet --all -m 'for newer systems only'");
    sandbox.git("push --quiet origin drift");
    check_out(&sandbox, "drift", false);
    let done = check(&sandbox);
    assert!(!done.succeeded);
    assert!(done.log.contains("title=identity-drift::"), "{}", done.log);
}

/// Runs jobs of `publish` for the newest commit of `main`.
fn publisher(sandbox: &Sandbox) -> Runner<'_> {
    check_out(sandbox, "main", true);
    Runner::new(sandbox, CLONE)
        .variable("GITHUB_REF_NAME", "main")
        .variable(
            "GITHUB_SHA",
            &sandbox.git("--git-dir ../host.git rev-parse main"),
        )
}

#[test]
fn a_commit_is_exported_and_answers_as_the_commit_says() {
    let sandbox = published();
    let nginx = Nginx::start(
        &sandbox,
        &format!(
            "include /etc/nginx/mime.types; server {{ listen LISTEN; root {}; }}",
            sandbox.path("site").display()
        ),
    );
    let url = format!("http://{}", nginx.host);
    let settings = sandbox
        .read("spkrepo.toml")
        .replace("http://packages.example.org", &url);
    sandbox.write("spkrepo.toml", &settings);
    sandbox.git("commit --quiet --all -m 'settings: where it is'");
    sandbox.git("push --quiet origin main");
    let built = publisher(&sandbox).run("publish", "build");
    succeeds(&built);
    assert_ne!(built.summary, "");
    // What GitHub does with the artifact.
    let deploy = || {
        fs::create_dir_all(sandbox.path("site")).expect("a folder");
        let archive = sandbox
            .path("artifacts/github-pages/artifact.tar")
            .display()
            .to_string();
        let site = sandbox.path("site").display().to_string();
        let arguments = ["-xf", &archive, "-C", &site].map(str::to_owned);
        assert!(
            sandbox
                .command("tar", &arguments)
                .status()
                .expect("`tar` is needed")
                .success()
        );
    };
    deploy();
    let verify = || {
        publisher(&sandbox)
            .value("needs.pages.outputs.url", &url)
            .run("publish", "verify")
    };
    succeeds(&verify());

    sandbox.run("add --channel stable ../2.spk").success();
    sandbox.git("push --quiet origin main");
    let stale = verify();
    assert!(
        !stale.succeeded,
        "the site has the commit before: {}",
        stale.log
    );
    succeeds(&publisher(&sandbox).run("publish", "build"));
    deploy();
    succeeds(&verify());
}

/// Stands in for `aws s3 sync`: a bucket is a folder, and what is done to it is written down.
const AWS: &str = r#"
test -s "$AWS_WEB_IDENTITY_TOKEN_FILE"
test "$1 $2" = 's3 sync'
target=$ROOT/buckets/${4#s3://}
mkdir -p "$target"
case " $* " in *' --delete '*) delete=--delete ;; *) delete= ;; esac
rsync --archive $delete "$3/" "$target/"
echo "$4" >> "$ROOT/uploads"
"#;

/// Stands in for the other end of a connection: what ssh would run there is run here.
const SSH: &str = r#"
while [ "${1#-}" != "$1" ]; do case "$1" in -i|-o|-l|-p) shift 2 ;; *) shift ;; esac; done
shift
cd "$HOME"
exec sh -c "$*"
"#;

#[test]
fn a_bucket_gets_the_spks_before_the_catalogs_that_name_them() {
    let sandbox = published();
    succeeds(&publisher(&sandbox).run("publish", "build"));
    program(
        &sandbox,
        "aws",
        &format!("ROOT='{}'\n{AWS}", sandbox.root().display()),
    );
    program(
        &sandbox,
        "curl",
        "case \" $* \" in *'bearer request-token '*'token?a=b&audience=sts.amazonaws.com '*) echo '{\"value\": \"a token\"}' ;; *) exit 22 ;; esac\n",
    );
    let done = publisher(&sandbox)
        .variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token")
        .variable(
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "https://token.example.org/token?a=b",
        )
        .value("vars.AWS_REGION", "eu-central-1")
        .value("vars.AWS_ROLE_ARN", "arn:aws:iam::1:role/publish")
        .value("vars.BUCKET", "packages")
        .value("vars.BUCKET != ''", "true")
        .run("publish", "bucket");
    succeeds(&done);
    let uploads = fs::read_to_string(sandbox.path("uploads")).expect("a file");
    assert_eq!(uploads, "s3://packages/packages\ns3://packages\n");
    let is_there = |path: &str| sandbox.path("buckets/packages").join(path).exists();
    assert!(
        is_there("index.html") && is_there("packages/hello"),
        "{}",
        done.log
    );
}

#[test]
fn a_server_gets_the_spks_before_the_commit_that_names_them() {
    let sandbox = published();
    sandbox.git("init --quiet --bare --initial-branch main ../home/served.git");
    program(&sandbox, "ssh", SSH);
    let done = publisher(&sandbox)
        .value("secrets.SSH_KEY", "a key")
        .value("vars.KNOWN_HOSTS", "server ssh-ed25519 AAAA")
        .value("vars.SERVER", "spkrepo@server:served.git")
        .value("vars.SERVER != ''", "true")
        .run("publish", "server");
    succeeds(&done);
    assert_eq!(
        sandbox.git_in("home/served.git", "rev-parse main"),
        sandbox.head()
    );
    sandbox
        .run("--repo ../home/served.git verify --all")
        .success();
}

#[test]
fn fsck_passes_until_an_spk_is_damaged() {
    let sandbox = published();
    check_out(&sandbox, "main", true);
    let fsck = || Runner::new(&sandbox, CLONE).run("fsck", "fsck");
    succeeds(&fsck());
    let objects = sandbox.files(&format!("{CLONE}/.git/lfs/objects"));
    let [(path, _)] = objects.as_slice() else {
        panic!("one SPK: {objects:?}");
    };
    fs::set_permissions(path, Permissions::from_mode(0o644)).expect("a file of this user");
    let mut bytes = fs::read(path).expect("a blob");
    bytes[600] ^= 1;
    fs::write(path, bytes).expect("a file of this user");
    assert!(!fsck().succeeded);
}
