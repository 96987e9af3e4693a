// A program that only speaks OpenTelemetry: its traces are a film, live, with failures and what was said.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

/** What exporters sent once, see crates/otlp/tests/otlp/main.rs. */
const recorded = (name) => readFileSync(new URL(`../crates/otlp/tests/recorded/${name}`, import.meta.url));

async function send(server, name) {
  const type = name.endsWith(".json") ? "application/json" : "application/x-protobuf";
  const headers = { "content-type": type };
  const answer = await fetch(`${server.url}/v1/traces`, { method: "POST", headers, body: recorded(name) });
  assert.equal(answer.status, 200, await answer.text());
}

/** Waits until the diagnostics say it. */
async function says(run, words) {
  await until(`the diagnostics say ${words}`, async () => words.test(await run.diagnostics.innerText()));
}

story("traces are a film: one node for each root and each judged span", async ({ server, page }) => {
  await send(server, "python-agent.pb");
  const run = await RunPage.open(page, "/runs/triage-service");
  const facts = await run.until("both nodes are drawn", ({ nodes }) => nodes === 2);
  assert.equal(facts.effects.hallucination, 1, "the judge found an ungrounded claim");
  await run.choose(1);
  assert.deepEqual(await run.rubrics(), { root: "failed, -20.0", grounding: "failed, -20.0" });
  await says(run, /What rate\?/);
  await says(run, /30%/);

  // The same spans once more, as after an answer that was lost: the answer comes after the commit.
  const before = await server.get("/api/v1/runs/triage-service");
  await send(server, "python-agent.pb");
  assert.deepEqual(await server.get("/api/v1/runs/triage-service"), before);

  // A real client under an instrumentation, whose last call the model refused.
  await send(server, "python-openinference.pb");
  await run.page.goto(`${server.url}/runs/assistant?step=2`);
  await run.opened();
  await run.selected(2);
  assert.equal((await run.facts()).failure, "generic");
  await says(run, /RateLimitError/);
});

story("a trace appears on an open page when it ends", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "triage-js", name: "triage" });
  const run = await page({ path: "/runs/triage-js" });
  await send(server, "javascript-agent.json");
  const stage = run.locator(".stage");
  await until("its nodes are drawn", async () => (await stage.getAttribute("data-nodes")) === "2");
});
