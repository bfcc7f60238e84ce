//! Plain pages for people: what is here, and the builds of a package.

use super::cache_policy;
use super::gzip;
use super::handler::Site;
use super::reply::Reply;
use super::request::Request;
use crate::catalog::Links;
use crate::repo::Snapshot;
use crate::site::page;
pub(super) use crate::site::page::{END, escape};

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
    let base_url = site.base_url(&state, request);
    let page = package.and_then(|package| page::package(package, &Links::below(&base_url), ""));
    let Some(page) = page else {
        return Reply::problem(404, "there is no such package");
    };
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
/// Returns the beginning of a page, which ends with [`END`].
pub(super) fn begin(title: &str) -> String {
    page::begin(title, "")
}

fn list_of_packages(snapshot: &Snapshot, base_url: &str) -> String {
    let name = snapshot.settings.repository.name.as_deref();
    let url = escape(base_url);
    format!(
        "{}<p>A package source for Synology NAS. In Package Center, open Settings, Package Sources, Add, and enter \
         <code>{url}</code>; for beta versions as well, <code>{url}/beta/</code>. \
         <a href=\"{url}/explain\">Why does my NAS not see a package?</a></p>\n{}<p>\
         <a href=\"{url}/?devicelist=true\">By device</a> · <a href=\"{url}/?fulllist=true\">All files</a></p>\n{END}",
        begin(name.unwrap_or("Package source")),
        page::packages(snapshot, base_url, "")
    )
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn style_is_the_one_that_is_allowed() {
        let digest = STANDARD.encode(Sha256::digest(page::STYLE));
        let source = format!("style-src 'sha256-{digest}'");
        assert!(SECURITY_POLICY.contains(&source), "{source}");
        assert!(begin("a").contains(&format!("<style>{}</style>", page::STYLE)));
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
}
