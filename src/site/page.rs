//! What pages for people are made of, on a server and in an export.

use std::fmt::Write as _;

use super::list::{Row, list};
use crate::catalog::{Links, link};
use crate::model::arch::Arch;
use crate::repo::{Package, Snapshot};

/// How pages look; a policy that allows it names its digest.
pub(crate) const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc}\
code{background:#eee;padding:.1rem .3rem}label{display:inline-block;margin:.2rem 1rem .2rem 0}";

/// The end of every page.
pub(crate) const END: &str = "</body></html>\n";

/// Returns the beginning of a page, which ends with [`END`]; `head` is what its head has besides.
pub(crate) fn begin(title: &str, head: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">{head}<title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
    )
}

/// Returns the page of a package with the builds that are offered to anybody, if there are any.
pub(crate) fn package(package: &Package, links: &Links<'_>, head: &str) -> Option<String> {
    let rows = rows_of_builds(package, links);
    (!rows.is_empty()).then(|| {
        format!(
            "{}<table><thead><tr><th>Version</th><th>Channel</th><th>Minimum DSM</th><th>Platforms</th>\
             <th>Download</th></tr></thead><tbody>\n{rows}</tbody></table>\n{END}",
            begin(package.name.as_str(), head)
        )
    })
}

fn rows_of_builds(package: &Package, links: &Links<'_>) -> String {
    let mut rows = String::new();
    for release in package.releases.values().rev() {
        for build in release.builds.values() {
            if let Some(channel) = build.offered_on() {
                let platforms: Vec<&str> = build.doc.arch.iter().map(Arch::as_str).collect();
                writeln!(
                    rows,
                    "<tr><td>{}</td><td>{channel}</td><td>{}</td><td>{}</td><td><a href=\"{}\">{}</a></td></tr>",
                    escape(release.version.as_str()),
                    build.doc.os_min_ver,
                    escape(&platforms.join(", ")),
                    escape(&links.download(package, release, build)),
                    escape(&build.doc.spk.file)
                )
                .expect("writing to a text cannot fail");
            }
        }
    }
    rows
}

/// Returns a table of the packages that are offered to anybody; `ending` is what follows the name in a page's address.
pub(crate) fn packages(snapshot: &Snapshot, base_url: &str, ending: &str) -> String {
    let mut table =
        "<table><thead><tr><th>Package</th><th>Stable</th><th>Beta</th></tr></thead><tbody>\n"
            .to_owned();
    let is_offered = |row: &&Row| row.stable.is_some() || row.beta.is_some();
    for row in list(snapshot).iter().filter(is_offered) {
        write_row(&mut table, row, base_url, ending);
    }
    table.push_str("</tbody></table>\n");
    table
}

fn write_row(page: &mut String, row: &Row, base_url: &str, ending: &str) {
    let version =
        |version: &Option<String>| version.as_deref().map_or_else(|| "–".to_owned(), escape);
    writeln!(
        page,
        "<tr><td><a href=\"{}{ending}\">{}</a></td><td>{}</td><td>{}</td></tr>",
        escape(&link(base_url, &["package", &row.package])),
        escape(&row.package),
        version(&row.stable),
        version(&row.beta)
    )
    .expect("writing to a text cannot fail");
}

/// Escapes what has a meaning in HTML text and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
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
