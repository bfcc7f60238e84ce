//! Plain pages for people: what is here, and the builds of a package.

use std::fmt::Write as _;

use super::cache_policy;
use super::gzip;
use super::handler::Site;
use super::reply::Reply;
use super::request::Request;
use crate::catalog::link;
use crate::model::arch::Arch;
use crate::ops::list::{Row, list};
use crate::repo::{Package, Snapshot};

/// Answers with what is here and how to add the source to a NAS, at an address that answers others with JSON.
pub(super) fn answer(site: &Site, request: &Request) -> Reply {
    packages(site, request)
        .varying_by("Accept")
        .varying_by("User-Agent")
}

/// Answers with what is here and how to add the source to a NAS.
pub(super) fn packages(site: &Site, request: &Request) -> Reply {
    let state = site.live.state();
    let base_url = site.base_url(&state, request);
    reply(request, 200, list_of_packages(&state.snapshot, &base_url))
}

/// Answers with the builds of a package that are offered to anybody.
pub(super) fn package(site: &Site, request: &Request, name: &str) -> Reply {
    let state = site.live.state();
    let package = state.snapshot.packages.get(name);
    let rows = package.map(|package| rows_of_builds(package, &site.base_url(&state, request)));
    let Some(rows) = rows.filter(|rows| !rows.is_empty()) else {
        return Reply::problem(404, "there is no such package");
    };
    let page = format!(
        "{}<table><thead><tr><th>Version</th><th>Channel</th><th>Minimum DSM</th><th>Platforms</th>\
         <th>Download</th></tr></thead><tbody>\n{rows}</tbody></table>\n{END}",
        begin(name)
    );
    reply(request, 200, page)
}

/// Returns a page as a reply that may load nothing from anywhere, and be shown within no other page.
///
/// The addresses of pages may tell about somebody's NAS: no other site is told them.
pub(super) fn reply(request: &Request, status: u16, page: String) -> Reply {
    let policy = match status {
        200 => cache_policy::PAGE,
        _ => cache_policy::MOMENTARY,
    };
    let full = Reply::html(status, page)
        .with("Cache-Control", policy)
        .with("Content-Security-Policy", SECURITY_POLICY)
        .with("Referrer-Policy", "no-referrer")
        // For browsers that do not know `frame-ancestors`.
        .with("X-Frame-Options", "DENY");
    gzip::answer(request, full)
}

/// What a page may do (Content Security Policy Level 3): have the style below, by its digest, and send its own form.
const SECURITY_POLICY: &str = "default-src 'none'; style-src 'sha256-yWN8bY6kuHP4N2AHu6Vc68vor36HpK7V7lJ/CV7n8bc='; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc}\
code{background:#eee;padding:.1rem .3rem}label{display:inline-block;margin:.2rem 1rem .2rem 0}";

/// Returns the beginning of a page, which ends with [`END`].
pub(super) fn begin(title: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
    )
}

pub(super) const END: &str = "</body></html>\n";

fn list_of_packages(snapshot: &Snapshot, base_url: &str) -> String {
    let name = snapshot.settings.repository.name.as_deref();
    let url = escape(base_url);
    let mut page = begin(name.unwrap_or("Package source"));
    write!(
        page,
        "<p>A package source for Synology NAS. In Package Center, open Settings, Package Sources, Add, and enter \
         <code>{url}</code>; for beta versions as well, <code>{url}/beta/</code>. \
         <a href=\"{url}/explain\">Why does my NAS not see a package?</a></p>\n\
         <table><thead><tr><th>Package</th><th>Stable</th><th>Beta</th></tr></thead><tbody>\n"
    )
    .expect("writing to a text cannot fail");
    for row in list(snapshot)
        .iter()
        .filter(|row| row.stable.is_some() || row.beta.is_some())
    {
        write_row(&mut page, row, base_url);
    }
    write!(
        page,
        "</tbody></table>\n<p><a href=\"{url}/?devicelist=true\">By device</a> · \
         <a href=\"{url}/?fulllist=true\">All files</a></p>\n{END}"
    )
    .expect("writing to a text cannot fail");
    page
}

fn write_row(page: &mut String, row: &Row, base_url: &str) {
    let version =
        |version: &Option<String>| version.as_deref().map_or_else(|| "–".to_owned(), escape);
    writeln!(
        page,
        "<tr><td><a href=\"{}\">{}</a></td><td>{}</td><td>{}</td></tr>",
        escape(&link(base_url, &["package", &row.package])),
        escape(&row.package),
        version(&row.stable),
        version(&row.beta)
    )
    .expect("writing to a text cannot fail");
}

fn rows_of_builds(package: &Package, base_url: &str) -> String {
    let mut rows = String::new();
    for release in package.releases.values().rev() {
        for build in release.builds.values() {
            if let Some(channel) = build.offered_on() {
                let file = &build.doc.spk.file;
                let platforms: Vec<&str> = build.doc.arch.iter().map(Arch::as_str).collect();
                writeln!(
                    rows,
                    "<tr><td>{}</td><td>{channel}</td><td>{}</td><td>{}</td><td><a href=\"{}\">{}</a></td></tr>",
                    escape(release.version.as_str()),
                    build.doc.os_min_ver,
                    escape(&platforms.join(", ")),
                    escape(&link(base_url, &["packages", package.name.as_str(), file])),
                    escape(file)
                )
                .expect("writing to a text cannot fail");
            }
        }
    }
    rows
}

/// Escapes what has a meaning in HTML text and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn style_is_the_one_that_is_allowed() {
        let digest = STANDARD.encode(Sha256::digest(STYLE));
        let source = format!("style-src 'sha256-{digest}'");
        assert!(SECURITY_POLICY.contains(&source), "{source}");
        assert!(begin("a").contains(&format!("<style>{STYLE}</style>")));
    }

    #[test]
    fn page_that_is_an_error_is_not_kept() {
        let policy = |status| {
            let reply = reply(&Request::get("/"), status, String::new());
            reply.header("cache-control").map(str::to_owned)
        };
        assert_eq!(policy(200).as_deref(), Some(cache_policy::PAGE));
        assert_eq!(policy(400).as_deref(), Some(cache_policy::MOMENTARY));
    }

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(escape("<b a='x'>&\""), "&lt;b a=&#39;x&#39;&gt;&amp;&quot;");
    }
}
