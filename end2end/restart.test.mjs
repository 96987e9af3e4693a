// The server is killed while a training runs and its page is open; afterwards no event is missing or
// doubled.

import assert from "node:assert/strict";
import { story, until } from "./harness.mjs";
import { RunPage, stepsOf } from "./runpage.mjs";

const STEPS = 400;
// Chromium's own messages about a server that cannot be reached.
const AWAY = [/net::ERR_/, /WebSocket connection to .* failed/];

story(
  "a killed server comes back: the page and the training go on, no step missing or doubled",
  async ({ server, page }) => {
    const demo = server.demo({ steps: STEPS, rate: 40 });
    await until("the run is there", async () => (await server.get("/api/v1/runs")).items.length === 1);
    const run = await RunPage.open(page, "/runs/demo");
    run.page.expected.push(...AWAY);
    await run.until("some steps are here", ({ nodes }) => nodes >= 40);

    await server.kill();
    const lost = await run.until("the page says that the connection is lost", ({ feed }) => feed === "lost");
    assert.match(await run.page.locator(".connection").innerText(), /Reconnecting/);

    // Everything that is here can still be looked at.
    await run.page.keyboard.press("Home");
    const first = await run.until("the first step is selected", ({ following }) => !following);
    await run.page.keyboard.press("ArrowRight");
    await run.until("the next step is selected", ({ step }) => step === first.step + 1);
    assert.ok((await run.facts()).nodes >= lost.nodes);
    await run.page.keyboard.press("l");

    await server.start();
    const back = await run.until(
      "the page is live again",
      ({ feed, nodes }) => feed === "live" && nodes > lost.nodes,
      {
        within: 30_000,
      },
    );
    assert.ok(back.following);

    const { code, stderr } = await demo.done;
    assert.equal(code, 0, `the training went on by itself: ${stderr}`);
    await run.until("every step is here", ({ nodes }) => nodes === STEPS, { within: 30_000 });
    const steps = (await stepsOf(server, "demo")).map((step) => step.step);
    assert.deepEqual(
      steps,
      Array.from({ length: STEPS }, (_, i) => steps[0] + i),
      "each step once",
    );
    await run.until("the agent is at the end", ({ step }) => step === steps.at(-1));

    await run.page.reload();
    assert.equal((await run.opened()).nodes, STEPS, "a page that opens now has the same film");
    const connection = run.page.locator(".connection");
    await until("the run has ended", async () => (await connection.innerText()) === "Completed");
  },
);
