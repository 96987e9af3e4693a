// `gauntlet-sdk/node`: what the server does not take in time waits on disk, survives its process, and is sent by the next.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as node from "gauntlet-sdk/node";
import { begun, eventsOf, started } from "./support.mjs";

const steps = (events) => events.filter(({ kind }) => kind === "snapshot.scored").map(({ step }) => step);
const upTo = (n) => Array.from({ length: n }, (_, i) => i);

function folder(t) {
  const made = mkdtempSync(join(tmpdir(), "gauntlet-spool-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Runs a program that logs to `server`; resolves to its exit code and output. */
function program(script, server, spool, more = {}) {
  const environment = { GAUNTLET_ENDPOINT: server.url, GAUNTLET_SPOOL: spool, ...more };
  const options = { cwd: new URL("..", import.meta.url), env: { ...process.env, ...environment }, timeout: 60_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, ["--input-type=module", "-e", script], options, (error, out, err) => {
      resolve({ code: error?.code ?? 0, out, err });
    });
  });
}

test("more than memory holds waits on disk, in order, and the file goes when it is sent", async (t) => {
  const { server, client } = await started(t);
  const spoolFolder = folder(t);
  await server.kill();
  const run = await begun(server, { queueEvents: 20, spoolFolder }, node.init);
  for (let step = 0; step < 1_000; step += 1) run.log({ root: step, text: 1 }, { step });
  run.log({ later: 1 }, { step: 999 });
  assert.deepEqual([run.stats.lost, run.stats.queued], [0, 1_001]);
  assert.equal(readdirSync(spoolFolder).filter((name) => name.endsWith(".jsonl")).length, 1);
  await server.start();
  const stats = await run.finish();
  assert.deepEqual([stats.sent, stats.lost, stats.queued], [1_002, 0, 0]);
  const events = await eventsOf(client, run);
  assert.deepEqual(steps(events), upTo(1_000));
  assert.equal(events.at(-2).body.path, "later");
  assert.deepEqual(readdirSync(spoolFolder), []);
});

test("what a process could not send, the next one sends; a cut-off line goes", async (t) => {
  const { server, client } = await started(t);
  const spool = folder(t);
  await server.kill();
  const script = `
    import { init } from "gauntlet-sdk/node";
    const run = await init({ id: "left/behind", name: "left", finishMs: 200, config: { lr: 1 } });
    for (let step = 0; step < 50; step += 1) run.log({ root: step }, { step });
    await run.finish();
    console.log(JSON.stringify(run.stats));`;
  const { code, out, err } = await program(script, server, spool);
  assert.equal(code, 0, err);
  assert.deepEqual([JSON.parse(out).spooled, JSON.parse(out).lost], [51, 0]);
  assert.match(err, /51 events wait on disk/);
  const [file] = readdirSync(join(spool, "js")).filter((name) => name.endsWith(".jsonl"));
  writeFileSync(join(spool, "js", file), '{"id":"cut', { flag: "a" });
  writeFileSync(join(spool, "js", "0.jsonl"), "no file of ours");
  await server.start();
  const done = await node.sync({ endpoint: server.url, folder: join(spool, "js") });
  assert.deepEqual(done, { runs: 1, sent: 51, refused: 0, left: 0 });
  const info = await client.runs.get("left_behind");
  assert.deepEqual([info.name, info.config, info.status, info.metadata], ["left", { lr: 1 }, "completed", {}]);
  assert.deepEqual(steps(await eventsOf(client, "left_behind")), upTo(50));
  assert.deepEqual(readdirSync(join(spool, "js")), ["0.jsonl"], "what is not ours stays as it is");
});

test("a program that ends without finish is finished for it; one that throws is finished as failed", async (t) => {
  const { server, client } = await started(t);
  const spool = folder(t);
  const script = (id, end) => `
    import { init } from "gauntlet-sdk/node";
    const run = await init({ id: "${id}", name: "n" });
    run.log({ root: 1 });
    ${end}`;
  const good = await program(script("natural", ""), server, spool);
  assert.equal(good.code, 0, good.err);
  assert.equal((await client.runs.get("natural")).status, "completed");
  // Neither leaves time for the network: the disk keeps what they said.
  const thrown = await program(script("thrown", 'throw new RangeError("too far");'), server, spool);
  assert.notEqual(thrown.code, 0);
  assert.match(thrown.err, /RangeError: too far/);
  const exited = await program(script("exited", "process.exit(3);"), server, spool);
  assert.equal(exited.code, 3);
  const done = await node.sync({ endpoint: server.url, folder: join(spool, "js") });
  assert.deepEqual([done.runs, done.left], [2, 0]);
  const end = (await eventsOf(client, "thrown")).at(-1);
  assert.deepEqual([end.kind, end.body.status, end.body.summary.error.type], ["run.finished", "failed", "RangeError"]);
  assert.deepEqual(steps(await eventsOf(client, "exited")), [0]);
});

test("offline keeps everything on disk, where the server's own import reads it", async (t) => {
  const { server, client } = await started(t);
  const spoolFolder = folder(t);
  const run = await begun(server, { mode: "offline", spoolFolder, name: "offline", project: "p" }, node.init);
  for (let step = 0; step < 30; step += 1) run.log({ root: step }, { step });
  const stats = await run.finish();
  assert.deepEqual([stats.spooled, stats.queued, stats.lost], [31, 0, 0]);
  const [file] = readdirSync(spoolFolder);
  const imported = await server.import(join(spoolFolder, file));
  assert.deepEqual(steps(await eventsOf(client, imported)), upTo(30));
  assert.equal((await client.runs.get(imported)).name, "offline");
});

test("a file that is in use by a living process is left alone", async (t) => {
  const { server } = await started(t);
  const spoolFolder = folder(t);
  await server.kill();
  const run = await begun(server, { queueEvents: 5, spoolFolder, finishMs: 100 }, node.init);
  for (let step = 0; step < 20; step += 1) run.log({ root: step }, { step });
  assert.deepEqual(await node.sync({ endpoint: server.url, folder: spoolFolder }), { runs: 0, sent: 0, refused: 0, left: 0 });
  await run.finish();
  assert.equal(readdirSync(spoolFolder).length, 1);
});

test("a folder that cannot be written is told once, and events are kept in memory as far as that goes", async (t) => {
  const { server } = await started(t);
  const spoolFolder = folder(t);
  writeFileSync(join(spoolFolder, "file"), "");
  await server.kill();
  const run = await begun(server, { queueEvents: 5, spoolFolder: join(spoolFolder, "file"), finishMs: 50 }, node.init);
  for (let step = 0; step < 20; step += 1) run.log({ root: step }, { step });
  assert.deepEqual([run.stats.queued, run.stats.lost], [5, 15]);
  assert.equal(run.warnings.filter((text) => text.includes("cannot wait in")).length, 1, run.warnings.join("\n"));
  await run.finish();
  assert.equal(existsSync(join(spoolFolder, "file")), true);
});
