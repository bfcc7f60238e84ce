//! The first page of an export: which address is whose, and which packages there are.
//!
//! Everything is in its tables. A script, where one may run, finds the line for a model and a version.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::catalogs::Listed;
use super::page::{END, STYLE, begin, escape, packages};
use crate::catalog::link;
use crate::model::arch::Arch;
use crate::model::channel::Channel;
use crate::repo::Snapshot;

/// What the head of every exported page has: an icon that is not asked for, and nothing else from anywhere.
pub(super) const HEAD: &str =
    "<link rel=\"icon\" href=\"data:,\"><meta name=\"referrer\" content=\"no-referrer\">";

const SCRIPT: &str = include_str!("finder.js");

const FORM: &str = "<form hidden><label>Model or platform <input name=\"nas\" list=\"names\" placeholder=\"DS918+\"></label>\
<label>DSM <input name=\"dsm\" placeholder=\"7.2-72806\"></label>\
<label><input type=\"checkbox\" name=\"beta\"> beta versions as well</label>\
<p><output></output></p></form>\n";

/// Returns the page; `listed` are the catalogs.
pub(super) fn index(snapshot: &Snapshot, base_url: &str, listed: &[Listed]) -> String {
    let name = snapshot.settings.repository.name.as_deref();
    let mut page = begin(
        name.unwrap_or("Package source"),
        &format!("{HEAD}{}", policy()),
    );
    page.push_str(
        "<p>A package source for Synology NAS. In Package Center, open Settings, Package Sources, Add, and enter the \
         address for your model and your version of DSM: the link with the highest build that is not above yours, or \
         the one without a build. Control Panel, Info Center shows both. After an upgrade of DSM, enter the address \
         for the new version.</p>\n",
    );
    page.push_str(FORM);
    page.push_str("<h2>Packages</h2>\n");
    page.push_str(&packages(snapshot, base_url, "/"));
    page.push_str(&addresses(base_url, listed));
    write!(page, "<script>{SCRIPT}</script>{END}").expect("a text takes it");
    page
}

/// What a page may do (Content Security Policy Level 3): have its own style and script, by their digests.
fn policy() -> String {
    let source = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {}; \
         img-src data:; base-uri 'none'; form-action 'none'\">",
        source(STYLE),
        source(SCRIPT)
    )
}

/// Returns a table with a line for each platform, and what else is asked for by name.
fn addresses(base_url: &str, listed: &[Listed]) -> String {
    let mut of: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
    for catalog in listed {
        for name in &catalog.names {
            of.entry(name).or_default().push(catalog);
        }
    }
    let mut table = String::from(
        "<h2>Addresses</h2>\n<table><thead><tr><th>Platform</th><th>Stable</th><th>With beta versions</th></tr></thead>\
         <tbody>\n",
    );
    let mut options = String::new();
    for (name, catalogs) in of {
        write_row(&mut table, &mut options, base_url, name, &catalogs);
    }
    write!(
        table,
        "</tbody></table>\n<datalist id=\"names\">{options}</datalist>\n"
    )
    .expect("a text takes it");
    table
}

fn write_row(
    table: &mut String,
    options: &mut String,
    base_url: &str,
    name: &str,
    catalogs: &[&Listed],
) {
    let names = Names::of(name);
    let links = |channel| {
        let of = catalogs.iter().filter(|catalog| catalog.channel == channel);
        let links: Vec<String> = of.map(|catalog| anchor(base_url, name, catalog)).collect();
        links.join(" ")
    };
    let model = if names.is_model {
        " data-model=\"1\""
    } else {
        ""
    };
    writeln!(
        table,
        "<tr id=\"{0}\" data-names=\"{1}\"{model}><td>{0}<br><small>{2}</small></td><td>{3}</td><td>{4}</td></tr>",
        escape(name),
        escape(&names.asked.join(" ").to_lowercase()),
        escape(&names.shown),
        links(Channel::Stable),
        links(Channel::Beta)
    )
    .expect("a text takes it");
    for asked in &names.asked {
        write!(options, "<option value=\"{}\">", escape(asked)).expect("a text takes it");
    }
}

/// Whose line it is.
struct Names {
    asked: Vec<String>,
    is_model: bool,
    shown: String,
}

impl Names {
    fn of(name: &str) -> Self {
        if let Some((_, model)) = name.split_once('-') {
            let model = model.replace("plus", "+").to_uppercase();
            let is_bare = model.starts_with(|c: char| c.is_ascii_digit());
            let model = if is_bare { format!("DS{model}") } else { model };
            return Self {
                asked: vec![model.clone()],
                is_model: true,
                shown: format!("only {model}"),
            };
        }
        let arch: Option<Arch> = name.parse().ok();
        let models = arch.as_ref().map_or(&[][..], Arch::models);
        let is_noarch = arch.as_ref().is_some_and(Arch::is_noarch);
        let shown = if is_noarch {
            "every platform: less than your platform's own".to_owned()
        } else {
            models.join(", ")
        };
        let own = std::iter::once(name.to_owned());
        Self {
            asked: own.chain(models.iter().cloned()).collect(),
            is_model: false,
            shown,
        }
    }
}

fn anchor(base_url: &str, name: &str, catalog: &Listed) -> String {
    let path = catalog.path(name);
    let segments: Vec<&str> = path.split('/').collect();
    let first = match catalog.is_whole {
        true => String::new(),
        false => catalog.first.to_string(),
    };
    format!(
        "<a href=\"{}\" data-channel=\"{}\" data-version=\"{}.{}\" data-first=\"{first}\">{}</a>",
        escape(&link(base_url, &segments)),
        catalog.channel,
        catalog.major,
        catalog.minor,
        escape(&catalog.version().replace("DSM ", ""))
    )
}
