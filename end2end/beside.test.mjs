// Two runs in one scene: the other run as a pale path, both trees, both answers, one transport.

import assert from "node:assert/strict";
import { scored } from "./events.mjs";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

/** A run of twelve steps; `task` and `root` say what is attempted at a step and what it scores. */
async function record(server, id, { task, root, answer }) {
  await server.post("/api/v1/runs", { id, name: `${id} run` });
  const events = Array.from({ length: 12 }, (_, step) => {
    const scores = { root: root(step), style: step / 12 };
    return scored(step, scores, {
      action: answer(task(step)),
      observation: `prompt ${task(step)}`,
      metadata: { task_id: `task-${task(step)}` },
    });
  });
  await server.post(`/api/v1/runs/${id}/events`, events);
}

async function twoRuns(server) {
  await record(server, "before", {
    task: (step) => step,
    root: () => 0.5,
    answer: (task) => `the answer to ${task} is unknown`,
  });
  // The same tasks, the last first; much worse at step 7, a little better at step 3.
  await record(server, "after", {
    task: (step) => 11 - step,
    root: (step) => ({ 3: 0.6, 7: 0.1 })[step] ?? 0.5,
    answer: (task) => `the answer to ${task} is forty two`,
  });
}

story("two runs are watched in one scene", async ({ server, page, screenshot }) => {
  await twoRuns(server);
  const compare = await page({ path: "/compare?runs=before,after", ...SMALL, width: 1280, height: 720 });
  await compare.getByRole("link", { name: "Watch both in one scene" }).click();
  const run = new RunPage(compare);
  await run.opened();
  assert.match(compare.url(), /\/runs\/before\?.*beside=after/);
  // Eleven pieces of the pale line, and a bar at each of the two steps that differ.
  await run.until("the other run is drawn", ({ beside }) => Number(beside) === 13);
  const beside = compare.getByRole("region", { name: "Beside another run" });
  await beside.getByText("after run is compared at 12 of 12 steps").waitFor();

  // One press leads to the greatest difference, the next one to the next.
  const jump = beside.getByRole("button", { name: "Where do they differ most?" });
  await jump.click();
  await run.selected(7);
  const root = beside.getByRole("row", { name: /^root/ });
  const cells = () => root.locator("td").allTextContents();
  await until(
    "both values are side by side",
    async () => (await cells()).join() === "+0.5,failed, +0.1,+0.4",
  );
  await beside.getByText("The prompts differ").waitFor();
  await jump.click();
  await run.selected(3);
  await until("the values follow", async () => (await cells()).join() === "+0.5,+0.6,-0.1");
  await screenshot(compare, "beside");

  // By task, step 3 attempts what the other run attempts at step 8.
  await beside.getByRole("button", { name: "By task" }).click();
  await beside.getByText("Both answer the same prompt.").waitFor();
  await until("the address says how both are aligned", () => /align=task/.test(compare.url()));
  const changes = beside.locator(".changes");
  assert.equal((await changes.locator("del").allInnerTexts()).join(" ").trim(), "forty two");
  assert.equal((await changes.locator("ins").allInnerTexts()).join(" ").trim(), "unknown");
  const link = beside.getByRole("columnheader").getByRole("link", { name: "after run" });
  assert.equal(await link.getAttribute("href"), "/runs/after?step=8");

  // The address brings all of it back; closing leaves one run.
  await compare.reload();
  await run.opened();
  await run.until("the other run is drawn again", ({ beside }) => Number(beside) === 13);
  await beside.getByText("Both answer the same prompt.").waitFor();
  await beside.getByRole("button", { name: "Close" }).click();
  await run.until("one run is drawn", ({ beside }) => Number(beside) === 0);
  await beside.waitFor({ state: "detached" });
});

story("another run is not compared before it has been read", async ({ server, page }) => {
  await twoRuns(server);
  const opened = await page(SMALL);
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await opened.route("**/runs/after/film**", (route) => released.then(() => route.continue()));
  await opened.goto(`${server.url}/runs/before?beside=after`);
  await new RunPage(opened).opened();
  const beside = opened.getByRole("region", { name: "Beside another run" });
  await beside.getByText("after run is being read.").waitFor();
  release();
  await beside.getByText("after run is compared at 12 of 12 steps").waitFor();
});

story("a run beside which there is none says so", async ({ server, page }) => {
  await twoRuns(server);
  const run = await RunPage.open(page, "/runs/before?beside=nowhere");
  run.page.expected.push(/404 .*\/runs\/nowhere\/film/);
  await run.page.getByText("is not there; it may have been deleted.").waitFor();
});
