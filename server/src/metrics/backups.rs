//! Backups: when the last one was made, how long it took, how large it is, and how many failed.

use gauntlet_engine::backups::Backups;
use gauntlet_model::BackupStatus;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The metrics, and where [`BackupLevels::read`] gets their values. All are 0 where none was made.
pub(super) struct BackupLevels {
    backups: Backups,
    made_at: Gauge,
    duration: Gauge<f64, AtomicU64>,
    bytes: Gauge,
    interval: Gauge,
    failures: Counter,
}

impl BackupLevels {
    pub(super) fn register(registry: &mut Registry, backups: Backups) -> Self {
        let levels = Self {
            backups,
            made_at: Gauge::default(),
            duration: Gauge::default(),
            bytes: Gauge::default(),
            interval: Gauge::default(),
            failures: Counter::default(),
        };
        registry.register_with_unit(
            "backup_last_success_timestamp",
            "The moment that the last backup is of, since 1970",
            Unit::Seconds,
            levels.made_at.clone(),
        );
        registry.register_with_unit(
            "backup_last_duration",
            "Time that the last backup took",
            Unit::Seconds,
            levels.duration.clone(),
        );
        registry.register_with_unit(
            "backup_last_size",
            "Size of the last archive",
            Unit::Bytes,
            levels.bytes.clone(),
        );
        registry.register_with_unit(
            "backup_interval",
            "Time between two backups; 0 where none are made by a schedule",
            Unit::Seconds,
            levels.interval.clone(),
        );
        registry.register("backup_failures", "Backups that failed on this server", levels.failures.clone());
        levels
    }

    pub(super) fn read(&self) {
        let list = self.backups.recent();
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        if let Some(last) = list.iter().find(|backup| backup.status == BackupStatus::Completed) {
            self.made_at.set(last.started_at.unwrap_or(last.asked_at).micros() / 1_000_000);
            self.duration.set(last.took_ms.unwrap_or_default() as f64 / 1000.0);
            self.bytes.set(number(last.bytes.unwrap_or_default()));
        }
        let every = self.backups.settings().and_then(|settings| settings.every);
        self.interval.set(number(every.map_or(0, |every| every.as_secs())));
        self.failures.inner().store(self.backups.failures(), Relaxed);
    }
}
