// The diagnostics of a step: the rubric tree with every value, and what the training side said and saw.

import assert from "node:assert/strict";
import { story, until } from "./harness.mjs";
import { RunPage, snapshotOf, stepsOf } from "./runpage.mjs";

/** Three steps of a run whose rubric is nested; the last one leaves a part of it out. */
async function nested(server) {
  const scores = [
    { root: 4, safety: 3, "safety.dose": 2, "safety.dose.units": 1, style: 0.5 },
    { root: -6, safety: -7.5, "safety.dose": -8, "safety.dose.units": 1, style: 0.5 },
    { root: 2, safety: 1, "safety.dose": 1, style: 0.25 },
  ];
  const event = (scores, step) => ({
    id: crypto.randomUUID(),
    at: new Date(Date.UTC(2026, 0, 1, 0, 0, step)).toISOString(),
    kind: "snapshot.scored",
    v: 1,
    step,
    body: {
      scores,
      not_evaluated: step === 2 ? ["safety.dose.units"] : [],
      action: `answer <${step}> & "more"`,
      observation: `question ${step}`,
      duration_ms: 12.5,
      is_paused: false,
      metadata: { ward: "B4", attempt: step + 1 },
    },
  });
  await server.post("/api/v1/runs", { id: "nested", name: "nested rubric" });
  await server.post("/api/v1/runs/nested/events", scores.map(event));
}

story("the rubric tree is nested, with a value or its absence on every line", async ({ server, page }) => {
  await nested(server);
  const run = await RunPage.open(page, "/runs/nested?step=2");
  await run.selected(2);
  assert.deepEqual(await run.rubrics(), {
    root: "passed, +2.0",
    safety: "passed, +1.0",
    "safety.dose": "passed, +1.0",
    "safety.dose.units": "not evaluated, n/e",
    style: "passed, +0.25",
  });
  const depth = (path) => run.rubric(path).evaluate((line) => Number(line.style.getPropertyValue("--depth")));
  const depths = await Promise.all(["root", "safety", "safety.dose", "safety.dose.units", "style"].map(depth));
  assert.deepEqual(depths, [0, 1, 2, 3, 1]);

  await run.choose(1);
  const rubrics = await run.rubrics();
  assert.equal(rubrics["safety.dose"], "failed, -8.0");
  assert.equal(rubrics["safety.dose.units"], "passed, +1.0");
});

story("a rubric that is clicked colours the path and draws the curve", async ({ server, page }) => {
  await nested(server);
  const run = await RunPage.open(page, "/runs/nested?step=0");
  await run.selected(0);
  const curve = () => run.slider.locator(".curve-line").getAttribute("d");
  const before = await curve();
  assert.notEqual(before, "");
  const line = run.rubric("safety").getByRole("button", { name: /^safety: / });
  const chip = run.page.getByRole("group", { name: "Rubric of the curve" }).getByTitle("safety", { exact: true });
  assert.equal(await line.getAttribute("aria-pressed"), "false");

  await line.click();
  await until("the line is pressed", async () => (await line.getAttribute("aria-pressed")) === "true");
  assert.equal(await chip.getAttribute("aria-pressed"), "true", "the curve's chips say the same");
  await until("the curve has changed", async () => (await curve()) !== before);
  await run.rubric("safety").getByRole("button", { name: "Next failure" }).click();
  await run.selected(1);

  await line.click();
  await until("the line is free again", async () => (await line.getAttribute("aria-pressed")) === "false");
  await until("the curve is the root's again", async () => (await curve()) === before);
});

story("the inspector shows what the server has of the selected step, and nothing else", async ({ server, page }) => {
  await nested(server);
  await server.demo({ steps: 60 }).done;
  const demo = (await stepsOf(server, "demo"))[30].step;
  const places = [
    ["nested", 1],
    ["demo", demo],
  ];
  for (const [id, step] of places) {
    const { seq, body } = await snapshotOf(server, id, step);
    const run = await RunPage.open(page, `/runs/${id}?step=${step}`);
    await run.inspected(seq);
    assert.equal(await run.part("Action").locator("pre").textContent(), body.action);
    assert.equal(await run.part("Observation").locator("pre").textContent(), body.observation);
    const metadata = run.part("Metadata");
    const keys = await metadata.locator("dt").allInnerTexts();
    assert.deepEqual(keys, Object.keys(body.metadata));
    const texts = await metadata.locator("dd").allTextContents();
    // Texts as they are, anything else as JSON: of a number the value counts, not how it is written.
    const values = Object.values(body.metadata);
    const read = texts.map((text, i) => (typeof values[i] === "string" ? text : JSON.parse(text)));
    assert.deepEqual(read, values);
    assert.match(await run.part("Timing").locator("dd").first().innerText(), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    const hasDuration = (await run.part("Timing").getByText("evaluation", { exact: true }).count()) === 1;
    assert.equal(hasDuration, body.duration_ms != null);
    await run.page.close();
  }
});
