// What was recorded never runs: payloads through every way in, shown on every page of a real browser.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

// Each calls `leak`, which the test would see, if it ever runs.
const PAYLOADS = [
  "</title><script>leak(1)</script>",
  '"><img src=x onerror=leak(2)>',
  "'><svg onload=leak(3)>",
  "</script><script>leak(4)</script>",
  "</textarea><iframe srcdoc='<script>parent.leak(5)</script>'></iframe>",
  "<!--><img src=x onerror=leak(6)>--><style>*{display:none}</style>",
  "<a href=javascript:leak(7)>x</a><base href=//evil.example>" +
    "<meta http-equiv=refresh content=0;url=//evil.example>",
  "{{constructor.constructor('leak(8)')()}}<math><mi//xlink:href='data:x,<script>leak(8)</script>'>",
];

/** A page that remembers whether anything ran or was refused by the policy. */
async function watched(page, options) {
  const browser = await page({ ...SMALL, ...options });
  browser.alarms = [];
  await browser.exposeFunction("leak", (number) => void browser.alarms.push(`payload ${number} ran`));
  await browser.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.leak(
        `${event.violatedDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`,
      );
    });
  });
  browser.on("dialog", (dialog) => {
    browser.alarms.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return browser;
}

/** Fills a server through every way in. Resolves to the ids of its runs. */
async function fill(server) {
  const scored = (payload, step) => ({
    id: `01920000-0000-7000-8000-${String(step).padStart(12, "0")}`,
    at: "2026-11-21T00:00:00Z",
    kind: "snapshot.scored",
    v: 1,
    step,
    body: {
      scores: { root: -1, [payload.replaceAll("/", "")]: -2 },
      action: payload,
      observation: payload,
      metadata: { [payload]: payload },
    },
  });
  const recorded = (payload, step) => ({
    id: `01920000-0000-7000-8001-${String(step).padStart(12, "0")}`,
    at: "2026-11-21T00:00:00Z",
    kind: "step.recorded",
    v: 1,
    step,
    body: {
      span_id: String(step).padStart(16, "0"),
      step_kind: "tool_call",
      name: payload,
      started_at: "2026-11-21T00:00:00Z",
      payload: { arguments: payload, [payload]: payload },
      error: { type: payload, message: payload, traceback: payload },
    },
  });
  for (const [index, payload] of PAYLOADS.entries()) {
    const about = {
      name: payload,
      project: payload,
      kind: "grpo",
      agent: payload,
      task: payload,
      tags: [payload],
    };
    await server.post("/api/v1/runs", {
      id: `api-${index}`,
      ...about,
      config: { [payload]: payload },
      metadata: { [payload]: payload },
    });
    await server.post(`/api/v1/runs/api-${index}/events`, [
      scored(payload, 1),
      recorded(payload, 2),
      scored(payload, 3),
    ]);
    const names = { task_id: payload, run_type: payload, action: payload, observation: payload };
    const snapshot = {
      session_id: "x",
      step: 1,
      scores: { root: 1 },
      timestamp: "2026-11-21T00:00:00",
      is_paused: false,
      metadata: names,
    };
    await server.post(`/gauntlet/stream/hub-${index}`, { ...snapshot, session_id: `hub-${index}` });
    const text = (key) => ({ key, value: { stringValue: payload } });
    const spans = [
      {
        traceId: String(index + 1).padStart(32, "0"),
        spanId: String(index + 1).padStart(16, "0"),
        name: payload,
        kind: 1,
        startTimeUnixNano: "1544712660000000000",
        endTimeUnixNano: "1544712661000000000",
        attributes: [text("gen_ai.prompt"), text("input.value")],
      },
    ];
    await server.post("/v1/traces", {
      resourceSpans: [{ resource: { attributes: [text("service.name")] }, scopeSpans: [{ spans }] }],
    });
    const lines = JSON.stringify({ name: payload, step: 1, scores: { root: 1 }, action: payload });
    await fetch(`${server.url}/api/v1/import?name=${encodeURIComponent(payload)}.jsonl`, {
      method: "POST",
      body: lines,
    });
  }
  const { items } = await server.get("/api/v1/runs?limit=200");
  return items.map(({ id }) => id);
}

story("nothing that was recorded runs on any page", async ({ server, page }) => {
  const ids = await fill(server);
  assert.ok(ids.length >= PAYLOADS.length * 3, `${ids.length} runs came in`);
  const browser = await watched(page, {});
  browser.expected.push(/404 \(Not Found\)/);
  const words = encodeURIComponent(PAYLOADS[1]);
  for (const path of [
    "/",
    `/?q=${words}`,
    `/search?q=${words}`,
    `/search?q=leak&project=${words}`,
    "/docs/start",
    "/docs/api",
    `/nothing/${words}`,
  ]) {
    await browser.goto(server.url + path, { waitUntil: "networkidle" });
    assert.deepEqual(browser.alarms, [], path);
  }
  for (const id of ids) {
    await browser.goto(`${server.url}/runs/${encodeURIComponent(id)}`);
    await new RunPage(browser).opened();
    assert.deepEqual(browser.alarms, [], id);
  }
  await browser.goto(`${server.url}/runs/api-0`);
  const run = new RunPage(browser);
  await run.opened();
  assert.ok((await browser.title()).startsWith(PAYLOADS[0]), "the title says the name to the letter");
  await browser.keyboard.press("Home");
  await run.selected(1);
  await until("the step's text is shown", async () =>
    (await browser.locator("body").innerText()).includes("leak(1)"),
  );
  assert.deepEqual(browser.alarms, []);
});

story("an artifact of markup is downloaded and does not run", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "r", name: "r" });
  const markup =
    "<script>leak('artifact')</script><svg xmlns='http://www.w3.org/2000/svg' onload='leak(9)'/>";
  const sha256 = createHash("sha256").update(markup).digest("hex");
  const path = `${server.url}/api/v1/runs/r/artifacts/${sha256}`;
  const stored = await fetch(path, {
    method: "PUT",
    body: markup,
    headers: { "content-type": "image/svg+xml" },
  });
  assert.equal(stored.status, 201);
  const browser = await watched(page, { path: undefined });
  const download = browser.waitForEvent("download");
  await browser.goto(path).catch((error) => assert.match(`${error}`, /Download is starting|ERR_ABORTED/));
  await download;
  assert.deepEqual(browser.alarms, []);
});

story("a page elsewhere takes no command away", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "r", name: "r" });
  await server.post("/gauntlet/command/r", { action: "TWEAK", tweak: { a: 1 } });
  const target = `${server.url}/gauntlet/command/r`;
  const html =
    `<img src="${target}"><iframe src="${target}"></iframe>` + `<form method=post action="${target}"></form>`;
  const elsewhere = createServer((_, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end(html),
  );
  await new Promise((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  try {
    // Another site, and another port of this machine.
    for (const host of ["localhost", "127.0.0.1"]) {
      const browser = await page({ ...SMALL });
      browser.expected.push(/./);
      await browser.goto(`http://${host}:${elsewhere.address().port}/`, { waitUntil: "networkidle" });
      const asked = await browser.evaluate(async (url) => {
        const simple = { method: "POST", mode: "no-cors", body: "{}" };
        const answers = [fetch(url), fetch(url, { mode: "no-cors" }), fetch(url, simple)];
        return Promise.all(
          answers.map((answer) =>
            answer.then(
              (it) => it.status,
              () => "refused",
            ),
          ),
        );
      }, target);
      assert.ok(!asked.includes(200), `${asked}`);
    }
  } finally {
    elsewhere.close();
  }
  assert.equal((await server.get("/gauntlet/command/r")).action, "TWEAK");
});

story("a notebook that the configuration names shows a live run in a frame", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "r", name: "a framed run" });
  const html = `<iframe src="${server.url}/runs/r" width="960" height="480"></iframe>`;
  const notebook = createServer((_, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end(html),
  );
  await new Promise((resolve) => notebook.listen(0, "127.0.0.1", resolve));
  const origin = `http://localhost:${notebook.address().port}`;
  try {
    const refused = await page({ ...SMALL });
    refused.expected.push(/frame-ancestors|ERR_BLOCKED_BY_RESPONSE/);
    await refused.goto(origin, { waitUntil: "networkidle" });
    assert.ok(!(await refused.frameLocator("iframe").locator("body").innerText()).includes("a framed run"));

    writeFileSync(join(server.dataDir, "gauntlet.toml"), `frame_ancestors = ["${origin}"]\n`);
    await server.restart();
    const browser = await page({ ...SMALL });
    await browser.goto(origin);
    const shown = async () => browser.frameLocator("iframe").locator("body").innerText();
    await until("the run is shown", async () => (await shown()).includes("a framed run"));
    await server.post("/api/v1/runs/r/events", [
      {
        id: "01920000-0000-7000-8000-000000000001",
        at: "2026-11-21T00:00:00Z",
        kind: "snapshot.scored",
        v: 1,
        step: 1,
        body: { scores: { root: 1 }, action: "said while it is framed" },
      },
    ]);
    await until("the new step is shown", async () => (await shown()).includes("said while it is framed"));
  } finally {
    notebook.close();
  }
});
