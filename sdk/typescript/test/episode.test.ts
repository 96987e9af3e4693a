// Episodes: what is recorded in them, how steps are numbered, and the snapshot of an episode without scores.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import type { StepError, StepKind } from "gauntlet-sdk";
import { begun, eventsOf, scored, started, withoutWriter, type LoggedEvent } from "./support.js";

/** Recorded steps of an episode that nobody scored, and what its node says was done and seen. */
const READING = fileURLToPath(new URL("../../contract/reading.json", import.meta.url));

test("an episode records thoughts, messages and tool calls with results, durations and errors", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  const episode = run.episode({ task: "find it", metadata: { split: "test" } });
  episode.thought("look it up");
  episode.message("user", "where?");
  episode.observation({ page: 1 });
  const found = await episode.toolCall("lookup", { query: "rate" }, async () => {
    // A duration to measure.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { rate: 0.3 };
  });
  assert.deepEqual(found, { rate: 0.3 });
  class Refused extends Error {
    override name = "Refused";
  }
  const thrown = new Refused("not today");
  await assert.rejects(
    episode.toolCall("fail", [1], () => Promise.reject(thrown)),
    (error) => error === thrown,
  );
  episode.reward(1);
  episode.reward(0.5);
  episode.finish({ cost: 0.01 });
  await assert.rejects(
    run.episode({ id: "e/2", step: 7 }, async (inner) => {
      inner.log({ root: 1 });
      throw new TypeError("gone");
    }),
    { message: "gone" },
  );
  await run.finish();

  const events = await eventsOf(client, run);
  const steps = events.filter(({ kind }) => kind === "step.recorded");
  assert.deepEqual(
    steps.map(({ step, body }) => [step, body.step_kind, body.name, body.payload]),
    [
      [0, "thought", undefined, { text: "look it up" }],
      [1, "message", "user", { role: "user", text: "where?" }],
      [2, "observation", undefined, { text: '{"page":1}' }],
      [3, "tool_call", "lookup", { arguments: { query: "rate" } }],
      [4, "tool_result", "lookup", { result: { rate: 0.3 } }],
      [5, "tool_call", "fail", { arguments: [1] }],
      [6, "tool_result", "fail", {}],
      [7, "reward", undefined, { value: 1 }],
      [8, "reward", undefined, { value: 0.5 }],
    ],
  );
  const [call, result, failed] = [steps[3], steps[4], steps[6]].map(({ body }) => body);
  const error = failed.error as StepError;
  assert.equal(call.span_id, result.span_id);
  assert.ok(
    Date.parse(result.ended_at) - Date.parse(result.started_at) >= 19,
    "the tool's time is in its span",
  );
  assert.deepEqual([error.type, error.message], ["Refused", "not today"]);
  assert.match(error.traceback ?? "", /episode\.test\.js/);
  const ends = events.filter(({ kind }) => kind === "episode.finished");
  assert.deepEqual([ends[0].body.return, ends[0].body.cost, ends[0].body.status], [1.5, 0.01, "completed"]);
  assert.deepEqual(
    [ends[1].episode, ends[1].step, ends[1].body.status, ends[1].body.error],
    ["e_2", 7, "failed", "TypeError: gone"],
  );
  const [shown, log, ...more] = events.filter(({ kind }) => kind === "snapshot.scored");
  assert.deepEqual([shown.step, shown.body.scores], [0, { root: 1.5 }]);
  assert.deepEqual([log.step, log.episode, more.length], [7, "e_2", 0]);
});

test("what is recorded is numbered within its episode; what is judged is a step of the run", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  const [left, right] = [run.episode({ id: "left" }), run.episode({ id: "right" })];
  left.thought("first");
  right.thought("beside it");
  left.log({ reward: 1 });
  left.artifact("first.txt", "1");
  left.thought("second");
  left.artifact("second.txt", "2");
  right.rollout({ scores: { reward: 2 } });
  left.rollout({ scores: { reward: 3 } });
  run.metrics({ loss: 0.5 });
  run.score("judge", 4);
  run.log({ reward: 5 });
  left.log({ reward: 6 }, { step: 0 });
  await run.finish();
  const found = scored(await eventsOf(client, run)).map(({ step, episode, body }) => [
    step,
    withoutWriter(episode),
    body.scores ?? { [body.path]: body.value },
  ]);
  assert.deepEqual(found, [
    [0, "left", { root: 1 }],
    [1, "right", { root: 2 }],
    [2, "left", { root: 3 }],
    [2, undefined, { "metrics.loss": 0.5 }],
    [2, "left", { judge: 4 }],
    [3, "*-3", { root: 5 }],
    // The first of that step in the episode is there already: this adds to it.
    [0, "left", { root: 6 }],
  ]);
  const thoughts = (await eventsOf(client, run, { kinds: ["step.recorded"] })).map(({ step, body }) => [
    step,
    body.payload.text,
  ]);
  assert.deepEqual(thoughts, [
    [0, "first"],
    [0, "beside it"],
    [1, "second"],
  ]);
  const files = (await eventsOf(client, run, { kinds: ["artifact.added"] })).map(({ step, body }) => [
    step,
    body.name,
  ]);
  assert.deepEqual(files, [
    [0, "first.txt"],
    [1, "second.txt"],
  ]);
});

test("an episode without scores gets a snapshot at its end", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  await run.episode({ id: "good", task: "sum" }, async (episode) => {
    episode.message("user", "what is 2 + 2?");
    episode.thought("I add them up.");
    await episode.toolCall("add", [2, 2], () => ({ sum: 4 }));
    episode.message("assistant", "4");
    episode.reward(1);
    episode.reward(0.5);
  });
  const late = Object.assign(new Error("30 s are over"), { name: "TimeoutError" });
  const away = new DOMException("enough", "AbortError");
  await assert.rejects(run.episode({ id: "late", task: "sleep" }, () => Promise.reject(late)));
  await assert.rejects(
    run.episode({ id: "left" }, (episode) => {
      episode.thought("I stop.");
      throw away;
    }),
  );
  const thinks = run.episode({ id: "thinks", task: "think", step: 9 });
  thinks.thought("only this");
  thinks.observation({ seen: 1 });
  thinks.finish();
  run.episode({ id: "empty", task: "nothing" }).finish({ return: 3 });
  const judged = run.episode({ id: "judged" });
  judged.thought("t");
  run.rollout({ scores: { root: 7 }, episode: "judged", step: 20 });
  judged.finish({ return: 1 });
  await run.finish();

  const events = await eventsOf(client, run, { kinds: ["snapshot.scored"] });
  const shown = ({ step, episode, body }: LoggedEvent<"snapshot.scored">) => [
    step,
    episode,
    body.scores,
    body.action,
    body.observation,
    body.failures ?? [],
  ];
  assert.deepEqual(events.map(shown), [
    [0, "good", { root: 1.5 }, "4", "what is 2 + 2?", []],
    [1, "late", {}, "TimeoutError: 30 s are over", "sleep", ["generic"]],
    [2, "left", {}, "I stop.", "", []],
    [9, "thinks", {}, "only this", '{"seen":1}', []],
    [20, "judged", { root: 7 }, "", "", []],
  ]);
  assert.ok(events[0].body.duration_ms > 0);
  const ends = await eventsOf(client, run, { kinds: ["episode.finished"] });
  assert.deepEqual(
    ends.map(({ body }) => body.status),
    ["completed", "timed_out", "cancelled", "completed", "completed", "completed"],
  );
  const film = await client.film(run.id);
  assert.deepEqual(
    film.steps.filter(({ failure }) => failure).map(({ episode, failure }) => [episode, failure]),
    [["late", "generic"]],
  );
});

test("the node of an episode without scores reads as the shared vectors", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  interface Reading {
    name: string;
    steps: { kind: StepKind; payload: Record<string, unknown> }[];
    action: string;
    observation: string;
  }
  const vectors = JSON.parse(readFileSync(READING, "utf8")) as Reading[];
  vectors.forEach(({ steps }, number) => {
    const episode = run.episode({ id: `e${String(number)}` });
    for (const { kind, payload } of steps) episode.record(kind, { payload });
    episode.finish();
  });
  await run.finish();
  const nodes = (await eventsOf(client, run)).filter(({ kind }) => kind === "snapshot.scored");
  assert.deepEqual(
    nodes.map(({ episode, body }) => [episode, body.action, body.observation]),
    vectors.map(({ action, observation }, number) => [`e${String(number)}`, action, observation]),
  );
});
