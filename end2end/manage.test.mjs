// The list as a place to work: any order, filters in the address, the way back, many runs at once; and a run
// that is renamed, tagged, exported and deleted in the page.

import assert from "node:assert/strict";
import { event, scored } from "./events.mjs";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

/** Creates `count` runs in two projects; run n has n scored steps. */
async function fill(server, count) {
  for (let n = 0; n < count; n += 1) {
    const id = `run-${String(n).padStart(3, "0")}`;
    const project = n % 2 ? "odd" : "even";
    await server.post("/api/v1/runs", { id, name: `sweep seed=${n}`, project, tags: [`lr-${n % 3}`] });
    const steps = Array.from({ length: n % 7 }, (_, step) => scored(step, { root: n }));
    const finished = event("run.finished", { status: "completed" });
    await server.post(`/api/v1/runs/${id}/events`, [...steps, finished]);
  }
}

/** The names of the rows, from the first. */
const names = (list) => list.locator("tr.run-row .run-link").allInnerTexts();

story(
  "any column orders the list, the filter is the address, and the way back is the same place",
  async ({ server, page }) => {
    await fill(server, 120);
    const list = await page({ path: "/", width: 1280, height: 720 });
    await list.waitForLoadState("networkidle");
    await list.getByText("120 runs", { exact: true }).waitFor();

    const head = (name) => list.getByRole("columnheader", { name });
    await head("Mean reward").getByRole("link").click();
    await list.waitForURL("**/?sort=mean");
    await until("the greatest mean is first", async () => (await names(list))[0] === "sweep seed=118");
    assert.equal(await head("Mean reward").getAttribute("aria-sort"), "descending");
    await head("Mean reward").getByRole("link").click();
    await list.waitForURL("**/?sort=-mean");
    await until("the least mean is first", async () => (await names(list))[0] === "sweep seed=1");

    await list.getByRole("searchbox", { name: "Search runs" }).fill("seed=12 even");
    await until("words in any order find it", async () => (await names(list)).join() === "sweep seed=12");
    assert.equal(new URL(list.url()).searchParams.get("sort"), "-mean");

    await list.goto(`${server.url}/?project=odd&tag=lr-1&status=completed&sort=name`);
    await list.getByText("20 runs", { exact: true }).waitFor();
    await list.getByRole("button", { name: "Not only the tag lr-1" }).click();
    await list.getByText("60 runs", { exact: true }).waitFor();

    await list.goto(`${server.url}/projects/odd`);
    await list.waitForLoadState("networkidle");
    await list.getByRole("heading", { name: "Runs / odd" }).waitFor();
    await list.getByText("60 runs", { exact: true }).waitFor();
    await list.keyboard.press("End");
    await until("all are there", async () => (await names(list)).length === 60);
    const row = list.getByRole("link", { name: "sweep seed=3", exact: true });
    await row.scrollIntoViewIfNeeded();
    const scrolled = await list.evaluate(() => window.scrollY);
    assert.ok(scrolled > 500, `scrolled ${scrolled}`);
    await row.click();
    await list.waitForURL("**/runs/run-003*");
    await list.getByRole("slider", { name: "Position in the run" }).waitFor();
    await list.goBack();
    await list.waitForURL("**/projects/odd");
    await until("all rows are back", async () => (await names(list)).length === 60);
    await until("the list is where it was left", async () => {
      return Math.abs((await list.evaluate(() => window.scrollY)) - scrolled) < 60;
    });
  },
);

story("many runs at once: compared, tagged, exported, deleted", async ({ server, page }) => {
  await fill(server, 6);
  const list = await page({ path: "/", width: 1280, height: 720 });
  await list.waitForLoadState("networkidle");
  const pick = (n) => list.getByRole("checkbox", { name: `Select sweep seed=${n}`, exact: true });
  await pick(1).check();
  await pick(2).check();
  const bar = list.getByRole("region", { name: "Selected runs" });
  await bar.getByText("2 selected").waitFor();
  assert.equal(
    await bar.getByRole("link", { name: "Compare" }).getAttribute("href"),
    "/compare?runs=run-002,run-001",
  );

  await bar.getByRole("button", { name: "Tag", exact: true }).click();
  const tags = list.getByRole("dialog", { name: "Tags" });
  await tags.getByRole("textbox").fill("good, kept");
  await tags.getByRole("button", { name: "Add" }).click();
  await tags.waitFor({ state: "hidden" });
  await until("the server has the tags", async () => {
    const { items } = await server.get("/api/v1/runs?tag=kept");
    return items.length === 2 && items.every((run) => run.tags.length === 3);
  });
  await list.getByRole("link", { name: "kept" }).first().waitFor();
  await list.getByText("Changed: sweep seed=2, sweep seed=1").waitFor();
  await list.getByRole("button", { name: "Undo" }).click();
  await list.getByRole("link", { name: "kept" }).first().waitFor({ state: "detached" });
  assert.deepEqual((await server.get("/api/v1/runs/run-001")).tags, ["lr-1"]);
  await list.getByText("Changed:").waitFor({ state: "detached" });

  await bar.getByRole("button", { name: "Export" }).click();
  const files = list.getByRole("dialog", { name: "Export" });
  await files.getByRole("combobox", { name: "Format" }).selectOption({ index: 4 });
  const download = list.waitForEvent("download");
  await files.getByRole("link", { name: "run-001.csv" }).click();
  assert.equal((await download).suggestedFilename(), "run-001.csv");
  const all = [];
  list.on("download", (one) => all.push(one.suggestedFilename()));
  await files.getByRole("button", { name: "Download all" }).click();
  await until("both are downloaded", () => all.sort().join() === "run-001.csv,run-002.csv");
  await files.getByRole("button", { name: "Close" }).last().click();

  await bar.getByRole("button", { name: "Delete" }).click();
  const question = list.getByRole("dialog", { name: "Delete?" });
  await question.getByRole("button", { name: "Keep" }).click();
  await question.waitFor({ state: "hidden" });
  assert.equal((await server.get("/api/v1/runs")).items.length, 6);
  await bar.getByRole("button", { name: "Delete" }).click();
  await question.getByRole("button", { name: "Delete" }).click();
  await list.getByText("4 runs", { exact: true }).waitFor();
  assert.equal((await server.get("/api/v1/runs")).items.length, 4);
  assert.ok(await bar.isHidden());
});

story(
  "a run is renamed and deleted in its page, and another page of it says so",
  async ({ server, page }) => {
    await fill(server, 3);
    const run = await RunPage.open(page, "/runs/run-002", SMALL);
    const other = await RunPage.open(page, "/runs/run-002", SMALL);
    // The page of a deleted run asks for it until it knows.
    other.page.expected.push(/status of 404/);
    const menu = async (name) => {
      await run.page.locator(".run-menu > summary").click();
      await run.page.getByRole("button", { name, exact: true }).click();
    };
    await menu("Rename, tag, note");
    const form = run.page.getByRole("dialog", { name: "Name, tags and notes" });
    await form.getByRole("textbox", { name: "Name" }).fill("the good one");
    await form.getByRole("textbox", { name: "Notes" }).fill("kept for the paper");
    await form.getByRole("button", { name: "Save" }).click();
    await form.waitFor({ state: "hidden" });
    for (const { page: each } of [run, other]) {
      await until("the header has the new name", async () =>
        (await each.locator(".crumb-run").innerText()).includes("the good one"),
      );
      await until("so has the title", async () => (await each.title()).startsWith("the good one"));
    }
    assert.equal((await server.get("/api/v1/runs/run-002")).notes, "kept for the paper");
    await run.page.getByRole("button", { name: "Undo" }).click();
    await until("it is as it was", async () => {
      const { name, notes } = await server.get("/api/v1/runs/run-002");
      return name === "sweep seed=2" && notes === "";
    });

    await menu("Delete");
    const question = run.page.getByRole("dialog", { name: "Delete?" });
    await question.getByRole("button", { name: "Delete" }).click();
    await run.page.waitForURL((url) => url.pathname === "/");
    await until("the other page says that the run is gone", async () => {
      return (await other.page.locator(".connection").innerText()) === "Run is gone";
    });
  },
);
