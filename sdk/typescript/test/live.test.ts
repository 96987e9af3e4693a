// Following a run live, from any position, through restarts of the server, without a gap or a repetition:
// over server-sent events and over WebSockets.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { Client, factOf, type Fact, type GauntletError, type StoredEvent } from "gauntlet-sdk";
import { WebSocket as NpmWebSocket } from "ws";
import {
  addressOf,
  all,
  begun,
  first,
  started,
  until,
  upTo,
  type LoggedEvent,
  type TestContext,
} from "./support.js";

const seqs = (items: readonly { seq: number }[]) => items.map(({ seq }) => seq);

test("first the stored events, then new ones: facts by default, events on request", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  run.rollout({ scores: { root: 1 }, action: "said", step: 0 });
  await run.flush();
  const facts = first(4, client.live(run.id));
  const events = first(3, client.live(run.id, { after: 0, format: "json" }));
  run.log({ root: 2 }, { step: 1 });
  await run.finish();
  const logged = await all(client.events.read(run.id));
  assert.deepEqual(await facts, logged.map(factOf));
  assert.deepEqual(await events, logged.slice(1));
  assert.equal(((await events)[0] as LoggedEvent<"snapshot.scored">).body.action, "said");
});

/** Follows a run of 3,000 events while its server is killed twice. */
async function followThrough<T>(
  t: TestContext,
  follow: (client: Client, count: number) => Promise<T[]>,
): Promise<T[]> {
  const { server, client } = await started(t);
  const run = await begun(server, { id: "stormy" });
  await run.flush();
  const following = follow(client, 3_002);
  for (let step = 0; step < 3_000; step += 1) {
    if (step === 1_000 || step === 2_000) {
      // Recovered from the last outage, so that there is a warning about this one.
      assert.equal(await run.flush(), true);
      await server.kill();
    }
    const { length } = run.warnings;
    run.log({ root: step }, { step });
    // Lets the delivery send, so that the reader is in the middle of the stream when the server is killed.
    if (step % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    if (step === 1_000 || step === 2_000) {
      await until(() => run.warnings.length > length, "the run has noticed the outage");
      await server.start();
    }
  }
  await run.finish();
  return following;
}

test("a server that is killed twice causes no gaps and no duplicates, over server-sent events", async (t) => {
  const reconnects: unknown[] = [];
  const options = { WebSocket: null, onReconnect: (why: unknown) => void reconnects.push(why) };
  const facts = await followThrough(t, (client, count) => first<Fact>(count, client.live("stormy", options)));
  assert.deepEqual(seqs(facts), upTo(3_002));
  assert.deepEqual(facts.at(-1)!.what, "status");
  assert.ok(reconnects.length >= 2, `${reconnects.length} reconnects`);
});

for (const format of ["binary", "json"] as const) {
  test(`the same over WebSockets, in ${format} frames`, async (t) => {
    // Node has the class from version 22 on; before, a program passes one.
    const socket = (globalThis.WebSocket as typeof WebSocket | undefined) ?? (NpmWebSocket as unknown);
    let reconnects = 0;
    const options = { WebSocket: socket as typeof WebSocket, onReconnect: () => void (reconnects += 1) };
    const items = await followThrough<Fact | StoredEvent>(t, (client, count) =>
      format === "json"
        ? first(count, client.live("stormy", { ...options, format }))
        : first(count, client.live("stormy", { ...options, format })),
    );
    assert.deepEqual(seqs(items), upTo(3_002));
    assert.equal(
      "kind" in items[1] ? items[1].kind : items[1].what,
      format === "json" ? "snapshot.scored" : "scored",
    );
    assert.ok(reconnects >= 2, `${reconnects} reconnects`);
  });
}

test("a signal or a break ends it without an error; an unknown run is an error", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  await run.flush();
  const stop = new AbortController();
  const seen: Fact[] = [];
  for await (const fact of client.live(run.id, { signal: stop.signal })) {
    seen.push(fact);
    // While the loop waits for the next fact.
    setTimeout(() => stop.abort());
  }
  assert.deepEqual(seqs(seen), [0]);
  for await (const fact of client.live(run.id, { signal: AbortSignal.abort() })) assert.fail(`${fact.seq}`);
  await assert.rejects(first(1, client.live("none")), { name: "GauntletError", code: "not_found" });
  const name = run.name;
  const rest = assert.rejects(first(5, client.live(run.id)), { code: "not_found" });
  await client.runs.delete(run.id, { name });
  await server.kill();
  await server.start();
  await rest;
  await run.finish();
});

test("a silent connection is replaced", async (t) => {
  let connections = 0;
  const heads: (string | null)[] = [];
  const stub = createServer((request, response) => {
    const { url = "" } = request;
    if (!url.includes("/live")) {
      response.end("{}");
      return;
    }
    connections += 1;
    heads.push(new URL(url, "http://x").searchParams.get("after"));
    response.writeHead(200, { "content-type": "text/event-stream" });
    // One event a connection, cut in the middle of a line; then a heartbeat; then silence.
    const event = {
      seq: connections + 4,
      at: "2026-11-21T00:00:00.000000Z",
      kind: "gap",
      v: 1,
      body: { lost: 1, reason: "é" },
    };
    const bytes = Buffer.from(`id: ${event.seq}\nevent: gap\ndata: ${JSON.stringify(event)}\n\n`);
    response.write(bytes.subarray(0, bytes.indexOf(0xa9)));
    setTimeout(() => response.write(bytes.subarray(bytes.indexOf(0xa9))), 20);
    // What is said of other rules is not an event.
    setTimeout(() => response.write(':\n\nevent: rules\ndata: {"head":9,"rules":"dipg"}\n\n'), 60);
  }).listen(0, "127.0.0.1");
  await once(stub, "listening");
  t.after(() => stub.close());
  const why: string[] = [];
  const client = new Client({ endpoint: `http://${addressOf(stub)}` });
  const options = {
    after: 4,
    WebSocket: null,
    // Far above the pauses of the stub: a busy machine must not make one of them look idle.
    idleTimeoutMs: 1_500,
    onReconnect: (error: unknown) => void why.push((error as GauntletError).code),
  };
  const facts = await first<Fact>(3, client.live("r", options));
  assert.deepEqual(
    facts.map((fact) => [fact.seq, fact.what === "gap" && fact.reason]),
    [
      [5, "é"],
      [6, "é"],
      [7, "é"],
    ],
  );
  assert.deepEqual(heads, ["4", "5", "6"]);
  assert.deepEqual(why, ["idle", "idle"]);
  stub.closeAllConnections();
});

test("a slow reader misses nothing", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  const count = 2_500;
  for (let step = 0; step < count; step += 1) run.log({ root: step }, { step });
  await run.flush();
  const taken: number[] = [];
  for await (const event of client.live(run.id, { format: "json" })) {
    taken.push(event.seq);
    // What makes this reader slow.
    if (taken.length % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    if (taken.length === count + 1) break;
  }
  assert.deepEqual(taken, upTo(count + 1));
  await run.finish();
});
