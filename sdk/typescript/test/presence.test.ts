// The heartbeats of a run handle, and its report of the end once everything has arrived. A stub replaces the
// server where a real one cannot be made to answer like this.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { addressOf, begun, bodyOf, closeNow, until, type TestContext } from "./support.js";

type Report = Record<string, unknown>;
type Answer = [status: number, body: unknown];

/** A server with what it was sent: kinds of events, and reports with their path. */
interface Stub {
  url: string;
  seen: (string | [path: string, report: Report])[];
}

/** A server that notes what it is sent, and answers reports with `answer(report, number of the report)`. */
async function stub(t: TestContext, answer: (report: Report, number: number) => Answer): Promise<Stub> {
  const seen: Stub["seen"] = [];
  let reports = 0;
  const server = createServer(async (request, response) => {
    const raw = await bodyOf(request);
    const { url = "" } = request;
    const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw).toString();
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.method === "PUT") {
      const report = JSON.parse(text);
      seen.push([url.replace(/[0-9a-f]{12}$/, "*"), report]);
      const [status, body] = answer(report, (reports += 1));
      return send(status, body);
    }
    if (url.endsWith("/events")) seen.push(...text.split("\n").map((line) => JSON.parse(line).kind));
    return send(url === "/api/v1/runs" ? 201 : 200, {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => closeNow(server));
  return { url: `http://${addressOf(server)}`, seen };
}

const fine = (): Answer => [200, { status: "running", writers: { running: 1, finished: 0, lost: 0 } }];
const refused = (status: number, message: string): Answer => [
  status,
  { error: { code: `c${status}`, message, request_id: "r" } },
];

test("it reports that it lives, and how it ended once everything has arrived", async (t) => {
  const server = await stub(t, fine);
  const run = await begun(server, { id: "r" });
  await until(() => server.seen.length === 1, "the first report");
  run.log({ root: 1 });
  await run.finish({ status: "failed", summary: { n: 1n } });
  assert.deepEqual(server.seen, [
    ["/api/v1/runs/r/writers/*", { state: "running", interval_secs: 10 }],
    "snapshot.scored",
    ["/api/v1/runs/r/writers/*", { state: "finished", status: "failed", summary: { n: 1 } }],
  ]);
  assert.deepEqual(run.warnings, []);
});

test("the final report is retried while the server is busy; an old server gets an event", async (t) => {
  const busy = await stub(t, (report, number) =>
    report.state === "finished" && number < 4 ? refused(503, "busy") : fine(),
  );
  const run = await begun(busy, { id: "r" });
  run.log({ root: 1 });
  await run.finish();
  assert.deepEqual(busy.seen.filter((it) => typeof it !== "string" && it[1].state === "finished").length, 3);
  assert.ok(!busy.seen.includes("run.finished"));

  for (const [status, message] of [
    [404, "there is nothing here"],
    [405, "no"],
    [422, "status"],
  ] as const) {
    const old = await stub(t, () => refused(status, message));
    const other = await begun(old, { id: "r" });
    other.log({ root: 1 });
    await other.finish({ summary: { a: 1 } });
    assert.deepEqual(
      old.seen.filter((it) => typeof it === "string"),
      ["snapshot.scored", "run.finished"],
      `${status}`,
    );
    assert.deepEqual(other.warnings, []);
  }
});

test("an answer that the run was deleted ends the sending", async (t) => {
  const server = await stub(t, () => refused(410, 'run "r" was deleted'));
  const run = await begun(server, { id: "r" });
  await until(() => run.warnings.length > 0, "it is told");
  run.log({ root: 1 });
  assert.equal(await run.flush(), false);
  const stats = await run.finish();
  assert.deepEqual([stats.sent, stats.lost], [0, 2]);
  assert.match(run.warnings[0], /nothing more is sent for run r: run "r" was deleted/);
});
