//! From the server's receipt of an event to its arrival at every one of 20 viewers, at 2,000 events a second.
//! The commit lies in between, so this is more than commit-to-viewer, never less. The floor is the same
//! frames sent from memory to 20 WebSockets.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::{SinkExt, StreamExt};
use gauntlet_model::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{accept_async, connect_async};

use crate::outcome::Outcome;
use crate::report::{Report, quantile};
use crate::rig::{Rig, agent};
use crate::workload::{EVENT_BYTES, lines};

const VIEWERS: usize = 20;
const TICK: Duration = Duration::from_millis(10);
const EVENTS_A_TICK: u64 = 20;
const TICKS: u64 = 500;
/// Only every such event's time is read, so that the viewers' own work does not count.
const SAMPLE: u64 = 16;

fn now_micros() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64)
}

/// Measures both, and adds them to the report.
pub(crate) fn commit_to_viewer(report: &mut Report, runtime: &Runtime) -> Outcome<()> {
    let mut ours = runtime.block_on(through_the_log())?;
    let mut floor = runtime.block_on(from_memory())?;
    for (share, name, target) in [(0.5, "p50", None), (0.99, "p99", Some(20.0))] {
        let name = format!("receipt to viewer at 2,000/s x 20, {name}");
        report.add(&name, quantile(&mut ours, share), "ms", Some(quantile(&mut floor, share)), target);
    }
    Ok(())
}

async fn through_the_log() -> Outcome<Vec<f64>> {
    let rig = Rig::start()?;
    rig.create("live")?;
    let last = EVENTS_A_TICK * TICKS;
    let address = rig.url.replace("http://", "ws://");
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        let (socket, _) = connect_async(format!("{address}/api/v1/runs/live/live?after=0")).await?;
        viewers.push(tokio::spawn(watch(socket, last, |text| {
            let at = text.find("\"received_at\":\"")? + 15;
            Some(text.get(at..at + 27)?.parse::<Timestamp>().ok()?.micros())
        })));
    }
    let url = format!("{}/api/v1/runs/live/events", rig.url);
    let sender = std::thread::spawn(move || -> Outcome<()> {
        let agent = agent();
        let begun = std::time::Instant::now();
        for tick in 0..TICKS {
            std::thread::sleep((TICK * tick as u32).saturating_sub(begun.elapsed()));
            let body = lines(1 + tick * EVENTS_A_TICK, EVENTS_A_TICK);
            agent.post(&url).content_type("application/x-ndjson").send(body)?.body_mut().read_to_vec()?;
        }
        Ok(())
    });
    let mut samples = Vec::new();
    for viewer in viewers {
        samples.extend(viewer.await??);
    }
    sender.join().map_err(|_| "the sender panicked")??;
    Ok(samples)
}

async fn from_memory() -> Outcome<Vec<f64>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (frames, _) = broadcast::channel::<Message>(4096);
    let accept = frames.clone();
    let server = tokio::spawn(async move {
        for _ in 0..VIEWERS {
            let Ok((stream, _)) = listener.accept().await else { return };
            // Else a frame waits for the acknowledgement of the one before, and the floor is TCP's patience.
            let _ = stream.set_nodelay(true);
            let Ok(mut socket) = accept_async(stream).await else { return };
            let mut frames = accept.subscribe();
            tokio::spawn(async move {
                while let Ok(frame) = frames.recv().await {
                    if socket.send(frame).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        let (socket, _) = connect_async(format!("ws://{address}")).await?;
        let last = EVENTS_A_TICK * TICKS;
        viewers.push(tokio::spawn(watch(socket, last, |text| text.split_whitespace().next()?.parse().ok())));
    }
    server.await?;
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let padding = "x".repeat(EVENT_BYTES);
    for _ in 0..TICKS {
        ticks.tick().await;
        for _ in 0..EVENTS_A_TICK {
            let _ = frames.send(Message::text(format!("{} {padding}", now_micros())));
        }
    }
    let mut samples = Vec::new();
    for viewer in viewers {
        samples.extend(viewer.await??);
    }
    Ok(samples)
}

/// Milliseconds each sampled frame was on its way, until `last` frames have come.
async fn watch(
    mut socket: tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>,
    last: u64,
    sent_micros: impl Fn(&str) -> Option<i64>,
) -> Outcome<Vec<f64>> {
    let mut samples = Vec::new();
    let mut seen = 0;
    while seen < last {
        let Message::Text(text) = socket.next().await.ok_or("the connection ended")?? else { continue };
        seen += 1;
        if seen.is_multiple_of(SAMPLE) {
            let sent = sent_micros(&text).ok_or("a frame says no time")?;
            samples.push((now_micros() - sent) as f64 / 1e3);
        }
    }
    Ok(samples)
}
