// Bringing events to the server: it may be away, die, be busy or refuse; each event arrives once, in order,
// or is counted as lost.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Client, GauntletError, uuidv7, type Event, type StepKind } from "gauntlet-sdk";
import {
  addressOf,
  begun,
  bodyOf,
  errorOf,
  eventsOf,
  started,
  stepsOf,
  until,
  untyped,
  upTo,
  type LoggedEvent,
} from "./support.js";

test("a server that is away at the start gets everything once it is there", async (t) => {
  const { server, client } = await started(t);
  await server.kill();
  const before = performance.now();
  const run = await begun(server);
  for (let step = 0; step < 300; step += 1) run.log({ root: step }, { step });
  const took = performance.now() - before;
  await until(() => run.warnings.length > 0, "a warning");
  assert.match(
    run.warnings[0],
    /cannot be reached \(connect ECONNREFUSED .*\); events are queued and sent later/,
  );
  assert.equal(run.stats.queued, 300, `after ${took} ms`);
  await server.start();
  const stats = await run.finish();
  assert.deepEqual([stats.queued, stats.lost, stats.sent], [0, 0, 300]);
  assert.deepEqual(stepsOf(await eventsOf(client, run)), upTo(300));
  assert.equal(run.warnings.length, 1, "warned once");
});

test("a server that is killed and restarted mid-stream misses nothing and has nothing twice", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  let back = Promise.resolve();
  for (let step = 0; step < 6_000; step += 1) {
    run.log({ root: step, text: 1 }, { step });
    if (step === 2_000 || step === 4_000) {
      await until(() => run.stats.sent > step / 2, "half is sent");
      const before = run.warnings.length;
      back = server
        .kill()
        .then(() => until(() => run.warnings.length > before, "there is a warning"))
        .then(() => server.start());
    }
    if (step === 3_999) await back;
    // Lets the delivery send between two events, so that the outages come in the middle of the stream.
    if (step % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await back;
  const stats = await run.finish();
  assert.equal(run.warnings.length, 2, "warned once for each outage");
  assert.deepEqual([stats.lost, stats.refused, stats.queued], [0, 0, 0]);
  const events = await eventsOf(client, run);
  assert.deepEqual(stepsOf(events), upTo(6_000));
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length);
});

test("an event the server refuses is set aside by its index, and the rest is delivered", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  run.log({ root: 0 }, { step: 0 });
  // Checked by the server alone: a step kind that it does not know.
  run.episode({ id: "e" }).record("dream" as StepKind);
  run.log({ root: 1 }, { step: 1 });
  run.episode({ id: "e" }).record("dance" as StepKind);
  run.log({ root: 3 }, { step: 3 });
  const stats = await run.finish();
  assert.equal(stats.refused, 2);
  assert.deepEqual(
    run.refused.map(({ field, event }) => [field, (event as LoggedEvent).kind]),
    [
      ["body.step_kind", "step.recorded"],
      ["body.step_kind", "step.recorded"],
    ],
  );
  assert.match(run.refused[0].message, /dream/);
  assert.equal(
    run.warnings.filter((text) => text.startsWith("gauntlet: the server refused an event")).length,
    1,
  );
  assert.deepEqual(run.losses, [{ reason: "the server refused an event: body.step_kind", count: 2 }]);
  assert.match(run.warnings.at(-1)!, /is not complete: 2 x the server refused an event: body.step_kind$/);
  assert.deepEqual(stepsOf(await eventsOf(client, run)), [0, 1, 3]);
});

test("all refused events of a batch cost one request", async (t) => {
  const { server } = await started(t);
  const run = await begun(server);
  let requests = 0;
  const original = globalThis.fetch;
  t.after(() => {
    globalThis.fetch = original;
  });
  globalThis.fetch = (url, init) => {
    if (typeof url === "string" && url.endsWith("/events")) requests += 1;
    return original(url, init);
  };
  for (let step = 0; step < 50; step += 1) {
    run.log({ root: step }, { step });
    run.episode({ id: "e" }).record("dream" as StepKind);
  }
  assert.equal((await run.finish()).refused, 50);
  assert.ok(requests > 0 && requests < 20, `${requests} requests`);
});

test("a server whose folder is a new one gets the run again", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server, { name: "gone", config: { lr: 1 } });
  run.log({ root: 0 });
  assert.equal(await run.flush(), true);
  await server.kill();
  for (const name of readdirSync(server.dataDir)) rmSync(join(server.dataDir, name), { recursive: true });
  await server.start();
  run.log({ root: 1 });
  const stats = await run.finish();
  assert.equal(stats.lost, 0);
  assert.ok(
    run.warnings.some((text) => /events are queued and sent later/.test(text)),
    run.warnings.join("\n"),
  );
  assert.deepEqual(stepsOf(await eventsOf(client, run)), [1]);
  const info = await client.runs.get(run.id);
  assert.deepEqual([info.name, info.config, info.status], ["gone", { lr: 1 }, "completed"]);
});

test("a run that was deleted stays deleted: nothing more is sent, and losses are counted", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server, { id: "deleted", name: "deleted" });
  run.log({ root: 0 });
  assert.equal(await run.flush(), true);
  await client.runs.delete(run.id, { name: "deleted" });
  for (let step = 1; step < 4; step += 1) run.log({ root: step });
  assert.equal(await run.flush(), false);
  run.log({ root: 4 });
  const stats = await run.finish();
  assert.deepEqual([stats.sent, stats.lost, stats.queued], [1, 5, 0], "four logs, and the end");
  assert.deepEqual(run.losses, [{ reason: "the run was deleted", count: 5 }]);
  assert.equal(
    run.warnings.filter((text) => text.includes("nothing more is sent")).length,
    1,
    run.warnings.join("\n"),
  );
  assert.match(run.warnings.at(-1)!, /is not complete: 5 x the run was deleted$/);
  await assert.rejects(client.runs.get(run.id), { status: 404 });
  // Beginning it again is explicit.
  const again = await begun(server, { id: "deleted", name: "deleted" });
  again.log({ root: 9 });
  await again.finish();
  assert.deepEqual(stepsOf(await eventsOf(client, "deleted")), [0]);
});

test("flush returns whether everything logged so far is safe, and losses list what is not", async (t) => {
  const { server } = await started(t);
  const run = await begun(server);
  assert.equal(await run.flush(), true, "nothing was given");
  run.log({ root: 0 });
  run.artifact("a.txt", "a");
  assert.equal(await run.flush(), true);
  assert.equal(run.losses.length, 0);
  untyped(run).log({ root: 1 }, { step: "soon" });
  untyped(run).rollout(null);
  untyped(run).artifact("bad", 5);
  assert.equal(await run.flush(), false);
  assert.deepEqual(
    run.losses.map(({ count }) => count),
    [1, 1, 1],
  );
  await run.finish();
  run.log({ root: 2 });
  assert.deepEqual(run.losses.at(-1), { reason: "logged after the run had finished", count: 1 });
  assert.equal(await run.flush(), false);

  const disabled = await begun(server, { mode: "disabled" });
  assert.equal(await disabled.flush(), true);
  disabled.log({ root: 1 });
  assert.equal(await disabled.flush(), false, "a disabled run stores nothing");
  await disabled.finish();
  assert.deepEqual(disabled.warnings, [], "and that is what was asked for");

  const offline = await begun(server, { mode: "offline" });
  offline.log({ root: 1 });
  assert.equal(await offline.flush(), false, "there is no disk here");
  await offline.finish();
  assert.deepEqual(offline.losses, [{ reason: "the run is offline", count: 2 }]);
});

test("a key that is refused, or a server of something else, loses nothing: it is asked again", async (t) => {
  const answers = [401, 403, 404, 502, 201];
  const lines: string[] = [];
  const stub = createServer(async (request, response) => {
    const raw = await bodyOf(request);
    if (request.url?.endsWith("/events")) lines.push(...raw.toString().split("\n"));
    const [status] = answers.length > 1 ? answers.splice(0, 1) : answers;
    response.writeHead(status).end("{}");
  }).listen(0, "127.0.0.1");
  await once(stub, "listening");
  t.after(() => stub.close());
  const run = await begun({ url: `http://${addressOf(stub)}` });
  run.log({ root: 0 });
  const stats = await run.finish();
  assert.deepEqual([stats.sent, stats.lost, stats.refused], [1, 0, 0]);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).kind),
    ["snapshot.scored"],
    "the end is reported, and the server's",
  );
});

test("what cannot be an address or a key is refused at once", () => {
  assert.throws(() => new Client({ endpoint: "http://" }), { name: "TypeError", message: /"http:/ });
  assert.throws(() => new Client({ endpoint: "ftp://127.0.0.1" }), { name: "TypeError", message: /"ftp:/ });
  assert.throws(() => new Client({ apiKey: "k\u00e9y" }), { name: "TypeError", message: /^apiKey / });
  assert.equal(
    new Client({ endpoint: " http://127.0.0.1:1/ \n", apiKey: "key\n" }).endpoint,
    "http://127.0.0.1:1",
  );
});

test("an id that exists continues that run", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server, { id: "again", config: { lr: 1 } });
  run.log({ root: 0 }, { step: 0 });
  await run.flush();
  const second = await begun(server, { id: "again", config: { lr: 2 } });
  second.log({ root: 1 }, { step: 1 });
  await second.finish();
  assert.match(
    second.warnings.join(),
    /exists with other settings, which stay: config is {"lr":1} and not {"lr":2}$/,
  );
  const third = await begun(server, { id: "again", name: "" });
  await third.finish();
  assert.deepEqual(third.warnings, [], "a worker that joins by id is quiet");
  assert.deepEqual(stepsOf(await eventsOf(client, "again")), [0, 1]);
});

test("a full queue drops the newest, counts them, and reports the count in the stream", async (t) => {
  const { server, client } = await started(t);
  await server.kill();
  const run = await begun(server, { queueEvents: 10 });
  for (let step = 0; step < 25; step += 1) run.log({ root: step }, { step });
  assert.equal(run.stats.lost, 15);
  await server.start();
  await run.flush();
  run.log({ root: 25 }, { step: 25 });
  await run.finish();
  const events = await eventsOf(client, run);
  assert.deepEqual(stepsOf(events), [...upTo(10), 25]);
  const gaps = events.filter(({ kind }) => kind === "gap");
  assert.deepEqual(
    gaps.map(({ body }) => body),
    [{ lost: 15, reason: "the queue of the SDK was full" }],
  );
});

test("Retry-After is respected, a too large batch is halved, and bodies are gzip", async (t) => {
  // What a real server does only under load: an answer of each sort, in turn.
  const requests: { url: string; at: number; isPacked: boolean; lines: number; key: string | undefined }[] =
    [];
  const stub = createServer(async (request, response) => {
    const raw = await bodyOf(request);
    const isPacked = request.headers["content-encoding"] === "gzip";
    const lines = (isPacked ? gunzipSync(raw) : raw).toString().split("\n");
    const { url = "", headers } = request;
    requests.push({ url, at: Date.now(), isPacked, lines: lines.length, key: headers.authorization });
    const answer = (status: number, code: string, headers: Record<string, string> = {}) => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify({ error: { code, message: code, request_id: "r-1" } }));
    };
    const sent = requests.filter(({ url }) => url.endsWith("/events")).length;
    if (!url.endsWith("/events")) response.writeHead(201).end("{}");
    else if (sent === 1) answer(503, "busy", { "retry-after": "1" });
    else if (sent === 2) answer(413, "too_large");
    else if (sent === 3) response.socket?.destroy();
    else response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  stub.listen(0, "127.0.0.1");
  await once(stub, "listening");
  t.after(() => stub.close());
  const run = await begun({ url: `http://${addressOf(stub)}` }, { apiKey: "secret" });
  for (let step = 0; step < 39; step += 1) run.log({ root: step }, { step });
  const stats = await run.finish();
  assert.deepEqual([stats.sent, stats.lost, stats.refused], [39, 0, 0]);
  const sent = requests.filter(({ url }) => url.endsWith("/events"));
  assert.deepEqual(
    sent.map(({ lines }) => lines),
    [39, 39, 19, 19, 20],
  );
  assert.ok(sent[1].at - sent[0].at >= 1000, "it waited as long as it was asked to");
  assert.ok(sent.every(({ isPacked, key }) => isPacked && key === "Bearer secret"));
});

test("flush gives up in time, and what is left is counted as lost at the end", async (t) => {
  const { server } = await started(t);
  await server.kill();
  const run = await begun(server, { finishMs: 300 });
  run.log({ root: 0 });
  assert.equal(await run.flush({ timeoutMs: 100 }), false);
  assert.deepEqual([run.stats.queued, run.stats.lost], [1, 0]);
  assert.match(run.warnings.join(), /flush: after 100 ms 1 events are not safe yet/);
  const stats = await run.finish();
  assert.deepEqual([stats.queued, stats.lost, stats.sent], [0, 2, 0]);
  assert.match(run.warnings.join(), /events are lost/);
});

test("errors of the client are of one class, with code, message, request id and details", async (t) => {
  const { server, client } = await started(t);
  const missing = await errorOf(client.runs.get("none"));
  assert.ok(missing instanceof GauntletError);
  assert.deepEqual([missing.code, missing.status, missing.isTemporary], ["not_found", 404, false]);
  assert.ok(missing.requestId);
  const run = await client.runs.create({ name: "n" });
  const event: Event = {
    id: uuidv7(),
    at: "2026-11-21T00:06:33Z",
    kind: "gap",
    v: 1,
    body: { lost: -1, reason: "r" },
  };
  const good: Event = { ...event, id: uuidv7(), body: { lost: 1, reason: "r" } };
  const refused = (await errorOf(client.events.append(run.id, [good, event]))) as GauntletError;
  assert.equal(refused.code, "invalid");
  assert.deepEqual([refused.details[0].index, refused.details[0].field], [1, "body.lost"]);
  await server.kill();
  const away = (await errorOf(client.runs.get("none"))) as GauntletError;
  assert.deepEqual([away.code, away.status, away.isTemporary], ["unreachable", 0, true]);
  const ended = AbortSignal.abort(new Error("enough"));
  await assert.rejects(client.runs.get("none", { signal: ended }), { message: "enough" });
  const slow = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(slow, "listening");
  t.after(() => slow.close());
  const hasty = new Client({ endpoint: `http://${addressOf(slow)}`, timeoutMs: 50 });
  await assert.rejects(hasty.runs.get("none"), { code: "timeout" });
  slow.closeAllConnections();
});
