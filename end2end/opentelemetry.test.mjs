// A program instrumented with OpenTelemetry only: its traces are a film, live, with failures and messages.

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

/** The id of the run of that name: a service has one for each of its processes. */
async function runOf(server, name) {
  const { items } = await server.get("/api/v1/runs");
  return items.find((run) => run.name === name).id;
}

/** Waits until the diagnostics show a text. */
async function expectText(run, words) {
  await until(`the diagnostics say ${words}`, async () => words.test(await run.diagnostics.innerText()));
}

story(
  "traces are a film: one node for each root, each call and each judged span",
  async ({ server, page }) => {
    await send(server, "python-agent.pb");
    const id = await runOf(server, "triage-service");
    const run = await RunPage.open(page, `/runs/${id}`);
    const facts = await run.until("agent, model and tool are drawn", ({ nodes }) => nodes === 3);
    assert.equal(facts.effects.generic, 2, "the answer's root is below 0, and the tool failed");
    await run.choose(1);
    assert.deepEqual(await run.rubrics(), { root: "failed, -20.0", grounding: "failed, -20.0" });
    await expectText(run, /What rate\?/);
    await expectText(run, /30%/);
    await expectText(run, /tiny-1/);

    // The same spans again, as an exporter sends them when the response got lost after the commit.
    const before = await server.get(`/api/v1/runs/${id}`);
    await send(server, "python-agent.pb");
    assert.deepEqual(await server.get(`/api/v1/runs/${id}`), before);

    // A real client under an instrumentation, whose last call the model refused.
    await send(server, "python-openinference.pb");
    await run.page.goto(`${server.url}/runs/${await runOf(server, "assistant")}?step=2`);
    await run.opened();
    await run.selected(2);
    assert.equal((await run.facts()).failure, "generic");
    await expectText(run, /RateLimitError/);
  },
);

story("a trace appears on an open page when it ends", async ({ server, page }) => {
  await send(server, "javascript-agent.json");
  const run = await page({ path: `/runs/${await runOf(server, "triage-js")}` });
  const stage = run.locator(".stage");
  const nodes = (count) => async () => (await stage.getAttribute("data-nodes")) === `${count}`;
  await until("the nodes of the first trace are drawn", nodes(3));
  // Another trace of the same process.
  const text = recorded("javascript-agent.json").toString();
  const [, trace] = text.match(/"traceId":\s*"([0-9a-f]{32})"/);
  const other = JSON.parse(text.replaceAll(trace, [...trace].reverse().join("")));
  await server.post("/v1/traces", other);
  await until("the nodes of the second trace are drawn", nodes(6));
});

story("a trace whose spans disagree about its run survives a kill in one piece", async ({ server, page }) => {
  const text = (key, value) => ({ key, value: { stringValue: value } });
  const part = (id, parent, name, attributes) => ({
    resourceSpans: [
      {
        resource: { attributes: [text("service.name", "assistant")] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: "7c".repeat(16),
                spanId: `0${id}`.repeat(8),
                parentSpanId: parent ? `0${parent}`.repeat(8) : "",
                name,
                startTimeUnixNano: `170000000${id}000000000`,
                endTimeUnixNano: `170000000${id}500000000`,
                attributes,
              },
            ],
          },
        ],
      },
    ],
  });
  const messages = JSON.stringify([
    { role: "assistant", parts: [{ type: "text", content: "Two tablets a day." }] },
  ]);
  const call = [
    text("gen_ai.conversation.id", "talk"),
    text("gen_ai.operation.name", "chat"),
    text("gen_ai.output.messages", messages),
  ];
  await server.post("/v1/traces", part(2, 1, "chat", call));
  await server.restart({ kill: true });
  await server.post("/v1/traces", part(1, 0, "answer", []));

  const { items } = await server.get("/api/v1/runs");
  assert.deepEqual(
    items.map(({ id }) => id),
    ["talk"],
  );
  const run = await RunPage.open(page, "/runs/talk?step=0");
  await run.until("the call and the root are drawn", ({ nodes }) => nodes === 2);
  await expectText(run, /Two tablets a day\./);
});
