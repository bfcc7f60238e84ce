//! What is counted of uploads.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What has been counted since the start.
#[derive(Default)]
pub(in crate::http) struct UploadCounts {
    accepted: Counter,
    in_flight: Gauge,
    received: Counter<u64, AtomicU64>,
    refused: Family<OfReason, Counter>,
}

/// An upload that is under way until this is dropped.
pub(in crate::http) struct InFlight(Gauge);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReason {
    reason: &'static str,
}

impl UploadCounts {
    pub(in crate::http) fn accepted(&self) {
        self.accepted.inc();
    }

    pub(in crate::http) fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    pub(in crate::http) fn received(&self, bytes: u64) {
        self.received.inc_by(bytes);
    }

    pub(in crate::http) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&OfReason { reason }).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "uploads_accepted",
            "Uploads that are published, also those that were before",
            self.accepted.clone(),
        );
        registry.register(
            "uploads_in_flight",
            "Uploads that are under way",
            self.in_flight.clone(),
        );
        registry.register(
            "uploads_received_bytes",
            "Bytes of uploads that were read",
            self.received.clone(),
        );
        registry.register(
            "uploads_refused",
            "Uploads that were not accepted",
            self.refused.clone(),
        );
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
