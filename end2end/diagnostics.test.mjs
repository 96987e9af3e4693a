// The diagnostics of a step: the rubric tree with every value, and the agent's output and input.

import assert from "node:assert/strict";
import { atSecond, event, scored } from "./events.mjs";
import { story, until } from "./harness.mjs";
import { RunPage, snapshotOf, stepsOf } from "./runpage.mjs";

/** Three steps of a run whose rubric is nested; the last one leaves a part of it out. */
async function nested(server) {
  const scores = [
    { root: 4, safety: 3, "safety.dose": 2, "safety.dose.units": 1, style: 0.5 },
    { root: -6, safety: -7.5, "safety.dose": -8, "safety.dose.units": 1, style: 0.5 },
    { root: 2, safety: 1, "safety.dose": 1, style: 0.25 },
  ];
  const snapshot = (scores, step) =>
    scored(step, scores, {
      at: atSecond(step),
      not_evaluated: step === 2 ? ["safety.dose.units"] : [],
      action: `answer <${step}> & "more"`,
      observation: `question ${step}`,
      duration_ms: 12.5,
      metadata: { ward: "B4", attempt: step + 1 },
    });
  await server.post("/api/v1/runs", { id: "nested", name: "nested rubric" });
  await server.post("/api/v1/runs/nested/events", scores.map(snapshot));
}

story("the rubric tree is nested, with a value or its absence on every line", async ({ server, page }) => {
  await nested(server);
  const run = await RunPage.open(page, "/runs/nested?step=2");
  await run.selected(2);
  assert.deepEqual(await run.rubrics(), {
    root: "passed, +2.00",
    safety: "passed, +1.00",
    "safety.dose": "passed, +1.00",
    "safety.dose.units": "not evaluated, n/e",
    style: "passed, +0.25",
  });
  const depth = (path) => run.rubric(path).evaluate((line) => Number(line.style.getPropertyValue("--depth")));
  const depths = await Promise.all(
    ["root", "safety", "safety.dose", "safety.dose.units", "style"].map(depth),
  );
  assert.deepEqual(depths, [0, 1, 2, 3, 1]);

  await run.choose(1);
  const rubrics = await run.rubrics();
  assert.equal(rubrics["safety.dose"], "failed, -8.00");
  assert.equal(rubrics["safety.dose.units"], "passed, +1.00");
});

story("a rubric that is clicked colours the path and draws the curve", async ({ server, page }) => {
  await nested(server);
  const run = await RunPage.open(page, "/runs/nested?step=0");
  await run.selected(0);
  const curve = () => run.slider.locator(".curve-line").getAttribute("d");
  const before = await curve();
  assert.notEqual(before, "");
  const line = run.rubric("safety").locator(".branch-line");
  const chip = run.page
    .getByRole("group", { name: "Rubric of the curve" })
    .getByTitle("safety", { exact: true });
  assert.equal(await line.getAttribute("aria-pressed"), "false");

  await line.click();
  await until("the line is pressed", async () => (await line.getAttribute("aria-pressed")) === "true");
  assert.equal(await chip.getAttribute("aria-pressed"), "true", "the curve's chips say the same");
  await until("the curve has changed", async () => (await curve()) !== before);
  await run.diagnostics.locator(".rubric-detail").getByRole("button", { name: "Next failure" }).click();
  await run.selected(1);

  await line.click();
  await until("the line is free again", async () => (await line.getAttribute("aria-pressed")) === "false");
  await until("the curve is the root's again", async () => (await curve()) === before);
});

story(
  "the inspector shows what the server has of the selected step, and nothing else",
  async ({ server, page }) => {
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
      assert.match(
        await run.part("Timing").locator("dd").first().innerText(),
        /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d$/,
      );
      const hasDuration = (await run.part("Timing").getByText("evaluation", { exact: true }).count()) === 1;
      assert.equal(hasDuration, (body.duration_ms ?? null) !== null);
      await run.page.close();
    }
  },
);

story(
  "thousands of events of one step come in parts, once their list is opened",
  async ({ server, page }) => {
    await nested(server);
    const score = (n) =>
      event(
        "score.added",
        { target: "step", path: `judge.${n % 7}`, value: n, source: "judge" },
        { step: 1, at: atSecond(1) },
      );
    for (let from = 0; from < 4_000; from += 500) {
      await server.post(
        "/api/v1/runs/nested/events",
        Array.from({ length: 500 }, (_, i) => score(from + i)),
      );
    }
    const run = await RunPage.open(page, "/runs/nested?step=1");
    await run.inspected((await snapshotOf(server, "nested", 1)).seq);
    const part = run.part("Events of this step");
    const shown = () => part.locator("ol.events > li").count();
    assert.equal(await part.locator(".panel-note").innerText(), "4,000");
    assert.equal(await shown(), 0, "nothing is laid out before the list is opened");

    await part.locator("summary").click();
    await until("the first part is there", async () => (await shown()) === 200);
    await part.getByRole("button", { name: "Show more: 3,800 events follow" }).click();
    await until("the second part is there", async () => (await shown()) === 400);
    const values = await part.locator("ol.events > li").evaluateAll((events) =>
      events.map((event) => {
        const terms = [...event.querySelectorAll("dt")];
        return Number(terms.find((term) => term.textContent === "value").nextElementSibling.textContent);
      }),
    );
    assert.deepEqual(values, [...Array(400).keys()], "each once, in the order of the log");
  },
);

/** An event of an episode. */
function ofEpisode(kind, body, { episode = "e1", step } = {}) {
  return event(kind, body, { episode, step, at: atSecond(0) });
}

/** A recorded step, and how long it took, in milliseconds. */
function recorded(step_kind, payload, { span = "00000000000000aa", ms, ...more } = {}) {
  const started = Date.UTC(2026, 0, 1);
  const time = (at) => new Date(at).toISOString();
  const ended = ms === undefined ? {} : { ended_at: time(started + ms) };
  return { step_kind, span_id: span, started_at: time(started), ...ended, payload, ...more };
}

const FAILED = {
  type: "TimeoutError",
  message: "no answer <b>after</b> 20 ms",
  traceback: "lookup.py, line 12",
};

story(
  "a node's episode is shown in order: messages with their role, tools with results, and errors",
  async ({ server, page }) => {
    await server.post("/api/v1/runs", { id: "agents", name: "agents" });
    const calls = Array.from({ length: 300 }, (_, i) => recorded("thought", { text: `page ${i}` }));
    const events = [
      ofEpisode("episode.started", { task: "triage" }),
      ofEpisode("step.recorded", recorded("message", { role: "user", text: "What was the rate?" }), {
        step: 0,
      }),
      ofEpisode("step.recorded", recorded("tool_call", { arguments: { page: 1 } }, { name: "lookup" }), {
        step: 1,
      }),
      ofEpisode("step.recorded", recorded("thought", { text: "of another episode" }), {
        episode: "other",
        step: 1,
      }),
      ofEpisode(
        "step.recorded",
        recorded("tool_result", { result: { rate: 0.3 } }, { name: "lookup", ms: 250 }),
        { step: 2 },
      ),
      ...calls.map((body, i) => ofEpisode("step.recorded", body, { step: 3 + i })),
      ofEpisode(
        "step.recorded",
        recorded("tool_result", {}, { name: "ask", error: FAILED, span: "00000000000000bb" }),
        { step: 303 },
      ),
      ofEpisode(
        "snapshot.scored",
        { scores: {}, failures: ["generic"], action: "30 %", observation: "?" },
        { step: 7 },
      ),
      ofEpisode("episode.finished", { status: "failed", error: "ValueError: no <final>", latency_ms: 1240 }),
    ];
    await server.post("/api/v1/runs/agents/events", events);
    const run = await RunPage.open(page, "/runs/agents?step=7&episode=e1");
    const lines = run.diagnostics
      .getByRole("list", { name: "What happened in the episode" })
      .getByRole("listitem");
    await until("the episode is shown", async () => (await lines.count()) > 200);
    const texts = async () => (await lines.allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
    const first = await texts();
    assert.deepEqual(first.slice(0, 4), [
      "began triage",
      "user Raw What was the rate?",
      'tool call lookup { "page": 1 } 250 ms',
      "thought page 0",
    ]);
    assert.deepEqual(first.slice(-2), [
      "tool result ask TimeoutError: no answer <b>after</b> 20 ms",
      "ended ValueError: no <final> 1.24 s",
    ]);
    assert.ok(!first.some((text) => text.includes("another episode")));
    // The card shows how the episode ended.
    await run.callout.getByRole("heading", { name: "Failed at 7" }).waitFor();
    await run.callout.getByText("ValueError: no <final>").waitFor();

    await lines.getByRole("button", { name: /^Show \d+ more between$/ }).click();
    await until("all of it is shown", async () => (await lines.count()) === 1 + 1 + 1 + 300 + 1 + 1);
    const all = await texts();
    assert.deepEqual(
      all.slice(3, 303),
      calls.map((_, i) => `thought page ${i}`),
    );

    const lookup = lines.nth(2);
    await lookup.locator("summary").click();
    await lookup.getByRole("button", { name: "Switch between rendered and raw text" }).click();
    await lookup.getByText(/^\{\s*"rate":\s*0\.3\s*\}$/).waitFor();
    await lines.nth(303).locator("summary").click();
    await lines.nth(303).getByText("lookup.py, line 12").waitFor();
  },
);

story("the list has the score of what failed, not of the root", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "judged", name: "judged", rules: "dipg" });
  const scores = [
    { root: 20, grounding: -30, format: 1, inconsistency: 0 },
    { root: 14, grounding: 5, format: 1 },
  ];
  await server.post(
    "/api/v1/runs/judged/events",
    scores.map((of, step) => scored(step, of)),
  );
  const run = await RunPage.open(page, "/runs/judged?step=0");
  const texts = async () =>
    (await run.list.getByRole("option").allInnerTexts()).map((t) => t.split(/\s+/).pop());
  await until("the failing rubric's score is beside its name", async () => {
    return JSON.stringify(await texts()) === '["-30.0","+14.0"]';
  });
});

story("a run that ended without a step has nothing to play", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "none", name: "none" });
  await server.post("/api/v1/runs/none/events", [event("run.finished", { status: "completed" })]);
  const opened = await page({ path: "/runs/none" });
  await opened.getByText("The run ended without a step.").waitFor();
  for (const part of [".transport", ".legend", ".tools", ".inspector"]) {
    assert.equal(await opened.locator(part).isVisible(), false, `${part} would be empty`);
  }
  await opened.getByText("no step", { exact: true }).first().waitFor();
});

story("a run that failed says why", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "raised", name: "raised" });
  const error = { type: "RuntimeError", message: "CUDA out of memory", traceback: "..." };
  await server.post("/api/v1/runs/raised/events", [
    scored(0, { root: 1 }),
    event("run.finished", { status: "failed", summary: { error, exit_code: 1 } }),
  ]);
  const run = await RunPage.open(page, "/runs/raised");
  await run.page.getByRole("status").getByText("Failed: RuntimeError: CUDA out of memory").waitFor();
});
