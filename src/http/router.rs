//! Which handler answers a request: by its path and method.

use super::explain;
use super::files;
use super::front::Matched;
use super::gosspks;
use super::handler::Site;
use super::health;
use super::hook;
use super::lfs;
use super::metrics;
use super::nas;
use super::package_center;
use super::page;
use super::reply::Reply;
use super::request::{Method, Request};
use super::upload::Form;
use crate::model::channel::Channel;

/// What a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route<'a> {
    Catalog {
        channel: Channel,
    },
    Download {
        file: &'a str,
        package: &'a str,
    },
    Explain,
    Gosspks(gosspks::Address<'a>),
    Health,
    Icon {
        name: &'a str,
        package: &'a str,
        version: &'a str,
    },
    Lfs(lfs::Address<'a>),
    /// Only at an address of its own.
    Metrics,
    /// A download or an icon as SynoCommunity's spkrepo calls it.
    Nas {
        name: &'a str,
        package: &'a str,
        revision: &'a str,
    },
    PackagePage {
        package: &'a str,
    },
    PackagesPage,
    Ready,
    /// Where a webhook says that there is news.
    Refresh,
    Screenshot {
        name: &'a str,
        package: &'a str,
    },
    /// Where SPKs are sent to and nothing can be read.
    Upload,
}

/// Answers `request`.
pub(super) fn answer(site: &Site, request: &Request) -> Reply {
    let segments: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let takes_uploads = site.uploads.is_some();
    let form = upload_form(&request.path);
    if form.is_some() && request.method == Method::Post && !takes_uploads {
        return no_uploads(&segments);
    }
    let route = match route(&segments) {
        Some(route) => route,
        None if form.is_some() && takes_uploads => Route::Upload,
        None => return not_found(),
    };
    if let Some(refusal) = check_method(&route, &request.method, takes_uploads) {
        return refusal;
    }
    let has_links = route.has_links();
    let reply = reply(site, request, route);
    if has_links {
        site.guarded(request, reply)
    } else {
        reply
    }
}

fn reply(site: &Site, request: &Request, route: Route<'_>) -> Reply {
    match route {
        Route::Catalog { channel } => package_center::answer(site, request, channel),
        Route::Download { file, package } => files::download(site, request, package, file),
        Route::Explain => explain::answer(site, request),
        Route::Gosspks(address) => gosspks::answer(site, request, address),
        Route::Health => health::alive(),
        Route::Metrics => metrics::answer(site),
        Route::Icon {
            name,
            package,
            version,
        } => files::icon(site, request, package, version, name),
        Route::Lfs(address) => lfs::answer(site, request, address),
        Route::Nas {
            name,
            package,
            revision,
        } => nas::answer(site, request, package, revision, name),
        Route::PackagePage { package } => page::package(site, request, package),
        Route::PackagesPage => page::packages(site, request),
        Route::Ready => health::ready(site),
        Route::Refresh => hook::refresh(site, request),
        Route::Screenshot { name, package } => files::screenshot(site, request, package, name),
        // Each is taken before it gets here.
        Route::Upload => not_found(),
    }
}

/// Answers whoever watches the server, at an address of its own.
pub(super) fn watch(site: &Site, request: &Request) -> Reply {
    let [name] = &request.path[..] else {
        return not_found();
    };
    let route = match name.as_str() {
        "healthz" => Route::Health,
        "metrics" => Route::Metrics,
        "readyz" => Route::Ready,
        _ => return not_found(),
    };
    check_method(&route, &request.method, false).unwrap_or_else(|| reply(site, request, route))
}

/// Returns the answer for an address that stands for nothing.
pub(super) fn not_found() -> Reply {
    Reply::problem(404, "there is nothing at this address")
}

/// Returns the answer for a host that is not answered for.
pub(super) fn misdirected() -> Reply {
    Reply::problem(
        421,
        "this server does not answer for the host that was asked; `allowed-host` names those that it answers for",
    )
}

/// Says whether the path is one of those by which the server is watched.
pub(super) fn is_health(path: &[String]) -> bool {
    matches!(path, [name] if name == "healthz" || name == "readyz")
}

impl Route<'_> {
    /// Returns its name in logs and metrics.
    fn name(&self) -> &'static str {
        match self {
            Self::Catalog { .. } => "catalog",
            Self::Download { .. } => "download",
            Self::Explain => "explain",
            Self::Gosspks(_) => "gosspks",
            Self::Health => "healthz",
            Self::Icon { .. } => "icon",
            Self::Lfs(address) => address.name(),
            Self::Metrics => "metrics",
            Self::Nas { .. } => "nas",
            Self::PackagePage { .. } => "package-page",
            Self::PackagesPage => "packages-page",
            Self::Ready => "readyz",
            Self::Refresh => "hook",
            Self::Screenshot { .. } => "screenshot",
            Self::Upload => UPLOAD,
        }
    }

    /// Says whether the answer may have links to this source.
    fn has_links(&self) -> bool {
        match self {
            Self::Catalog { .. } | Self::PackagePage { .. } | Self::PackagesPage => true,
            Self::Gosspks(address) => address.has_links(),
            Self::Download { .. }
            | Self::Explain
            | Self::Health
            | Self::Icon { .. }
            | Self::Lfs(_)
            | Self::Metrics
            | Self::Nas { .. }
            | Self::Ready
            | Self::Refresh
            | Self::Screenshot { .. }
            | Self::Upload => false,
        }
    }
}

/// Returns what `path` is for. Nearly all are catalogs and downloads: those from memory, these from files.
pub(super) fn matched(path: &[String]) -> Matched {
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    let route = route(&segments);
    Matched {
        is_quick: match &route {
            Some(
                Route::Catalog { .. }
                | Route::Download { .. }
                | Route::Lfs(lfs::Address::Object { .. })
                | Route::Nas { .. },
            ) => true,
            // One may wait for what is still fetched, which must not keep a place from others.
            Some(Route::Gosspks(address)) => address.is_download(),
            _ => false,
        },
        name: route.map_or(UNKNOWN, |route| route.name()),
    }
}

/// Says what kind of an upload is sent to `path`, as SynoCommunity's spkrepo and the package server guide have it.
pub(super) fn upload_form(path: &[String]) -> Option<Form> {
    match path {
        [packages] if packages == "packages" => Some(Form::Raw),
        [api, packages] if api == "api" && packages == "packages" => Some(Form::Raw),
        [api, upload] if api == "api" && upload == "upload" => Some(Form::Multipart),
        _ => None,
    }
}

/// Returns the answer for an upload where none are taken.
fn no_uploads(segments: &[&str]) -> Reply {
    const HINT: &str = "uploads are not taken here: `spkrepo serve --upload` takes them";
    match segments {
        ["packages"] => Reply::problem(405, HINT).with("Allow", "GET, HEAD, OPTIONS"),
        _ => Reply::problem(404, HINT),
    }
}

/// The name of uploads.
pub(super) const UPLOAD: &str = "upload";

/// The name of what has no route.
pub(super) const UNKNOWN: &str = "unknown";

fn route<'a>(segments: &[&'a str]) -> Option<Route<'a>> {
    match *segments {
        ["explain"] => Some(Route::Explain),
        ["healthz"] => Some(Route::Health),
        ["hooks", "refresh"] => Some(Route::Refresh),
        ["readyz"] => Some(Route::Ready),
        ["packages", package, file] => Some(Route::Download { file, package }),
        ["packages", package, "screenshots", name] => Some(Route::Screenshot { name, package }),
        ["packages", package, version, name] => Some(Route::Icon {
            name,
            package,
            version,
        }),
        _ => lfs::address(segments)
            .map(Route::Lfs)
            .or_else(|| drop_in(segments)),
    }
}

/// The paths of the servers that this one replaces, which are below a channel's own address too.
fn drop_in<'a>(segments: &[&'a str]) -> Option<Route<'a>> {
    let (channel, rest) = match segments {
        ["beta", rest @ ..] => (Channel::Beta, rest),
        all => (Channel::Stable, all),
    };
    let gosspks = gosspks::address(segments).map(Route::Gosspks);
    gosspks.or_else(|| spkrepo(rest, channel))
}

/// The paths of SynoCommunity's spkrepo and of the package server guide; what they name does not depend on the channel,
/// except for the catalog.
fn spkrepo<'a>(segments: &[&'a str], channel: Channel) -> Option<Route<'a>> {
    match *segments {
        [] | ["" | "nas"] | ["nas", ""] | ["api", "package"] => Some(Route::Catalog { channel }),
        ["nas", package, revision, name] => Some(Route::Nas {
            name,
            package,
            revision,
        }),
        ["package", package] => Some(Route::PackagePage { package }),
        ["packages"] | ["packages", ""] => Some(Route::PackagesPage),
        _ => None,
    }
}

/// Package Center may POST its parameters (DSM 4 and 5 do); everything else is only read (RFC 9110 §15.5.6).
fn check_method(route: &Route<'_>, method: &Method, takes_uploads: bool) -> Option<Reply> {
    let allow = match route {
        Route::Catalog { .. } => "GET, HEAD, POST, OPTIONS",
        Route::PackagesPage if takes_uploads => "GET, HEAD, POST, OPTIONS",
        Route::Refresh | Route::Upload => "POST, OPTIONS",
        _ => "GET, HEAD, OPTIONS",
    };
    match (method, route) {
        // Git LFS says it in its own words.
        (_, Route::Lfs(_)) => None,
        (Method::Get | Method::Head, Route::Upload) => Some(
            Reply::problem(
                405,
                "SPKs are sent to this address by POST; there is nothing to read",
            )
            .with("Allow", allow),
        ),
        (Method::Post, Route::Catalog { .. } | Route::Refresh | Route::Upload) => None,
        (Method::Get | Method::Head, route) if *route != Route::Refresh => None,
        (Method::Other(name), Route::Gosspks(_)) if name == "OPTIONS" => Some(gosspks::options()),
        // RFC 9110 §9.3.7; spkrepo answers 200 as well.
        (Method::Other(name), _) if name == "OPTIONS" => Some(Reply::new(200).with("Allow", allow)),
        _ => Some(
            Reply::problem(405, "the method is not allowed at this address").with("Allow", allow),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stand_for_what_they_say() {
        let stable = Route::Catalog {
            channel: Channel::Stable,
        };
        assert_eq!(route(&[]), Some(stable));
        assert_eq!(
            route(&["beta", ""]),
            Some(Route::Catalog {
                channel: Channel::Beta
            })
        );
        let (file, package) = ("a_1.spk", "a");
        assert_eq!(
            route(&["packages", "a", "a_1.spk"]),
            Some(Route::Download { file, package })
        );
        let guide = Route::Catalog {
            channel: Channel::Beta,
        };
        assert_eq!(route(&["beta", "api", "package"]), Some(guide));
        assert_eq!(route(&["packages", "a"]), None);
        assert_eq!(route(&["beta", "packages", "a", "a_1.spk"]), None);
        assert_eq!(route(&["packages", "a", "b", "c", "d"]), None);
        assert_eq!(route(&["..", "etc"]), None);
    }

    #[test]
    fn catalogs_and_downloads_are_quick() {
        for path in [
            "/",
            "/nas",
            "/beta/nas/",
            "/packages/a/a.spk",
            "/nas/a/1/a.spk",
        ] {
            assert!(matched(&Request::get(path).path).is_quick, "{path}");
        }
        for path in [
            "/explain",
            "/v1/packages",
            "/packages",
            "/nothing",
            "/healthz",
        ] {
            assert!(!matched(&Request::get(path).path).is_quick, "{path}");
        }
    }

    #[test]
    fn spkrepos_paths_are_there_for_each_channel() {
        for (channel, prefix) in [(Channel::Stable, &[][..]), (Channel::Beta, &["beta"])] {
            let route = |segments: &[&'static str]| route(&[prefix, segments].concat());
            for segments in [&[][..], &[""], &["nas"], &["nas", ""]] {
                assert_eq!(route(segments), Some(Route::Catalog { channel }));
            }
            let (name, package, revision) = ("icon_72.png", "a", "1");
            assert_eq!(
                route(&["nas", "a", "1", "icon_72.png"]),
                Some(Route::Nas {
                    name,
                    package,
                    revision
                })
            );
            assert_eq!(
                route(&["package", "a"]),
                Some(Route::PackagePage { package })
            );
            assert_eq!(route(&["packages"]), Some(Route::PackagesPage));
            assert_eq!(route(&["nas", "a"]), None);
            assert_eq!(route(&["nas", "a", "1"]), None);
            assert_eq!(route(&["package"]), None);
        }
    }
}
