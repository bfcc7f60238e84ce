//! What is counted, and the text of `/metrics` (OpenMetrics 1.0).
//!
//! Counting happens after an answer was sent, and takes a lock for some nanoseconds only. What can be seen at any time, as
//! the number of connections, is looked at when somebody asks ([`moment`]).

mod moment;
mod process;
mod uploads;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::cache_policy;
use super::front::{Crowd, Event};
use super::handler::Site;
use super::reply::Reply;
pub(super) use uploads::InFlight;
use uploads::UploadCounts;

/// OpenMetrics 1.0, "Overall Structure".
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Upper bounds in seconds: a catalog that is ready takes some 30 µs, a large download minutes.
const BUCKETS: [f64; 10] = [
    0.000_05, 0.000_2, 0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0,
];

/// What has been counted since the start.
pub(super) struct Metrics {
    crowd: Option<Crowd>,
    durations: Family<OfRoute, Histogram, fn() -> Histogram>,
    failures: Counter,
    /// Lines of the access log that could not be written; whoever writes them counts.
    lost_lines: Arc<AtomicU64>,
    refusals: Family<OfCause, Counter>,
    requests: Family<OfAnswer, Counter>,
    sent_bytes: Counter,
    started: SystemTime,
    pub(super) uploads: UploadCounts,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAnswer {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCause {
    cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            crowd: None,
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            failures: Counter::default(),
            lost_lines: Arc::default(),
            refusals: Family::default(),
            requests: Family::default(),
            sent_bytes: Counter::default(),
            started: SystemTime::now(),
            uploads: UploadCounts::default(),
        }
    }
}

impl Metrics {
    /// Counts for a server with these connections; `lost_lines` is counted elsewhere.
    pub(super) fn new(crowd: Crowd, lost_lines: Arc<AtomicU64>) -> Self {
        Self {
            crowd: Some(crowd),
            lost_lines,
            ..Self::default()
        }
    }

    /// Counts what happened.
    pub(super) fn count(&self, event: &Event) {
        match event {
            Event::Answered {
                asked,
                bytes,
                micros,
                status,
            } => {
                let (route, status) = (asked.route, *status);
                self.requests
                    .get_or_create(&OfAnswer { route, status })
                    .inc();
                let seconds = *micros as f64 / 1e6;
                self.durations
                    .get_or_create(&OfRoute { route })
                    .observe(seconds);
                self.sent_bytes.inc_by(*bytes);
            }
            Event::Failed { .. } => drop(self.failures.inc()),
            Event::Refused { cause, .. } => {
                self.refusals.get_or_create(&OfCause { cause }).inc();
            }
            Event::Reloaded { .. } | Event::Waiting { .. } => {}
        }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "requests",
            "Requests that were answered",
            self.requests.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "From a request's head to the end of its answer",
            self.durations.clone(),
        );
        registry.register(
            "sent_bytes",
            "Bytes of bodies that were sent",
            self.sent_bytes.clone(),
        );
        registry.register(
            "failures",
            "Requests that were not answered as they should have been",
            self.failures.clone(),
        );
        registry.register(
            "refusals",
            "What was refused before it was a request",
            self.refusals.clone(),
        );
    }
}

/// Answers with everything.
pub(super) fn answer(site: &Site) -> Reply {
    let mut registry = Registry::with_prefix("spkrepo");
    site.metrics.register(&mut registry);
    if site.uploads.is_some() {
        site.metrics.uploads.register(&mut registry);
    }
    moment::register(site, &mut registry);
    let mut all = String::new();
    let encoded = text::encode_registry(&mut all, &registry);
    let mut process = Registry::with_prefix("process");
    process::register(site.metrics.started, &mut process);
    let encoded = encoded
        .and_then(|()| text::encode_registry(&mut all, &process))
        .and_then(|()| text::encode_eof(&mut all));
    encoded.expect("a text takes everything");
    Reply::bytes(200, MEDIA_TYPE, all).with("Cache-Control", cache_policy::MOMENTARY)
}
