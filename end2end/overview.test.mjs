// A long run as a whole: its picture, what it costs, and the scale of its heights.

import assert from "node:assert/strict";
import { story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

/** Adds `count` steps from `from` on whose root score is `root(step)`. */
async function record(server, run, from, count, root) {
  for (let first = from; first < from + count; first += 5_000) {
    const length = Math.min(5_000, from + count - first);
    const events = Array.from({ length }, (_, i) => {
      const step = first + i;
      const id = `01920000-0000-7000-8000-${step.toString(16).padStart(12, "0")}`;
      const body = { scores: { root: root(step), format: 1 } };
      return { id, at: "2026-11-21T00:06:33Z", kind: "snapshot.scored", v: 1, step, body };
    });
    await server.post(`/api/v1/runs/${run}/events`, events);
  }
}

async function create(server, run) {
  await server.post("/api/v1/runs", { id: run, name: run });
}

story(
  "a run of 40,000 steps is seen at once, its coarse chunks first",
  async ({ server, page }) => {
    const STEPS = 40_000;
    await create(server, "long");
    await record(server, "long", 1, STEPS, (step) => (step % 100) - 50);
    // They are made in the background, once the run is quiet.
    await until(
      "the coarse chunks are stored",
      async () => (await server.get("/api/v1/runs/long/film")).levels.length > 1,
      { within: 60_000 },
    );
    const opened = await page();
    const chunks = [];
    opened.on("request", (request) => {
      const chunk = /\/film\/(\d+)\/\d+/.exec(request.url());
      if (chunk) chunks.push(Number(chunk[1]));
    });
    await opened.goto(`${server.url}/runs/long`);
    const run = new RunPage(opened);
    const facts = await run.until(
      "the film is complete",
      ({ ready, feed, nodes }) => ready && feed === "live" && nodes === STEPS,
      { within: 120_000 },
    );
    assert.equal(chunks[0], 1, "the coarse chunk comes first");
    assert.ok(Number(facts.drawn) < 6_000, `${facts.drawn} nodes are drawn around the agent`);

    await opened.getByRole("button", { name: "Show the whole run" }).click();
    await run.until("the whole run is drawn with few nodes", ({ drawn }) => {
      return Number(drawn) > 500 && Number(drawn) < 22_000;
    });
    const named = async () => {
      const texts = await run.stage.locator(".label").allInnerTexts();
      return texts.map((text) => Number(text.replaceAll(",", ""))).filter((step) => step > 0);
    };
    await until("steps all along the run are named", async () => Math.max(...(await named())) > STEPS * 0.9);

    // The view follows the run as it grows.
    await record(server, "long", STEPS + 1, 5_000, () => 50);
    await run.until("the new steps are here", ({ nodes }) => nodes === STEPS + 5_000);
    await until("the view reaches to the new end", async () => Math.max(...(await named())) > STEPS + 3_000);
  },
  { timeout: 300_000 },
);

story("the path fits rewards from 0 to 1, and a fixed scale can be chosen", async ({ server, page }) => {
  await create(server, "unit");
  await record(server, "unit", 1, 200, (step) => (step % 21) / 20);
  const run = await RunPage.open(page, "/runs/unit", { width: 1280, height: 720, reducedMotion: "reduce" });
  const legend = run.page.locator(".legend");
  await legend.getByText("height: root, 0 to +1").waitFor();
  await until("the axis names both ends", async () => {
    const texts = await run.stage.locator(".label.is-axis").allInnerTexts();
    return texts.includes("+1") && texts.includes("0");
  });
  const edges = run.slider.locator(".curve-edge");
  await until("so does the curve", async () => (await edges.allInnerTexts()).join() === "+1,0");

  await legend.getByRole("button", { name: "fix at" }).click();
  await legend.getByText("height: root, -50 to +50").waitFor();
  await until("the curve is fixed as well", async () => (await edges.allInnerTexts()).join() === "+50,0,-50");
  await legend.getByRole("button", { name: "fit to the run" }).click();
  await legend.getByText("height: root, 0 to +1").waitFor();
});

story("the page is painted before the stage is made", async ({ server, page }) => {
  await server.demo({ steps: 60 }).done;
  const opened = await page();
  await opened.addInitScript(() => {
    const { getContext } = HTMLCanvasElement.prototype;
    HTMLCanvasElement.prototype.getContext = function (...of) {
      window.stageMadeAt ??= performance.now();
      return getContext.apply(this, of);
    };
  });
  await opened.goto(`${server.url}/runs/demo`);
  await new RunPage(opened).opened();
  const { painted, made } = await opened.evaluate(() => ({
    painted: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    made: window.stageMadeAt,
  }));
  assert.ok(painted <= made, `painted after ${painted} ms, the stage was made after ${made} ms`);
});
