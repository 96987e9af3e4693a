// The editor of the effects: the stage is the preview, what is saved is what every page shows, what is
// wrong is said, and what is cancelled or lost to another's change leaves no trace.

import assert from "node:assert/strict";
import { scored } from "./events.mjs";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

/** A run of the project `probe` whose roots lie above 0, so that no effect of the defaults is drawn. */
async function quietRun(server, steps = 40) {
  await server.post("/api/v1/runs", { id: "quiet", name: "quiet", project: "probe" });
  const roots = Array.from({ length: steps }, (_, k) => (k % 10 === 9 ? 3 : 20));
  const events = roots.map((root, k) => scored(k + 1, { root }));
  await server.post("/api/v1/runs/quiet/events", events);
}

async function openEditor(run) {
  await run.page.getByText("Effects", { exact: true }).first().click();
  await run.page.getByRole("button", { name: "Edit effects" }).click();
  const editor = run.page.getByRole("dialog", { name: "Effects of the project" });
  await editor.waitFor();
  return editor;
}

const drawn = ({ effects }) => Object.values(effects).reduce((sum, count) => sum + count, 0);

story("an effect is added, seen at once, saved and seen by another page", async ({ server, page }) => {
  await quietRun(server);
  const run = await RunPage.open(page, "/runs/quiet", SMALL);
  assert.equal(drawn(await run.facts()), 0);

  const editor = await openEditor(run);
  await editor.getByRole("button", { name: "Add" }).click();
  await editor.getByLabel("Limit of effect 1", { exact: true }).fill("10");
  await editor.getByLabel("Shape of effect 1", { exact: true }).selectOption("burst");
  const legend = run.page.locator(".legend");
  await until("the legend shows the new effect before it is saved", async () => {
    return (await legend.innerText()).includes("root below 10");
  });

  // What is wrong is said, and cannot be saved; the stage keeps what was right.
  const save = editor.getByRole("button", { name: "Save" });
  await editor.getByLabel("Limit of effect 1", { exact: true }).fill("low");
  await editor.getByRole("alert").getByText('effect 1, Limit: "low" is not a number').waitFor();
  assert.ok(await save.isDisabled());
  await editor.getByLabel("Limit of effect 1", { exact: true }).fill("10");
  await editor.getByLabel("Size of effect 1", { exact: true }).fill("9");
  await editor.getByRole("alert").getByText("effect 1, size: is 9").waitFor();
  await editor.getByLabel("Size of effect 1", { exact: true }).fill("2");
  await save.click();
  await editor.waitFor({ state: "hidden" });

  const stored = await server.get("/api/v1/projects/probe/effects");
  assert.equal(stored.version, 1);
  assert.deepEqual(
    { when: stored.effects[0].when, shape: stored.effects[0].shape, size: stored.effects[0].size },
    { when: { below: 10 }, shape: "burst", size: 2 },
  );
  const other = await RunPage.open(page, "/runs/quiet", SMALL);
  await until("another page's legend shows it", async () => {
    return (await other.page.locator(".legend").innerText()).includes("root below 10");
  });
});

story("a cancelled change leaves no trace, and nobody is overwritten", async ({ server, page }) => {
  await quietRun(server);
  const run = await RunPage.open(page, "/runs/quiet", SMALL);
  run.page.expected.push(/409 \(Conflict\)/);
  const legend = run.page.locator(".legend");
  const before = await legend.innerText();

  let editor = await openEditor(run);
  await editor.getByRole("button", { name: "Add" }).click();
  await editor.getByLabel("Limit of effect 1", { exact: true }).fill("10");
  await until("the legend follows", async () => (await legend.innerText()).includes("root below 10"));
  await editor.getByRole("button", { name: "Cancel" }).click();
  await until("the legend is as before", async () => (await legend.innerText()) === before);

  editor = await openEditor(run);
  await editor.getByRole("button", { name: "Add" }).click();
  const defaults = await server.get("/api/v1/projects/probe/effects");
  await server.put("/api/v1/projects/probe/effects", defaults);
  await editor.getByRole("alert").getByText("version 1 is stored now").waitFor();
  await editor.getByRole("button", { name: "Save" }).click();
  await editor.getByRole("alert").getByText("is 0, but the effects").waitFor();
  assert.equal((await server.get("/api/v1/projects/probe/effects")).version, 1);
});

story("a set is replaced as JSON and ordered by keyboard", async ({ server, page }) => {
  await quietRun(server);
  const run = await RunPage.open(page, "/runs/quiet", SMALL);
  const editor = await openEditor(run);
  await editor.getByText("As JSON, to copy or to replace").click();
  const json = editor.getByLabel("Effects as JSON");
  const set = JSON.parse(await json.inputValue());
  assert.equal(set.effects.length, 5, "the defaults");

  const glow = { rubric: "root", when: { above: 5 }, shape: "glow", color: "green" };
  await json.fill(JSON.stringify({ effects: [{ ...glow, color: "teal" }] }));
  await json.blur();
  await editor.getByRole("alert").getByText("unknown variant `teal`").waitFor();
  await json.fill(JSON.stringify({ effects: [{ ...glow, when: { below: 4 } }, glow] }));
  await json.blur();
  await until("the table has the two effects", async () => (await editor.getByRole("row").count()) === 3);

  // The focus stays with the effect that was moved.
  await editor.getByRole("button", { name: "Move effect 2 up" }).press("Enter");
  const condition = editor.getByLabel("Condition of effect 1", { exact: true });
  await until("the moved effect is the first", async () => (await condition.inputValue()) === "7");
  await until("it has the focus", () => condition.evaluate((select) => select === document.activeElement));
  await editor.getByRole("button", { name: "Save" }).click();
  await editor.waitFor({ state: "hidden" });
  const { effects } = await server.get("/api/v1/projects/probe/effects");
  assert.deepEqual(
    effects.map(({ when }) => when),
    [{ above: 5 }, { below: 4 }],
  );
});

story("an open page hears of changed effects, or says why not", async ({ server, page }) => {
  await quietRun(server);
  const run = await RunPage.open(page, "/runs/quiet", SMALL);
  const legend = run.page.locator(".legend");
  const path = "/api/v1/projects/probe/effects";
  const effect = (below) => ({ rubric: "root", when: { below }, shape: "burst", color: "blue" });
  await server.put(path, { version: 0, effects: [effect(10)] });
  await until("the open page shows them", async () => (await legend.innerText()).includes("root below 10"));

  await run.page.route(/\/pages\/effects/, (route) => route.abort());
  run.page.expected.push(/ERR_FAILED/);
  await server.put(path, { version: 1, effects: [effect(11)] });
  await legend.getByRole("alert").getByText("could not be read").waitFor();
  await run.page.unroute(/\/pages\/effects/);
  await server.put(path, { version: 2, effects: [effect(12)] });
  await until("it shows the newest", async () => (await legend.innerText()).includes("root below 12"));
  assert.equal(await legend.getByRole("alert").count(), 0);
});
