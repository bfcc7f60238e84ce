//! `--downloads redirect`: clients are sent to where SPKs are.

use super::{away, download, samples, state, wait_until};
use crate::support::server::Server;

const MEBIBYTE: u64 = 1 << 20;

/// Serves by redirections.
fn serve(away: &super::Away) -> Server {
    let options = "--downloads redirect --metrics-listen 127.0.0.1:0";
    Server::start(&away.sandbox, options)
}

#[test]
fn a_download_is_redirected_to_the_first_remote_with_an_address_also_when_it_is_here() {
    let away = away(2, MEBIBYTE);
    let here = away.sandbox.blob_path(&away.oid(1));
    fs_err::write(here, &away.spks[1]).expect("a writable store");
    let folder = away.sandbox.path("disk");
    fs_err::create_dir(&folder).expect("a new folder");
    let folder = format!("file://{}", folder.display());
    state(&away.sandbox, &[&folder, &away.host.template()]);
    let server = serve(&away);
    for number in [0, 1] {
        let answer = server.get(&away.path(number)).status(302);
        let place = format!("http://{}/{}", away.host.host, away.oid(number));
        assert_eq!(answer.header("location"), Some(place.as_str()));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=1200"));
        let place = format!("/{}", away.oid(number));
        assert!(download(&away.host.host, &place).body == away.spks[number]);
    }
    assert_eq!(
        samples(&server).get("spkrepo_downloads_redirected_total"),
        2.0
    );
    assert_eq!(away.cached(), 0);
}

#[test]
fn what_head_asks_for_is_said_here() {
    let away = away(1, MEBIBYTE);
    let server = serve(&away);
    let head = server.request("HEAD", &away.path(0), &[], b"").status(200);
    let length = away.spks[0].len().to_string();
    assert_eq!(head.header("content-length"), Some(length.as_str()));
    let tag = format!("\"{}\"", away.oid(0));
    assert_eq!(head.header("etag"), Some(tag.as_str()));
    assert_eq!(away.host.reads(&away.oid(0)), [0; 0]);
}

#[test]
fn names_of_other_servers_are_redirected_for_this_time_only() {
    let away = away(1, MEBIBYTE);
    let server = serve(&away);
    let file = away.path(0);
    let file = file.rsplit('/').next().expect("a last part");
    let answer = server.get(&format!("/download/{file}")).status(302);
    assert_eq!(answer.header("cache-control"), Some("public, no-cache"));
}

#[test]
fn an_address_by_names_has_the_names_of_the_build() {
    let away = away(1, MEBIBYTE);
    state(
        &away.sandbox,
        &["https://cdn.example.org/{package}/{version}/{file}"],
    );
    let server = serve(&away);
    let answer = server.get(&away.path(0)).status(302);
    let path = away.path(0);
    let file = path.rsplit('/').next().expect("a last part");
    let place = format!("https://cdn.example.org/package0/1.0-1/{file}");
    assert_eq!(answer.header("location"), Some(place.as_str()));
}

#[test]
fn where_no_remote_has_an_address_it_is_fetched() {
    let away = away(1, MEBIBYTE);
    let (folder, oid) = (away.sandbox.path("disk"), away.oid(0));
    let place = folder.join(format!("objects/{}/{}", &oid[..2], &oid[2..4]));
    fs_err::create_dir_all(&place).expect("new folders");
    fs_err::write(place.join(&oid), &away.spks[0]).expect("a writable folder");
    state(&away.sandbox, &[&format!("file://{}", folder.display())]);
    let server = serve(&away);
    assert!(server.get(&away.path(0)).status(200).body == away.spks[0]);
    assert_eq!(away.cached(), away.spks[0].len() as u64);
    // A commit gives it an address.
    state(&away.sandbox, &[&away.host.template()]);
    wait_until("the commit", || server.get(&away.path(0)).status == 302);
}
