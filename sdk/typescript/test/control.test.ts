// Checkpoints: a person pauses, tweaks, answers and stops, and the loop obeys; without a command it
// continues.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  Stopped,
  type Action,
  type CheckpointOptions,
  type JsonObject,
  type Outcome,
} from "../dist/index.js";
import { begun, eventsOf, started, until, type LoggedEvent, type WatchedRun } from "./support.js";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls `checkpoint` as a loop does until `holds`. */
async function loop(run: WatchedRun, options: CheckpointOptions, holds: () => boolean): Promise<void> {
  await until(async () => {
    await run.checkpoint(options);
    return holds();
  }, "the loop has the command");
}

const resultsOf = (events: LoggedEvent<"command.applied" | "run.status">[]) =>
  events.map(({ kind, body }) => (kind === "run.status" ? [body.status, body.reason] : body.result));

test("pause waits for a resume; a tweak changes declared parameters only", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  await run.flush();
  assert.equal(await run.checkpoint(), "continue");
  const tweak = { lr: 1e-6, on: true, name: null };
  const issue = (action: Action, parameters: JsonObject = {}) =>
    client.commands.issue(run.id, action, { author: "dana", parameters });
  await issue("tweak", { lr: 1e-7, on: false, name: "n" });
  await loop(run, { tweak }, () => tweak.lr === 1e-7);
  assert.deepEqual(tweak, { lr: 1e-7, on: false, name: "n" });

  await issue("tweak", { lr: 1, momentum: 2 });
  await issue("tweak", { on: 1 });
  await issue("pause");
  let status = "";
  const watched = until(
    async () => (status = (await client.runs.get(run.id)).status) === "paused",
    "it is paused",
  );
  const begunAt = Date.now();
  const going = loop(run, { tweak }, () => status === "paused");
  await watched;
  const beside = run.checkpoint();
  // That nothing happens can only be seen by waiting for a time.
  assert.equal(await Promise.race([beside, sleep(300).then(() => "waits")]), "waits", "loops stop together");
  await issue("resume");
  await going;
  assert.equal(await beside, "continue");
  assert.ok(Date.now() - begunAt < 15_000);
  assert.deepEqual(tweak, { lr: 1e-7, on: false, name: "n" }, "a tweak that does not fit changes nothing");
  await run.finish();

  const events = await eventsOf(client, run, { kinds: ["command.applied", "run.status"] });
  assert.deepEqual(resultsOf(events), [
    'set lr = 1e-7, on = false, name = "n"',
    'refused: there is no parameter "momentum"; there are lr, on, name',
    "refused: on is a boolean; 1 is not",
    ["paused", "dana paused the run"],
    "paused",
    ["running", "dana resumed the run"],
    "resumed",
  ]);
  assert.deepEqual(await client.commands.pending(run.id), []);
});

test("a pause ends after its timeout; a tweak may be a function; a killed server is retried", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  await run.flush();
  await client.commands.issue(run.id, "pause", { author: "dana" });
  const seen: unknown[] = [];
  const begunAt = Date.now();
  await loop(run, { timeoutMs: 700 }, () => Date.now() - begunAt > 700);
  const tweak = (parameters: JsonObject) => {
    seen.push(parameters);
    if (parameters.bad) throw new RangeError("too bad");
  };
  await client.commands.issue(run.id, "tweak", { parameters: { lr: 1 }, author: "dana" });
  await client.commands.issue(run.id, "tweak", { parameters: { bad: 1 }, author: "dana" });
  await loop(run, { tweak }, () => seen.length === 2);
  const challenge = { type: "GENERAL_REVIEW", question: "Is it there?", options: ["there", "missing"] };
  run.rollout({ scores: { root: -1 }, isPaused: true, challenge });
  await run.flush();
  await client.commands.issue(run.id, "pause", { author: "dana" });
  await client.commands.issue(run.id, "answer", { parameters: { answer: "missing" }, author: "lee" });
  await server.kill();
  await until(
    () => run.warnings.some((text) => text.includes("commands cannot be fetched")),
    "there is a warning",
  );
  await server.start();
  await client.commands.issue(run.id, "stop", { author: "lee" });
  let outcome: Outcome = "continue";
  await until(async () => (outcome = await run.checkpoint()) === "stop", "it is stopped");
  assert.equal(outcome, "stop");
  assert.equal(await run.checkpoint(), "stop", "a run that was stopped stays so");
  await assert.rejects(
    run.checkpoint({ throwOnStop: true }),
    (error) => error instanceof Stopped && error.by === "lee",
  );
  await run.finish({ status: "cancelled" });
  const events = await eventsOf(client, run, { kinds: ["command.applied", "run.status"] });
  assert.deepEqual(resultsOf(events), [
    ["paused", "dana paused the run"],
    "paused",
    ["running", "nobody resumed in time"],
    "set lr",
    "refused: too bad",
    ["paused", "dana paused the run"],
    "paused",
    ["running", "lee answered"],
    'answered "missing"',
    "stopping",
  ]);
});

test("offline or disabled there are no commands, and checkpoints do not keep a program alive", async (t) => {
  const { server, client } = await started(t);
  for (const mode of ["offline", "disabled"] as const) {
    const run = await begun(server, { mode });
    assert.equal(await run.checkpoint({ throwOnStop: true }), "continue");
    await run.finish();
  }
  const spool = mkdtempSync(join(tmpdir(), "gauntlet-spool-"));
  t.after(() => rmSync(spool, { recursive: true, force: true }));
  const script = `
    import { init } from "gauntlet-sdk";
    const run = await init({ id: "natural", name: "n" });
    run.log({ root: 1 });
    await run.checkpoint();`;
  const env = { ...process.env, GAUNTLET_ENDPOINT: server.url, GAUNTLET_SPOOL: spool };
  const child = execFile(process.execPath, ["--input-type=module", "-e", script], {
    cwd: new URL("..", import.meta.url),
    env,
    timeout: 60_000,
  });
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  assert.equal((await client.runs.get("natural")).status, "completed");
});
