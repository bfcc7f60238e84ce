//! Each kind of root keeps what it names, and what no root names any more goes.

use std::process::Stdio;

use fs_err as fs;

use super::stray;
use crate::support::digest::sha256;
use crate::support::sandbox::Sandbox;

/// A repository in which each blob is named by one commit alone.
struct Ground {
    sandbox: Sandbox,
}

impl Ground {
    fn new() -> Self {
        let sandbox = Sandbox::initialized();
        Self { sandbox }
    }

    /// Makes a blob and returns its name and that of a commit that names it, which nothing leads to.
    fn commit(&self, content: &str) -> (String, String) {
        let (oid, blob) = self.pointer(content);
        let tree = self.input("mktree", &format!("100644 blob {blob}\tfile.spk\n"));
        let commit = self
            .sandbox
            .git(&format!("commit-tree -m {content} {tree}"));
        (oid, commit)
    }

    /// Makes a blob and returns its name and that of its pointer.
    fn pointer(&self, content: &str) -> (String, String) {
        let oid = stray(&self.sandbox, content, 400 * super::DAY);
        let pointer = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {}\n",
            content.len()
        );
        let blob = self.input("hash-object -w --stdin", &pointer);
        (oid, blob)
    }

    fn input(&self, line: &str, input: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut command = self.sandbox.command("git", &words);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git is needed");
        let mut stdin = child.stdin.take().expect("piped");
        std::io::Write::write_all(&mut stdin, input.as_bytes()).expect("git reads");
        drop(stdin);
        let output = child.wait_with_output().expect("a child");
        assert!(output.status.success(), "git {line}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn git(&self, line: &str) {
        self.sandbox.git(line);
    }

    /// Writes a file of the git directory.
    fn write(&self, path: &str, text: &str) {
        let path = self.sandbox.path("repo/.git").join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }

    /// Says whether the blob would stay.
    fn is_named(&self, oid: &str) -> bool {
        let report = self.sandbox.run("gc --json").success().json();
        let collected = report["places"][0]["collected"].as_array();
        let collected = collected.expect("a list");
        !collected.iter().any(|blob| blob["sha256"] == oid)
    }
}

#[test]
fn whatever_leads_to_a_commit_keeps_its_blobs() {
    let zero = "0".repeat(40);
    type Name<'a> = &'a dyn Fn(&Ground, &str);
    let ways: [(&str, Name<'_>); 17] = [
        ("branch", &|ground, id| {
            ground.git(&format!("branch side {id}"))
        }),
        ("packed branch", &|ground, id| {
            ground.git(&format!("branch side {id}"));
            ground.git("pack-refs --all");
        }),
        ("tag", &|ground, id| ground.git(&format!("tag v1 {id}"))),
        ("annotated tag of a tag", &|ground, id| {
            ground.git(&format!("tag -a -m one v1 {id}"));
            ground.git("tag -a -m two v2 v1");
            ground.git("tag -d v1");
        }),
        ("tag of a tree", &|ground, id| {
            ground.git(&format!("tag tree {id}^{{tree}}"));
        }),
        ("tag of a file", &|ground, id| {
            ground.git(&format!("tag file {id}:file.spk"));
        }),
        ("reference of a remote", &|ground, id| {
            ground.git(&format!("update-ref refs/remotes/origin/main {id}"));
        }),
        ("reference of spkrepo's own", &|ground, id| {
            ground.git(&format!("update-ref refs/spkrepo/followed/0123 {id}"));
        }),
        ("reflog, new side", &|ground, id| {
            ground.git(&format!("branch side {id}"));
            ground.git("branch --force side main");
        }),
        ("reflog, old side alone", &|ground, id| {
            let line = format!("{id} {zero} Tess <tess@example.org> 1 +0000\tgone\n");
            ground.write("logs/refs/heads/gone", &line);
        }),
        ("stash below the newest", &|ground, id| {
            ground.git(&format!("update-ref --create-reflog refs/stash {id}"));
            ground.git("update-ref refs/stash main");
        }),
        ("MERGE_HEAD", &|ground, id| {
            ground.write("MERGE_HEAD", &format!("{id}\n"))
        }),
        ("FETCH_HEAD", &|ground, id| {
            let main = ground.sandbox.head();
            let text = format!("{main}\t\tbranch 'main'\n{id}\tnot-for-merge\tbranch 'x'\n");
            ground.write("FETCH_HEAD", &text);
        }),
        ("rebase", &|ground, id| {
            ground.write("rebase-merge/git-rebase-todo", &format!("pick {id} a\n"));
        }),
        ("HEAD of a linked tree", &|ground, id| {
            ground.git(&format!(
                "worktree add --quiet --detach --no-checkout ../linked {id}"
            ));
            let head = ground.sandbox.git("rev-parse main");
            ground
                .sandbox
                .git_in("linked", &format!("update-ref --no-deref HEAD {head}"));
        }),
        ("reference of a linked tree", &|ground, id| {
            ground.git("worktree add --quiet --detach ../linked");
            ground
                .sandbox
                .git_in("linked", &format!("update-ref refs/worktree/x {id}"));
        }),
        ("bisection in a linked tree", &|ground, id| {
            ground.git("worktree add --quiet --detach ../linked");
            ground
                .sandbox
                .git_in("linked", &format!("update-ref refs/bisect/bad {id}"));
        }),
    ];
    for (way, name) in ways {
        let ground = Ground::new();
        let (oid, commit) = ground.commit("content");
        assert!(!ground.is_named(&oid), "{way}: nothing leads to it yet");
        name(&ground, &commit);
        assert!(ground.is_named(&oid), "{way}");
        ground.sandbox.run("gc --delete --older-than 0s").success();
        assert!(ground.sandbox.blob_path(&oid).exists(), "{way}");
    }
}

#[test]
fn an_index_keeps_what_is_added_and_not_committed() {
    let ground = Ground::new();
    let (oid, blob) = ground.pointer("content");
    ground.git(&format!(
        "update-index --add --cacheinfo 100644,{blob},file.spk"
    ));
    assert!(ground.is_named(&oid));
    ground.git("rm --quiet --cached file.spk");
    assert!(!ground.is_named(&oid));

    ground.git("worktree add --quiet --detach ../linked");
    let line = format!("update-index --add --cacheinfo 100644,{blob},file.spk");
    ground.sandbox.git_in("linked", &line);
    assert!(ground.is_named(&oid), "of a linked tree");
}

#[test]
fn every_commit_of_the_history_counts_and_so_do_both_sides_of_a_merge() {
    let ground = Ground::new();
    let (first, commit) = ground.commit("first");
    let (second, other) = ground.commit("second");
    let (third, last) = ground.commit("third");
    let merge = ground.sandbox.git(&format!(
        "commit-tree -m merge -p {commit} -p {other} {last}^{{tree}}"
    ));
    ground.git(&format!("update-ref refs/heads/side {merge}"));
    for oid in [&first, &second, &third] {
        assert!(ground.is_named(oid));
    }
    ground.git("branch --quiet -D side");
    for oid in [&first, &second, &third] {
        assert!(!ground.is_named(oid));
    }
}

#[test]
fn a_document_without_its_pointer_names_its_blob() {
    let ground = Ground::new();
    let oid = stray(&ground.sandbox, "content", 400 * super::DAY);
    let path = "packages/a/1.0-1/b.toml";
    ground
        .sandbox
        .write(path, &format!("[spk]\nsha256 = \"{oid}\"\n"));
    ground.git("add packages");
    ground.git("commit --quiet -m document");
    assert!(ground.is_named(&oid));
}

#[test]
fn logs_may_name_what_git_has_forgotten() {
    let ground = Ground::new();
    let forgotten = sha256(b"no such commit");
    let line = format!(
        "{0} {0} Tess <tess@example.org> 1 +0000\tx\n",
        &forgotten[..40]
    );
    ground.write("logs/refs/heads/gone", &line);
    ground.write("ORIG_HEAD", &format!("{}\n", &forgotten[..40]));
    ground.sandbox.run("gc --delete").success();
}

#[test]
fn all_that_git_itself_would_not_forget_is_walked() {
    let ground = Ground::new();
    let mut oids = Vec::new();
    for number in 0..30 {
        let (oid, commit) = ground.commit(&format!("content{number}"));
        match number % 3 {
            0 => ground.git(&format!("branch side{number} {commit}")),
            1 => ground.git(&format!("tag -a -m t t{number} {commit}")),
            _ => ground.git(&format!("update-ref --create-reflog refs/stash {commit}")),
        }
        oids.push(oid);
    }
    ground.git("branch --quiet -D side0");
    let objects = ground
        .sandbox
        .git("rev-list --objects --all --reflog --indexed-objects");
    let mut named = 0;
    for oid in &oids {
        let pointer = format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {}\n",
            fs::metadata(ground.sandbox.blob_path(oid))
                .expect("a blob")
                .len()
        );
        let blob = ground.input("hash-object --stdin", &pointer);
        let by_git = objects.contains(&blob);
        assert_eq!(ground.is_named(oid), by_git, "{oid}");
        named += usize::from(by_git);
    }
    assert_eq!(named, 29, "all but the branch that is gone with its log");
}
