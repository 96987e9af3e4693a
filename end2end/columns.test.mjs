// The columns of the list of runs: any setting and any score, chosen, ordered, sorted and filtered; all of
// it in the address.

import assert from "node:assert/strict";
import { event, scored } from "./events.mjs";
import { story, until } from "./harness.mjs";

/** Six runs of two optimizers whose rewards rise with the learning rate. */
async function sweep(server) {
  for (let n = 0; n < 6; n += 1) {
    const config = { lr: 10 ** (n - 6), opt: { name: n % 2 ? "adam" : "sgd" } };
    await server.post("/api/v1/runs", { id: `run-${n}`, name: `run ${n}`, project: "sweep", config });
    const steps = Array.from({ length: 12 }, (_, step) => scored(step, { root: (n * step) / 12 }));
    const finished = event("run.finished", { status: "completed" });
    await server.post(`/api/v1/runs/run-${n}/events`, [...steps, finished]);
  }
}

/** The names of the rows, from the first. */
const names = async (list) => (await list.locator("tr.run-row .run-link").allInnerTexts()).join();

/** The heads of the columns, from the left. */
const heads = async (list) => (await list.getByRole("columnheader").getByRole("link").allInnerTexts()).join();

story("columns are chosen, sorted and filtered, and the address has it", async ({ server, page }) => {
  await sweep(server);
  const list = await page({ path: "/projects/sweep", width: 1280, height: 720 });
  await list.waitForLoadState("networkidle");
  await list.getByText("6 runs", { exact: true }).waitFor();
  assert.equal(await heads(list), "Run,Status,Steps,Failing,Mean reward,Updated");

  await list.getByText("Columns", { exact: true }).click();
  const add = list.getByLabel("Add a column");
  await add.fill("config:lr");
  await add.press("Enter");
  await list.waitForURL(/columns=/);
  await until("the column is the last", async () => (await heads(list)).endsWith("Updated,lr"));
  await list.getByRole("link", { name: "Remove Steps" }).click();
  await list.getByRole("link", { name: "Move lr to the left" }).click();
  await until("it moved", async () => (await heads(list)).endsWith("Mean reward,lr,Updated"));
  await list.getByText("Columns", { exact: true }).click();

  await list.getByRole("columnheader", { name: "lr" }).getByRole("link").click();
  await list.waitForURL(/sort=config/);
  await until("the least is first", async () => (await names(list)).startsWith("run 0,run 1"));
  await list.getByRole("cell", { name: "1e-6" }).waitFor();

  // The filter that cannot be read.
  list.expected.push(/status of 400/);
  const filter = list.getByLabel("Filter by columns");
  await filter.fill("lr > 1e-5 and opt.name = adam");
  await filter.press("Enter");
  await until("two are left", async () => (await names(list)) === "run 3,run 5");
  await list.reload();
  await list.waitForLoadState("networkidle");
  assert.equal(await names(list), "run 3,run 5");
  await filter.fill("lr >");
  await filter.press("Enter");
  await list
    .getByRole("alert")
    .getByText("filter: at character 5: a value of config:lr is needed, not the end")
    .waitFor();

  // What the scores came to follows in the background.
  const best = `${server.url}/projects/sweep?columns=high:root&sort=high:root&filter=high:root+%3E+2`;
  await until("the values are there", async () => {
    await list.goto(best);
    return (await names(list)) === "run 5,run 4,run 3";
  });
  await list.getByRole("columnheader", { name: "root high" }).waitFor();
  await list.goto(`${server.url}/projects/sweep`);
  const lines = list.locator(".sparkline polyline");
  assert.equal(await lines.count(), 6);
  assert.match(await lines.first().getAttribute("points"), /^0\.0,.* 60\.0,/);

  const wrong = await list.goto(`${server.url}/?columns=colour`);
  assert.equal(wrong.status(), 200);
  await list.getByText('columns[0]: "colour" is not a column').waitFor();
  // What is wrong can be taken out of the address on the page.
  await list.waitForLoadState("networkidle");
  await list.getByText("Views", { exact: true }).click();
  await list.getByText("Columns", { exact: true }).click();
  await list.getByLabel("Save this list as").waitFor({ state: "hidden" });
  await list.getByLabel("Add a column").press("Escape");
  await list.getByLabel("Add a column").waitFor({ state: "hidden" });
  await list.getByText("Columns", { exact: true }).click();
  await list.getByRole("link", { name: "Usual columns" }).click();
  await until("the list is back", async () => (await names(list)).split(",").length === 6);
});

story("numbers of settings are aligned, and heads stay in sight", async ({ server, page }) => {
  await sweep(server);
  const list = await page({ path: "/?columns=config:lr,config:opt.name", width: 1280, height: 200 });
  await list.waitForLoadState("networkidle");
  const cells = list.locator("tr.run-row").first().locator("td.run-cell");
  const aligned = () => cells.evaluateAll((all) => all.map((cell) => getComputedStyle(cell).textAlign));
  assert.deepEqual(await aligned(), ["right", "start"]);
  const head = list.getByRole("columnheader", { name: "lr" });
  const inSight = async () => {
    await list.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await until("the head is at the top", async () => {
      const box = await head.boundingBox();
      return box !== null && Math.abs(box.y) < 2;
    });
  };
  await inSight();
  // A table that scrolls sideways as well.
  const all = "status,kind,agent,task,steps,mean,last,failing,created,updated,duration,config:lr";
  await list.goto(`${server.url}/?columns=${all}`);
  await list.waitForLoadState("networkidle");
  await inSight();
});

story("runs are grouped by a setting, folded and selected together", async ({ server, page }) => {
  await sweep(server);
  await server.post("/api/v1/runs", { id: "other", name: "other", project: "sweep" });
  const list = await page({ path: "/projects/sweep?sort=name", width: 1280, height: 720 });
  await list.waitForLoadState("networkidle");
  await list.getByText("Group", { exact: true }).click();
  await list.getByRole("link", { name: "opt.name", exact: true }).click();
  await list.waitForURL(/group=config/);
  const lines = async () => {
    const texts = await list.locator("tr.run-group .run-fold, tr.run-row .run-link").allInnerTexts();
    return texts.map((text) => text.replace(/^[▸▾]\s*/, "").replace(/\s+/g, " ")).join();
  };
  const adam = "opt.name adam 3 runs,run 1,run 3,run 5";
  const sgd = "opt.name sgd 3 runs,run 0,run 2,run 4";
  const unset = "opt.name not set 1 run,other";
  await until("the runs are in groups", async () => (await lines()) === `${adam},${sgd},${unset}`);
  const heads = list.locator("tr.run-group");
  assert.match(await heads.first().innerText(), /\+1\.3/, "the mean of the mean rewards");
  assert.equal(await list.locator("tr.run-row").last().getAttribute("aria-rowindex"), "11");

  await heads.first().getByRole("button").click();
  const folded = "opt.name adam 3 runs";
  await until("the group is folded", async () => (await lines()) === `${folded},${sgd},${unset}`);
  await heads.nth(1).getByRole("checkbox").check();
  await list.getByText("3 selected", { exact: true }).waitFor();
  await list.getByRole("button", { name: "Fold groups" }).click();
  await until("only heads are left", async () => (await list.locator("tr.run-row").count()) === 0);
  await list.getByRole("button", { name: "Unfold groups" }).click();
  await until("all are back", async () => (await lines()) === `${adam},${sgd},${unset}`);

  await list.getByRole("button", { name: "Clear" }).click();
  await list.getByRole("button", { name: "Charts" }).click();
  const chart = list.locator("list-charts figure").filter({ hasText: "root" });
  await chart.locator("canvas").waitFor();
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.locator("canvas").boundingBox();
  await list.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await chart.getByText("opt.name = adam (3 runs)").waitFor();

  const wrong = await list.goto(`${server.url}/?group=steps`);
  assert.equal(wrong.status(), 200);
  await list.getByText("group: runs cannot be grouped by steps").waitFor();
  await list.waitForLoadState("networkidle");
  await list.getByText("Group", { exact: true }).click();
  await list.getByRole("link", { name: "No groups" }).click();
  await until("the list is back", async () => (await names(list)).split(",").length === 7);
});

story("chosen columns fit a phone", async ({ server, page }) => {
  await sweep(server);
  const list = await page({ path: "/?columns=status,mean,config:lr", width: 390, height: 844 });
  await list.waitForLoadState("networkidle");
  await list.locator(".run-cell").first().waitFor();
  const overflow = await list.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `${overflow} px too wide`);
});

story(
  "pinned runs stay in front, hidden ones are left out, and the address has both",
  async ({ server, page }) => {
    await sweep(server);
    const list = await page({ path: "/?sort=name", width: 1280, height: 720 });
    await list.waitForLoadState("networkidle");
    const pick = (n) => list.getByRole("checkbox", { name: `Select run ${n}`, exact: true }).check();
    const bar = list.getByRole("region", { name: "Selected runs" });
    await pick(4);
    await bar.getByRole("button", { name: "Pin" }).click();
    await until("it is in front", async () => (await names(list)).startsWith("run 4,run 0,run 1"));
    await pick(0);
    await pick(1);
    await bar.getByRole("button", { name: "Hide" }).click();
    await until("two are left out", async () => (await names(list)) === "run 4,run 2,run 3,run 5");
    await list.getByText("4 runs", { exact: true }).waitFor();
    await list.reload();
    await list.waitForLoadState("networkidle");
    assert.equal(await names(list), "run 4,run 2,run 3,run 5");
    await list.getByRole("link", { name: "Unpin run 4" }).click();
    await until("it is in its place", async () => (await names(list)) === "run 2,run 3,run 4,run 5");
    await list.getByRole("button", { name: "2 hidden: show them" }).click();
    await until("all are back", async () => (await names(list)).split(",").length === 6);
    assert.equal(new URL(list.url()).search, "?sort=name");
  },
);

story("a list is saved under a name, opened, renamed and deleted", async ({ server, page }) => {
  await sweep(server);
  const list = await page({ path: "/projects/sweep?sort=name&filter=lr+%3E+1e-4", width: 1280, height: 720 });
  await list.waitForLoadState("networkidle");
  const open = () => list.getByText("Views", { exact: true }).click();
  await open();
  await list.getByLabel("Save this list as").fill("fast ones");
  await list.getByRole("button", { name: "Save" }).click();
  await list.getByRole("link", { name: "fast ones" }).waitFor();

  await list.goto(`${server.url}/projects/sweep`);
  await list.waitForLoadState("networkidle");
  await open();
  await list.getByRole("link", { name: "fast ones" }).click();
  await until("its list is shown", async () => (await names(list)) === "run 3,run 4,run 5");
  await open();
  await list.getByRole("button", { name: "Rename fast ones" }).click();
  await list.getByLabel("New name").fill("quick");
  await list.getByRole("button", { name: "Rename", exact: true }).click();
  await list.getByRole("link", { name: "quick" }).waitFor();
  assert.deepEqual(
    (await server.get("/api/v1/views?project=sweep")).items.map((it) => it.name),
    ["quick"],
  );
  await list.getByRole("button", { name: "Delete quick" }).click();
  await list.getByRole("link", { name: "quick" }).waitFor({ state: "detached" });
  assert.deepEqual((await server.get("/api/v1/views?project=sweep")).items, []);
  await list.getByText("quick is deleted.").getByRole("button", { name: "Undo" }).click();
  await list.getByRole("link", { name: "quick" }).waitFor();
  assert.match((await server.get("/api/v1/views?project=sweep")).items[0].query, /filter=lr/);
  await list.getByLabel("Save this list as").fill("quick");
  await list.getByRole("button", { name: "Replace" }).waitFor();
  // The keyboard stays in the menu when the pressed button is gone, so that Escape closes it.
  await list.getByRole("button", { name: "Delete quick" }).press("Enter");
  await list.getByRole("link", { name: "quick" }).waitFor({ state: "detached" });
  await list.keyboard.press("Escape");
  await list.getByLabel("Save this list as").waitFor({ state: "hidden" });
});

story("charts of the list are drawn, and follow the runs", async ({ server, page }) => {
  await sweep(server);
  const list = await page({ path: "/", width: 1280, height: 720 });
  await list.waitForLoadState("networkidle");
  await list.getByRole("button", { name: "Charts" }).click();
  const chart = list.locator("list-charts figure").filter({ hasText: "root" });
  await chart.locator("canvas").waitFor();
  await server.post("/api/v1/runs", { id: "new", name: "the newest" });
  await server.post("/api/v1/runs/new/events", [scored(0, { root: 1, "metrics.loss": 0.5 })]);
  await list.getByRole("link", { name: "the newest" }).waitFor();
  await list.locator("list-charts figure").filter({ hasText: "loss" }).locator("canvas").waitFor();
  // Groups of few charts share a row.
  const groups = list.locator("list-charts h2");
  assert.deepEqual(await groups.allInnerTexts(), ["scores", "metrics"]);
  const tops = await groups.evaluateAll((all) => all.map((head) => head.getBoundingClientRect().top));
  assert.equal(new Set(tops).size, 1, `${tops}`);

  // Of very many charts the first are drawn, and the others are a link away.
  const many = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`metrics.eval/${index}`, index]));
  await server.post("/api/v1/runs", { id: "wide", project: "wide", name: "a wide run" });
  await server.post("/api/v1/runs/wide/events", [scored(0, { root: 1, ...many })]);
  const wide = await page({ path: "/projects/wide", width: 1280, height: 720 });
  await wide.waitForLoadState("networkidle");
  await wide.getByRole("button", { name: "Charts" }).click();
  await wide.getByRole("link", { name: "Show all 71 charts" }).click();
  await wide.locator('.chart-group[data-group="eval"] figure').nth(69).waitFor();
});

story("a thousand runs are one page that is read as it is scrolled", async ({ server, page }) => {
  const count = 1000;
  for (let at = 0; at < count; at += 20) {
    const ids = Array.from({ length: 20 }, (_, n) => String(at + n).padStart(4, "0"));
    await Promise.all(ids.map((id) => server.post("/api/v1/runs", { id, name: `run ${id}` })));
  }
  const list = await page({ path: "/?sort=name", width: 1280, height: 720 });
  await list.waitForLoadState("networkidle");
  await list.getByText("1,000 runs", { exact: true }).waitFor();
  const rows = list.locator("tr.run-row");
  await list.keyboard.press("End");
  await until("the last is there", async () => (await rows.last().innerText()).includes("run 0999"));
  assert.ok((await rows.count()) < 150, `${await rows.count()} rows`);
  assert.equal(await rows.last().getAttribute("aria-rowindex"), "1001");
  assert.equal(await list.getByRole("table").getAttribute("aria-rowcount"), "1001");
  const place = await list.evaluate(() => window.scrollY);
  await rows.last().locator(".run-link").click();
  await list.waitForURL("**/runs/0999");
  await list.goBack();
  await until("the list is where it was left", async () => {
    return Math.abs((await list.evaluate(() => window.scrollY)) - place) < 60;
  });
  await until("the last is there", async () => (await rows.last().innerText()).includes("run 0999"));

  // A row far after the first page follows its run.
  await server.post("/api/v1/runs/0990/events", [scored(0, { root: 1 })]);
  const changed = rows.filter({ hasText: "run 0990" });
  await until("the row has the step", async () => (await changed.locator(".run-steps").innerText()) === "1");

  await list.keyboard.press("Home");
  await until("the first is there", async () => (await rows.first().innerText()).includes("run 0000"));
  await list.getByRole("checkbox", { name: "Select all runs of this list" }).check();
  await list.getByText("1,000 selected", { exact: true }).waitFor();
});

story("a server that is gone is mentioned, and the list comes back with it", async ({ server, page }) => {
  await sweep(server);
  const list = await page({ path: "/projects/sweep?sort=name", width: 1280, height: 720 });
  const charts = await page({ path: "/compare?runs=run-1,run-2", width: 1280, height: 720 });
  for (const opened of [list, charts]) opened.expected.push(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE/);
  await list.waitForLoadState("networkidle");
  await charts.locator("canvas").first().waitFor();
  await server.stop();
  const lost = list.getByText("The server does not answer: as it was before.");
  await lost.waitFor();
  assert.equal((await names(list)).split(",").length, 6);
  await charts.getByLabel("Smoothing").fill("0.5");
  await charts.getByText("The charts could not be read: the server does not answer").waitFor();
  await list.getByRole("searchbox", { name: "Search runs" }).fill("run 3");
  await list.getByRole("alert").getByText("The server does not answer.", { exact: true }).waitFor();
  await server.start();
  await until("the list is read by itself", async () => (await names(list)) === "run 3", { within: 30_000 });
  await lost.waitFor({ state: "detached" });
});
