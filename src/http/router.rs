//! Which handler answers a request: by its path and method.

use super::files;
use super::handler::Site;
use super::health;
use super::package_center;
use super::reply::Reply;
use super::request::{Method, Request};
use crate::model::channel::Channel;

/// What a path stands for.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Catalog {
        channel: Channel,
    },
    Download {
        file: &'a str,
        package: &'a str,
    },
    Health,
    Icon {
        name: &'a str,
        package: &'a str,
        version: &'a str,
    },
    Ready,
    Screenshot {
        name: &'a str,
        package: &'a str,
    },
}

/// Answers `request`.
pub(super) fn answer(site: &Site, request: &Request) -> Reply {
    let segments: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let Some(route) = route(&segments) else {
        return Reply::problem(404, "there is nothing at this address");
    };
    if let Some(refusal) = check_method(&route, &request.method) {
        return refusal;
    }
    match route {
        Route::Catalog { channel } => package_center::answer(site, request, channel),
        Route::Download { file, package } => files::download(site, request, package, file),
        Route::Health => health::alive(),
        Route::Icon {
            name,
            package,
            version,
        } => files::icon(site, request, package, version, name),
        Route::Ready => health::ready(site),
        Route::Screenshot { name, package } => files::screenshot(site, request, package, name),
    }
}

fn route<'a>(segments: &[&'a str]) -> Option<Route<'a>> {
    match *segments {
        [] | [""] => Some(Route::Catalog {
            channel: Channel::Stable,
        }),
        ["beta"] | ["beta", ""] => Some(Route::Catalog {
            channel: Channel::Beta,
        }),
        ["healthz"] => Some(Route::Health),
        ["readyz"] => Some(Route::Ready),
        ["packages", package, file] => Some(Route::Download { file, package }),
        ["packages", package, "screenshots", name] => Some(Route::Screenshot { name, package }),
        ["packages", package, version, name] => Some(Route::Icon {
            name,
            package,
            version,
        }),
        _ => None,
    }
}

/// Package Center may POST its parameters (DSM 4 and 5 do); everything else is only read (RFC 9110 §15.5.6).
fn check_method(route: &Route<'_>, method: &Method) -> Option<Reply> {
    let allow = match route {
        Route::Catalog { .. } => "GET, HEAD, POST",
        _ => "GET, HEAD",
    };
    match (method, route) {
        (Method::Get | Method::Head, _) | (Method::Post, Route::Catalog { .. }) => None,
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
        assert_eq!(route(&["packages", "a"]), None);
        assert_eq!(route(&["packages", "a", "b", "c", "d"]), None);
        assert_eq!(route(&["..", "etc"]), None);
    }
}
