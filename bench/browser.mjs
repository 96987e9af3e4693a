// Measures the run page of a long run in headless Chromium: `node browser.mjs URL RUN STEPS`. Prints one line of
// JSON. WebGL's draw calls do nothing here, so that the numbers are those of the page and not of a rasteriser
// in software; uploads and everything else are as always.

import { Browser } from "../end2end/browser.mjs";

const [url, run, steps] = process.argv.slice(2);
/** Time of each measurement that lasts, milliseconds. */
const MEASURE_MS = 4_000;
/** Live steps a second, and for how long, seconds. */
const LIVE = { rate: 500, seconds: 15 };
/** How long a page may take, milliseconds. */
const PATIENCE_MS = 240_000;

/** Runs in the page before its scripts. */
function prepare() {
  for (const name of ["drawArrays", "drawArraysInstanced", "drawElements", "drawElementsInstanced"]) {
    WebGL2RenderingContext.prototype[name] = () => {};
  }
  const request = window.requestAnimationFrame.bind(window);
  const bench = { frames: [], longTasks: [], memory: null, firstPicture: null, request };
  window.bench = bench;
  const keep = (result) => {
    bench.memory = (result.instance ?? result).exports.memory;
    return result;
  };
  const { instantiate, instantiateStreaming } = WebAssembly;
  WebAssembly.instantiate = (...of) => instantiate.apply(WebAssembly, of).then(keep);
  WebAssembly.instantiateStreaming = (...of) => instantiateStreaming.apply(WebAssembly, of).then(keep);
  window.requestAnimationFrame = (callback) =>
    request((time) => {
      const begun = performance.now();
      callback(time);
      bench.frames.push(performance.now() - begun);
      if (bench.firstPicture !== null) return;
      const stage = document.querySelector(".stage");
      if (stage?.dataset.ready === "true" && Number(stage.dataset.nodes) > 0) {
        bench.firstPicture = performance.now();
      }
    });
  new PerformanceObserver((list) => {
    bench.longTasks.push(...list.getEntries().map((entry) => entry.duration));
  }).observe({ type: "longtask" });
}

const browser = await Browser.launch({ flags: ["--enable-precise-memory-info", "--js-flags=--expose-gc"] });
try {
  const page = await browser.page({ width: 1280, height: 720 });
  await page.addInitScript(prepare);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  const taskSeconds = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value;
  };
  const stage = (test, of) => page.waitForFunction(test, of, { timeout: PATIENCE_MS, polling: 50 });

  await page.goto(`${url}/runs/${run}`);
  await stage(() => window.bench.firstPicture !== null);
  await stage((count) => {
    const { feed, nodes } = document.querySelector(".stage")?.dataset ?? {};
    return feed === "live" && Number(nodes) >= count;
  }, Number(steps));
  const opened = await page.evaluate(() => ({
    firstPaint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
    firstPicture: window.bench.firstPicture,
    complete: performance.now(),
  }));

  /**
   * Milliseconds of the main thread a frame while `key` is held down on the stage: one event of the keyboard each
   * frame, sent inside the page. Keys pressed through the driver come ten times a frame, each a task of its own.
   */
  const frames = async (key) => {
    await page.locator(".pictures").focus();
    await page.evaluate(() => (window.bench.frames = []));
    const before = await taskSeconds();
    const times = await page.evaluate(
      ({ key, measureMs }) =>
        new Promise((done) => {
          const pictures = document.querySelector(".pictures");
          const until = performance.now() + measureMs;
          const press = () => {
            pictures.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
            if (performance.now() < until) window.bench.request(press);
            else done(window.bench.frames);
          };
          window.bench.request(press);
        }),
      { key, measureMs: MEASURE_MS },
    );
    const busyMs = ((await taskSeconds()) - before) * 1000;
    times.sort((a, b) => a - b);
    return { busy: busyMs / times.length, p95: times[Math.floor(times.length * 0.95)] };
  };
  const turning = await frames("d");
  await page.locator(".pictures").press("f");
  const overview = await frames("d");
  const drawn = await page.evaluate(() => Number(document.querySelector(".stage").dataset.drawn));

  /** Presses on the curve at `place`, 0 to 1, and waits for the frame that shows its step; milliseconds. */
  const seekTo = (place) =>
    page.evaluate(async (place) => {
      const curve = document.querySelector(".curve");
      const { left, width, top } = curve.getBoundingClientRect();
      const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      const at = { clientX: left + width * place, clientY: top + 20, pointerId: 1, bubbles: true };
      await frame();
      const begun = performance.now();
      curve.dispatchEvent(new PointerEvent("pointerdown", at));
      curve.dispatchEvent(new PointerEvent("pointerup", at));
      await frame();
      return performance.now() - begun;
    }, place);
  /**
   * Milliseconds of a seek, the worst of ten: by the clock, which counts the browser's own waits for a frame as well,
   * and of the main thread, which is what the page does.
   */
  const seek = { clock: 0, busy: 0 };
  for (let k = 0; k < 10; k += 1) {
    const before = await taskSeconds();
    seek.clock = Math.max(seek.clock, await seekTo((k * 0.37) % 1));
    seek.busy = Math.max(seek.busy, ((await taskSeconds()) - before) * 1000);
  }

  /** Posts steps at an even pace while the page follows them. */
  const live = async () => {
    await page.evaluate(() => (window.bench.longTasks = []));
    const first = Number(steps) + 1;
    const count = LIVE.rate / 10;
    const started = Date.now();
    for (let batch = 0; batch < LIVE.seconds * 10; batch += 1) {
      const events = Array.from({ length: count }, (_, i) => {
        const step = first + batch * count + i;
        const at = new Date().toISOString();
        const id = `01920000-0000-7000-8000-${step.toString(16).padStart(12, "0")}`;
        const body = { scores: { root: ((step * 37) % 100) - 50, format: 1 } };
        return JSON.stringify({ id, at, kind: "snapshot.scored", v: 1, step, body });
      });
      const headers = { "content-type": "application/x-ndjson" };
      const answer = await fetch(`${url}/api/v1/runs/${run}/events`, {
        method: "POST",
        headers,
        body: events.join("\n"),
      });
      if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
      await new Promise((done) => setTimeout(done, Math.max(0, started + (batch + 1) * 100 - Date.now())));
    }
    const all = Number(steps) + LIVE.rate * LIVE.seconds;
    await stage((count) => Number(document.querySelector(".stage")?.dataset.nodes) === count, all);
    return page.evaluate(() => Math.max(0, ...window.bench.longTasks));
  };
  await page
    .getByRole("button", { name: /live|newest|end/i })
    .first()
    .click()
    .catch(() => {});
  const longest = await live();

  const heap = await page.evaluate(() => {
    window.gc?.();
    return { js: performance.memory.usedJSHeapSize, wasm: window.bench.memory.buffer.byteLength };
  });
  browser.assertNoErrors();
  console.log(JSON.stringify({ ...opened, turning, overview, drawn, seek, longest, heap }));
} finally {
  await browser.close();
}
