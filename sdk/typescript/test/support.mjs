// What the SDK's tests share: a real server each, and few words for what they do with it.

// Without a disk, as in a browser; `gauntlet-sdk` in Node has one.
import { Client, init } from "../dist/index.js";
import { Server } from "../../../end2end/server.mjs";

/** A server and a client of it, until the test `t` ends. */
export async function started(t) {
  const server = await Server.start();
  t.after(() => server.close());
  return { server, client: new Client({ endpoint: server.url }) };
}

/** A run that keeps its warnings in `run.warnings` instead of printing them. */
export async function begun(server, options = {}, begin = init) {
  const warnings = [];
  const onWarning = (message) => warnings.push(message);
  const run = await begin({ endpoint: server.url, name: "a run", finishMs: 20_000, onWarning, ...options });
  return Object.assign(run, { warnings });
}

/** Every event of a run, as the server has them. */
export async function eventsOf(client, run, options = {}) {
  const events = [];
  for await (const event of client.events.read(run.id ?? run, options)) events.push(event);
  return events;
}

/** The first `count` items of an endless sequence, or a failure that says how far it came. */
export async function first(count, items, withinMs = 45_000) {
  const taken = [];
  let timer;
  const late = new Promise((_, reject) => {
    const fail = () => reject(new Error(`after ${withinMs} ms ${taken.length} of ${count} items have come`));
    timer = setTimeout(fail, withinMs);
  });
  const taking = (async () => {
    for await (const item of items) if (taken.push(item) >= count) break;
    return taken;
  })();
  return Promise.race([taking, late]).finally(() => clearTimeout(timer));
}

/** Waits until `holds`, or fails. */
export async function until(holds, what, withinMs = 15_000) {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`after ${withinMs} ms still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
