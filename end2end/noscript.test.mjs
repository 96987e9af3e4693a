// What the server renders is read before any script runs, and where none does.

import assert from "node:assert/strict";
import { atSecond, event, scored } from "./events.mjs";
import { SMALL, story } from "./harness.mjs";

/** Two runs with two rollouts of one prompt a step, and an alert of the first. */
async function record(server) {
  for (const [n, id] of ["calm", "wild"].entries()) {
    await server.post("/api/v1/runs", { id, name: `${id} run`, project: "plain", config: { lr: n + 1 } });
    const rollout = (step, k) =>
      scored(
        step,
        { root: step + k - 4 * n },
        {
          episode: `${step}-${k}`,
          at: atSecond(step),
          action: `the answer ${k}`,
          observation: `the question ${step}`,
        },
      );
    const steps = [0, 1, 2].flatMap((step) => [rollout(step, 0), rollout(step, 1)]);
    const alert = event("alert.raised", { severity: "error", text: "it fell" }, { step: 2, at: atSecond(3) });
    const finished = event("run.finished", { status: "completed" }, { at: atSecond(4) });
    await server.post(`/api/v1/runs/${id}/events`, [...steps, ...(n === 1 ? [alert] : []), finished]);
  }
}

story("every page but that of a run is read without a script", async ({ server, page }) => {
  await record(server);
  for (const [path, ...texts] of [
    ["/", "calm run", "wild run", "completed", "1 alert"],
    ["/projects/plain?sort=mean&columns=status,config:lr", "wild run", "lr"],
    ["/compare?runs=calm,wild", "Charts are drawn by a script", "Summary", "+1.5", "baseline", "lr"],
    ["/runs/calm/groups?step=1", "the question 1", "the answer 0", "advantage"],
    ["/projects/plain/monitors", "it fell", "wild run, step 2", "2026-01-01 00:00 UTC"],
    ["/search?q=question", "the question"],
    ["/status", "The log takes writes."],
  ]) {
    const opened = await page({ path, ...SMALL, width: 1280, height: 720, javaScriptEnabled: false });
    const text = (await opened.locator("body").innerText()).replace(/\s+/g, " ");
    for (const expected of texts) assert.ok(text.includes(expected), `${path} lacks "${expected}": ${text}`);
    await opened.close();
  }
});
