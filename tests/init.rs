//! `spkrepo init`: in new folders, in git repositories that are there, twice, and when it cannot be done.

use fs_err as fs;

use crate::support::outcome::Outcome;
use crate::support::sandbox::Sandbox;

const TEMPLATE: [&str; 11] = [
    ".gitattributes",
    ".github/CODEOWNERS",
    ".github/dependabot.yml",
    ".github/pull_request_template.md",
    ".github/workflows/check.yml",
    ".github/workflows/comment.yml",
    ".github/workflows/fsck.yml",
    ".github/workflows/publish.yml",
    "README.md",
    "maintainers.toml",
    "spkrepo.toml",
];
const LFS_LINE: &str = "*.spk filter=lfs diff=lfs merge=lfs -text";

/// Runs a command as somebody whom git does not know.
fn run_as_nobody(sandbox: &Sandbox, line: &str) -> Outcome {
    let mut command = sandbox.spkrepo(line);
    command
        .env("HOME", sandbox.path("nobody"))
        .env("XDG_CONFIG_HOME", sandbox.path("nobody"))
        .env_remove("GIT_CONFIG_GLOBAL");
    Outcome {
        line: line.to_owned(),
        output: command.output().expect("an executable file"),
        root: sandbox.root().to_owned(),
    }
}

#[test]
fn a_folder_becomes_a_package_source_with_one_commit() {
    let sandbox = Sandbox::new();
    let short = |sandbox: &Sandbox| sandbox.head()[..10].to_owned();
    let outcome = sandbox.run("init").success();
    outcome
        .stdout(&format!(
            "[ROOT]/repo/ is a package source now ({})\n",
            short(&sandbox)
        ))
        .stderr("hint: `spkrepo add FILE.spk` takes the first SPK in\n");
    assert_eq!(sandbox.tree(), TEMPLATE);
    assert_eq!(sandbox.status(), "");
    assert_eq!(sandbox.git("rev-list --count HEAD"), "1");
    assert_eq!(sandbox.git("symbolic-ref HEAD"), "refs/heads/main");
    assert_eq!(
        sandbox.git("log --format='%an <%ae>%n%B'"),
        "Tess Tester <tess@example.org>\ninit: make this repository a package source\n\nSpkrepo-Action: init\n"
            .trim_end()
    );
    sandbox.fsck();
}

#[test]
fn the_second_time_there_is_nothing_to_do() {
    let sandbox = Sandbox::initialized();
    let head = sandbox.head();
    sandbox
        .run("init")
        .success()
        .stdout("[ROOT]/repo/ is a package source already\n")
        .stderr("");
    assert_eq!(sandbox.head(), head);
}

#[test]
fn a_named_folder_is_made() {
    let sandbox = Sandbox::new();
    sandbox.run("init ../deep/er").success();
    assert_eq!(
        sandbox.git_in("deep/er", "ls-tree -r --name-only HEAD"),
        TEMPLATE.join("\n")
    );
    assert!(!sandbox.exists(".git"), "nothing is made elsewhere");
}

#[test]
fn a_bare_repository_is_made_and_found() {
    let sandbox = Sandbox::new();
    sandbox.run("init --bare ../bare.git").success();
    assert_eq!(
        sandbox.git_in("bare.git", "ls-tree -r --name-only HEAD"),
        TEMPLATE.join("\n")
    );
    assert!(!sandbox.path("bare.git/spkrepo.toml").exists());
    sandbox
        .run("init --bare ../bare.git")
        .success()
        .stdout("[ROOT]/bare.git/ is a package source already\n");
    sandbox
        .run("--repo ../bare.git init")
        .success()
        .stdout("[ROOT]/bare.git/ is a package source already\n");
}

#[test]
fn a_working_tree_is_not_made_bare_and_stays_as_it_is() {
    let sandbox = Sandbox::initialized();
    let refused = "error: `[ROOT]/repo/` has a working tree, so it cannot be made bare\n";
    sandbox.run("init --bare").failure(2).stderr(refused);
    sandbox
        .run("init --bare ../repo")
        .failure(2)
        .stderr("error: `../repo` has a working tree, so it cannot be made bare\n");
    assert_eq!(sandbox.status(), "");
}

#[test]
fn a_git_repository_keeps_its_history_its_readme_and_its_attributes() {
    let sandbox = Sandbox::new();
    sandbox.git("init --quiet");
    sandbox
        .write("README.md", "# Mine\n")
        .write(".gitattributes", "*.png binary")
        .write("sub/folder/file", "text\n");
    sandbox.git("add .");
    sandbox.git("commit --quiet -m mine");
    sandbox
        .run_in("repo/sub/folder", "init")
        .success()
        .stderr(
            "README.md was there and stays as it is\nhint: `spkrepo add FILE.spk` takes the first SPK in\n",
        );
    assert_eq!(sandbox.read("README.md"), "# Mine\n");
    assert_eq!(
        sandbox.read(".gitattributes"),
        format!("*.png binary\n{LFS_LINE}\n")
    );
    assert_eq!(
        sandbox.git("diff --name-status HEAD~ HEAD -- :!.github"),
        "M\t.gitattributes\nA\tmaintainers.toml\nA\tspkrepo.toml"
    );
    assert_eq!(sandbox.status(), "");
    sandbox
        .run_in("repo/sub", "init")
        .success()
        .stdout("[ROOT]/repo/ is a package source already\n");
}

#[test]
fn files_that_are_not_committed_stay_their_authors() {
    let sandbox = Sandbox::new();
    sandbox.git("init --quiet");
    sandbox.write("README.md", "# Draft\n");
    sandbox
        .run("init")
        .success()
        .stderr_has("README.md was there and stays as it is");
    assert_eq!(sandbox.status(), "?? README.md");

    let sandbox = Sandbox::new();
    sandbox.git("init --quiet");
    sandbox.write("spkrepo.toml", "format = 1\n");
    sandbox.run("init").failure(2).stderr(
        "error: `spkrepo.toml` has changes that are not committed\n\
         hint: commit, stash or undo that change first (`git status` shows it); nothing was written\n",
    );
    assert_eq!(sandbox.status(), "?? spkrepo.toml");
    assert_eq!(sandbox.read("spkrepo.toml"), "format = 1\n");
}

#[test]
fn a_template_file_that_was_removed_on_purpose_does_not_come_back() {
    let sandbox = Sandbox::initialized();
    sandbox.git("rm --quiet README.md");
    sandbox.git("commit --quiet -m 'no README'");
    sandbox
        .run("init")
        .success()
        .stdout("[ROOT]/repo/ is a package source already\n");
    assert_eq!(sandbox.status(), "");
}

#[test]
fn without_an_identity_nothing_stops_a_second_try() {
    let sandbox = Sandbox::new();
    run_as_nobody(&sandbox, "init").failure(2).stderr(
        "error: git does not know who commits\n\
         hint: tell git who you are: `git config --global user.name NAME` and `git config --global user.email ADDRESS`\n",
    );
    assert!(!sandbox.exists("spkrepo.toml"));
    sandbox.run("init").success();
    assert_eq!(sandbox.status(), "");
    sandbox.fsck();
}

#[test]
fn without_an_identity_a_package_source_is_read_and_not_written() {
    let sandbox = Sandbox::initialized();
    sandbox.spk("a.spk", &crate::support::spk::Spk::new("demo", "1.0-1"));
    run_as_nobody(&sandbox, "add ../a.spk")
        .failure(2)
        .stderr_has("error: git does not know who commits\nhint: tell git who you are");
    assert!(!sandbox.path("repo/.git/lfs/objects").exists());
    run_as_nobody(&sandbox, "list").success();
}

#[test]
fn a_detached_head_has_no_branch_to_commit_to() {
    let sandbox = Sandbox::new();
    sandbox.git("init --quiet");
    sandbox.git("commit --quiet --allow-empty -m first");
    sandbox.git("checkout --quiet --detach");
    let short = sandbox.head()[..10].to_owned();
    sandbox.run("init").failure(2).stderr(&format!(
        "error: HEAD is detached at {short}, so there is no branch to commit to\n\
         hint: switch to a branch first: `git switch BRANCH`\n"
    ));
    assert_eq!(sandbox.status(), "");
}

#[test]
fn the_branch_is_the_one_that_git_would_make() {
    let sandbox = Sandbox::new();
    let config = sandbox.path("home/.gitconfig");
    let text = fs::read_to_string(&config).expect("the sandbox's configuration");
    fs::write(&config, text.replace("= main", "= trunk")).expect("a writable file");
    sandbox.run("init").success();
    assert_eq!(sandbox.git("symbolic-ref HEAD"), "refs/heads/trunk");
}
