//! What is so at the moment: connections, the commit, the cache, the disk.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::http::front::Crowd;
use crate::http::handler::Site;

/// Adds what is so now.
pub(super) fn register(site: &Site, registry: &mut Registry) {
    connections(site, registry);
    commit(site, registry);
    cache(site, registry);
    disk(site, registry);
    follower(site, registry);
    downloads(site, registry);
    let lost = &site.metrics.lost_lines;
    counter(
        registry,
        "access_log_lines_lost",
        "Lines of the access log that could not be written",
        lost,
    );
}

fn connections(site: &Site, registry: &mut Registry) {
    let crowd = site.metrics.crowd.as_ref();
    let (count, max) = crowd.map_or((0, 0), Crowd::count);
    gauge(
        registry,
        "connections",
        "Connections that are open",
        count as f64,
    );
    gauge(
        registry,
        "connections_limit",
        "Connections that may be open",
        max as f64,
    );
}

fn commit(site: &Site, registry: &mut Registry) {
    let state = site.live.state();
    let id = Info::new([("commit", state.snapshot.commit.to_string())]);
    registry.register("snapshot", "The commit that is served", id);
    let age = state.since.elapsed().as_secs_f64();
    gauge(
        registry,
        "snapshot_age_seconds",
        "How long this commit has been served",
        age,
    );
    let packages = state.snapshot.packages.len() as f64;
    gauge(
        registry,
        "packages",
        "Packages of the commit that is served",
        packages,
    );
    gauge(
        registry,
        "builds",
        "Builds of the commit that is served",
        state.builds as f64,
    );
    let refused = f64::from(u8::from(site.live.refused().is_some()));
    gauge(
        registry,
        "newest_commit_refused",
        "Whether a newer commit cannot be served",
        refused,
    );
}

fn cache(site: &Site, registry: &mut Registry) {
    let state = site.live.state();
    let counts = &state.cache.counts;
    counter(
        registry,
        "catalog_cache_hits",
        "Catalogs that were ready",
        &counts.hits,
    );
    counter(
        registry,
        "catalog_cache_misses",
        "Catalogs that had to be made",
        &counts.misses,
    );
    let (bytes, entries) = state.cache.size();
    gauge(
        registry,
        "catalog_cache_bytes",
        "Bytes of the catalogs that are ready",
        bytes as f64,
    );
    gauge(
        registry,
        "catalog_cache_entries",
        "Catalogs that are ready",
        entries as f64,
    );
}

fn disk(site: &Site, registry: &mut Registry) {
    let findings = site.checkup.findings();
    let lost = findings.lost_count as f64;
    gauge(
        registry,
        "offered_spks_lost",
        "SPKs that are offered but missing or of a wrong size",
        lost,
    );
    if let Some(free) = findings.free {
        gauge(
            registry,
            "disk_free_bytes",
            "Bytes left on the disk of the repository",
            free as f64,
        );
    }
}

fn follower(site: &Site, registry: &mut Registry) {
    if let Some(follower) = &site.follower {
        gauge(
            registry,
            "follow_last_success_timestamp_seconds",
            "When the remote that is followed was last reached, in seconds since 1970",
            follower.last_success() as f64,
        );
    }
}

fn downloads(site: &Site, registry: &mut Registry) {
    let Some(downloads) = &site.downloads else {
        return;
    };
    let counts = &downloads.cache.counts;
    let counters = [
        (
            "download_cache_hits",
            "SPKs of remotes that were in the cache",
            &counts.hits,
        ),
        (
            "download_cache_misses",
            "SPKs of remotes that were not in the cache",
            &counts.misses,
        ),
        (
            "fetched_bytes",
            "Bytes that came from remotes",
            &counts.fetched_bytes,
        ),
        (
            "fetch_failures",
            "SPKs that could not be fetched",
            &counts.failures,
        ),
        (
            "downloads_redirected",
            "Downloads that were sent to remotes",
            &downloads.redirections,
        ),
    ];
    for (name, help, value) in counters {
        counter(registry, name, help, value);
    }
    let (bytes, limit) = downloads.cache.size();
    gauge(
        registry,
        "download_cache_bytes",
        "Bytes in the cache, with those that are on their way",
        bytes as f64,
    );
    gauge(
        registry,
        "download_cache_limit_bytes",
        "Bytes that may be in the cache",
        limit as f64,
    );
}

pub(super) fn gauge(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Gauge::<f64, AtomicU64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn counter(registry: &mut Registry, name: &str, help: &str, value: &AtomicU64) {
    let counter = Counter::<u64>::default();
    counter.inc_by(value.load(Ordering::Relaxed));
    registry.register(name, help, counter);
}
