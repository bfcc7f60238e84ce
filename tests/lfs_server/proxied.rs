//! git-lfs through nginx, with TLS, below a path.

use fs_err as fs;

use super::{Host, remember, use_at};
use crate::remote::build;
use crate::support::certificate::Certificate;
use crate::support::digest::sha256;
use crate::support::nginx::Nginx;

const POINTER: &str = "packages/alpha/1.0-1/alpha_1.0-1_dsm7.0-40000-noarch.spk";

#[test]
fn git_lfs_works_through_nginx_with_tls_and_a_prefix_both_directions() {
    let host = Host::start("--trusted-proxy 127.0.0.1");
    let shared = &host.shared;
    let certificate = Certificate::write(&shared.sandbox, "proxy");
    let config = format!(
        "server {{ listen LISTEN ssl; ssl_certificate {}; ssl_certificate_key {};\n\
         client_max_body_size 64k; proxy_http_version 1.1; proxy_set_header Connection '';\n\
         proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;\n\
         proxy_set_header X-Forwarded-Prefix /spk; proxy_set_header X-Forwarded-For $remote_addr;\n\
         location /spk/ {{ proxy_pass http://{host}/; }}\n\
         location /spk/info/lfs/objects/ {{ client_max_body_size 0; proxy_request_buffering off;\n\
         proxy_pass http://{host}/info/lfs/objects/; }} }}",
        certificate.cert.display(),
        certificate.key.display(),
        host = host.server.host(),
    );
    let nginx = Nginx::start(&shared.sandbox, &config);
    let cert = certificate.cert.display();
    shared.git("repo", &format!("config --global http.sslCAInfo '{cert}'"));
    let url = format!("https://{}/spk/info/lfs", nginx.host);
    use_at(shared, "repo", &url);
    remember(shared, &format!("https://me:{}@{}", host.ada, nginx.host));
    let spk = shared.spk("alpha", &build("alpha").payload_size(3_000_000));
    shared.run("repo", &format!("add {spk}")).success();
    // The hook of git-lfs comes first.
    shared.git("repo", "push --quiet origin main");
    shared.check_remote();
    let bytes = fs::read(shared.sandbox.path("in/alpha.spk")).expect("the SPK");
    assert!(host.object(&sha256(&bytes)).exists());

    shared.clone_as("other");
    use_at(shared, "other", &url);
    shared.git("other", "lfs pull");
    let found = fs::read(shared.sandbox.path(&format!("other/{POINTER}"))).expect("a file");
    assert!(found == bytes);
}
