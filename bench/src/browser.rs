//! The run page of a long run in a browser: when it shows its first picture, what a frame, a seek and its
//! memory cost, and whether it keeps up with a live run.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::outcome::Outcome;
use crate::report::Report;
use crate::rig::Rig;

/// What `browser.mjs` prints. Times in milliseconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    first_paint: Option<f64>,
    first_picture: f64,
    complete: f64,
    turning: Frames,
    overview: Frames,
    drawn: f64,
    seek: Seek,
    longest: f64,
    heap: Heap,
}

/// The main thread's time a frame, and the 95th percentile of the page's own part of it.
#[derive(Debug, Deserialize)]
struct Frames {
    busy: f64,
    p95: f64,
}

/// The worst of ten: by the clock, and the main thread's part.
#[derive(Debug, Deserialize)]
struct Seek {
    clock: f64,
    busy: f64,
}

/// Bytes.
#[derive(Debug, Deserialize)]
struct Heap {
    js: f64,
    wasm: f64,
}

const MIB: f64 = 1024.0 * 1024.0;

/// Opens a run of `steps` steps in Chromium. The floor of a long run is the same page of a short one.
pub(crate) fn long_run(report: &mut Report) -> Outcome<()> {
    let floor = measure(1_000)?;
    for (steps, name, picture_ms, heap_mib) in
        [(100_000, "100,000 steps", 1000.0, 150.0), (1_000_000, "1,000,000 steps", 2000.0, 300.0)]
    {
        let page = measure(steps)?;
        let mut add = |what: &str, value, unit: &str, floor, target| {
            report.add(&format!("{name}: {what}"), value, unit, Some(floor), target);
        };
        let paint = |page: &Measured| page.first_paint.unwrap_or(page.first_picture);
        add("first paint", paint(&page), "ms", paint(&floor), None);
        add("first picture", page.first_picture, "ms", floor.first_picture, Some(picture_ms));
        add("every step is here", page.complete, "ms", floor.complete, None);
        add("main thread, a frame while turning", page.turning.busy, "ms", floor.turning.busy, Some(4.0));
        add("page, a frame while turning, p95", page.turning.p95, "ms", floor.turning.p95, None);
        add(
            "main thread, a frame of the whole run",
            page.overview.busy,
            "ms",
            floor.overview.busy,
            Some(4.0),
        );
        add("nodes drawn of the whole run", page.drawn, "nodes", floor.drawn, Some(20_000.0));
        add("seek anywhere", page.seek.clock, "ms", floor.seek.clock, Some(50.0));
        add("main thread, a seek", page.seek.busy, "ms", floor.seek.busy, None);
        add("longest task live at 500 steps/s", page.longest, "ms", floor.longest, Some(50.0));
        let heap = |page: &Measured| (page.heap.js + page.heap.wasm) / MIB;
        add("heap of JS and wasm", heap(&page), "MiB", heap(&floor), Some(heap_mib));
    }
    Ok(())
}

fn measure(steps: u64) -> Outcome<Measured> {
    let rig = Rig::start()?;
    rig.fill("long", steps)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser.mjs");
    let output =
        Command::new("node").arg(script).args([rig.url.as_str(), "long", &steps.to_string()]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
