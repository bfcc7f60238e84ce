//! The addresses of jdel/gosspks: what its web interface reads, and the catalog at Synology's own address.
//!
//! `/` is [`super::package_center`]'s. Any page of any site may read these addresses, as it may gosspks's.
#![doc = include_str!("routes_gosspks_sspks.md")]

use std::sync::Arc;

use serde::Serialize;

use super::cache_policy;
use super::files::{self, Naming};
use super::gzip;
use super::handler::Site;
use super::package_center;
use super::reply::{Reply, SharedBytes};
use super::request::Request;
use crate::catalog::{Device, Filter, one};
use crate::model::arch::models;
use crate::model::channel::Channel;
use crate::repo::{Package, Snapshot};

/// What a path of gosspks stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    channel: Channel,
    place: Place<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place<'a> {
    About,
    Download {
        file: &'a str,
    },
    /// Major, minor, micro, build, nano, platform, channel, unique, language.
    GetList {
        parameters: [&'a str; 9],
    },
    Icon {
        file: &'a str,
        name: &'a str,
    },
    Models,
    Package {
        file: &'a str,
    },
    Packages,
}

/// The names that DSM gives to the segments of `/getList/v0/…`, in their order.
const GET_LIST: [&str; 9] = [
    "major",
    "minor",
    "micro",
    "build",
    "nano",
    "arch",
    "package_update_channel",
    "unique",
    "language",
];

/// Returns what the path stands for, if gosspks has it; below `/beta/` the channel is `beta`.
///
/// Its web interface reads the lists below `/api`, which its nginx takes away before it asks gosspks.
pub(super) fn address<'a>(segments: &[&'a str]) -> Option<Address<'a>> {
    let (channel, segments) = match segments {
        ["beta", rest @ ..] => (Channel::Beta, rest),
        all => (Channel::Stable, all),
    };
    let segments = match segments {
        ["api", rest @ ..] if rest.first() == Some(&"v1") => rest,
        all => all,
    };
    let place = match *segments {
        ["about"] => Place::About,
        ["download", file] => Place::Download { file },
        ["getList", "v0", ref parameters @ ..] => Place::GetList {
            parameters: parameters.try_into().ok()?,
        },
        ["static", file, name] => Place::Icon { file, name },
        ["v1", "models"] => Place::Models,
        ["v1", "packages"] | ["v1", "packages", ""] => Place::Packages,
        ["v1", "packages", file] => Place::Package { file },
        _ => return None,
    };
    Some(Address { channel, place })
}

impl Address<'_> {
    /// Says whether a whole SPK is asked for.
    pub(super) fn is_download(&self) -> bool {
        matches!(self.place, Place::Download { .. })
    }

    /// Says whether the answer may have links to this source.
    pub(super) fn has_links(&self) -> bool {
        match self.place {
            Place::GetList { .. } | Place::Package { .. } | Place::Packages => true,
            Place::About | Place::Download { .. } | Place::Icon { .. } | Place::Models => false,
        }
    }
}

/// Answers at an address of gosspks.
pub(super) fn answer(site: &Site, request: &Request, address: Address<'_>) -> Reply {
    let Address { channel, place } = address;
    let reply = match place {
        Place::About => about(site, request),
        Place::Download { file } => download(site, request, file),
        // The catalog says itself who may read it.
        Place::GetList { parameters } => return get_list(site, request, channel, parameters),
        Place::Icon { file, name } => icon(site, request, file, name),
        Place::Models => model_list(request),
        Place::Package { file } => package(site, request, channel, file),
        Place::Packages => packages(site, request, channel),
    };
    readable_by_all(reply)
}

/// Answers a browser that asks whether another site's page may read (Fetch standard, "CORS-preflight request").
pub(super) fn options() -> Reply {
    readable_by_all(Reply::new(204)).with("Allow", "GET, HEAD, OPTIONS")
}

fn readable_by_all(reply: Reply) -> Reply {
    reply
        .with("Access-Control-Allow-Origin", "*")
        .with("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
}

fn json(request: &Request, body: Vec<u8>) -> Reply {
    let full = Reply::json(200, body).with("Cache-Control", cache_policy::CATALOG);
    gzip::answer(request, full)
}

#[derive(Serialize)]
struct About<'a> {
    name: &'static str,
    version: &'static str,
    /// Whose source it is; gosspks names its author.
    maintainer: &'a str,
    license: &'static str,
    year: i16,
}

fn about(site: &Site, request: &Request) -> Reply {
    let state = site.live.state();
    let about = About {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        maintainer: state
            .snapshot
            .settings
            .repository
            .name
            .as_deref()
            .unwrap_or("spkrepo"),
        license: env!("CARGO_PKG_LICENSE"),
        year: jiff::Timestamp::now()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .year(),
    };
    json(
        request,
        serde_json::to_vec(&about).expect("its keys are texts"),
    )
}

#[derive(Serialize)]
struct Model {
    name: &'static str,
    arch: &'static str,
}

fn model_list(request: &Request) -> Reply {
    let parameters = request.parameters();
    let part = parameters
        .get("name")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let models: Vec<Model> = models()
        .filter(|(_, name)| name.to_ascii_lowercase().contains(&part))
        .map(|(arch, name)| Model { name, arch })
        .collect();
    json(
        request,
        serde_json::to_vec(&models).expect("their keys are texts"),
    )
}

fn filter(request: &Request, channel: Channel) -> Result<Filter, Reply> {
    let parameters = request.parameters();
    let Ok(arch) = parameters.get("arch").map(str::parse).transpose() else {
        return Err(Reply::problem(
            400,
            "the parameter `arch` is not a platform",
        ));
    };
    Ok(Filter {
        arch,
        channel,
        language: parameters
            .get("language")
            .unwrap_or_default()
            .to_ascii_lowercase(),
        latest: parameters.get("latest") == Some("true"),
        name: parameters.get("name").map(str::to_owned),
    })
}

fn packages(site: &Site, request: &Request, channel: Channel) -> Reply {
    let state = site.live.state();
    let base_url = site.base_url(&state, request);
    let filter = match filter(request, channel) {
        Ok(filter) => filter,
        Err(problem) => return problem,
    };
    let list = state
        .cache
        .list(&state.snapshot, filter, base_url, site.catalog_cache_size);
    let full = Reply::json(200, SharedBytes::from(Arc::clone(&list.body)));
    let full = full.with("Cache-Control", cache_policy::CATALOG);
    gzip::answer_prepared(request, &list.tag, &list.gzip, full)
}

fn package(site: &Site, request: &Request, channel: Channel, file: &str) -> Reply {
    let state = site.live.state();
    let base_url = site.base_url(&state, request);
    let filter = match filter(request, channel) {
        Ok(filter) => filter,
        Err(problem) => return problem,
    };
    match one(&state.snapshot, &filter, file, &base_url) {
        Some(body) => json(request, body),
        None => no_file(),
    }
}

/// The channel's segment counts for DSM 7 as well: whoever asks here has it in the address.
fn get_list(
    site: &Site,
    request: &Request,
    channel: Channel,
    parameters: [&str; GET_LIST.len()],
) -> Reply {
    let parameter = |name: &str| {
        let at = GET_LIST.iter().position(|known| *known == name)?;
        Some(parameters[at].to_owned()).filter(|value| !value.is_empty())
    };
    let asks_for_beta = parameter("package_update_channel").as_deref() == Some("beta");
    let channel = if asks_for_beta {
        channel.min(Channel::Beta)
    } else {
        channel
    };
    match Device::from_parameters(parameter, channel) {
        Ok(device) => package_center::catalog(site, request, device),
        Err(error) => Reply::problem(400, &error.to_string()),
    }
}

fn download(site: &Site, request: &Request, file: &str) -> Reply {
    let state = site.live.state();
    match package_of(&state.snapshot, file) {
        Some(package) => {
            let build = package.build_of_file(file).map(|(_, build)| build);
            files::spk(site, request, build, Naming::Alias)
        }
        None => no_file(),
    }
}

/// gosspks serves what it unpacked of the SPK, here it is the pictures alone.
fn icon(site: &Site, request: &Request, file: &str, name: &str) -> Reply {
    let state = site.live.state();
    let found = package_of(&state.snapshot, file).and_then(|package| {
        let (release, _) = package.build_of_file(file)?;
        let width = match name {
            "PACKAGE_ICON.PNG" => *release.icons.keys().next()?,
            _ => name
                .strip_prefix("PACKAGE_ICON_")?
                .strip_suffix(".PNG")?
                .parse()
                .ok()?,
        };
        Some((package, release, release.icons.get(&width)?))
    });
    match found {
        Some((package, release, asset)) => files::icon(
            site,
            request,
            package.name.as_str(),
            release.version.as_str(),
            &asset.name,
        ),
        None => no_file(),
    }
}

fn package_of<'a>(snapshot: &'a Snapshot, file: &str) -> Option<&'a Package> {
    let mut packages = snapshot.packages.values();
    packages
        .find(|package| package.build_of_file(file).is_some())
        .map(|package| &**package)
}

fn no_file() -> Reply {
    Reply::problem(404, "there is no such file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_gosspks_are_also_below_beta() {
        let place = |segments: &[&str]| address(segments).map(|address| format!("{address:?}"));
        assert!(
            place(&["beta", "v1", "packages"])
                .expect("an address")
                .contains("Beta")
        );
        assert_eq!(place(&["v1", "packages"]), place(&["v1", "packages", ""]));
        assert_eq!(place(&["getList", "v0", "7"]), None);
        assert_eq!(place(&["getList", "v1", "7"]), None);
        assert_eq!(place(&["v1"]), None);
        assert_eq!(place(&["api", "v1", "models"]), place(&["v1", "models"]));
        assert_eq!(
            place(&["beta", "api", "v1", "packages"]),
            place(&["beta", "v1", "packages"])
        );
        assert_eq!(place(&["api", "about"]), None);
    }
}
