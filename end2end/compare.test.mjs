// Several runs over each other: their charts, where they differ, and the way into the film of each.

import assert from "node:assert/strict";
import { test } from "node:test";
import { byConfig, groupsOf, meanOf, overRollouts } from "../frontend/charts/groups.js";
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

test("a line of several runs is their mean, and its band what was chosen", () => {
  const history = (run, step, mean) => ({ run, path: "root", steps: step.length, step, mean });
  const three = [
    history("a", [0, 1, 2], [1, 2, 3]),
    history("b", [0, 1, 2], [2, 3, 5]),
    history("c", [0, 2], [3, 7]),
  ];
  const range = meanOf(three, "range");
  assert.deepEqual(range.step, [0, 1, 2]);
  // "c" is half way between 3 and 7 at step 1.
  assert.deepEqual(range.mean, [2, 10 / 3, 5]);
  assert.deepEqual(
    [range.low, range.high],
    [
      [1, 2, 3],
      [3, 5, 7],
    ],
  );
  const std = meanOf(three, "std");
  assert.deepEqual([std.low[0], std.high[0], std.low[2], std.high[2]], [1, 3, 3, 7]);
  // Three values 1, 2 and 3: 2 ± 4.303 / √3.
  const interval = meanOf(three, "interval");
  assert.ok(Math.abs(interval.high[0] - 4.4843) < 1e-3, `${interval.high[0]}`);
  // A run counts from its first to its last step, and one run alone has no deviation.
  const offset = meanOf([history("a", [0, 1], [1, 1]), history("b", [1, 2], [3, 9])], "std");
  assert.deepEqual(offset.mean, [1, 2, 9]);
  assert.deepEqual([offset.low[0], offset.high[2]], [1, 9]);
  // The rollouts of a step, as the server describes them: 1, 2 and 3, then a single 5.
  const steps = { ...history("a", [0, 1], [2, 5]), low: [1, 5], high: [3, 5], std: [1, 0], count: [3, 1] };
  assert.equal(overRollouts(steps, "range"), steps);
  assert.deepEqual(overRollouts(steps, "std").low, [1, 5]);
  assert.ok(Math.abs(overRollouts(steps, "interval").high[0] - 4.4843) < 1e-3);
});

test("groups are told apart by colour, in any order, and show the runs they are the mean of", () => {
  const run = (id, lr) => ({ id, name: id, live: false, color: 3, dash: 3, config: { lr } });
  const runs = [run("a", "3e-5"), run("b", "1e-5"), run("c", "3e-5"), run("d", "0.0002")];
  const colors = (order) => {
    const looks = groupsOf(order, "lr").map(({ value, look }) => [value, look.color]);
    return Object.fromEntries(looks);
  };
  assert.deepEqual(colors(runs), { "1e-5": 0, "3e-5": 1, 0.0002: 2 });
  assert.deepEqual(colors(runs.toReversed()), colors(runs));
  const columns = (id) => ({ run: id, path: "root", steps: 1, step: [0], mean: [id === "a" ? 1 : 3] });
  const histories = new Map(runs.map(({ id }) => [id, columns(id)]));
  const lines = byConfig(runs, histories, "lr", "runs");
  const described = lines.map((it) => [it.run.name, it.isFaint === true, it.columns.mean[0]]);
  assert.deepEqual(described, [
    ["a", true, 1],
    ["c", true, 3],
    ["lr = 3e-5 (2 runs)", false, 2],
    ["lr = 1e-5 (1 run)", false, 3],
    ["lr = 0.0002 (1 run)", false, 3],
  ]);
  assert.equal(lines[0].run.color, lines[2].run.color, "a run has the colour of its group");
});

story("runs with one value of the configuration are one line", async ({ server, page, screenshot }) => {
  await record(server, "one", 0.1, { lr: 1e-5, seed: 1 });
  await record(server, "two", 0.3, { lr: 1e-5, seed: 2 });
  await record(server, "three", 0.4, { lr: 2e-5, seed: 1 });
  const opened = await page({ path: "/charts?runs=one,two,three", ...SMALL, width: 1280, height: 720 });
  await drawn(opened, "root");
  assert.equal(await opened.getByLabel("Band").inputValue(), "none", "ranges of several runs hide the lines");
  const names = opened.getByLabel("Group by").locator("option");
  assert.deepEqual(await names.allInnerTexts(), ["Each run", "All settings but the seed", "lr", "seed"]);
  await opened.getByLabel("Group by").selectOption("lr");
  const label = chart(opened, "root").locator(".chart-plot");
  // Two rollouts a step: 0.1 x 59 and 0.3 x 59, both less a half.
  await until("there is a line for each learning rate", async () =>
    /lr = 1e-5 \(2 runs\) 11.3\d* at step 59, lr = 2e-5 \(1 run\) 23.1\d* at step 59/.test(
      await label.getAttribute("aria-label"),
    ),
  );
  const legend = opened.getByRole("list", { name: "Groups of runs" }).getByRole("listitem");
  assert.deepEqual(await legend.allInnerTexts(), ["lr = 1e-5 (2 runs)", "lr = 2e-5 (1 run)"]);
  const lines = await legend
    .locator("svg")
    .evaluateAll((all) => all.map((it) => getComputedStyle(it).stroke));
  assert.equal(new Set(lines).size, 2, "each group has the colour of its line");
  await opened.getByLabel("Band").selectOption("interval");
  assert.match(opened.url(), /group=lr&band=interval/);
  await screenshot(opened, "charts-grouped");
  await opened.reload();
  await drawn(opened, "root");
  assert.equal(await opened.getByLabel("Group by").inputValue(), "lr", "the address shows the same again");
  assert.equal(await opened.getByLabel("Band").inputValue(), "interval");
  await opened.getByLabel("Group by").selectOption("");
  await until("there is no legend of groups", async () => (await legend.count()) === 0);
});

story("twelve seeds of two setups: who collapsed is seen at once", async ({ server, page }) => {
  const ids = Array.from({ length: 12 }, (_, n) => `s${n}`);
  for (const [n, id] of ids.entries()) {
    const config = { lr: n < 6 ? 1e-5 : 3e-5, seed: n % 6 };
    await server.post("/api/v1/runs", { id, name: `qwen-grpo-${id}`, config });
    const root = (step) => (n === 8 && step > 1 ? -5 : step + n / 10);
    const events = [0, 1, 2, 3].map((step) => scored(step, { root: root(step) }, { at: atSecond(step) }));
    await server.post(`/api/v1/runs/${id}/events`, events);
  }
  const path = `/compare?runs=${ids}&group=setup&band=runs`;
  const opened = await page({ path, ...SMALL, width: 1280, height: 720 });
  await drawn(opened, "root");
  const legend = opened.getByRole("list", { name: "Groups of runs" }).getByRole("listitem");
  assert.deepEqual(await legend.allInnerTexts(), ["setup = lr 1e-5 (6 runs)", "setup = lr 3e-5 (6 runs)"]);
  assert.equal(await points(opened, "root"), 14 * 4, "two means, and every run");
  const file = opened.waitForEvent("download");
  await opened.getByRole("button", { name: "Save root as SVG" }).click();
  const picture = (await (await (await file).createReadStream()).toArray()).join("");
  assert.equal(picture.match(/<polyline/g).length, 14);
  assert.equal(picture.match(/qwen-grpo/g), null, "the legend names the groups alone");

  const repeats = opened.getByRole("region", { name: "Table of repeats" });
  const heads = await repeats.getByRole("columnheader").allInnerTexts();
  assert.deepEqual(heads, ["Path", "lr 1e-5 6 runs", "lr 3e-5 6 runs"]);
  await repeats.getByRole("img", { name: /^lowest …s8 -1\.\d+, highest …s11 \+2\.6/ }).waitFor();

  // A row for each run, sorted by a press on the head of a column.
  const summary = opened.getByRole("region", { name: "Summary table" });
  const first = summary.locator("tbody tr").first();
  assert.match(await first.innerText(), /^\s*…s0/);
  const head = summary.getByRole("columnheader", { name: "root" });
  await head.getByRole("button").click();
  assert.equal(await head.getAttribute("aria-sort"), "descending");
  assert.match(await first.innerText(), /^\s*…s11/);
  await head.getByRole("button").press("Enter");
  assert.match(await first.innerText(), /^\s*…s8/);
  await summary.getByRole("columnheader", { name: "Run" }).getByRole("button").click();
  assert.match(await first.innerText(), /^\s*…s0/);
  assert.equal(await first.getByRole("link").getAttribute("href"), "/runs/s0");
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

story("charts say that the server does not answer, and are drawn when it does", async ({ server, page }) => {
  await record(server, "slow", 0.1, {});
  await record(server, "fast", 0.2, {});
  const opened = await page({ path: "/compare?runs=slow,fast", ...SMALL });
  opened.expected.push(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE/);
  await drawn(opened, "root");
  await server.stop();
  await opened.getByLabel("Smoothing").fill("0.5");
  const alert = opened.getByRole("alert");
  await alert
    .getByText("The charts could not be read: the server does not answer", { exact: true })
    .waitFor();
  assert.equal(await points(opened, "root"), 120, "what was drawn stays");
  await server.start();
  await opened.getByLabel("Smoothing").fill("0.6");
  await alert.waitFor({ state: "hidden" });
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

story(
  "forty runs of a sweep are compared at once, and a long name fits on a phone",
  async ({ server, page }) => {
    const ids = Array.from({ length: 40 }, (_, index) => `r${index}`);
    for (const [index, id] of ids.entries()) {
      await server.post("/api/v1/runs", {
        id,
        name: `${id} ${"long-name-".repeat(12)}`,
        config: { lr: index % 5 },
      });
      const events = [0, 1, 2].map((step) => scored(step, { root: index + step }, { at: atSecond(step) }));
      await server.post(`/api/v1/runs/${id}/events`, events);
    }
    const opened = await page({ path: `/compare?runs=${ids}`, width: 1280, height: 720 });
    await drawn(opened, "root");
    assert.equal(await points(opened, "root"), 120, "three steps of each run");
    const top = (await chart(opened, "root").boundingBox()).y;
    assert.ok(top < 600, `the first chart begins at ${top} px, within the window`);

    // What can be done with a run is in its menu.
    const run = opened.getByRole("list", { name: "Runs" }).getByRole("listitem");
    const second = run.filter({ hasText: /^r1 / });
    await second.getByLabel(/^More of r1 /).click();
    await second.getByRole("link", { name: "Set as baseline" }).click();
    await opened.waitForURL(/baseline=r1$/);

    const phone = await page({ path: "/compare?runs=r0,r1", width: 390, height: 844 });
    await drawn(phone, "root");
    const wide = await phone.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} px wider than the phone`);
  },
);
