// An episode to read: errors first, values as trees, images, spans over time, a search inside; what changed
// since the previous attempt; texts of a megabyte; pictures and clips of the stage as files.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const START = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Moments of the episode, in milliseconds after its beginning. */
const moment = (ms) => new Date(START + ms).toISOString();

const eventOf = (episode) => (kind, body, step, ms) => ({
  id: crypto.randomUUID(),
  at: moment(ms),
  kind,
  v: 1,
  episode,
  step,
  body,
});

const snapshot = (action, observation) => ({
  scores: { root: 1 },
  not_evaluated: [],
  action,
  observation,
  is_paused: false,
  metadata: {},
});

story("an episode shows its errors, values, images and spans, and is searched", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "agent", name: "agent" });
  const sha256 = createHash("sha256").update(PIXEL).digest("hex");
  const stored = await fetch(`${server.url}/api/v1/runs/agent/artifacts/${sha256}`, {
    method: "PUT",
    body: PIXEL,
  });
  assert.equal(stored.status, 201);
  const event = eventOf("e1");
  const span = (n) => String(n).padStart(16, "0");
  const recorded = (n, step_kind, name, from, to, rest) =>
    event(
      "step.recorded",
      { step_kind, name, span_id: span(n), started_at: moment(from), ended_at: moment(to), ...rest },
      1,
      from,
    );
  await server.post("/api/v1/runs/agent/events", [
    event("episode.started", { task: "weather" }, undefined, 0),
    recorded(1, "tool_call", "planner", 0, 100, {
      payload: { arguments: { city: "Oslo", days: [1, 2], deep: { er: { still: "<b>no markup</b>" } } } },
    }),
    recorded(2, "tool_call", "search", 25, 75, {
      parent_span_id: span(1),
      payload: { arguments: { q: "Oslo weather" } },
      error: { type: "TimeoutError", message: "no answer in 50 ms" },
    }),
    event(
      "artifact.added",
      { name: "map.png", mime_type: "image/png", size_bytes: PIXEL.length, sha256, role: "output" },
      1,
      90,
    ),
    event(
      "step.recorded",
      {
        step_kind: "message",
        span_id: span(3),
        started_at: moment(92),
        payload: {
          role: "user",
          content: [
            { type: "text", text: "my window" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL.toString("base64")}` } },
          ],
        },
      },
      1,
      92,
    ),
    event("snapshot.scored", snapshot("rain", "weather in Oslo?"), 1, 100),
  ]);
  const run = await RunPage.open(page, "/runs/agent?step=1", { ...SMALL, width: 1280 });
  const { diagnostics } = run;
  const entries = diagnostics.getByRole("list", { name: "What happened in the episode" });

  // The error comes first, and leads to its entry.
  const errors = diagnostics.getByRole("list", { name: "Errors of the episode" });
  await errors.getByRole("button", { name: "TimeoutError: no answer in 50 ms" }).click();
  await entries.locator(".is-found details[open] > pre", { hasText: "TimeoutError" }).waitFor();

  // Arguments are a tree; what a model wrote stays text.
  const planner = entries.locator("li[data-seq]", { hasText: "planner" });
  await planner.locator("summary").first().click();
  await planner.locator(".tree-values > li", { hasText: "city Oslo" }).waitFor();
  await planner.locator(".tree-values summary", { hasText: "er {1}" }).click();
  await planner.locator(".is-text", { hasText: "<b>no markup</b>" }).waitFor();
  await planner.getByRole("button", { name: "Switch between rendered and raw text" }).click();
  await planner.locator("pre", { hasText: '"city": "Oslo"' }).waitFor();

  // The images are drawn, and what a message says around its image stays.
  for (const name of ["map.png", "Recorded image"]) {
    const image = entries.getByRole("img", { name });
    await image.scrollIntoViewIfNeeded();
    await until(`${name} is drawn`, () => image.evaluate((img) => img.complete && img.naturalWidth === 1));
  }
  await entries.locator(".message", { hasText: "my window" }).getByText("[image/png, 1 kB]").waitFor();

  // The spans are bars over time: the search is inside of the planner, from a quarter on, half as long.
  const spans = diagnostics.getByRole("list", { name: "Spans of the episode" });
  const bar = spans.getByRole("button", { name: /^search/ }).locator(".span-line i");
  assert.match(await bar.getAttribute("style"), /left:\s*25\.?0*%;\s*width:\s*max\(2px,\s*50\.?0*%\)/);
  await spans.getByRole("button", { name: /^planner/ }).click();
  await entries.locator(".is-found", { hasText: "planner" }).waitFor();

  // The search counts, and goes round.
  const find = diagnostics.getByRole("searchbox", { name: "Find in the episode" });
  const count = diagnostics.locator(".find output");
  await find.fill("OSLO");
  await until("planner and search", async () => (await count.innerText()) === "1 of 2");
  await find.press("Enter");
  await until("the second one", async () => (await count.innerText()) === "2 of 2");
  await entries.locator(".is-found", { hasText: "search" }).waitFor();
  await diagnostics.getByRole("button", { name: "Next match" }).click();
  await until("the first one again", async () => (await count.innerText()) === "1 of 2");
  await find.fill("snow");
  await until("no entry", async () => (await count.innerText()) === "none");
});

story("an answer of a megabyte with 17,000 citations opens at its beginning", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "long", name: "long" });
  const action = "<proof>a midline glioma of the pons</proof> and more words ".repeat(17_000);
  assert.ok(action.length > 1_000_000);
  const event = eventOf("e1");
  await server.post("/api/v1/runs/long/events", [
    event("snapshot.scored", snapshot(action, "a midline glioma of the pons"), 1, 0),
  ]);
  const run = await RunPage.open(page, "/runs/long?step=1", { ...SMALL, width: 1280 });
  const text = run.diagnostics.locator(".inspector pre.text").first();
  await text.locator("mark.is-grounded").first().waitFor();
  assert.ok((await text.innerText()).length < 40_000, "a part is laid out");
  const more = run.diagnostics.getByRole("button", { name: /^Show more/ });
  for (let presses = 0; (await more.count()) > 0; presses += 1) {
    assert.ok(presses < 4, "each press shows much more");
    const before = await more.innerText();
    await more.click();
    await until("less follows", async () => {
      return (await more.count()) === 0 || (await more.innerText()) !== before;
    });
  }
  assert.equal(await text.evaluate((element) => element.textContent.length), action.length);
});

story("an answer is compared with the previous attempt of its task", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "tries", name: "tries" });
  await server.post("/api/v1/runs/tries/events", [
    eventOf("a")("snapshot.scored", snapshot("the answer is four", "2 + 2?"), 1, 0),
    eventOf("b")("snapshot.scored", snapshot("something else", "3 + 3?"), 2, 10),
    eventOf("c")("snapshot.scored", snapshot("the answer is <b>4</b>", "2 + 2?"), 3, 20),
  ]);
  const run = await RunPage.open(page, "/runs/tries?step=3", { ...SMALL, width: 1280 });
  const title = run.diagnostics.getByText("Changes since the previous attempt");
  await title.click();
  const changes = run.diagnostics.locator(".changes");
  await changes.locator("del", { hasText: "four" }).waitFor();
  assert.equal(await changes.locator("ins").innerText(), "<b>4</b>", "what was recorded stays text");
  await run.diagnostics.getByText("Against step 1, episode a.").waitFor();
  await run.diagnostics.getByRole("button", { name: "Show it" }).click();
  await run.selected(1);
  // It stays open from step to step.
  await run.diagnostics.getByText("This is the first attempt of its task in the run.").waitFor();
});

story("the stage is saved as a picture and as a clip", async ({ server, page }) => {
  await server.demo({ steps: 60 }).done;
  const run = await RunPage.open(page, "/runs/demo?step=20&orbit=whole", SMALL);
  await run.selected(20);
  assert.equal(new URL(run.page.url()).searchParams.get("orbit"), "whole");
  await run.page.getByText("Effects", { exact: true }).click();
  const saved = async (press) => {
    const download = run.page.waitForEvent("download");
    await press();
    const file = await download;
    const chunks = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk);
    return [file.suggestedFilename(), Buffer.concat(chunks)];
  };
  const button = (name) => run.page.getByRole("button", { name });
  const [picture, png] = await saved(() => button("Picture (PNG)").click());
  assert.equal(picture, "demo-step-20.png");
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  const colours = await run.page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const found = new Set();
    for (let i = 0; i < data.length; i += 4) found.add(data[i] + 256 * data[i + 1] + 65536 * data[i + 2]);
    return found.size;
  }, png.toString("base64"));
  assert.ok(colours > 50, `the picture is not empty: ${colours} colours`);

  await button("Clip (WebM)").click();
  await button("End the clip").waitFor();
  await run.page.keyboard.press("ArrowRight");
  const [clip, webm] = await saved(() => button("End the clip").click());
  assert.equal(clip, "demo-step-20.webm");
  assert.equal(webm.readUInt32BE(0), 0x1a45dfa3, "the beginning of a WebM file");
});
