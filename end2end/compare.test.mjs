// Several runs over each other: their charts, where they differ, and the way into the film of each.

import assert from "node:assert/strict";
import { atSecond, event, scored } from "./events.mjs";
import { SMALL, story, until } from "./harness.mjs";

const measured = (name, step, value) =>
  event(
    "score.added",
    { target: "step", path: `metrics.${name}`, value, source: "log" },
    { step, at: atSecond(step) },
  );
const loss = (step, value) => measured("loss", step, value);
const rollout = (step, number, root) =>
  scored(step, { root }, { episode: `${step}-${number}`, at: atSecond(step), action: "a", observation: "o" });

/** A run whose reward rises by `gain` a step, with two rollouts each; the loss of "slow" has an outlier. */
async function record(server, id, gain, config) {
  await server.post("/api/v1/runs", { id, name: `${id} run`, project: "sweep", config });
  const steps = Array.from({ length: 60 }, (_, step) => step);
  const events = steps.flatMap((step) => [
    rollout(step, 0, gain * step),
    rollout(step, 1, gain * step - 1),
    loss(step, id === "slow" && step === 30 ? 1e6 : 1 / (step + 1)),
  ]);
  await server.post(`/api/v1/runs/${id}/events`, events);
}

const chart = (page, path) => page.locator(`figure[data-path="${path}"]`);
const drawn = (page, path) =>
  until(
    `the chart of ${path} is drawn`,
    async () => (await chart(page, path).locator("canvas").count()) === 1,
  );
const points = (page, path) => chart(page, path).getAttribute("data-points").then(Number);

story("two runs are compared in charts and tables", async ({ server, page, screenshot }) => {
  await record(server, "slow", 0.1, { lr: 1e-5, model: { name: "m", layers: 4 } });
  await record(server, "fast", 0.2, { lr: 2e-5, model: { name: "m", layers: 8 } });
  const opened = await page({ path: "/compare?runs=slow,fast", ...SMALL, width: 1280, height: 720 });
  await drawn(opened, "root");
  await drawn(opened, "metrics.loss");
  assert.equal(await points(opened, "root"), 120, "sixty steps of each run");
  await screenshot(opened, "compare");

  // The tables are there without any script.
  const summary = opened.getByRole("region", { name: "Summary table" });
  const root = summary.getByRole("row", { name: /^root/ });
  assert.match(await root.innerText(), /best\s*\+5\.4/);
  const differs = opened.getByRole("region", { name: "Table of differences" });
  assert.deepEqual(await differs.locator("tbody th").allInnerTexts(), ["lr", "model.layers"]);

  // Outliers do not flatten the rest, which is said and one click away.
  const note = chart(opened, "metrics.loss").getByText("1st to 99th percentile");
  await note.waitFor();
  await chart(opened, "metrics.loss").getByRole("button", { name: "Show all" }).click();
  await note.waitFor({ state: "hidden" });
  assert.match(opened.url(), /range=full/);

  // Drag to zoom, all charts together; the address says it; double click goes back.
  const plot = chart(opened, "root").locator(".u-over");
  await chart(opened, "root").scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  await opened.mouse.move(box.x + box.width * 0.25, box.y + 40);
  await opened.mouse.down();
  await opened.mouse.move(box.x + box.width * 0.5, box.y + 50, { steps: 4 });
  await opened.mouse.up();
  await until(
    "both charts show the zoomed range",
    async () => (await points(opened, "root")) < 60 && (await points(opened, "metrics.loss")) < 60,
  );
  assert.match(opened.url(), /from=14\.\d+&to=29\.\d+/);
  await plot.dblclick();
  await until("both show everything again", async () => (await points(opened, "root")) === 120);
  assert.doesNotMatch(opened.url(), /from=/);

  // A click opens the film at that step.
  await plot.click({ position: { x: box.width / 2, y: 60 } });
  await opened.waitForURL(/\/runs\/(slow|fast)\?step=(29|30)$/);
});

story("the keyboard reads the values, and a link shows the same again", async ({ server, page }) => {
  await record(server, "slow", 0.1, {});
  await record(server, "fast", 0.2, {});
  const opened = await page({ path: "/compare?runs=slow,fast&x=elapsed&y=log&smooth=0.6&q=root", ...SMALL });
  await drawn(opened, "root");
  assert.equal(await opened.getByLabel("X axis").inputValue(), "elapsed");
  assert.equal(await opened.getByLabel("Scale").inputValue(), "log");
  assert.equal(await opened.getByLabel("Smoothing").inputValue(), "0.6");
  assert.equal(await chart(opened, "metrics.loss").isVisible(), false, "the filter is in the address");
  const group = opened.getByRole("group", { name: /^root: / });
  await group.focus();
  await group.press("Home");
  await group.press("ArrowRight");
  const spoken = chart(opened, "root").locator("[aria-live]");
  await until("the second step is read", async () =>
    /: (slow|fast) run -?[\d.]+, (slow|fast) run/.test(await spoken.textContent()),
  );
  await chart(opened, "root").getByText("Table").click();
  const rows = chart(opened, "root").getByRole("row");
  await until("the table has rows", async () => (await rows.count()) > 10);
  const file = opened.waitForEvent("download");
  await opened.getByRole("button", { name: "Save root as CSV" }).click();
  const stream = await (await file).createReadStream();
  const text = (await stream.toArray()).join("");
  assert.match(text, /^run,path,step,x,mean,low,high\r\nslow,root,0,/);
  assert.equal(text.trim().split("\r\n").length, 121);
});

story("a chart grows while its run goes on", async ({ server, page }) => {
  await record(server, "live", 0.1, {});
  const opened = await page({ path: "/charts?runs=live", ...SMALL });
  await drawn(opened, "root");
  const before = await points(opened, "root");
  await server.post("/api/v1/runs/live/events", [rollout(60, 0, 9), loss(60, 0.5)]);
  await until("the new step is drawn", async () => (await points(opened, "root")) === before + 1);
  // More rollouts of the same step change its point, and a new path gets a chart.
  const kl = measured("kl", 60, 0.1);
  await server.post("/api/v1/runs/live/events", [rollout(60, 1, 7), kl]);
  await drawn(opened, "metrics.kl");
  await until("the step has the mean of both", async () =>
    /live run 8 at step 60/.test(
      await chart(opened, "root").locator(".chart-plot").getAttribute("aria-label"),
    ),
  );
  assert.equal(await points(opened, "root"), before + 1);
});

story("runs are chosen by ticking them, and fit on a phone", async ({ server, page }) => {
  await record(server, "slow", 0.1, {});
  await record(server, "fast", 0.2, {});
  const opened = await page({ path: "/compare", width: 390, height: 844 });
  await opened.getByLabel("slow run").check();
  await opened.getByLabel("fast run").check();
  await opened.getByRole("button", { name: "Compare" }).click();
  await opened.waitForURL(/runs=/);
  await drawn(opened, "root");
  const wide = await opened.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `the page is ${wide} px wider than the phone`);
  await opened.getByRole("link", { name: "Set as baseline" }).click();
  await opened.waitForURL(/baseline=/);
  await opened.getByRole("link", { name: "Remove slow run" }).click();
  await opened.getByRole("heading", { name: "Charts", level: 1 }).waitFor();
});
