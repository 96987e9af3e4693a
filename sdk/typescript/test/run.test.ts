// Logging a run: what the calls become in the log, and that nothing of it ever reaches the caller's loop as
// an error.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ArtifactRow, FailureRules, Rollout } from "gauntlet-sdk";
import type { NodeInitOptions } from "gauntlet-sdk/node";
import {
  all,
  begun,
  eventsOf,
  scored,
  started,
  untyped,
  withoutWriter,
  type LoggedEvent,
} from "./support.js";

const NOTHING = {
  queued: 0,
  sent: 0,
  spooled: 0,
  refused: 0,
  lost: 0,
  skipped: 0,
  notEvaluated: 0,
  renamedScores: 0,
  replacedRollouts: 0,
  repairedTexts: 0,
  cut: 0,
  errors: 0,
};
/** An event without its id, times and position. */
const contentOf = ({ kind, step, episode, body }: LoggedEvent) => ({ kind, step, episode, body });

test("the first log of a step is its snapshot, later ones add to it", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server, { project: "p", config: { lr: 1e-6 }, tags: ["a"], kind: "grpo" });
  run.log({ reward: 1, safety: { grounding: -2, "a/b": true } }, { step: 3 });
  run.log({ late: 0.5 }, { step: 3 });
  run.log({ root: 2, reward: 9 }, { step: 3, episode: "e1" });
  run.log({ root: 4 });
  run.metrics({ loss: 0.25, opt: { lr: 1e-6 } });
  await run.finish({ summary: { best: 4 } });

  const events = await eventsOf(client, run);
  assert.deepEqual(
    scored(events).map(({ kind, step, episode, body }) => [
      kind,
      step,
      withoutWriter(episode),
      body.scores ?? { [body.path]: body.value },
    ]),
    [
      ["snapshot.scored", 3, "*-3", { root: 1, "safety.grounding": -2, "safety.a.b": 1 }],
      ["score.added", 3, "*-3", { late: 0.5 }],
      ["snapshot.scored", 3, "e1", { root: 2, reward: 9 }],
      ["snapshot.scored", 4, "*-4", { root: 4 }],
      ["score.added", 4, undefined, { "metrics.loss": 0.25 }],
      ["score.added", 4, undefined, { "metrics.opt.lr": 1e-6 }],
    ],
  );
  const info = await client.runs.get(run.id);
  assert.equal(info.status, "completed");
  assert.deepEqual([info.project, info.kind, info.tags, info.config], ["p", "grpo", ["a"], { lr: 1e-6 }]);
  assert.deepEqual(events.at(-1)!.body, { status: "completed", summary: { best: 4 } });
});

test("a rollout has its texts, and several of one step are all stored", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  const rollout: Rollout = {
    scores: { reward: -20, grounding: -20 },
    action: "<answer>",
    observation: { question: "?" },
    notEvaluated: ["synthesis", "grounding"],
    failures: ["hallucination"],
    durationMs: 12.5,
    metadata: { tokens: 4n, when: new Date(0) },
  };
  run.rollout({ ...rollout, step: 1 });
  run.rollout({ scores: { root: 1 }, step: 1 });
  run.rollout({ scores: { root: 2 }, step: 1 });
  run.score("tone", -1);
  run.rollout({ scores: { root: 3 }, step: 1, episode: "named" });
  run.rollout({ scores: { root: 4 }, step: 1, episode: "named" });
  run.score("helpful.tone", 0.25, { label: "curt", explanation: "why", source: "judge" });
  run.score("total", 1, { target: "run" });
  await run.finish();

  const all = scored(await eventsOf(client, run));
  const events = all.filter(({ body }) => body.path !== "tone");
  assert.equal(withoutWriter(all.find(({ body }) => body.path === "tone")!.episode), "*-1-2");
  const { body } = events[0];
  assert.deepEqual(body.scores, { root: -20, grounding: -20 });
  assert.deepEqual(body.not_evaluated, ["synthesis"]);
  assert.deepEqual(body.failures, ["hallucination"]);
  assert.deepEqual([body.action, body.observation, body.duration_ms], ["<answer>", '{"question":"?"}', 12.5]);
  assert.deepEqual(body.metadata, { tokens: 4, when: "1970-01-01T00:00:00.000Z" });
  assert.deepEqual(
    events.slice(0, 5).map(({ step, episode }) => [step, withoutWriter(episode)]),
    [
      [1, "*-1-0"],
      [1, "*-1-1"],
      [1, "*-1-2"],
      [1, "named"],
      [1, "named"],
    ],
  );
  assert.deepEqual(contentOf(events[5]), {
    kind: "score.added",
    step: 1,
    episode: "named",
    body: {
      target: "step",
      path: "helpful.tone",
      value: 0.25,
      label: "curt",
      explanation: "why",
      source: "judge",
    },
  });
  assert.deepEqual(contentOf(events[6]).body, { target: "run", path: "total", value: 1, source: "sdk" });

  const film = await client.film(run.id);
  assert.deepEqual(
    film.steps.map(({ episode, root }) => [withoutWriter(episode), root]),
    [
      ["*-1-0", -20],
      ["*-1-1", 1],
      ["*-1-2", 2],
      ["named", 4],
    ],
  );
});

test("metrics after rollouts of a step replace none of them, whatever is logged after", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  for (let step = 0; step < 20; step += 1) {
    for (let k = 0; k < 4; k += 1) run.rollout({ step, scores: { reward: k } });
    run.metrics({ loss: step / 10 });
    run.metrics({ loss: step, kl: 1 }, { step });
    run.log({ reward: 9 }, { step });
  }
  await run.finish();
  const film = await client.film(run.id);
  assert.equal(film.length, 20 * 5);
  assert.equal(film.meanRoot, (0 + 1 + 2 + 3 + 9) / 5);
  const metrics = scored(await eventsOf(client, run)).filter(({ body }) => body.path?.startsWith("metrics."));
  assert.equal(metrics.length, 20 * 3);
  assert.ok(
    metrics.every(
      ({ kind, episode, body }) => kind === "score.added" && episode === undefined && body.source === "log",
    ),
  );
});

test("a later score belongs to the last node of its step; of an unknown step, to none", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  run.rollout({ step: 1, scores: { root: 1 } });
  run.rollout({ step: 1, scores: { root: 2 } });
  run.log({ root: 3 }, { step: 2 });
  run.metrics({ loss: 1 }, { step: 5 });
  run.score("judge", 0.5, { step: 1 });
  run.score("judge", 0.25);
  run.score("judge", 0.75, { step: 9 });
  await run.finish();
  const added = scored(await eventsOf(client, run)).filter(({ body }) => body.path === "judge");
  assert.deepEqual(
    added.map(({ step, episode }) => [step, withoutWriter(episode)]),
    [
      [1, "*-1-1"],
      [2, "*-2"],
      [9, undefined],
    ],
  );
  assert.equal(run.warnings.filter((text) => /step 9 and no episode/.test(text)).length, 1);
});

test("half characters and results of any size do not cost the event they are in", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server, { name: "cut \ud83d" });
  run.rollout({
    scores: { root: 1 },
    step: 0,
    action: "cut \ud83d",
    observation: "\\ud83d \u{1f600} \udc00\ud83d",
    metadata: { "\ud800": "\\\ud800" },
  });
  const episode = run.episode({ id: "e\udfff", step: 1 });
  await episode.toolCall("page", {}, () => ({ html: "y".repeat(9 << 20), more: 1 }));
  await episode.toolCall("rows", {}, () => Array.from({ length: 3e6 }, (_, i) => i));
  await episode.toolCall("file", { first: new Uint8Array([1, 2]) }, () => Buffer.alloc(6 << 20));
  episode.finish();
  const stats = await run.finish();
  assert.equal(stats.refused, 0, JSON.stringify(run.refused).slice(0, 500));
  const events = await eventsOf(client, run);
  const [{ body }] = events.filter(({ step, kind }) => step === 0 && kind === "snapshot.scored");
  assert.deepEqual([body.action, body.observation], ["cut \ufffd", "\\ud83d \u{1f600} \ufffd\ufffd"]);
  assert.deepEqual(body.metadata, { "\ufffd": "\\\ufffd" });
  const results = events
    .filter(({ body }) => body.step_kind === "tool_result")
    .map(({ body }) => body.payload.result as string & { html: string } & string[]);
  assert.match(results[0].html, /^y+\[cut\]$/);
  assert.equal(results[1].at(-1), "[cut]");
  assert.equal(results[2], `[Buffer of ${6 << 20}]`);
});

test("what is not a number is left out, counted, and warned about once", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  const loose = untyped(run);
  for (let step = 0; step < 3; step += 1) {
    loose.log(
      {
        root: step,
        bad: "much",
        worse: new Date(0),
        text: "0,5",
        none: () => 1,
        list: [1, 2],
        missing: undefined,
      },
      { step },
    );
  }
  loose.score("bad", "much");
  run.log({ root: 1 }, { step: -1 });
  run.log({ root: 1 }, { step: 0.5 });
  const stats = await run.finish();
  assert.equal(stats.skipped, 3 * 5 + 1 + 2);
  assert.equal(stats.refused, 0);
  assert.deepEqual(run.warnings.filter((text) => text.includes("bad is much")).length, 1);
  assert.match(run.warnings.at(-1)!, /is not complete: 2 x a call named no usable step$/);
  assert.equal(run.warnings.length, 7, run.warnings.join("\n"));
  const events = scored(await eventsOf(client, run));
  assert.deepEqual(
    events.map(({ step, body }) => [step, body.scores]),
    [0, 1, 2].map((step) => [step, { root: step }]),
  );
});

test("a call without usable scores is a loss", async (t) => {
  const { server } = await started(t);
  const run = await begun(server);
  const loose = untyped(run);
  assert.equal(await run.flush(), true);
  loose.log("text", { step: 0 });
  loose.log(null, { step: 0 });
  loose.metrics([1, 2]);
  loose.rollout({ scores: "text", action: "a" });
  assert.equal(await run.flush(), false);
  assert.deepEqual(run.losses, [
    { reason: "the scores of a call were no object of names and numbers", count: 4 },
  ]);
  await run.finish();
});

interface Nested {
  next?: Nested;
}

test("nothing that is logged throws, whatever it is", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  const loose = untyped(run);
  const circular: Record<string, unknown> = { name: "c" };
  circular.self = circular;
  const hostile = {
    get value() {
      throw new Error("a getter");
    },
  };
  const proto = JSON.parse('{"__proto__": 3, "root": 1, "0": 2}');
  const deep: Nested = {};
  let inner = deep;
  for (let i = 0; i < 500; i += 1) inner = inner.next = {};
  loose.log(proto, { step: 1 });
  loose.log(null, { step: 2 });
  loose.log("text", { step: 2 });
  loose.log({ root: 1 }, null);
  loose.rollout({
    scores: { root: 1 },
    step: 3,
    action: circular,
    observation: 5n,
    metadata: { circular, hostile, deep },
  });
  loose.rollout({
    scores: { root: 1 },
    step: 4,
    action: "x".repeat(3 << 20),
    metadata: new Map([["k", NaN]]),
  });
  loose.rollout({ scores: hostile, step: 5 });
  loose.score("", 1);
  loose.score("a..b.", 1, { step: 1, label: "l\nm", source: "" });
  loose.log({ ["p".repeat(1000)]: 1, "\u0000": 2 }, { step: 6 });
  loose.log(Object.fromEntries(Array.from({ length: 1100 }, (_, i) => [`s${i}`, i])), { step: 7 });
  loose.log({ root: 1 }, { step: 8, episode: "a/b\n" + "é".repeat(300) });
  const episode = loose.episode({ id: "..", task: "t\u0000" });
  episode.message(undefined, undefined);
  episode.thought(Symbol("s"));
  episode.record("decision", { payload: circular, error: "text", durationMs: -5 });
  await assert.rejects(
    episode.toolCall("f", circular, () => {
      throw undefined as unknown;
    }),
  );
  episode.finish({ return: NaN, cost: -1, error: circular });
  episode.score("s", 1, null);
  episode.log({ root: 1 }, null);
  episode.finish(null);
  loose.episode(null).finish(null);
  loose.episode({ task: 5, id: Object.create(null), step: -1 }).thought("t");
  loose.score("s", 1, null);
  loose.artifact("empty", "");
  loose.artifact(null, 5);
  loose.artifact("no place", "x", { step: -1 });
  const stats = await run.finish({ summary: circular });
  run.log({ root: 1 });
  assert.equal(stats.refused, 0, JSON.stringify(run.refused).slice(0, 2000));
  assert.equal(stats.queued, 0);
  const events = await eventsOf(client, run);
  const at = (step: number) =>
    events.find((event) => event.kind === "snapshot.scored" && event.step === step)!;
  assert.deepEqual(Object.keys(at(1).body.scores).sort(), ["0", "__proto__", "root"]);
  assert.equal((at(3).body.metadata.circular as { self: unknown }).self, "[circular]");
  assert.match(at(3).body.metadata.hostile as string, /a getter/);
  assert.ok(at(4).body.action.endsWith(`[cut: ${3 << 20} bytes]`));
  assert.deepEqual(at(4).body.metadata, { k: "NaN" });
  assert.equal(Object.keys(at(7).body.scores).length, 1024);
  assert.equal(events.at(-1)!.kind, "run.finished");
  assert.ok(run.warnings.some((text) => text.includes("after finish")));
});

test("artifacts are stored with their bytes as they were at the call", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  const bytes = new Uint8Array([1, 2, 3]);
  run.artifact("weights.bin", bytes, { step: 2, role: "checkpoint" });
  bytes.fill(9);
  run.artifact("page.html", new Blob(["<p>"], { type: "text/html" }));
  run.artifact("note.txt", "hé", { episode: "e" });
  const stats = await run.finish();
  assert.equal(stats.lost, 0, run.warnings.join("\n"));
  const byName = new Map<string, ArtifactRow>();
  for await (const artifact of client.artifacts(run.id)) byName.set(artifact.name, artifact);
  assert.deepEqual([...byName.keys()].sort(), ["note.txt", "page.html", "weights.bin"]);
  const { stored, role, step, size_bytes, sha256, mime_type } = byName.get("weights.bin")!;
  assert.deepEqual(
    [stored, role, step, size_bytes, mime_type],
    [true, "checkpoint", 2, 3, "application/octet-stream"],
  );
  assert.deepEqual([...(await client.artifact(run.id, sha256))], [1, 2, 3]);
  assert.equal(byName.get("page.html")!.mime_type, "text/html");
  const note = await client.artifact(run.id, byName.get("note.txt")!.sha256);
  assert.equal(new TextDecoder().decode(note), "hé");
  const events = await eventsOf(client, run);
  assert.equal(events.at(-1)!.kind, "run.finished", "the run ends after its files");
});

test("a run is judged by the rules it asks for", async (t) => {
  const { server, client } = await started(t);
  const asked: [unknown, FailureRules, number][] = [
    [undefined, "auto", 1],
    ["auto", "auto", 1],
    ["dipg", "dipg", 2],
    [{ root_below: "0.2" }, { root_below: 0.2 }, 0],
  ];
  for (const [rules, stored, failing] of asked) {
    const run = await begun(server, { rules } as NodeInitOptions);
    run.log({ root: 0.4, format: 1 }, { step: 0 });
    run.log({ root: 0.6, format: 0, tone: -1 }, { step: 1 });
    run.log({ root: 0.6, format: 0 }, { step: 2 });
    await run.finish();
    const info = await client.runs.get(run.id);
    const film = await client.film(run.id);
    assert.deepEqual([info.rules, info.failing, film.failing], [stored, failing, failing]);
    assert.deepEqual([film.rules, film.rule], [stored, info.failure_rule?.rule]);
    assert.match(info.failure_rule?.text ?? "", /^A step fails /);
    assert.deepEqual(run.warnings, []);
  }
  const run = await begun(server, { id: "judged", rules: "dipg" });
  await run.finish();
  const other = await begun(server, { id: "judged", rules: { root_below: 1 } });
  await other.finish();
  assert.match(other.warnings.join(), /rules is "dipg" and not .*root_below/);
  assert.deepEqual((await client.runs.patch("judged", { rules: { root_below: 3 } })).failure_rule?.rule, {
    root_below: 3,
  });
  for (const rules of [
    "medical",
    { root_below: "low" },
    { root_below: NaN },
    { root_above: 1 },
    { root_below: 1, of: 2 },
    3,
    [],
  ]) {
    await assert.rejects(begun(server, { rules } as NodeInitOptions), {
      name: "TypeError",
      message: /^rules is .*; use "auto", "dipg" or /,
    });
  }
});

test("disabled does nothing, and settings that cannot be meant are refused at once", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server, { mode: "disabled" });
  run.log({ root: 1 });
  run.episode().thought("x");
  run.artifact("a", "b");
  assert.deepEqual(await run.finish(), { ...NOTHING });
  assert.deepEqual(await all(client.runs.list()), []);
  await assert.rejects(begun(server, { mode: "of-line" } as unknown as NodeInitOptions), {
    name: "TypeError",
    message: /"of-line".*online, offline or disabled/,
  });
  await assert.rejects(begun(server, { name: 5 } as unknown as NodeInitOptions), {
    name: "TypeError",
    message: "name is 5; use a text",
  });
  await assert.rejects(begun(server, { tags: "a" } as unknown as NodeInitOptions), {
    name: "TypeError",
    message: "tags is a; use a list of texts",
  });
  await assert.rejects(begun(server, { config: "lr=1" } as unknown as NodeInitOptions), {
    name: "TypeError",
    message: "config is lr=1; use an object",
  });
  await assert.rejects(begun(server, { endpoint: "localhost:4600" }), {
    name: "TypeError",
    message: /"localhost:4600"/,
  });
});
