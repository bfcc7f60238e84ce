//! Downloads of an SPK that is at a remote: from the cache against the store and nginx with the same file, and the first
//! one, which fetches it, against the remote asked directly; each by curl, alone and by many at once.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fs_err as fs;

use crate::measure::{median, time, timed, title};
use crate::support::digest::sha256;
use crate::support::nginx::Nginx;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

const ROUNDS: usize = 5;
/// Bytes of the SPK.
const LARGE: u64 = 200_000_000;

/// A package source whose SPK is at a remote, which is nginx.
struct Place {
    oid: String,
    path: String,
    remote: Nginx,
    sandbox: Sandbox,
}

pub(crate) fn run() {
    let place = place();
    let folder = place.sandbox.path("repo/.git/spkrepo/cache");
    let cached = Server::start(&place.sandbox, "--downloads cache");
    let ours = format!("http://{}{}", cached.host(), place.path);
    let theirs = format!("http://{}/{}", place.remote.host, place.oid);
    for clients in [1, 16] {
        title(&format!(
            "an SPK of 200 MB for the first time, {clients} clients by curl (medians of {ROUNDS})"
        ));
        let (mut direct, mut first) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            direct.push(download(&theirs, clients));
            forget(&folder);
            first.push(download(&ours, clients));
        }
        let direct = median(&direct);
        time("the remote (nginx)", direct, None);
        time(
            "spkrepo serve, which fetches it from there",
            median(&first),
            Some(("the remote", direct)),
        );
    }
    let blob = place.sandbox.blob_path(&place.oid);
    fs::create_dir_all(blob.parent().expect("a folder")).expect("a writable store");
    fs::copy(place.sandbox.path("remote").join(&place.oid), blob).expect("a writable store");
    let stored = Server::start(&place.sandbox, "");
    let store = format!("http://{}{}", stored.host(), place.path);
    fs::remove_file(place.sandbox.blob_path(&place.oid)).expect("it is there");
    download(&ours, 1);
    fs::copy(
        place.sandbox.path("remote").join(&place.oid),
        place.sandbox.path("copy"),
    )
    .expect("room on the disk");
    for clients in [1, 16] {
        title(&format!(
            "the same when it is here, {clients} clients by curl (medians of {ROUNDS})"
        ));
        let (mut nginx, mut from_store, mut from_cache) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            nginx.push(download(&theirs, clients));
            // What is in the store would be served from there.
            from_cache.push(download(&ours, clients));
            let blob = place.sandbox.blob_path(&place.oid);
            fs::rename(place.sandbox.path("copy"), &blob).expect("the same disk");
            from_store.push(download(&store, clients));
            fs::rename(&blob, place.sandbox.path("copy")).expect("the same disk");
        }
        let nginx = median(&nginx);
        time("nginx", nginx, None);
        let reference = Some(("nginx", nginx));
        time(
            "spkrepo serve, from the store",
            median(&from_store),
            reference,
        );
        time(
            "spkrepo serve, from the cache",
            median(&from_cache),
            reference,
        );
    }
}

fn place() -> Place {
    let sandbox = Sandbox::initialized();
    let spk = Spk::new("large", "1.0-1").payload_size(LARGE);
    sandbox.spk("large.spk", &spk);
    sandbox.run("add --channel stable ../large.spk").success();
    let oid = sha256(&fs::read(sandbox.path("large.spk")).expect("it was written"));
    fs::create_dir(sandbox.path("remote")).expect("a new folder");
    let there = sandbox.path("remote").join(&oid);
    fs::rename(sandbox.blob_path(&oid), there).expect("the same disk");
    let remote = Nginx::start(
        &sandbox,
        &format!(
            "access_log off; sendfile on; tcp_nopush on; server {{ listen LISTEN; root {}; }}",
            sandbox.path("remote").display()
        ),
    );
    let text = sandbox.read("spkrepo.toml");
    let url = format!("http://{}/{{sha256}}", remote.host);
    let text = format!("{text}\n[[blobs.remote]]\nname = \"remote\"\nurl = \"{url}\"\n");
    sandbox.write("spkrepo.toml", &text);
    sandbox.git("commit --quiet --all -m remote");
    let files = sandbox.tree();
    let file = files.iter().find(|path| path.ends_with(".spk"));
    let file = file.and_then(|path| path.rsplit('/').next());
    let path = format!("/packages/large/{}", file.expect("it was added"));
    Place {
        oid,
        path,
        remote,
        sandbox,
    }
}

/// Empties the cache of a server that runs.
fn forget(folder: &Path) {
    match fs::remove_dir_all(folder.join("objects")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
        _ => {}
    }
}

fn download(url: &str, clients: usize) -> Duration {
    timed(|| {
        let mut children: Vec<Child> = (0..clients)
            .map(|_| {
                let mut curl = Command::new("curl");
                curl.args(["-sSf", "-o", "/dev/null", url]);
                curl.stdin(Stdio::null()).spawn().expect("curl is needed")
            })
            .collect();
        for child in &mut children {
            assert!(child.wait().expect("our own child").success());
        }
    })
}
