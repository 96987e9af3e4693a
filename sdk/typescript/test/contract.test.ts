// The wire contract: the SDK's types are those of the goldens, what it emits follows the schemas, and what
// must be refused is refused with the field named.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { Film, init, KINDS } from "gauntlet-sdk";
import type { Fact, FailureKind, FailureRules, GauntletError, Spool, Status } from "gauntlet-sdk";
import { FILE, generate } from "../api-types.js";
import * as limits from "../dist/wire/limits.js";
import { errorOf, eventsOf, started, type TestContext } from "./support.js";

const here = fileURLToPath(new URL("..", import.meta.url));
const contract = join(here, "../contract");
const json = (...path: string[]) => JSON.parse(readFileSync(join(contract, ...path), "utf8"));
const goldens = readdirSync(join(contract, "events")).map((name) => ({ name, event: json("events", name) }));

test("the types of requests and answers are generated from the API's document", async () => {
  assert.equal(readFileSync(FILE, "utf8"), await generate(), "`npm run types` writes them again");
});

/** Compiles TypeScript against the SDK; resolves to what the compiler complains about. */
function complaints(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(here, "test", "types-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "goldens.mts");
  writeFileSync(file, text);
  const flags =
    "--ignoreConfig --noEmit --strict --exactOptionalPropertyTypes --skipLibCheck " +
    "--target es2022 --module nodenext --types node";
  try {
    execFileSync(process.execPath, [
      join(here, "node_modules/typescript/bin/tsc"),
      ...flags.split(" "),
      file,
    ]);
    return "";
  } catch (error) {
    return String((error as { stdout: unknown }).stdout);
  }
}

test("every golden event is of its kind's type, and every kind has one", (t) => {
  assert.deepEqual([...new Set(goldens.map(({ event }) => event.kind))].sort(), [...KINDS].sort());
  const lines = goldens.map(({ event }, i) => {
    return `export const e${i}: EventOf<${JSON.stringify(event.kind)}> = ${JSON.stringify(event)};`;
  });
  assert.equal(complaints(t, `import type { EventOf } from "gauntlet-sdk";\n${lines.join("\n")}\n`), "");
});

test("the types refuse what the contract does not have", (t) => {
  const { event } = goldens.find(({ name }) => name === "score.added.json")!;
  const wrong = [
    { ...event, session: "s" },
    { ...event, body: { ...event.body, reward: 1 } },
    { ...event, body: { ...event.body, target: "rollout" } },
    { ...event, body: { ...event.body, source: undefined } },
    { ...event, v: 2 },
  ];
  const lines = wrong.map((it, i) => `export const e${i}: EventOf<"score.added"> = ${JSON.stringify(it)};`);
  const output = complaints(t, `import type { EventOf } from "gauntlet-sdk";\n${lines.join("\n")}\n`);
  assert.equal(output.match(/error TS/g)?.length, wrong.length, output);
});

test("the server takes every golden and returns it as the types declare", async (t) => {
  const { client } = await started(t);
  await client.runs.create({ id: "r", name: "r" });
  const events = goldens.map(({ event }) => event);
  const done = await client.events.append("r", events);
  assert.equal(done.accepted, events.length);
  const back = await eventsOf(client, "r", { after: 0 });
  const full = goldens.findIndex(({ name }) => name === "snapshot.scored.json");
  const { seq, received_at, ...event } = back[full];
  assert.deepEqual(event, events[full]);
  assert.deepEqual([typeof seq, typeof received_at], ["number", "string"]);
  assert.deepEqual(await client.events.append("r", events), {
    accepted: 0,
    duplicates: events.length,
    first_seq: null,
    last_seq: null,
  });
});

test("what must be refused is refused, with the field and the reason", async (t) => {
  const { client } = await started(t);
  await client.runs.create({ id: "r", name: "r" });
  const cases = json("refused.json");
  for (const { name, event, text, repeat, field, contains } of cases) {
    if (repeat) {
      const last = repeat.path.at(-1);
      const place = repeat.path
        .slice(0, -1)
        .reduce((at: Record<string, unknown>, key: string) => at[key], event);
      place[last] = repeat.text.repeat(repeat.times);
    }
    const line = text ?? JSON.stringify(event);
    const error = (await errorOf(client.events.appendLines("r", [line]))) as GauntletError;
    assert.equal(error.name, "GauntletError", name);
    assert.equal(error.status, 422, `${name}: ${error.message}`);
    assert.equal(error.details[0].field, field, name);
    assert.ok(error.details[0].message?.includes(contains), `${name}: ${error.details[0].message}`);
  }
  assert.ok(cases.length > 40);
});

test("limits are those of the server", () => {
  const { body_bytes: bodyBytes, ...others } = json("limits.json");
  assert.ok(4 * limits.MAX_TEXT_BYTES < bodyBytes, "the texts of a rollout fit into one event");
  const ours = {
    step: limits.MAX_STEP,
    id_bytes: limits.MAX_ID_BYTES,
    path_bytes: limits.MAX_PATH_BYTES,
    label_bytes: limits.MAX_LABEL_BYTES,
    text_bytes: limits.MAX_TEXT_BYTES,
    scores: limits.MAX_SCORES,
    tags: limits.MAX_TAGS,
  };
  assert.deepEqual(ours, others);
});

test("snapshots and later scores of a step add up as in the server, whatever the order", () => {
  interface Scoring {
    path?: string;
    value?: number;
    scores?: Record<string, number>;
  }
  const examples: { name: string; events: Scoring[]; scores: Record<string, number> | null }[] =
    json("overlay.json");
  const factOf = ({ path, value = 0, scores = {} }: Scoring, seq: number): Fact => {
    const place = { at: "2026-11-21T00:00:00.000000Z", episode: "e", step: 3, seq };
    if (path !== undefined) return { ...place, what: "added", path, value };
    const scored = { scores: new Map(Object.entries(scores)), notEvaluated: [], failures: [] };
    return { ...place, what: "scored", ...scored, durationMs: null, isPaused: false, challenge: null };
  };
  for (const { name, events, scores } of examples) {
    const facts = events.map(factOf);
    for (const order of [facts, [...facts].reverse()]) {
      const film = new Film();
      for (const fact of order) {
        film.apply(fact);
        void film.steps; // What was shown at that moment must not stay.
      }
      const node = film.at(3);
      assert.deepEqual(node === undefined ? null : Object.fromEntries(node.scores), scores, name);
    }
  }
  assert.ok(examples.length >= 11);
});

/** One event of `failing.json`: the end of an episode, a later score where it has a path, else a snapshot. */
interface Example {
  step?: number;
  episode?: string;
  finished?: Status;
  path?: string;
  value?: number;
  scores?: Record<string, number>;
  not_evaluated?: string[];
  failures?: FailureKind[];
}

test("which steps fail is judged as the server does, whatever the order", () => {
  const examples = json("failing.json");
  const factOf = (event: Example, seq: number): Fact => {
    const { step = null, episode = null, path, value = 0, scores = {}, failures = [] } = event;
    const place = { at: "2026-11-21T00:00:00.000000Z", episode, step, seq };
    const status = event.finished;
    if (status) return { ...place, what: "episode_finished", status, return: null };
    if (path !== undefined) return { ...place, what: "added", path, value };
    const notEvaluated = event.not_evaluated ?? [];
    const scored = { scores: new Map(Object.entries(scores)), notEvaluated, failures };
    return { ...place, what: "scored", ...scored, durationMs: null, isPaused: false, challenge: null };
  };
  for (const { name, rules, events, rule, failing } of examples) {
    const facts = events.map(factOf);
    const middle = facts.length >> 1;
    for (const order of [facts, [...facts].reverse(), [...facts.slice(middle), ...facts.slice(0, middle)]]) {
      const film = new Film(rules);
      for (const fact of order) {
        film.apply(fact);
        void film.steps; // Judged by the rule of that moment; another rule must judge it again.
      }
      assert.deepEqual(
        film.steps.filter(({ failure }) => failure !== null).map(({ step }) => step),
        failing,
        name,
      );
      assert.deepEqual([film.rule, film.failing], [rule, failing.length], name);
    }
  }
  assert.ok(examples.length >= 16);
});

test("a component below its own bound is marked, and fails its step by the medical rules only", () => {
  const scores = new Map([
    ["root", 2],
    ["length", -0.1],
    ["metrics.loss", -1],
  ]);
  const fact: Fact = {
    at: "2026-11-21T00:00:00.000000Z",
    episode: null,
    step: 0,
    seq: 0,
    what: "scored",
    scores,
    notEvaluated: [],
    failures: [],
    durationMs: null,
    isPaused: false,
    challenge: null,
  };
  const cases: [FailureRules, FailureKind | null][] = [
    ["auto", null],
    ["dipg", "generic"],
    [{ root_below: 2 }, null],
    [{ root_below: 2.5 }, "generic"],
  ];
  for (const [rules, failure] of cases) {
    const film = new Film(rules);
    film.apply(fact);
    assert.equal(film.at(0)?.failure, failure, JSON.stringify(rules));
    assert.equal(film.at(0)?.failures.get("length"), "generic");
    assert.equal(film.at(0)?.failures.has("metrics.loss"), false);
    assert.equal(film.nextFailure()?.step, failure === null ? undefined : 0);
  }
});

test("everything the SDK emits follows the schema of its kind", async () => {
  const lines: string[] = [];
  const place: Spool = {
    get left() {
      return lines.length;
    },
    place: "in memory",
    append: (more) => lines.push(...more) > 0,
    peek: () => [],
    advance: () => undefined,
    keep: () => true,
    content: () => null,
    forget: () => undefined,
    setAside: () => "",
    close: () => undefined,
  };
  const spool = { open: () => place, leftOf: () => [], sha256: () => "0".repeat(64) };
  const run = await init({ mode: "offline", spool, onWarning: () => undefined });
  run.log({ reward: 1, a: { b: -2.5 } }, { step: 1 });
  run.log({ c: 1 }, { step: 1 });
  run.metrics({ loss: 1 });
  run.rollout({
    scores: { root: 1 },
    action: "a",
    observation: "o",
    notEvaluated: ["x"],
    failures: ["refusal"],
    durationMs: 1,
    isPaused: true,
    challenge: { type: "T", question: "q", options: ["y"], expected_answer: "y" },
    metadata: { k: [1] },
  });
  run.score("d", 1, { target: "run", label: "l", explanation: "e" });
  const episode = run.episode({ task: "t", metadata: { m: 1 } });
  episode.thought("t");
  episode.message("user", "m");
  await episode.toolCall("f", { a: 1 }, () => 2);
  await episode.toolCall("g", null, () => Promise.reject(new Error("no"))).catch(() => undefined);
  episode.score("s", 0.5);
  episode.finish({ status: "timed_out", return: 1, cost: 1, error: "late" });
  run.artifact("a.txt", "text", { step: 1 });
  await run.finish({ status: "failed", summary: { n: 1 } });
  assert.equal(run.stats.spooled, lines.length);

  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const schemaOf = (kind: string): ValidateFunction => {
    if (!ajv.getSchema(kind)) ajv.addSchema(json("schema", `${kind}.json`), kind);
    return ajv.getSchema(kind)!;
  };
  const seen = new Set<string>();
  for (const line of lines) {
    const event = JSON.parse(line);
    seen.add(event.kind);
    const file = join(contract, "schema", `${event.kind}.json`);
    assert.ok(existsSync(file), `there is no schema of ${event.kind}`);
    const fits = schemaOf(event.kind);
    assert.ok(fits(event), `${line}\n${JSON.stringify(fits.errors, null, 1)}`);
  }
  const emitted = [
    "artifact.added",
    "run.finished",
    "episode.started",
    "episode.finished",
    "snapshot.scored",
    "score.added",
    "step.recorded",
  ];
  assert.deepEqual([...seen].sort(), emitted.sort());
  const scored = schemaOf("score.added");
  assert.equal(scored({ ...JSON.parse(lines[1]), body: { target: "step" } }), false, "the schemas do refuse");
});
