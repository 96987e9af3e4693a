// A run of metrics alone opens on its charts; metrics beside rollouts replace none of them; texts are shown
// to the letter.

import assert from "node:assert/strict";
import { atSecond, event, scored } from "./events.mjs";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

const metric = (name, value, step) =>
  event(
    "score.added",
    { target: "step", path: `metrics.${name}`, value, source: "log" },
    { step, at: atSecond(step) },
  );

story("a run of metrics alone opens on its charts", async ({ server, page }) => {
  await server.post("/api/v1/runs", {
    id: "m",
    name: "metrics",
    config: { lr: 1e-6, optimizer: { name: "adamw" } },
  });
  const steps = Array.from({ length: 40 }, (_, step) => step);
  const events = steps.flatMap((step) => [
    metric("loss", Math.exp(-step / 10), step),
    metric("lr", 1e-6 * (1 - step / 40), step),
    metric("reward.mean", step / 40, step),
  ]);
  await server.post("/api/v1/runs/m/events", events);
  const opened = await page({ path: "/runs/m", ...SMALL });
  const charts = opened.getByRole("list", { name: "Measurements by step" }).getByRole("listitem");
  await until("three charts are there", async () => (await charts.count()) === 3);
  const labels = await charts.evaluateAll((all) => all.map((chart) => chart.getAttribute("aria-label")));
  assert.deepEqual(labels.sort(), [
    "metrics.loss: 0.020 at step 39, steps 0 to 39",
    "metrics.lr: 2.50e-8 at step 39, steps 0 to 39",
    "metrics.reward.mean: 0.975 at step 39, steps 0 to 39",
  ]);
  const values = opened.locator(".branch-value");
  const read = async () => (await values.allTextContents()).filter(Boolean);
  await until("the tree has the last values", async () => `${await read()}` === "0.020,2.50e-8,0.975");
  assert.equal(await opened.getByRole("region", { name: "Transport" }).isVisible(), false, "nothing to play");
  await opened.getByText("Configuration").click();
  await opened.getByText("optimizer.name").waitFor();
});

story(
  "metrics logged after the rollouts of a step leave every rollout as it is",
  async ({ server, page }) => {
    await server.post("/api/v1/runs", { id: "g", name: "grpo" });
    const rollout = (step, episode, root) =>
      scored(step, { root }, { episode, at: atSecond(step), action: "&lt;b&gt; 1 &amp; 2" });
    await server.post("/api/v1/runs/g/events", [
      rollout(0, "a", 1),
      rollout(0, "b", 5),
      metric("loss", 0.25, 0),
      rollout(1, "c", 3),
      rollout(1, "d", 3),
      metric("loss", 0.125, 1),
    ]);
    const run = await RunPage.open(page, "/runs/g?step=0");
    await run.until("every rollout is a node", ({ nodes }) => nodes === 4);
    await run.selected(0);
    const rubrics = await run.rubrics();
    assert.equal(rubrics["metrics.loss"], "measured, 0.250");
    assert.match(
      await run.diagnostics.textContent(),
      /&lt;b&gt; 1 &amp; 2/,
      "what the agent wrote, to the letter",
    );
  },
);
