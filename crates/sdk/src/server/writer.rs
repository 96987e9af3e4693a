//! This process as one of a run's writers: signs of life while it runs, and its end. The server alone decides
//! when the run itself ends, since only it knows whether other processes still write.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use gauntlet_model::{Object, RunId, Status};
use gauntlet_telemetry::{DeliveryError, Endpoint};
use serde_json::json;

/// Seconds between two signs of life; after three of them without one the server takes a writer for lost.
const INTERVAL_SECS: u64 = 10;
/// How soon a sign is repeated that the server could not take, such as before it knows the run.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Sends signs of life from a thread of its own until it is dropped.
pub(super) struct Writer {
    endpoint: Endpoint,
    url: String,
    /// Dropped first at the end, which wakes the thread.
    stop: Option<mpsc::SyncSender<()>>,
}

impl Writer {
    /// Starts the signs of life of the writer `id` of a run.
    pub(super) fn start(endpoint: Endpoint, run: &RunId, id: &str) -> std::io::Result<Self> {
        let url = endpoint.run_url(run, &format!("/writers/{id}"));
        let (stop, stopped) = mpsc::sync_channel(0);
        let (beat_endpoint, beat_url) = (endpoint.clone(), url.clone());
        std::thread::Builder::new()
            .name("gauntlet-writer".to_owned())
            .spawn(move || beat(&beat_endpoint, &beat_url, &stopped))?;
        Ok(Self { endpoint, url, stop: Some(stop) })
    }

    /// Tells the server that this writer has ended, once everything it wrote has arrived.
    pub(super) fn finish(
        &mut self,
        status: Status,
        summary: Option<&Object>,
        deadline: Instant,
    ) -> Result<(), DeliveryError> {
        self.stop = None;
        let mut body = json!({ "state": "finished", "status": status });
        if let (Some(summary), Some(members)) = (summary, body.as_object_mut()) {
            members.insert("summary".to_owned(), summary.clone().into());
        }
        loop {
            match self.endpoint.put_json(&self.url, body.to_string().as_bytes()) {
                Err(DeliveryError::NotNow { .. }) if Instant::now() + RETRY_DELAY < deadline => {
                    std::thread::sleep(RETRY_DELAY);
                }
                answer => return answer.map(drop),
            }
        }
    }
}

/// The thread: a sign at once, then one every interval, until the writer is dropped or the run is gone.
fn beat(endpoint: &Endpoint, url: &str, stopped: &mpsc::Receiver<()>) {
    let sign = json!({ "state": "running", "interval_secs": INTERVAL_SECS }).to_string();
    loop {
        let pause = match endpoint.put_json(url, sign.as_bytes()) {
            Ok(_) => Duration::from_secs(INTERVAL_SECS),
            Err(DeliveryError::Gone { .. }) => return,
            Err(_) => RETRY_DELAY,
        };
        match stopped.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
