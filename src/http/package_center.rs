//! The source's own address: Package Center gets the catalog, a person's browser a page.

use super::cache_policy;
use super::gzip;
use super::handler::Site;
use super::reply::{Reply, SharedBytes};
use super::request::{Method, Request};
use super::sspks;
use crate::catalog::{Device, DeviceError, answer as answer_json, with_debug_entry};
use crate::model::channel::Channel;

/// Answers at the address that stands for `channel`.
pub(super) fn answer(site: &Site, request: &Request, channel: Channel) -> Reply {
    let parameters = request.parameters();
    match Device::from_parameters(|name| parameters.get(name).map(str::to_owned), channel) {
        Ok(device) => catalog(site, request, device),
        Err(_) if is_browser(request) || sspks::is_list(&parameters) => {
            sspks::answer(site, request, channel)
        }
        // DSM's probe when a source is added may lack all parameters; it must read a catalog.
        Err(DeviceError::Missing { .. }) if parameters.iter().next().is_none() => empty(),
        Err(error) => Reply::problem(400, &error.to_string()),
    }
}

/// Answers with the catalog for `device`; any page may read it, as gosspks has it.
pub(super) fn catalog(site: &Site, request: &Request, device: Device) -> Reply {
    let state = site.live.state();
    let base_url = site.base_url(&state, request);
    if site.debug_package {
        let mut catalog = answer_json(&state.snapshot, &device, &base_url);
        catalog = with_debug_entry(&catalog, &base_url, &asked(request));
        return Reply::json(200, catalog)
            .with("Cache-Control", cache_policy::MOMENTARY)
            .with("Access-Control-Allow-Origin", "*");
    }
    let catalog = state
        .cache
        .get(&state.snapshot, device, base_url, site.catalog_cache_size);
    let full = Reply::json(200, SharedBytes::from(std::sync::Arc::clone(&catalog.body)));
    let full = full.with("Cache-Control", cache_policy::CATALOG);
    gzip::answer_prepared(request, &catalog.tag, &catalog.gzip, full)
        .with("Access-Control-Allow-Origin", "*")
}

/// Returns what the device sent, line by line: its path and parameters, and how it calls itself.
fn asked(request: &Request) -> Vec<(String, String)> {
    let mut lines = vec![("path".to_owned(), format!("/{}", request.path.join("/")))];
    let parameters = request.parameters();
    let pairs = parameters
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    lines.extend(pairs);
    let agent = request.header("user-agent");
    lines.extend(agent.map(|agent| ("User-Agent".to_owned(), agent.to_owned())));
    lines
}

fn empty() -> Reply {
    Reply::json(200, r#"{"packages":[]}"#.to_owned())
        .with("Cache-Control", cache_policy::PAGE)
        .varying_by("Accept")
        .varying_by("User-Agent")
}

/// Package Center also sends `Accept: text/html` at times, so the name must say "browser" as well.
fn is_browser(request: &Request) -> bool {
    let has = |name: &str, part: &str| {
        request
            .header(name)
            .is_some_and(|value| value.contains(part))
    };
    matches!(request.method, Method::Get | Method::Head)
        && has("accept", "text/html")
        && has("user-agent", "Mozilla/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_clearly_a_browser_gets_a_page() {
        let dsm = Request::get("/")
            .with("accept", "text/html")
            .with("user-agent", "synology_avoton_415+ DSM6.2-23739 (package)");
        assert!(!is_browser(&dsm));
        assert!(!is_browser(
            &Request::get("/").with("user-agent", "Mozilla/5.0")
        ));
        let browser = Request::get("/")
            .with("accept", "text/html,*/*")
            .with("user-agent", "Mozilla/5.0 (X11)");
        assert!(is_browser(&browser));
    }
}
