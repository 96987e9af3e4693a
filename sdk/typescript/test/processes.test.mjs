// Several processes and threads that log one run: every rollout of each is kept, and none replaces another's.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { started } from "./support.mjs";

const sdk = pathToFileURL(new URL("../dist/node/index.js", import.meta.url).pathname).href;

/** Runs a program, given as the text of its file; resolves to its exit code and output. */
function program(t, server, text, { name = "program.mjs", env = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "gauntlet-program-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), text.replaceAll("SDK", JSON.stringify(sdk)));
  const environment = { ...process.env, GAUNTLET_ENDPOINT: server.url, GAUNTLET_SPOOL: join(folder, "spool"), ...env };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(folder, name)], { env: environment, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: error?.code ?? 0, signal: error?.signal, out, err });
    });
  });
}

/** What each of them logs: two rollouts and measurements of step 0, two of step 1, and one log of the next step. */
const LOGS = `
  for (const step of [0, 1]) {
    for (const reward of [1, 2]) run.rollout({ step, scores: { reward }, action: "a" });
    run.metrics({ loss: 0.5 });
  }
  run.log({ reward: 3 });
  run.log({ late: 1 }, { step: 2 });`;

/** Checks that `count` of them are kept. */
async function allKept(client, run, count) {
  const film = await client.film(run);
  const steps = [0, 1, 2].map((step) => film.steps.filter((node) => node.step === step).map(({ root }) => root).sort());
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
  assert.deepEqual(ended.map(({ code, err }) => [code, err]), Array(4).fill([0, ""]), "they are quiet");
  await allKept(client, "shared", 4);
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
  await allKept(client, "threads", 4);
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
  await allKept(client, "cluster", 4);
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
  await allKept(client, "handles", 2);
});
