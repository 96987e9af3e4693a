// From whatever a program hands over to what the wire allows: the rules that the SDKs share, by their
// vectors, and that one strange value costs nothing around it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pathOf, pathsOf } from "../dist/run/paths.js";
import { parseNumber, stepOf } from "../dist/run/values.js";
import { stringifyJson } from "../dist/wire/json.js";
import { sha256Now } from "../dist/wire/sha256.js";
import { wellFormed } from "../dist/wire/text.js";
import { begun, eventsOf, started, untyped } from "./support.js";

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../contract/${name}.json`, import.meta.url), "utf8"));

test("a path is made of a name, and of names that meet, as the other SDKs do", () => {
  const { paths, calls } = vectors("paths");
  for (const { name, path } of paths) assert.equal(pathOf(name), path, JSON.stringify(name));
  for (const { about, names, paths } of calls) assert.deepEqual(pathsOf(names), paths, about);
  assert.ok(paths.length > 15 && calls.length > 7);
});

test("halves of surrogate pairs are repaired as in the other SDKs, in texts and in keys", () => {
  const cases = vectors("surrogates");
  for (const { text, repaired } of cases) {
    assert.equal(wellFormed(text), repaired);
    assert.deepEqual(JSON.parse(stringifyJson({ [text]: [text] })), { [repaired]: [repaired] });
  }
  assert.ok(cases.length > 5);
  let count = 0;
  const keys = stringifyJson(
    { "\ud800": 1, "\ud801": 2, "\ufffd": 3, "\\ud800": "\\ud83d" },
    (n) => (count += n),
  );
  assert.deepEqual(JSON.parse(keys), { "\ufffd": 1, "\ufffd~2": 2, "\ufffd~3": 3, "\\ud800": "\\ud83d" });
  assert.equal(count, 2);
});

test("values and steps are read as at every lenient door", () => {
  const { number, step } = vectors("values");
  const decode = (value: { float?: string } | null) =>
    value?.float === undefined ? value : Number(value.float);
  const is = (found: number | undefined) =>
    found === undefined ? "invalid" : Number.isNaN(found) ? "not evaluated" : found + 0;
  for (const { in: value, is: wanted } of number)
    assert.equal(is(parseNumber(decode(value))), wanted, JSON.stringify(value));
  for (const { in: value, is: wanted } of step) {
    const found = stepOf(decode(value));
    assert.equal(
      found === undefined ? undefined : found + 0,
      typeof wanted === "number" ? wanted : undefined,
      JSON.stringify(value),
    );
  }
  assert.ok(number.length > 30 && step.length > 15);
  // What only JavaScript has.
  const decimal = { digits: [8], valueOf: () => "0.8" };
  const special: [unknown, number][] = [
    [3n, 3],
    [new Number(0.5), 0.5],
    [new Boolean(true), 1],
    [new String("2"), 2],
    [Object(4n), 4],
    [decimal, 0.8],
  ];
  for (const [value, wanted] of special) assert.equal(parseNumber(value), wanted);
  for (const value of [undefined, Symbol("s"), () => 1, new Date(5), [1], new Uint8Array(1), {}])
    assert.equal(parseNumber(value), undefined);
  assert.deepEqual([2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -1n].map(stepOf), [
    Number.MAX_SAFE_INTEGER,
    undefined,
    undefined,
    undefined,
  ]);
});

test("an alert says what the contract says", async (t) => {
  const { texts, levels } = vectors("alerts");
  const { server, client } = await started(t);
  const run = await begun(server, {});
  run.alert("before any step");
  run.log({ root: 1 }, { step: 7 });
  for (const { title, text } of texts) run.alert(title, text);
  for (const { level } of levels) run.alert("level", "", { level, step: 3 });
  run.alert("", " ");
  await run.finish();
  const [first, ...raised] = await eventsOf(client, run, { kinds: ["alert.raised"] });
  assert.equal(first.step, undefined);
  assert.equal(raised.length, texts.length + levels.length);
  assert.deepEqual(
    raised.slice(0, texts.length).map(({ step, body }) => [step, body.text]),
    texts.map(({ is }: { is: string }) => [7, is]),
  );
  assert.deepEqual(
    raised.slice(texts.length).map(({ step, body }) => [step, body.severity]),
    levels.map(({ is }: { is: string }) => [3, is]),
  );
  assert.ok(run.warnings.some((text) => /level critical is none of info, warning, error/.test(text)));
  assert.equal(run.stats.skipped, 1);
});

test("the hash that ends long names is SHA-256", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
    assert.equal(sha256Now(bytes), createHash("sha256").update(bytes).digest("hex"), `${length} bytes`);
  }
});

test("rubrics without a value are not evaluated; equal names and excess scores are all stored", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  const loose = untyped(run);
  loose.log({ reward: Number.NaN, a: null, b: "", c: "0.8", d: true, e: 3n, f: new Number(2) }, { step: 1 });
  loose.rollout({ scores: { "a/b": 1, "a.b": 2, "a//b": 3 }, step: "2", notEvaluated: "late" });
  loose.log(
    new Map<string, unknown>([
      ["x", 1],
      ["y", new Map([["z", 2]])],
    ]),
    { step: 3n },
  );
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`s${i}`, i]));
  run.log({ ...many, root: 5 }, { step: 4 });
  run.rollout({ scores: many, step: 5, action: "a" });
  run.metrics(many, { step: 5 });
  const stats = await run.finish();
  assert.deepEqual(
    [stats.refused, stats.lost, stats.skipped, stats.notEvaluated, stats.renamedScores],
    [0, 0, 0, 3, 2],
  );
  const film = await client.film(run.id);
  assert.deepEqual(
    [...film.at(1)!.scores],
    [
      ["c", 0.8],
      ["d", 1],
      ["e", 3],
      ["f", 2],
    ],
  );
  assert.deepEqual([...film.at(2)!.scores].sort(), [
    ["a.b", 2],
    ["a.b~2", 3],
    ["a.b~3", 1],
  ]);
  assert.deepEqual(
    [...film.at(3)!.scores],
    [
      ["x", 1],
      ["y.z", 2],
    ],
  );
  assert.deepEqual(
    [film.at(4)!.scores.size, film.at(4)!.root, film.at(4)!.scores.get("s2999")],
    [3001, 5, 2999],
  );
  assert.equal([...film.at(5)!.scores.keys()].filter((path) => /^s\d/.test(path)).length, 3000);
  assert.equal(film.measurements("metrics.s2999").length, 1);
  const snapshots = await eventsOf(client, run, { kinds: ["snapshot.scored"] });
  assert.deepEqual(snapshots[0].body.not_evaluated, ["root", "a", "b"]);
  assert.deepEqual(snapshots[1].body.not_evaluated, ["late"]);
});

test("lone surrogates in settings and logged texts are replaced and counted", async (t) => {
  const { server, client } = await started(t);
  const half = "x\ud83d";
  const settings = {
    id: `id${half}`,
    name: `name ${half}`,
    project: `p${half}`,
    agent: half,
    task: half,
    tags: [half, "b"],
    config: { [half]: 1, nested: { list: [half, 2] }, "x\ufffd": 3 },
    metadata: { [half]: half },
  };
  const run = await begun(server, settings);
  run.log({ [half]: 1, "x\udfff": 2 }, { step: 0, episode: half });
  run.rollout({
    scores: { root: 1 },
    action: half,
    observation: half,
    metadata: { [half]: half },
    notEvaluated: [half],
  });
  run.score(half, 1, { label: half, explanation: half, source: half, step: 0, episode: half });
  run.artifact(half, half, { role: half, mimeType: "text/plain" });
  const episode = run.episode({ id: `e${half}`, task: half, metadata: { [half]: half } });
  episode.message(half, half);
  await episode.toolCall(half, { [half]: half }, () => half);
  episode.finish({ error: new Error(half) });
  const stats = await run.finish({ summary: { [half]: half } });
  assert.deepEqual([stats.refused, stats.lost, stats.errors], [0, 0, 0], JSON.stringify(run.refused));
  assert.ok(stats.repairedTexts >= 20, `${stats.repairedTexts} are counted`);
  const info = await client.runs.get(run.id);
  assert.deepEqual(
    [info.id, info.name, info.project, info.tags],
    ["idx\ufffd", "name x\ufffd", "px\ufffd", ["x\ufffd", "b"]],
  );
  assert.deepEqual(info.config, { "x\ufffd": 1, nested: { list: ["x\ufffd", 2] }, "x\ufffd~2": 3 });
  assert.deepEqual(info.metadata, { "x\ufffd": "x\ufffd" });
  const film = await client.film(run.id);
  assert.deepEqual(
    [...film.at(0, "x\ufffd")!.scores],
    [
      ["x\ufffd", 1],
      ["x\ufffd~2", 2],
    ],
  );
  assert.equal(
    (await client.runs.get(run.id.replace("\ufffd", "\ud83d"))).id,
    run.id,
    "in an address as well",
  );
});

test("an id that no server takes is refused at once; long ids of episodes stay two", async (t) => {
  const { server, client } = await started(t);
  const long = "\u8a55".repeat(80);
  await assert.rejects(begun(server, { id: long }), {
    name: "TypeError",
    message: /^id is .*, 240 bytes long; .* at most 200 bytes$/,
  });
  const run = await begun(server, { id: "\u8a55".repeat(66), name: "\u8a55".repeat(300) });
  for (const end of ["a", "b"]) run.log({ root: 1 }, { step: 0, episode: long + end });
  const stats = await run.finish();
  assert.equal(stats.refused, 0, JSON.stringify(run.refused));
  const film = await client.film(run.id);
  assert.equal(film.length, 2);
  for (const { episode } of film.steps) assert.match(episode ?? "", /^\u8a55+~[0-9a-f]{8}$/);
  const { name } = await client.runs.get(run.id);
  assert.equal(name, `${"\u8a55".repeat(169)}…`);
});

test("one invalid field of a rollout does not affect the others", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  const loose = untyped(run);
  const challenge = { type: 5, question: { q: 1n }, options: ["y", 2], expected_answer: null };
  loose.rollout({
    scores: { root: 1 },
    step: 0,
    failures: ["sloth", "refusal", "dream"],
    challenge,
    isPaused: 1,
    durationMs: "12.5",
  });
  loose.rollout({
    scores: { root: 2 },
    step: 1,
    failures: 5,
    challenge: "?",
    notEvaluated: 7,
    durationMs: "soon",
  });
  loose.score("a", 1, { target: "rollout" });
  loose.score("a", 1, { target: "episode" });
  const stray = loose.episode({ id: "stray" });
  stray.record("thought", {
    parentSpanId: "nobody",
    startedAt: 8.64e15,
    durationMs: 1e300,
    payload: { text: "t" },
  });
  stray.finish();
  loose.episode({ id: "e" }).finish({ status: "done", cost: -1, return: "1.5" });
  const stats = await loose.finish({ status: "great" });
  assert.deepEqual(
    [stats.refused, stats.lost, stats.errors, stats.skipped],
    [0, 0, 0, 3],
    JSON.stringify(run.refused),
  );
  const [first, second] = (await eventsOf(client, run, { kinds: ["snapshot.scored"] })).map(
    ({ body }) => body,
  );
  assert.equal((await eventsOf(client, run, { kinds: ["step.recorded"] })).length, 1);
  assert.deepEqual(first.failures, ["generic", "refusal"]);
  assert.deepEqual(first.challenge, { type: "5", question: '{"q":1}', options: ["y", "2"] });
  assert.deepEqual([first.is_paused, first.duration_ms], [true, 12.5]);
  assert.deepEqual([second.failures, second.not_evaluated], [["generic"], ["7"]]);
  assert.equal((await client.runs.get(run.id)).status, "completed");
});
