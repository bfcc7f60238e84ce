//! Git LFS servers: one that is not ours, and `serve --lfs`.

use fs_err as fs;

use super::{empty_store, store, with_remotes};
use crate::lfs_server::Host;
use crate::remote::build;
use crate::support::giftless::Giftless;
use crate::support::sandbox::Sandbox;

/// Has spkrepo.toml name a server.
fn name_remote(sandbox: &Sandbox, url: &str) {
    let table = format!("\n[[blobs.remote]]\nname = \"server\"\nurl = \"lfs+{url}\"\n");
    sandbox.write("spkrepo.toml", &(sandbox.read("spkrepo.toml") + &table));
    sandbox.git("commit --quiet -am remotes");
}

/// Has git's credential helper know what is in `address`.
fn remember(sandbox: &Sandbox, address: &str) {
    let file = sandbox.path("credentials");
    fs::write(&file, format!("{address}\n")).expect("writable");
    let helper = format!("store --file={}", file.display());
    sandbox.git(&format!("config --global credential.helper '{helper}'"));
}

#[test]
fn what_is_pushed_to_a_server_is_there_and_comes_back() {
    let sandbox = with_remotes("");
    let server = Giftless::open(&sandbox);
    name_remote(&sandbox, &server.url());
    let blobs = store(&sandbox);
    let json = sandbox.run("blob push --json").success().json();
    assert_eq!(json["remotes"][0]["sent"], 2);
    for oid in &blobs {
        let object = fs::read(server.object(oid)).expect("an object of the server");
        assert!(object == sandbox.blob(oid), "{oid}");
    }
    sandbox
        .run("blob push")
        .success()
        .stdout("server: uploaded nothing; 2 there already\n");
    empty_store(&sandbox);
    let status = sandbox.run("blob status --json").success().json();
    assert_eq!(
        (&status["blobs"][1]["here"], &status["blobs"][1]["at"][0]),
        (&"absent".into(), &"present".into())
    );
    sandbox.run("blob pull").success();
    assert_eq!(store(&sandbox), blobs);
    // What git-lfs asks of the server agrees.
    sandbox.git("lfs install --local");
    sandbox.git(&format!("config lfs.url {}", server.url()));
    empty_store(&sandbox);
    sandbox.git("lfs fetch --all");
    assert_eq!(store(&sandbox), blobs);
}

#[test]
fn a_server_that_wants_a_password_gets_that_of_the_credential_helper_and_nobody_sees_it() {
    let sandbox = with_remotes("");
    let server = Giftless::closed(&sandbox);
    name_remote(&sandbox, &server.url());
    sandbox
        .run("blob push")
        .failure(2)
        .stderr_has("`server` does not let us in: it wants a user and a password, and no credential helper of git has them");
    let known = server.credentials();
    let (user, rest) = known
        .trim_start_matches("http://")
        .split_once(':')
        .expect("a user");
    let (password, host) = rest.rsplit_once('@').expect("a password");

    remember(&sandbox, &format!("http://{user}:wrong@{host}"));
    let refused = sandbox.run("blob push").failure(2);
    refused.stderr_has("`server` does not let us in");
    let left = fs::read_to_string(sandbox.path("credentials")).expect("a file");
    assert!(
        !left.contains("wrong"),
        "what was wrong is not offered again: {left}"
    );

    remember(&sandbox, &known);
    let pushed = sandbox.run("blob push").success();
    let shown = pushed.out() + pushed.err();
    assert!(!shown.contains(password), "{shown}");
    assert_eq!(
        store(&sandbox)
            .iter()
            .filter(|oid| server.object(oid).exists())
            .count(),
        2
    );
    empty_store(&sandbox);
    sandbox.run("blob pull").success();
}

#[test]
fn an_object_that_the_server_has_damaged_or_lost_is_named() {
    let sandbox = with_remotes("");
    let server = Giftless::open(&sandbox);
    name_remote(&sandbox, &server.url());
    sandbox.run("blob push").success();
    let blobs = store(&sandbox);
    let mut swapped = sandbox.blob(&blobs[0]);
    swapped[100] ^= 1;
    fs::write(server.object(&blobs[0]), swapped).expect("writable");
    fs::remove_file(server.object(&blobs[1])).expect("it was there");
    empty_store(&sandbox);
    sandbox
        .run("blob pull")
        .failure(2)
        .stderr_has(".spk: what `server` has as the blob")
        .stderr_has(".spk: `server` has no blob")
        .stderr_has("error: downloaded all but 2 of the SPKs");
    assert!(!sandbox.path("repo/.git/lfs/objects").exists() || store(&sandbox).is_empty());
}

#[test]
fn serve_with_lfs_is_such_a_server() {
    let host = Host::start("--upload");
    host.use_in("repo", &host.ada);
    let spk = host.shared.spk("alpha", &build("alpha"));
    host.shared
        .run("repo", &format!("add {spk} --channel stable"))
        .success();
    host.shared
        .run("repo", "blob push")
        .success()
        .stdout_has("lfs: uploaded one SPK");
    let oid = store(&host.shared.sandbox).remove(0);
    assert_eq!(
        fs::read(host.object(&oid)).expect("it was uploaded"),
        host.shared.sandbox.blob(&oid)
    );
    empty_store(&host.shared.sandbox);
    host.shared.run("repo", "blob pull").success();
    host.shared.run("repo", "verify --all").success();
}
