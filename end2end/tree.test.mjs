// The rubric tree as the spine of the run page: what is chosen there is what every part of the page shows.

import assert from "node:assert/strict";
import { atSecond, scored } from "./events.mjs";
import { story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

/** Appends one scored step for each of `steps`: its scores by path. */
async function record(server, id, steps) {
  await server.post("/api/v1/runs", { id, name: id });
  const events = steps.map((scores, step) =>
    scored(step, scores, { at: atSecond(step), action: `answer ${step}`, observation: `question ${step}` }),
  );
  await server.post(`/api/v1/runs/${id}/events`, events);
}

/** Forty steps: the root fails at 10, `style.tone` at 5, 20 and 30, where the root passes. */
function steps() {
  const fails = new Set([5, 20, 30]);
  return Array.from({ length: 40 }, (_, i) => ({
    root: i === 10 ? -6 : 4,
    style: 1,
    "style.tone": fails.has(i) ? -2 - i / 10 : 3,
    "style.length": 1,
  }));
}

story("a chosen rubric decides what the page shows, from the stage to the list", async ({ server, page }) => {
  await record(server, "spine", steps());
  const run = await RunPage.open(page, "/runs/spine?step=0");
  await run.selected(0);
  await run.until("the root fails once", ({ effects }) => effects.generic === 1);
  const listed = run.page.locator(".steps .chips .panel-note");
  await run.page.getByRole("button", { name: "Failing", exact: true }).click();
  await until("the list has the root's failure", async () => (await listed.innerText()) === "1");

  await run.rubric("style.tone").locator(".branch-line").click();
  await run.until("the shapes are those of the rubric", ({ effects }) => effects.generic === 3);
  await until("the list has the rubric's failures", async () => (await listed.innerText()) === "3");
  const headline = run.diagnostics.locator(".headline");
  await until("the headline is the rubric's", async () =>
    /\+3\.0.*style › tone/s.test(await headline.innerText()),
  );
  const detail = run.diagnostics.locator(".rubric-detail");
  assert.match(
    await detail.locator("summary").innerText(),
    /^style › tone: -5\.0 to \+3\.0, fails at 3 of 40$/,
  );
  for (const [name, step] of [
    ["First failure: step 5", 5],
    ["Last failure: step 30", 30],
    ["Previous failure", 20],
    ["Lowest: step 30", 30],
    ["Highest: step 0", 0],
  ]) {
    await detail.getByRole("button", { name, exact: true }).click();
    await run.until(`${name} leads to step ${step}`, (facts) => facts.step === step);
  }
  await detail.getByRole("button", { name: "First failure: step 5", exact: true }).click();
  await run.callout.getByRole("heading", { name: "Style › tone failed at 5" }).waitFor();
  await run.callout.getByText("style › tone -2.5 (fails below 0)").waitFor();
  const row = run.list.locator("[aria-selected=true]");
  await until("the row says the rubric's value", async () => /-2\.5/.test(await row.innerText()));
  // What it is of its group, by size: 2.5 beside 1.
  assert.equal(await run.rubric("style.tone").locator(".branch-share").getAttribute("data-share"), "71");
  await detail.getByRole("img", { name: "Distribution over all steps, 40 scores: -5.0 to +3.0" }).waitFor();

  // The root fails at step 10, the chosen rubric does not: no card.
  await run.page.getByRole("button", { name: "All", exact: true }).click();
  await run.choose(10);
  await until("the card is gone", async () => (await run.callout.count()) === 0);
  await run.rubric("style.tone").locator(".branch-line").click();
  await run.callout.getByRole("heading", { name: "Root failed at 10" }).waitFor();
});

story("the distribution is that of the range that playback repeats", async ({ server, page }) => {
  await record(server, "range", steps());
  const run = await RunPage.open(page, "/runs/range?step=0&rubric=style.tone&loop=18-32");
  const images = run.diagnostics.locator(".rubric-detail").getByRole("img");
  await until("the histogram is of the range", async () =>
    /^Distribution over steps 18 to 32, 15 scores: -5\.0 to \+3\.0$/.test(
      (await images.getAttribute("aria-label")) ?? "",
    ),
  );
});

story("a tree of thousands of rubrics has only the lines in view on the page", async ({ server, page }) => {
  const paths = Array.from({ length: 5000 }, (_, i) => `group${Math.floor(i / 100)}.check${i}`);
  // A snapshot has at most 1,024 scores.
  const some = (i) => paths.slice(1000 * i, 1000 * (i + 1)).map((path) => [path, i]);
  const parts = Array.from({ length: 5 }, (_, i) => Object.fromEntries([["root", 1], ...some(i)]));
  await record(server, "many", parts);
  const run = await RunPage.open(page, "/runs/many?step=0");
  const lines = run.diagnostics.getByRole("list", { name: "Rubrics" }).getByRole("listitem");
  const count = run.diagnostics.locator(".tree-head .panel-note");
  await until("the tree is here", async () => (await count.innerText()) === "5,051");
  assert.ok((await lines.count()) <= 40, `${await lines.count()} lines`);

  const scroller = run.diagnostics.locator(".tree-scroll");
  await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await run.rubric("group49.check4999").waitFor();
  assert.ok((await lines.count()) <= 40, `${await lines.count()} lines at the end`);

  await run.diagnostics.getByRole("button", { name: "Fold all" }).click();
  await until("only the groups are left", async () => (await count.innerText()) === "51");
  await scroller.evaluate((element) => element.scrollTo(0, 0));
  await run.diagnostics.getByRole("button", { name: "Unfold group7", exact: true }).click();
  await until("one group is open", async () => (await count.innerText()) === "151");
  await run.diagnostics.getByRole("searchbox", { name: "Find a rubric" }).fill("check4321");
  await until("one rubric is found", async () => (await count.innerText()) === "1");
  await run.rubric("group43.check4321").locator(".branch-line").click();
  const detail = run.diagnostics.locator(".rubric-detail summary");
  await until("its details are here", async () => /^group43 › check4321: /.test(await detail.innerText()));
});
