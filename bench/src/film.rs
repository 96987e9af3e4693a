//! Opening a long film, drawing it, and what the browser downloads.

use std::time::{Duration, Instant};

use futures::StreamExt;
use gauntlet_film::{Fact, Film, Manifest, codec};
use gauntlet_scene::{Lens, Scene, SceneBuilder};
use tokio::runtime::Runtime;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::outcome::Outcome;
use crate::report::Report;
use crate::rig::{Rig, agent, target_folder};
use crate::workload::lines;

const STEPS: u64 = 10_000;
const FRAMES: u32 = 300;

/// From the manifest to the first scene of 10,000 steps, as the page does it; then a frame's scene.
pub(crate) fn open_and_draw(report: &mut Report, runtime: &Runtime) -> Outcome<()> {
    let rig = Rig::start()?;
    rig.create("film")?;
    let url = format!("{}/api/v1/runs/film", rig.url);
    for from in (1..=STEPS).step_by(500) {
        agent().post(format!("{url}/events")).content_type("application/x-ndjson").send(lines(from, 500))?;
    }
    for name in ["open a 10,000-step film, first time", "open a 10,000-step film, again"] {
        let begun = Instant::now();
        let facts = runtime.block_on(fetch(&url))?;
        let fetched = begun.elapsed();
        let mut film = Film::new();
        facts.iter().for_each(|fact| film.apply(fact));
        let lens = Lens { position: 5000.0, ..Lens::default() };
        std::hint::black_box(Scene::of(&film, &lens));
        let all = begun.elapsed();
        let fold_ms = (all - fetched).as_secs_f64() * 1e3;
        report.add(name, all.as_secs_f64() * 1e3, "ms", Some(fold_ms), Some(1000.0));
        if name.ends_with("again") {
            frames(report, &film);
        }
    }
    Ok(())
}

/// From the last event of a run to its first opening.
const LEFT_ALONE: Duration = Duration::from_secs(15);

/// What the page loads of a long run before its first picture, each in milliseconds.
struct Opening {
    manifest: f64,
    /// The coarsest chunks of every part of the run.
    overview: f64,
    slowest_chunk: f64,
}

/// Opens long runs that nobody has opened before; the floor is the same once more.
pub(crate) fn first_opening(report: &mut Report) -> Outcome<()> {
    for (steps, name) in [(100_000, "100,000 steps"), (1_000_000, "1,000,000 steps")] {
        let rig = Rig::start()?;
        rig.fill("film", steps)?;
        std::thread::sleep(LEFT_ALONE);
        let url = format!("{}/api/v1/runs/film", rig.url);
        let (first, again) = (open(&url)?, open(&url)?);
        let mut add = |what: &str, value, floor, target| {
            report.add(&format!("{name} opened first: {what}"), value, "ms", Some(floor), target);
        };
        add("manifest", first.manifest, again.manifest, Some(100.0));
        add("overview", first.overview, again.overview, None);
        add("slowest chunk", first.slowest_chunk, again.slowest_chunk, Some(10.0));
    }
    Ok(())
}

fn open(url: &str) -> Outcome<Opening> {
    let begun = Instant::now();
    let mut answer = agent().get(format!("{url}/film")).call()?;
    let manifest: Manifest = serde_json::from_slice(&answer.body_mut().read_to_vec()?)?;
    let mut opening = Opening { manifest: millis(begun), overview: 0.0, slowest_chunk: 0.0 };
    let mut from = 0;
    for level in manifest.levels.iter().rev() {
        for chunk in from / level.span..level.chunks {
            let begun = Instant::now();
            let chunk = agent().get(format!("{url}/film/{}/{chunk}", level.level));
            chunk.header("accept-encoding", "zstd").call()?.body_mut().read_to_vec()?;
            let took = millis(begun);
            opening.overview += took;
            opening.slowest_chunk = opening.slowest_chunk.max(took);
        }
        from = level.chunks * level.span;
    }
    Ok(opening)
}

fn millis(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}

fn frames(report: &mut Report, film: &Film) {
    let begun = Instant::now();
    let lens = |frame: u32| Lens {
        position: 100.0 + f64::from(frame) * 30.0,
        time_secs: f64::from(frame) / 60.0,
        ..Lens::default()
    };
    for frame in 0..20 {
        std::hint::black_box(Scene::of(film, &lens(frame)));
    }
    let scene_ms = begun.elapsed().as_secs_f64() * 1e3 / 20.0;
    let mut builder = SceneBuilder::new();
    let begun = Instant::now();
    for frame in 0..FRAMES {
        std::hint::black_box(builder.build(film, &lens(frame)));
    }
    let frame_ms = begun.elapsed().as_secs_f64() * 1e3 / f64::from(FRAMES);
    report.add("scene of a frame at 10,000 steps", frame_ms, "ms", None, Some(4.0));
    report.add("scene from nothing at 10,000 steps", scene_ms, "ms", None, Some(4.0));
}

async fn fetch(url: &str) -> Outcome<Vec<Fact>> {
    let get = |path: String| agent().get(path).call()?.body_mut().read_to_vec();
    let manifest: Manifest = serde_json::from_slice(&get(format!("{url}/film"))?)?;
    let mut facts = Vec::new();
    for chunk in 0..manifest.levels.first().map_or(0, |l| l.chunks) {
        facts.extend(codec::decode(&get(format!("{url}/film/0/{chunk}"))?)?);
    }
    let after = facts.len() as u64 - 1;
    let live = format!("{}/live?format=binary&after={after}", url.replace("http://", "ws://"));
    let (mut socket, _) = connect_async(live).await?;
    while (facts.len() as u64) < manifest.head {
        if let Message::Binary(bytes) = socket.next().await.ok_or("the connection ended")?? {
            facts.extend(codec::decode(&bytes)?);
        }
    }
    Ok(facts)
}

/// The bundles of the browser side, with the bytes of brotli that scripts/build.sh allows them.
const BUNDLES: [(&str, f64); 2] = [("list", 400_000.0), ("run", 700_000.0)];

/// Bytes of the wasm of each bundle, raw and with brotli as it is served.
pub(crate) fn download(report: &mut Report) -> Outcome<()> {
    for (bundle, budget_bytes) in BUNDLES {
        let wasm = std::fs::read(target_folder()?.join(format!("site/pkg/gauntlet-{bundle}_bg.wasm")))?;
        let mut packed = Vec::new();
        let params = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
        brotli::BrotliCompress(&mut wasm.as_slice(), &mut packed, &params)?;
        let name = format!("wasm of the {bundle} page");
        report.add(&format!("{name}, raw"), wasm.len() as f64 / 1024.0, "KiB", None, None);
        let budget = Some(budget_bytes / 1024.0);
        report.add(&format!("{name}, brotli"), packed.len() as f64 / 1024.0, "KiB", None, budget);
    }
    Ok(())
}
