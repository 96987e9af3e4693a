// Failures are visible: each kind has its effect in the picture, its card, and its title.

import assert from "node:assert/strict";
import { story, until } from "./harness.mjs";
import { FAILURES, RunPage, grouped, snapshotOf, stepsOf } from "./runpage.mjs";

const STEPS = 400;

story(
  "each kind of failure shows as its effect, on its card and in the diagnostics",
  async ({ server, page }) => {
    await server.demo({ steps: STEPS }).done;
    const all = await stepsOf(server, "demo");
    const kinds = Object.keys(FAILURES).filter((kind) => all.some((step) => step.failure === kind));
    for (const kind of ["hallucination", "format", "refusal", "inconsistency"]) {
      assert.ok(kinds.includes(kind), `the demo shows ${kind}`);
    }
    const run = await RunPage.open(page, "/runs/demo");

    const { effects } = await run.facts();
    for (const kind of Object.keys(FAILURES)) {
      assert.equal(effects[kind], all.filter((step) => step.failure === kind).length, `effects of ${kind}`);
    }

    const states = new Set();
    for (const kind of kinds) {
      const { step } = all.find((s) => s.failure === kind);
      await run.choose(step);
      const facts = await run.until(`the picture shows ${kind}`, ({ failure }) => failure === kind);
      assert.equal(facts.effect, FAILURES[kind].effect);
      if (kind === "format") assert.ok(facts.jagged > 0, "a format failure breaks the path");

      const title = `${FAILURES[kind].title} at ${grouped(step)}`;
      await run.callout.getByRole("heading", { name: title }).waitFor();

      const { body } = await snapshotOf(server, "demo", step);
      const rubrics = await run.rubrics();
      for (const path of body.not_evaluated) {
        assert.equal(rubrics[path], "not evaluated, n/e", `${path} at step ${step}`);
      }
      for (const path of Object.keys(body.scores)) {
        assert.match(rubrics[path], /^(passed|failed), [+-]?\d/, `${path} at step ${step}`);
      }
      assert.ok(
        Object.values(rubrics).some((words) => words.startsWith("failed")),
        `something failed at step ${step}`,
      );
      for (const words of Object.values(rubrics)) states.add(words.split(",")[0]);
    }
    assert.deepEqual([...states].sort(), ["failed", "not evaluated", "passed"]);
  },
);

story("the card leads to the next failure and away", async ({ server, page }) => {
  await server.demo({ steps: STEPS }).done;
  const [first, second] = await stepsOf(server, "demo", { failing: "any", limit: 2 });
  const run = await RunPage.open(page, `/runs/demo?step=${first.step}`);
  await run.callout.waitFor();

  await run.callout.getByRole("button", { name: "Next failure" }).click();
  await run.selected(second.step);
  const heading = run.callout.getByRole("heading", { name: `at ${grouped(second.step)}` });
  await heading.waitFor();

  await run.callout.getByRole("button", { name: "Hide this card" }).click();
  await until("the card is gone", async () => (await run.callout.count()) === 0);

  const fine = (await stepsOf(server, "demo")).find((step) => !step.failure);
  await run.choose(fine.step);
  const facts = await run.until("no failure is shown", ({ failure }) => failure === "");
  assert.equal(facts.effect, "");
  assert.equal(await run.callout.count(), 0);
});
