//! A plain page for people who open the source's address in a browser.

use std::fmt::Write as _;

use super::cache_policy;
use super::handler::Site;
use super::reply::Reply;
use super::request::Request;
use crate::ops::list::{Row, list};
use crate::repo::Snapshot;

/// Answers with what is here and how to add the source to a NAS.
pub(super) fn answer(site: &Site, request: &Request) -> Reply {
    let state = site.live.state();
    let page = page(&state.snapshot, &site.base_url(&state, request));
    Reply::html(200, page)
        .with("Cache-Control", cache_policy::PAGE)
        .with("Vary", "Accept, User-Agent")
        .with(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'",
        )
        .with("X-Content-Type-Options", "nosniff")
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc}\
code{background:#eee;padding:.1rem .3rem}";

fn page(snapshot: &Snapshot, base_url: &str) -> String {
    let name = escape(
        snapshot
            .settings
            .repository
            .name
            .as_deref()
            .unwrap_or("Package source"),
    );
    let url = escape(base_url);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n<h1>{name}</h1>\n\
         <p>A package source for Synology NAS. In Package Center, open Settings, Package Sources, Add, and enter \
         <code>{url}</code>; for beta versions as well, <code>{url}/beta/</code>.</p>\n\
         <table><thead><tr><th>Package</th><th>Stable</th><th>Beta</th></tr></thead><tbody>\n"
    );
    for row in list(snapshot)
        .iter()
        .filter(|row| row.stable.is_some() || row.beta.is_some())
    {
        write_row(&mut page, row);
    }
    page.push_str("</tbody></table>\n</body></html>\n");
    page
}

fn write_row(page: &mut String, row: &Row) {
    let version =
        |version: &Option<String>| version.as_deref().map_or_else(|| "–".to_owned(), escape);
    writeln!(
        page,
        "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
        escape(&row.package),
        version(&row.stable),
        version(&row.beta)
    )
    .expect("writing to a text cannot fail");
}

/// Escapes what has a meaning in HTML text and in quoted attributes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(escape("<b a='x'>&\""), "&lt;b a=&#39;x&#39;&gt;&amp;&quot;");
    }
}
