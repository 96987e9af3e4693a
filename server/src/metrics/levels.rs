//! Levels: what is read of the server when somebody asks.

use std::time::SystemTime;

use gauntlet_engine::memory::Memory;
use gauntlet_store::Store;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::process;
use crate::tail::Tails;

/// The gauges, and where [`Levels::read`] gets their values.
pub(super) struct Levels {
    store: Store,
    tails: Tails,
    memory: Memory,
    gauges: Gauges,
}

#[derive(Default)]
struct Gauges {
    queue_requests: Gauge,
    queue_bytes: Gauge,
    viewers: Gauge,
    lags: Family<ByFollower, Gauge>,
    decoding_bytes: Gauge,
    resident_bytes: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByFollower {
    follower: &'static str,
}

impl Levels {
    pub(super) fn register(registry: &mut Registry, store: Store, tails: Tails, memory: Memory) -> Self {
        let gauges = Gauges::default();
        let named = registry.sub_registry_with_prefix("gauntlet");
        named.register("queue_requests", "Writes that wait for the writer", gauges.queue_requests.clone());
        named.register_with_unit("queue", "Their size", Unit::Bytes, gauges.queue_bytes.clone());
        named.register("viewers", "Viewers that follow a run live", gauges.viewers.clone());
        named.register(
            "follower_lag_events",
            "Events that a follower has not handled yet",
            gauges.lags.clone(),
        );
        named.register_with_unit(
            "decoding",
            "Memory that is taken by bodies while they are decoded",
            Unit::Bytes,
            gauges.decoding_bytes.clone(),
        );
        // Named as every Prometheus client names them.
        let process = registry.sub_registry_with_prefix("process");
        let started: Gauge = Gauge::default();
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        started.set(since_1970.map_or(0, |since| since.as_secs().cast_signed()));
        process.register_with_unit(
            "start_time",
            "When the server started, since 1970",
            Unit::Seconds,
            started,
        );
        process.register_with_unit(
            "resident_memory",
            "Resident memory; 0 where the system does not say",
            Unit::Bytes,
            gauges.resident_bytes.clone(),
        );
        Self { store, tails, memory, gauges }
    }

    pub(super) fn read(&self) {
        let gauges = &self.gauges;
        let level = |gauge: &Gauge, value: usize| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        let waiting = self.store.waiting();
        level(&gauges.queue_requests, waiting.requests);
        level(&gauges.queue_bytes, waiting.bytes);
        level(&gauges.viewers, self.tails.viewers());
        level(&gauges.decoding_bytes, self.memory.taken());
        level(&gauges.resident_bytes, process::resident_bytes().unwrap_or(0));
        for (follower, events) in self.store.lags().all() {
            let lag = gauges.lags.get_or_create(&ByFollower { follower });
            level(&lag, usize::try_from(events).unwrap_or(usize::MAX));
        }
    }
}
