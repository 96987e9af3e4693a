// Several processes and threads that log one run: every rollout of each arrives, and none replaces another's.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Event } from "gauntlet-sdk";
import {
  eventsOf,
  runNode,
  started,
  until,
  type Client,
  type ProgramEnd,
  type Server,
  type TestContext,
} from "./support.js";

const sdk = pathToFileURL(new URL("../dist/node/index.js", import.meta.url).pathname).href;

/** Runs a program, given as the text of its file. */
function program(
  t: TestContext,
  server: Server,
  text: string,
  { name = "program.mjs", env = {} } = {},
): Promise<ProgramEnd> {
  const folder = mkdtempSync(join(tmpdir(), "gauntlet-program-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), text.replaceAll("SDK", JSON.stringify(sdk)));
  const spool = join(folder, "spool");
  const environment = { ...process.env, GAUNTLET_ENDPOINT: server.url, GAUNTLET_SPOOL: spool, ...env };
  return runNode([join(folder, name)], { env: environment });
}

/** What each of them logs: two rollouts and measurements of step 0, two of step 1, and one log of step 2. */
const LOGS = `
  for (const step of [0, 1]) {
    for (const reward of [1, 2]) run.rollout({ step, scores: { reward }, action: "a" });
    run.metrics({ loss: 0.5 });
  }
  run.log({ reward: 3 }, { step: 2 });
  run.log({ late: 1 }, { step: 2 });`;

/** Checks that the rollouts of `count` of them are stored. */
async function checkAllStored(client: Client, run: string, count: number): Promise<void> {
  const film = await client.film(run);
  const steps = [0, 1, 2].map((step) =>
    film.steps
      .filter((node) => node.step === step)
      .map(({ root }) => root)
      .sort(),
  );
  const twice = [...Array(count).fill(1), ...Array(count).fill(2)];
  assert.deepEqual(steps, [twice, twice, Array(count).fill(3)]);
  assert.equal(film.length, 5 * count);
  assert.equal(film.meanRoot, (2 * (1 + 2) + 3) / 5);
  const added = film.steps.filter((node) => node.scores.get("late") === 1);
  assert.equal(added.length, count, "what is logged later is added to its own program's step");
}

test("child processes that share a run id replace none of each other's rollouts", async (t) => {
  const { server, client } = await started(t);
  const one = `
    import { init } from SDK;
    const run = await init({ id: "shared" });
    ${LOGS}
    await run.finish();`;
  const ended = await Promise.all([1, 2, 3, 4].map(() => program(t, server, one)));
  assert.deepEqual(
    ended.map(({ code, err }) => [code, err]),
    Array(4).fill([0, ""]),
    "they are quiet",
  );
  await checkAllStored(client, "shared", 4);
});

test("worker threads that share a run id replace none of each other's rollouts", async (t) => {
  const { server, client } = await started(t);
  const threads = `
    import { isMainThread, Worker } from "node:worker_threads";
    import { fileURLToPath } from "node:url";
    import { init } from SDK;
    if (isMainThread) for (let i = 0; i < 3; i += 1) new Worker(fileURLToPath(import.meta.url));
    const run = await init({ id: "threads" });
    ${LOGS}
    await run.finish();`;
  const { code, err } = await program(t, server, threads);
  assert.deepEqual([code, err], [0, ""]);
  await checkAllStored(client, "threads", 4);
});

test("workers of a cluster, in CommonJS, replace none of each other's rollouts", async (t) => {
  const { server, client } = await started(t);
  const cluster = `
    const cluster = require("node:cluster");
    async function main() {
      if (cluster.isPrimary) for (let i = 0; i < 3; i += 1) cluster.fork();
      const { init } = await import(SDK);
      const run = await init({ id: "cluster" });
      ${LOGS}
      await run.finish();
      if (cluster.isWorker) cluster.worker.disconnect();
    }
    main();`;
  const { code, err } = await program(t, server, cluster, { name: "program.cjs" });
  assert.deepEqual([code, err], [0, ""]);
  await checkAllStored(client, "cluster", 4);
});

test("two run handles of one process replace none of each other's rollouts", async (t) => {
  const { server, client } = await started(t);
  const both = `
    import { init } from SDK;
    const log = async () => {
      const run = await init({ id: "handles" });
      ${LOGS}
      await run.finish();
    };
    await Promise.all([log(), log()]);`;
  const { code, err } = await program(t, server, both);
  assert.deepEqual([code, err], [0, ""]);
  await checkAllStored(client, "handles", 2);
});

test("a run ends with the last process that writes it, with the worst of their ends", async (t) => {
  const { server, client } = await started(t);
  const one = (name: string, end: string, waits: boolean) => `
    import { init } from SDK;
    const run = await init({ id: "together" });
    run.log({ root: 1 }, { step: 0, episode: "${name}" });
    await run.flush();
    ${
      waits
        ? `for (;;) {
      const url = process.env.GAUNTLET_ENDPOINT + "/api/v1/runs/together/events?kind=annotation.added";
      const ended = await fetch(url);
      if ((await ended.json()).events.length > 0) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }`
        : ""
    }
    await run.finish(${end});`;
  const slow = program(t, server, one("slow", "{ summary: { slow: 1 } }", true));
  await until(async () => (await client.runs.page()).items.length > 0, "the slow one has begun");
  const quick = await program(t, server, one("quick", '{ status: "failed" }', false));
  assert.deepEqual([quick.code, quick.err], [0, ""]);
  const { status } = await client.runs.get("together");
  assert.equal(status, "running", "the other one still writes it");
  const note: Event = {
    id: crypto.randomUUID(),
    at: new Date().toISOString(),
    kind: "annotation.added",
    v: 1,
    body: { text: "go", author: "a" },
  };
  await client.events.append("together", [note]);
  assert.equal((await slow).code, 0);
  const ends = await eventsOf(client, "together", { kinds: ["run.finished"] });
  assert.deepEqual(
    ends.map(({ body }) => body),
    [{ status: "failed", summary: { slow: 1 } }],
  );
});

test("a run that is begun again continues after its last step, unless a step is named", async (t) => {
  const { server, client } = await started(t);
  const again = `
    import { init } from SDK;
    const run = await init({ id: "resumed", name: "n" });
    await run.episode({}, (episode) => {
      for (let i = 0; i < 20; i += 1) episode.message("user", "its step is one of the episode");
    });
    run.log({ root: 1 });
    run.log({ root: 2 });
    run.metrics({ loss: 1 });
    await run.finish();`;
  for (let i = 0; i < 3; i += 1)
    assert.deepEqual(await program(t, server, again), { code: 0, signal: null, out: "", err: "" });
  const film = await client.film("resumed");
  assert.deepEqual(
    film.steps.map(({ step }) => step),
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.deepEqual(
    film.measurements("metrics.loss").map(({ step }) => step),
    [2, 5, 8],
  );
  assert.equal(film.run.status, "completed");
  const named = await program(
    t,
    server,
    again.replace("run.log({ root: 1 });", "run.log({ root: 9 }, { step: 2 });"),
  );
  assert.equal(named.code, 0);
  const steps = (await client.film("resumed")).steps.map(({ step }) => step);
  assert.deepEqual(
    steps,
    [0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    "a step that is named is that step, of another rollout",
  );
});

/** How programs end, and how their runs end with them. */
const ENDS: Record<string, [code: string, exit: Partial<ProgramEnd>, end: Record<string, unknown>]> = {
  "exit 0": ["process.exit(0);", { code: 0 }, { status: "completed", summary: { exit_code: 0 } }],
  "exit 3": ["process.exit(3);", { code: 3 }, { status: "failed", summary: { exit_code: 3 } }],
  "exit code": ["process.exitCode = 4;", { code: 4 }, { status: "failed", summary: { exit_code: 4 } }],
  natural: ["", { code: 0 }, { status: "completed", summary: { exit_code: 0 } }],
  thrown: [
    'throw new RangeError("too far");',
    { code: 1 },
    { status: "failed", summary: { exit_code: 1, error: "RangeError" } },
  ],
  rejected: [
    'Promise.reject(new RangeError("too far"));',
    { code: 1 },
    { status: "failed", summary: { exit_code: 1, error: "RangeError" } },
  ],
  interrupted: ["process.exit(130);", { code: 130 }, { status: "cancelled", summary: { exit_code: 130 } }],
  term: [
    "await run.flush(); process.kill(process.pid, 'SIGTERM'); setInterval(() => 0, 1000);",
    { signal: "SIGTERM" },
    { status: "cancelled", summary: { signal: "SIGTERM" } },
  ],
  handled: [
    "process.on('uncaughtException', () => 0); setTimeout(() => { throw new Error('x'); });",
    { code: 0 },
    { status: "completed", summary: { exit_code: 0 } },
  ],
};

test("however a process ends, its run has all of what it logged, and its end", async (t) => {
  const { server, client } = await started(t);
  for (const [name, [code, ended, end]] of Object.entries(ENDS)) {
    const text = `
      import { init } from SDK;
      const run = await init({ id: "${name}", finishMs: 20_000 });
      for (let i = 0; i < 700; i += 1) run.log({ root: i });
      run.artifact("late.txt", "late");
      ${code}`;
    const { code: exit, signal, err } = await program(t, server, text);
    assert.deepEqual({ code: exit, signal }, { code: null, signal: null, ...ended }, `${name}: ${err}`);
    const events = await eventsOf(client, name);
    assert.equal(events.filter(({ kind }) => kind === "snapshot.scored").length, 700, name);
    const artifacts = [];
    for await (const { stored } of client.artifacts(name)) artifacts.push(stored);
    assert.deepEqual(artifacts, [true], name);
    const last = events.at(-1)!.body;
    const error = last.summary?.error as { type: string } | undefined;
    if (error) last.summary.error = error.type;
    assert.deepEqual(last, end, name);
    assert.equal((await client.runs.get(name)).status, end.status, name);
  }
});

test("threads of one process leave each other's files on disk alone", async (t) => {
  const { server, client } = await started(t);
  const text = `
    import { isMainThread, Worker } from "node:worker_threads";
    import { fileURLToPath } from "node:url";
    import { init } from SDK;
    const run = await init({ id: "on disk", finishMs: 100 });
    for (let i = 0; i < 100; i += 1) {
      // Each thread begins while those before it are in the middle of their events.
      if (isMainThread && [0, 30, 60].includes(i)) new Worker(fileURLToPath(import.meta.url));
      run.log({ root: i });
      // Lets the spool write between two events.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await run.finish();`;
  await server.kill();
  const spool = mkdtempSync(join(tmpdir(), "gauntlet-spool-"));
  t.after(() => rmSync(spool, { recursive: true, force: true }));
  const { code, err } = await program(t, server, text, { env: { GAUNTLET_SPOOL: spool } });
  assert.equal(code, 0, err);
  await server.start();
  const sync = `
    import { sync } from SDK;
    console.log(JSON.stringify(await sync()));`;
  const { out } = await program(t, server, sync, { env: { GAUNTLET_SPOOL: spool } });
  const { sent, left, setAside } = JSON.parse(out);
  assert.deepEqual({ sent, left, setAside }, { sent: 404, left: 0, setAside: 0 });
  assert.equal((await client.film("on disk")).length, 400);
  assert.deepEqual(readdirSync(join(spool, "js")), []);
});
