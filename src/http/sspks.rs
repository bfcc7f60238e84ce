//! The pages of jdel/sspks for people: the devices, the packages for one platform, and all files.
//!
//! `/` shows the packages with links to these; sspks begins with the devices.

use std::fmt::Write as _;

use super::handler::Site;
use super::page::{self, END, begin, escape};
use super::reply::Reply;
use super::request::{Parameters, Request};
use crate::catalog::{Filter, Offer, link, offered};
use crate::model::arch::{Arch, models};
use crate::model::channel::Channel;

/// Returns whether the request is for a page of sspks whoever sends it: no other server knows these parameters.
pub(super) fn is_list(parameters: &Parameters) -> bool {
    parameters.get("fulllist").is_some() || parameters.get("devicelist").is_some()
}

/// Answers people at the address that stands for `channel`.
pub(super) fn answer(site: &Site, request: &Request, channel: Channel) -> Reply {
    let parameters = request.parameters();
    let channel = match parameters.get("channel") {
        Some("beta") => channel.min(Channel::Beta),
        _ => channel,
    };
    let arch: Option<Arch> = parameters.get("arch").and_then(|arch| arch.parse().ok());
    match arch {
        Some(arch) => list(
            site,
            request,
            &format!("Packages for {arch}"),
            &filter(channel, Some(arch)),
        ),
        None if parameters.get("fulllist").is_some() => {
            list(site, request, "All files", &filter(channel, None))
        }
        None if parameters.get("devicelist").is_some() => page::reply(request, 200, devices()),
        None => page::answer(site, request),
    }
}

/// For a platform the newest of each package, for people who do not say which DSM they have; else everything.
fn filter(channel: Channel, arch: Option<Arch>) -> Filter {
    Filter {
        latest: arch.is_some(),
        arch,
        channel,
        language: "enu".to_owned(),
        name: None,
    }
}

fn list(site: &Site, request: &Request, title: &str, filter: &Filter) -> Reply {
    let state = site.live.state();
    let base_url = site.base_url(&state, request);
    let mut page = begin(title);
    page.push_str(
        "<table><thead><tr><th>Package</th><th>Version</th><th>From</th><th>File</th></tr></thead><tbody>\n",
    );
    for offer in offered(&state.snapshot, filter) {
        write_offer(&mut page, &offer, &base_url);
    }
    page.push_str("</tbody></table>\n");
    page.push_str(END);
    page::reply(request, 200, page)
}

fn write_offer(page: &mut String, offer: &Offer<'_>, base_url: &str) {
    let (name, file) = (offer.package.name.as_str(), &offer.build.doc.spk.file);
    let shown = offer.build.text.displayname.as_deref().unwrap_or(name);
    let minimum = offer.build.doc.os_min_ver;
    writeln!(
        page,
        "<tr><td>{}</td><td>{}</td><td>{} {minimum}</td><td><a href=\"{}\">{}</a></td></tr>",
        escape(shown),
        escape(offer.release.version.as_str()),
        minimum.os(),
        escape(&link(base_url, &["packages", name, file])),
        escape(file),
    )
    .expect("writing to a text cannot fail");
}

/// The models with their platforms, each with a link to its packages.
fn devices() -> String {
    let mut page = begin("Devices");
    page.push_str("<table><thead><tr><th>Model</th><th>Platform</th></tr></thead><tbody>\n");
    for (arch, model) in models() {
        let (arch, model) = (escape(arch), escape(model));
        writeln!(
            page,
            "<tr><td>{model}</td><td><a href=\"?arch={arch}\">{arch}</a></td></tr>"
        )
        .expect("writing to a text cannot fail");
    }
    page.push_str("</tbody></table>\n");
    page.push_str(END);
    page
}
