//! Leases: work that exactly one server of a database does at a time, such as following the log into the
//! search index.
//!
//! Where the log is in SQLite, one process has it, and with it every lease. Where several servers share a
//! database, each asks for the leases that it wants; the backend renews those it has, and takes those whose
//! holder has not renewed them for some seconds. A holder that was suspended may work on for a moment after
//! another one has taken over, so what is done under a lease must bear being done twice.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// The leases of one server; cloning shares them.
#[derive(Debug, Clone)]
pub struct Leases(Option<Arc<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    /// Whether each of the leases that were asked for is held.
    by_name: Mutex<BTreeMap<&'static str, watch::Sender<bool>>>,
    /// Another one was asked for.
    asked: Notify,
}

impl Leases {
    /// Those of a process that has its database for itself.
    pub(crate) fn of_one_process() -> Self {
        Self(None)
    }

    /// Those of a server that others share the database with: none is held yet.
    pub(crate) fn shared() -> Self {
        Self(Some(Arc::default()))
    }

    /// Does `work` whenever this server holds the lease of that name, until `stop` or until the work ends by
    /// itself. Where the lease is lost, the work is dropped at its next await point, and begun anew once the
    /// lease is held again.
    pub async fn while_held<F: Future<Output = ()>>(
        &self,
        name: &'static str,
        stop: &CancellationToken,
        mut work: impl FnMut() -> F,
    ) {
        let Some(leases) = &self.0 else {
            stop.run_until_cancelled(work()).await;
            return;
        };
        let mut held =
            leases.by_name.lock().entry(name).or_insert_with(|| watch::Sender::new(false)).subscribe();
        leases.asked.notify_one();
        let working = async {
            loop {
                // Neither fails: the senders live as long as these leases.
                let _ = held.wait_for(|held| *held).await;
                tracing::debug!(name, "this server has the lease");
                tokio::select! {
                    () = work() => return,
                    _ = held.wait_for(|held| !*held) => tracing::warn!(name, "another server has the lease"),
                }
            }
        };
        stop.run_until_cancelled(working).await;
    }

    /// The names that were asked for.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.as_ref().map_or_else(Vec::new, |leases| leases.by_name.lock().keys().copied().collect())
    }

    /// Waits until another lease is asked for.
    pub(crate) async fn asked(&self) {
        match &self.0 {
            Some(leases) => leases.asked.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Notes which of them this server holds from now on.
    pub(crate) fn set_held(&self, is_held: impl Fn(&str) -> bool) {
        for (name, held) in self.0.iter().flat_map(|leases| leases.by_name.lock().clone()) {
            held.send_if_modified(|held| std::mem::replace(held, is_held(name)) != is_held(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_while_its_lease_is_held() {
        let (leases, stop) = (Leases::shared(), CancellationToken::new());
        let (begun, mut count) = watch::channel(0);
        let (worker, ending) = (leases.clone(), stop.clone());
        let working = tokio::spawn(async move {
            let work = || {
                begun.send_modify(|count| *count += 1);
                std::future::pending()
            };
            worker.while_held("index", &ending, work).await;
        });
        while leases.names().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(*count.borrow(), 0, "nobody holds it yet");
        for times in 1..=2 {
            leases.set_held(|name| name == "index");
            count.wait_for(|count| *count == times).await.unwrap();
            leases.set_held(|_| false);
            tokio::task::yield_now().await;
        }
        stop.cancel();
        working.await.unwrap();
        assert!(count.has_changed().is_err(), "the work was dropped");
    }

    #[tokio::test]
    async fn one_process_has_every_lease() {
        let mut done = false;
        Leases::of_one_process()
            .while_held("index", &CancellationToken::new(), || {
                done = true;
                std::future::ready(())
            })
            .await;
        assert!(done);
    }
}
