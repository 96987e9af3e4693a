//! Films that are sealed in the background: opening a run reads little of its log.

mod support;

use std::path::Path;
use std::time::Duration;

use gauntlet_film::codec;
use gauntlet_film::levels::{CHUNK, span};
use gauntlet_model::{Event, EventId, RunId, RunSpec, Scores, SnapshotScored, Timestamp};
use gauntlet_store::{SealedTo, SealingRun};
use serde_json::{Value, json};
use support::Server;
use tokio_util::sync::CancellationToken;

/// A moment of 2026; a run that was written then has been quiet for long.
fn at() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

fn run() -> RunId {
    RunId::new("r1").unwrap()
}

/// The snapshot of a step. One in 1,000 names a path that no other one does.
fn snapshot(step: u64) -> Event {
    let mut scores = vec![("root".to_owned(), (step % 77) as f64 / 77.0), ("format".to_owned(), 1.0)];
    if step.is_multiple_of(1000) {
        scores.push((format!("rare.p{step}"), 0.5));
    }
    let body = SnapshotScored {
        scores: Scores::new(scores).unwrap(),
        action: format!("answer {step}"),
        ..SnapshotScored::default()
    };
    Event::new(EventId::from_u128(step.into()), at(), None, Some(step), body).unwrap()
}

/// Creates the run with snapshots of the steps `1..=steps`.
async fn fill(server: &Server, steps: u64) {
    server.state.store.create_run(RunSpec::named("n"), run(), at()).await.unwrap();
    let steps: Vec<u64> = (1..=steps).collect();
    for part in steps.chunks(2_000) {
        let events = part.iter().map(|step| snapshot(*step)).collect();
        server.state.store.append(&run(), events, at()).await.unwrap();
    }
}

/// Seals in the background until the token is dropped with its guard.
fn seal(server: &Server) -> tokio_util::sync::DropGuard {
    let stop = CancellationToken::new();
    tokio::spawn(gauntlet_engine::sealing::run(server.state.films.clone(), stop.clone()));
    stop.drop_guard()
}

async fn progress(server: &Server) -> Option<SealingRun> {
    server.state.store.sealing(CHUNK).await.unwrap().into_iter().next()
}

/// Waits until so many events are in chunks, and so many in the overview.
async fn sealed(server: &Server, facts: u64, overview: u64) {
    let reached = async {
        while progress(server).await.is_none_or(|run| (run.facts, run.overview) != (facts, overview)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), reached).await.expect("it is sealed");
}

async fn film(server: &Server) -> Value {
    server.get("/api/v1/runs/r1/film").await.expect(200).json()
}

async fn chunk(server: &Server, level: u8, number: u64) -> Vec<u8> {
    let path = format!("/api/v1/runs/r1/film/{level}/{number}");
    server.send("GET", &path, &[("accept-encoding", "zstd")], "").await.expect(200).bytes
}

#[tokio::test]
async fn a_run_that_nobody_opens_is_sealed_however_often_that_is_cut_off() {
    let (server, unsealed) = (Server::new().await, Server::new().await);
    for server in [&server, &unsealed] {
        fill(server, span(1) + 100).await;
    }
    for moment in 0..20 {
        let sealing = seal(&server);
        tokio::time::sleep(Duration::from_millis(moment * 7)).await;
        drop(sealing);
    }
    let sealing = seal(&server);
    sealed(&server, span(1), span(1)).await;
    for (level, chunks) in [(0, span(1) / CHUNK), (1, 1)] {
        for number in 0..chunks {
            let stored = server.state.store.chunk(&run(), level, number).await.unwrap();
            assert!(stored.is_some(), "chunk {number} of level {level} is stored");
            assert_eq!(chunk(&server, level, number).await, chunk(&unsealed, level, number).await);
        }
    }
    let (known, mut waiting) = (film(&server).await, film(&unsealed).await);
    let levels = |film: &Value| film["levels"].as_array().unwrap().len();
    assert_eq!((levels(&known), levels(&waiting)), (2, 1), "coarser chunks are named once they are stored");
    waiting["levels"] = known["levels"].clone();
    assert_eq!(known, waiting);
    let rules = json!({ "rules": { "root_below": 0.25 } });
    server.send("PATCH", "/api/v1/runs/r1", &[], rules.to_string()).await.expect(200);
    sealed(&server, span(1), span(1)).await;
    assert!(server.state.store.chunk(&run(), 1, 0).await.unwrap().is_some(), "by the new rules");
    drop(sealing);
}

/// Makes the events of the steps below `end` unreadable.
fn damage_events(folder: &Path, end: u64) {
    let file = folder.join("gauntlet.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let text = b"\"action\":\"answer ";
    let mut damaged = 0;
    for at in 0..bytes.len() - text.len() {
        if bytes[at..].starts_with(text) {
            let digits: Vec<u8> =
                bytes[at + text.len()..].iter().copied().take_while(u8::is_ascii_digit).collect();
            let step: u64 = String::from_utf8(digits).unwrap().parse().unwrap_or(u64::MAX);
            if step < end {
                bytes[at + 3..at + 5].copy_from_slice(b"XX");
                damaged += 1;
            }
        }
    }
    assert!(damaged >= end - 1, "{damaged}");
    std::fs::write(&file, bytes).unwrap();
}

#[tokio::test]
async fn opening_a_sealed_run_reads_no_event_that_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let on = |(options, _): &mut (gauntlet_store::Options, _)| options.path = folder.path().to_owned();
    let server = Server::with(on).await;
    fill(&server, 9_000).await;
    let sealing = seal(&server);
    sealed(&server, 2 * CHUNK, 0).await;
    let before = film(&server).await;
    drop(sealing);
    server.state.store.close().await;
    // Whatever is read of these events from now on is a gap, and nothing else.
    damage_events(folder.path(), 2 * CHUNK);
    let server = Server::with(on).await;
    let events = server.get("/api/v1/runs/r1/events?after=1&limit=1").await.expect(200).json();
    assert_eq!(events["events"][0]["kind"], "gap");
    assert_eq!(film(&server).await, before);
    assert_eq!(before["paths"].as_array().unwrap().len(), 2 + 1 + 9);
    for number in 0..2 {
        let facts = codec::decode(&zstd::decode_all(&*chunk(&server, 0, number).await).unwrap()).unwrap();
        let scored = facts.iter().filter(|fact| matches!(fact.body, gauntlet_film::FactBody::Scored { .. }));
        assert_eq!(scored.count() as u64, CHUNK - u64::from(number == 0));
    }
    let series = server.get("/api/v1/runs/r1/series?path=root&points=10000").await.expect(200).json();
    assert_eq!(series["points"].as_array().unwrap().len(), 9_000);
}

#[tokio::test]
async fn damaged_chunks_and_outlines_are_rebuilt() {
    let server = Server::new().await;
    fill(&server, 5_000).await;
    let sealing = seal(&server);
    sealed(&server, CHUNK, 0).await;
    drop(sealing);
    let (sound, film_before) = (chunk(&server, 0, 0).await, film(&server).await);
    let stored = async || server.state.store.chunk(&run(), 0, 0).await.unwrap().unwrap();
    let sound_stored = stored().await;
    for place in [0, 3, 100, sound_stored.len() - 1] {
        let mut flipped = sound_stored.clone();
        flipped[place] ^= 0x10;
        server.state.store.put_chunk(&run(), 0, 0, flipped).await.unwrap();
        assert_eq!(chunk(&server, 0, 0).await, sound, "byte {place}");
        assert_eq!(stored().await, sound_stored, "byte {place}");
    }
    let outline = server.state.store.outline(&run()).await.unwrap().unwrap();
    let mut flipped = outline.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    let sealed_to = SealedTo::Facts { events: CHUNK, outline: flipped };
    let sealing_run = progress(&server).await.unwrap();
    assert!(server.state.store.seal(&sealing_run, Vec::new(), sealed_to).await.unwrap());
    server.state.films.forget(&run());
    assert_eq!(film(&server).await, film_before);
}

#[tokio::test]
async fn what_is_sealed_goes_with_its_run() {
    let server = Server::new().await;
    let _sealing = seal(&server);
    fill(&server, 5_000).await;
    sealed(&server, CHUNK, 0).await;
    server.send("DELETE", "/api/v1/runs/r1?name=n", &[], "").await.expect(204);
    assert_eq!(progress(&server).await, None);
    fill(&server, 4_200).await;
    sealed(&server, CHUNK, 0).await;
    let film = film(&server).await;
    assert_eq!((&film["head"], &film["steps"]), (&json!(4_201), &json!(4_200)));
    assert_eq!(film["paths"].as_array().unwrap().len(), 2 + 1 + 4);
}
