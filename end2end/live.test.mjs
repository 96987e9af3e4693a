// A training starts while the empty list is open: it appears there, opens, grows, and ends complete.

import assert from "node:assert/strict";
import { scored } from "./events.mjs";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

const STEPS = 320;
// The one story in which everything moves.
const MOVING = { ...SMALL, reducedMotion: "no-preference" };

story("a training appears by itself, and its path grows to its end", async ({ server, page }) => {
  const browser = await page({ path: "/", ...MOVING });
  await browser.getByRole("region", { name: "No runs yet" }).waitFor();

  const demo = server.demo({ steps: STEPS, rate: 20 });
  const row = browser.getByRole("row", { name: /dipg grpo demo/ });
  await row.waitFor();
  assert.match(await row.innerText(), /running/i);
  await row.getByRole("link", { name: "dipg grpo demo" }).click();
  await browser.waitForURL("**/runs/demo*");

  const run = new RunPage(browser);
  const first = await run.opened();
  const later = await run.until("the path has grown", ({ nodes }) => nodes > first.nodes + 10);
  assert.equal(later.feed, "live");
  assert.ok(later.following, "a run that grows is followed");
  assert.ok(later.nodes < STEPS, "seen while it grows, not after");
  const connection = browser.locator(".connection");
  await until("the header says that it is live", async () => /^Live/.test(await connection.innerText()));

  assert.equal((await demo.done).code, 0);
  const end = await run.until("every step is here", ({ nodes }) => nodes === STEPS);
  assert.equal(end.feed, "live");
  await until("the header says that it ended", async () => (await connection.innerText()) === "Completed");
  const last = (await server.get("/api/v1/runs/demo/steps?limit=10000")).items.at(-1).step;
  await run.until("the agent stands on the last step", ({ step }) => step === last);

  await browser.goBack();
  await until("the list says how it ended", async () => {
    const text = await row.innerText();
    return /completed/i.test(text) && text.includes(`${STEPS}`);
  });
});

story("a run without steps warms up until its first one", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "early", name: "early" });
  const open = async (options) => {
    const run = new RunPage(await page({ path: "/runs/early", ...options }));
    await run.until("the page is live", ({ ready, feed }) => ready && feed === "live", { within: 60_000 });
    return run;
  };
  const skip = { name: "Skip the warm-up" };
  const run = await open(MOVING);
  await run.until("the agent and its evaluator are there", ({ lights }) => Number(lights) > 1);

  const skipped = await open(MOVING);
  await skipped.page.getByRole("button", skip).click();
  await skipped.until("nothing moves", ({ lights }) => lights === "0");
  await skipped.page.close();
  const still = await open(SMALL);
  assert.equal((await still.facts()).lights, "0", "none under reduced motion");
  assert.ok(await still.page.getByRole("button", skip).isHidden());
  await still.page.close();

  await server.post("/api/v1/runs/early/events", [scored(0, { root: 1 })]);
  await run.until("the path has taken its place", ({ nodes, lights }) => nodes === 1 && lights === "0");
});
