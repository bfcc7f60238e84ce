//! Other people's clients, as they are called in their build systems and guides, directly and through nginx with TLS.

use super::{Source, spk};
use crate::serve::clients::run;
use crate::support::certificate::Certificate;
use crate::support::nginx::Nginx;

/// nginx as it stands before a server that takes uploads.
fn nginx(source: &Source, certificate: &Certificate) -> Nginx {
    let http = format!(
        "access_log off; server {{ listen LISTEN ssl; ssl_certificate {}; ssl_certificate_key {};
            location / {{
                proxy_pass http://{};
                proxy_http_version 1.1;
                proxy_set_header X-Forwarded-For $remote_addr;
                client_max_body_size 4g;
                proxy_request_buffering off;
            }} }}",
        certificate.cert.display(),
        certificate.key.display(),
        source.server.host()
    );
    Nginx::start(&source.sandbox, &http)
}

/// Runs a client that prints the answer, and demands that it begins so.
#[track_caller]
fn answers(source: &Source, program: &str, arguments: &[&str], start: &str) -> String {
    let printed = String::from_utf8(run(&source.sandbox, program, arguments)).expect("UTF-8");
    assert!(printed.starts_with(start), "{printed}");
    printed
}

/// As the makefiles of spksrc have it: they look for `HTTP/1.1 201` in what is printed.
#[test]
fn httpie_publishes_as_spksrc_calls_it() {
    let source = Source::start("--trusted-proxy 127.0.0.1");
    let certificate = Certificate::write(&source.sandbox, "proxy");
    let nginx = nginx(&source, &certificate);
    let (direct, proxied) = (
        format!("http://{}", source.server.host()),
        format!("https://{}", nginx.host),
    );
    let auth = format!("{}:", source.ada);
    let http = |url: &str, file: &str, start: &str| {
        let (url, file) = (format!("{url}/packages"), format!("@{file}"));
        let arguments = [
            "--verify=no",
            "--ignore-stdin",
            "--auth",
            &auth,
            "POST",
            &url,
            &file,
            "--print=hb",
        ];
        answers(&source, "http", &arguments, start)
    };
    for (number, url) in [&direct, &proxied].into_iter().enumerate() {
        let (name, file) = (format!("p{number}"), format!("p{number}.spk"));
        source
            .sandbox
            .spk(&file, &spk(&name, "1.0-1").payload_size(2_000_000));
        let printed = http(url, &file, "HTTP/1.1 201 Created");
        assert!(
            printed.contains(&format!("\"package\":\"{name}\""))
                || printed.contains(&format!("\"package\": \"{name}\"")),
            "{printed}"
        );
        http(url, &file, "HTTP/1.1 201 Created");
        source
            .sandbox
            .spk(&file, &spk(&name, "1.0-1").payload_size(1000));
        http(url, &file, "HTTP/1.1 409 Conflict");
    }
    source.sandbox.fsck();
}

#[test]
fn curl_publishes_as_the_guide_calls_it() {
    let source = Source::start("--trusted-proxy 127.0.0.1");
    let certificate = Certificate::write(&source.sandbox, "proxy");
    let nginx = nginx(&source, &certificate);
    let ca = certificate.cert.display().to_string();
    let bearer = format!("Authorization: Bearer {}", source.ada);
    let user = format!("{}:", source.ada);
    for (number, url) in [
        format!("http://{}", source.server.host()),
        format!("https://{}", nginx.host),
    ]
    .into_iter()
    .enumerate()
    {
        source.sandbox.spk(
            "form.spk",
            &spk(&format!("form{number}"), "1.0-1").payload_size(3_000_000),
        );
        let upload = format!("{url}/api/upload");
        let common = ["--silent", "--show-error", "--include", "--cacert", &ca];
        let form = ["--header", &bearer, "--form", "file=@form.spk", &upload];
        let begin = "HTTP/1.1 ";
        let printed = answers(&source, "curl", &[&common[..], &form].concat(), begin);
        assert!(printed.contains("HTTP/1.1 201 Created"), "{printed}");
        source.sandbox.spk(
            "raw.spk",
            &spk(&format!("raw{number}"), "1.0-1").payload_size(3_000_000),
        );
        let packages = format!("{url}/api/packages");
        let octets = "Content-Type: application/octet-stream";
        let raw = [
            "--user",
            &user,
            "--header",
            octets,
            "--data-binary",
            "@raw.spk",
            &packages,
        ];
        let printed = answers(&source, "curl", &[&common[..], &raw].concat(), begin);
        assert!(printed.contains("HTTP/1.1 201 Created"), "{printed}");
        // What curl says of a body by itself is that it is a form.
        let plain = ["--user", &user, "--data-binary", "@raw.spk", &packages];
        let printed = answers(&source, "curl", &[&common[..], &plain].concat(), begin);
        assert!(printed.contains("HTTP/1.1 400 Bad Request"), "{printed}");
        assert!(printed.contains("application/octet-stream"), "{printed}");
    }
    source.sandbox.fsck();
}

#[test]
fn who_guesses_through_a_proxy_is_told_from_others() {
    let source = Source::start("--trusted-proxy 127.0.0.1");
    let ask = |token: &str, client: &str| {
        let basic = super::basic(token);
        let headers = [
            ("Authorization", basic.as_str()),
            ("X-Forwarded-For", client),
        ];
        let bytes = spk("alpha", "1.0-1").bytes();
        source
            .server
            .request("POST", "/packages", &headers, &bytes)
            .status
    };
    for _ in 0..10 {
        assert_eq!(ask("spkrepo_guess", "192.0.2.1"), 401);
    }
    assert_eq!(ask(&source.ada, "192.0.2.1"), 429);
    assert_eq!(ask(&source.ada, "192.0.2.2"), 201);
}
