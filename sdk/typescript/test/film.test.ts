// Films: decoded chunks equal the server's JSON, the fold equals the server's film, and no bytes break the
// reader.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { CodecError, decodeFacts, factOf, Film, uuidv7, type Event, type Fact } from "gauntlet-sdk";
import { all, begun, started, untyped } from "./support.js";

const contract = new URL("../../contract/events/", import.meta.url);
const goldens = readdirSync(contract).map((name) =>
  JSON.parse(readFileSync(new URL(name, contract), "utf8")),
);

/** A small generator with a seed, so that a failure can be had again. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Enough events of every kind for a sealed chunk and a tail. */
function manyEvents(count: number): Event[] {
  const random = seeded(7);
  const paths = ["root", "format", "grounding", "grounding.claims", "refusal", "é.ü", "0", "metrics.loss"];
  const events: Event[] = goldens.map((golden) => ({ ...golden, id: uuidv7() }));
  while (events.length < count) {
    const step = random(1500);
    const place = { step, ...(random(3) === 0 ? { episode: `e${random(20)}` } : {}) };
    const at = new Date(Date.UTC(2026, 10, 21) + events.length * 137 - random(5000)).toISOString();
    const value = () => [random(40) - 20, random(1000) / 8 - 50, random(1e6) / 3e5, -1e300, 0][random(5)];
    const scores = Object.fromEntries(
      paths
        .filter(() => random(3) > 0)
        .sort(() => random(3) - 1)
        .map((p) => [p, value()]),
    );
    const scored = {
      kind: "snapshot.scored",
      body: {
        scores,
        not_evaluated: paths.filter((path) => !(path in scores) && random(2) === 0),
        ...(random(9) === 0 ? { failures: ["inconsistency", "format"] } : {}),
        ...(random(2) === 0 ? { duration_ms: random(1000) / 7 } : {}),
        ...(random(9) === 0
          ? { is_paused: true, challenge: { type: "T", question: `q${random(5)}`, options: ["a", "b"] } }
          : {}),
        action: "a",
        observation: "o",
      },
    };
    const added = {
      kind: "score.added",
      body: {
        target: ["step", "run", place.episode ? "episode" : "step"][random(3)],
        path: paths[random(8)],
        value: value(),
        source: "s",
      },
    };
    const note = { kind: "annotation.added", body: { text: "n".repeat(random(600)), author: "dana" } };
    const what = [scored, scored, scored, added, note][random(5)];
    events.push({ id: uuidv7(), at, v: 1, ...place, ...what } as Event);
  }
  return events;
}

test("chunks decode to the facts that the JSON of the same run states, in every kind", async (t) => {
  const { client } = await started(t);
  await client.runs.create({ id: "r", name: "r" });
  const events = manyEvents(9000);
  for (let at = 0; at < events.length; at += 1500)
    await client.events.append("r", events.slice(at, at + 1500));
  const { levels, chunk_events: span, version, head } = await client.manifest("r");
  assert.equal(levels[0].chunks, Math.floor(head / span));
  assert.ok(levels[0].chunks >= 2, `${head} events are ${levels[0].chunks} chunks`);
  const stated = (await all(client.events.read("r"))).map(factOf);
  for (let chunk = 0; chunk < levels[0].chunks; chunk += 1) {
    const facts = await client.chunk("r", chunk, { version });
    assert.deepEqual(facts, stated.slice(chunk * span, (chunk + 1) * span));
    facts.forEach((fact, i) => {
      if (fact.what !== "scored") return;
      const wanted = stated[chunk * span + i];
      // JSON puts keys that look like numbers first; everything else keeps the client's order.
      const order = (it: Extract<Fact, { what: "scored" }>) =>
        [...it.scores.keys()].filter((path) => path !== "0");
      assert.deepEqual(order(fact), order(wanted as typeof fact));
    });
  }

  const film = await client.film("r");
  assert.equal(film.head, head);
  const manifest = await client.manifest("r");
  assert.equal(film.length, manifest.steps);
  const named = (paths: readonly string[]) => paths.filter((path) => path !== "0");
  assert.deepEqual(named(film.paths), named(manifest.paths));
  for (const path of ["root", "grounding.claims", "é.ü", "0"]) {
    for (const points of [20, 20_000]) {
      const theirs = await client.series("r", path, { points, from: 100, to: 1200 });
      assert.deepEqual(
        film.series(path, { points, from: 100, to: 1200 }),
        theirs.points,
        `${path} in ${points}`,
      );
    }
  }
  const failing = new Set();
  for await (const row of client.steps.list("r", { failing: "grounding", pageSize: 100 }))
    failing.add(row.step);
  const ours = film.steps.filter((step) => step.failures.has("grounding")).map(({ step }) => step);
  assert.deepEqual([...failing], [...new Set(ours)]);
});

test("a film is the same in any order, any batches, any repetition", () => {
  const facts = manyEvents(3000).map((event, seq) => factOf({ ...event, seq, received_at: event.at }));
  const film = new Film();
  facts.forEach((fact) => film.apply(fact));
  const random = seeded(3);
  for (let round = 0; round < 3; round += 1) {
    const shuffled = [...facts, ...facts.slice(0, 500)]
      .map((fact) => [random(1e9), fact] as const)
      .sort(([a], [b]) => a - b);
    const other = new Film();
    shuffled.forEach(([, fact]) => other.apply(fact));
    assert.deepEqual(other.steps, film.steps);
    assert.deepEqual(other.paths, film.paths);
    assert.deepEqual(other.run, film.run);
    assert.deepEqual([other.notes, other.commands, other.gaps], [film.notes, film.commands, film.gaps]);
  }
});

test("a later score counts over its step, waits for it, and is replaced by a newer snapshot", () => {
  const film = new Film("dipg");
  const base = { at: "2026-11-21T00:00:00.000000Z", episode: null, step: 5 };
  const scored = (seq: number, scores: Record<string, number>): Fact => ({
    ...base,
    seq,
    what: "scored",
    scores: new Map(Object.entries(scores)),
    notEvaluated: [],
    failures: [],
    durationMs: null,
    isPaused: seq === 9,
    challenge: seq === 9 ? { type: "T", question: "q", options: ["y"] } : null,
  });
  film.apply({ ...base, seq: 4, what: "added", path: "late", value: -1 });
  film.apply({ ...base, seq: 1, what: "added", path: "early", value: 1 });
  assert.equal(film.length, 0);
  film.apply(scored(2, { root: 1 }));
  assert.deepEqual([film.at(5)!.scores.get("late"), film.at(5)!.failure], [-1, "generic"]);
  assert.equal(film.at(5)!.scores.get("early"), 1, "it waited for the first snapshot");
  film.apply(scored(9, { root: 2, format: 0 }));
  assert.deepEqual(
    [...film.at(5)!.scores],
    [
      ["root", 2],
      ["format", 0],
    ],
  );
  assert.equal(film.at(5)!.failure, "format");
  film.apply(scored(3, { root: 7 }));
  assert.equal(film.at(5)!.root, 2);
  assert.equal(film.pendingChallenge?.step, 5);
  film.apply({ ...base, seq: 10, what: "answered", answer: "y", author: "dana" });
  assert.equal(film.pendingChallenge, undefined);
  assert.equal(film.at(5)!.answer?.answer, "y");
  assert.equal(film.at(6), undefined);
  assert.equal(film.nextFailure()?.step, 5);
  assert.equal(film.nextFailure(5), undefined);
});

test("a measurement without an episode is shown at every node of its step, and makes no node", () => {
  const at = "2026-11-21T00:00:00.000000Z";
  const scored = (seq: number, step: number, episode: string, scores: Record<string, number>): Fact => ({
    at,
    seq,
    step,
    episode,
    what: "scored",
    scores: new Map(Object.entries(scores)),
    notEvaluated: [],
    failures: [],
    durationMs: null,
    isPaused: false,
    challenge: null,
  });
  const measured = (
    seq: number,
    step: number,
    value: number,
    path = "metrics.loss",
    episode: string | null = null,
  ): Fact => ({
    at,
    seq,
    step,
    episode,
    what: "added",
    path,
    value,
  });
  const facts = [
    measured(0, 1, 0.9),
    scored(1, 1, "a", { root: 1 }),
    scored(2, 1, "b", { root: 2, "metrics.loss": 7 }),
    measured(3, 1, 0.8),
    measured(4, 2, -1),
    scored(5, 3, "a", { root: 3 }),
    measured(6, 3, 0.1),
    measured(7, 1, 5, "metrics.kl", "a"),
  ];
  const films = [facts, [...facts].reverse(), [...facts, ...facts]].map((all) => {
    const film = new Film();
    all.forEach((fact) => {
      film.apply(fact);
      void film.steps;
    });
    return film;
  });
  for (const film of films) {
    assert.equal(film.length, 3);
    assert.deepEqual(
      film.steps.map((node) => node.scores.get("metrics.loss")),
      [0.8, 7, 0.1],
      "its own value goes first",
    );
    assert.deepEqual(
      film.steps.map((node) => node.scores.get("metrics.kl")),
      [5, undefined, undefined],
    );
    assert.deepEqual(film.measurements("metrics.loss"), [
      { step: 1, value: 0.8 },
      { step: 2, value: -1 },
      { step: 3, value: 0.1 },
    ]);
    assert.deepEqual(film.measurements("metrics.loss", { from: 2, to: 2 }), [{ step: 2, value: -1 }]);
    assert.deepEqual(film.measurements("metrics.loss", { points: 2 }), [
      { step: 1, value: 0.8 },
      { step: 2, value: -1 },
    ]);
    assert.deepEqual([film.measuredPaths, film.failing], [["metrics.loss"], 0]);
    assert.deepEqual(
      film.series("metrics.loss").map(({ step, value }) => [step, value]),
      [
        [1, 0.8],
        [1, 7],
        [3, 0.1],
      ],
    );
  }
});

test("steps up to 2^53 - 1 are exact, in chunks and in the log", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  const largest = Number.MAX_SAFE_INTEGER;
  const steps = Array.from({ length: 5000 }, (_, i) => (i % 2 === 0 ? i : largest - i));
  for (const step of [2 ** 31, 2 ** 32, largest, ...steps]) run.log({ root: 1 }, { step });
  untyped(run).metrics({ loss: 0.5 }, { step: BigInt(largest) });
  const stats = await run.finish();
  assert.equal(stats.refused, 0, JSON.stringify(run.refused).slice(0, 300));
  const film = await client.film(run.id);
  assert.ok((await client.manifest(run.id)).levels[0].chunks > 0);
  const wanted = [...new Set([2 ** 31, 2 ** 32, largest, ...steps])].sort((a, b) => a - b);
  assert.deepEqual(
    film.steps.map(({ step }) => step),
    wanted,
  );
  assert.deepEqual(film.measurements("metrics.loss"), [{ step: largest, value: 0.5 }]);
  assert.equal((await client.runs.get(run.id)).last_step, largest);
});

test("bytes that are not a chunk are refused with the place, never anything worse", async (t) => {
  const { client } = await started(t);
  await client.runs.create({ id: "r", name: "r" });
  const events = manyEvents(4200);
  for (let at = 0; at < events.length; at += 1400)
    await client.events.append("r", events.slice(at, at + 1400));
  const response = await fetch(`${client.endpoint}/api/v1/runs/r/film/0/0`);
  const chunk = new Uint8Array(await response.arrayBuffer());
  assert.ok(decodeFacts(chunk).length > 0);
  for (const bytes of [
    new Uint8Array(),
    new TextEncoder().encode("GFLM"),
    new TextEncoder().encode("<html>"),
  ]) {
    assert.throws(() => decodeFacts(bytes), CodecError);
  }
  const random = seeded(11);
  let refused = 0;
  for (let round = 0; round < 200; round += 1) {
    const broken = chunk.slice(0, round % 2 ? chunk.length : random(chunk.length));
    for (let i = 0; i < 1 + random(3); i += 1) broken[random(broken.length)] = random(256);
    try {
      decodeFacts(broken);
    } catch (error) {
      assert.ok(error instanceof CodecError, String(error));
      refused += 1;
    }
  }
  assert.ok(refused > 100, `${refused} of 200 were refused`);
});
