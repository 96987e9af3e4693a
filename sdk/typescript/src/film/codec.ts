// Chunks of a film and binary live frames: packed facts, format GFLM version 1. The format is specified
// beside the encoder, in crates/film/src/codec. Decoding trusts no length: each is checked against the bytes
// left.

import { SEVERITIES, type FailureKind } from "../wire/events.js";
import { MAX_STEP } from "../wire/limits.js";
import type { ChallengeFact, Fact, FactBody } from "./fact.js";
import { CodecError, Input } from "./input.js";
import { ACTIONS, FAILURE_CODES, STATUSES, STEP_KINDS, FACT_KINDS } from "./codes.js";

const MAGIC = [0x47, 0x46, 0x4c, 0x4d]; // GFLM
const VERSION = 1;

/** Bits of a scored fact's marks. */
const PAUSED = 1;
const HAS_DURATION = 2;
const HAS_FAILURES = 4;
const HAS_QUESTION = 8;
const HAS_ORDER = 16;
const MARKS = 31;

/** Reads a chunk or a binary live frame. Any other bytes throw a {@link CodecError}. */
export function decodeFacts(bytes: Uint8Array): Fact[] {
  const input = new Input(bytes);
  if (input.left < 5 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new CodecError("magic", 0, "these bytes are not a film chunk");
  }
  input.take("magic", 4);
  const version = input.take("version", 1)[0];
  if (version !== VERSION) throw input.wrong("version", `is ${version}; this build reads ${VERSION}`);
  // Every fact takes at least one byte in each of three columns.
  const count = input.count("number of facts", 3);
  input.strings();
  const seqs = input.deltas("seq", count);
  const times = input.times("at", count);
  const steps = input.deltas("step", count);
  const episodes = input.runs("episode", count, () => input.text("episode"));
  const kinds = input.runs("kind", count, () => input.word("kind", FACT_KINDS));
  const scored = new Scored(input, kinds.filter((kind) => kind === "scored").length).read();
  let shot = 0;
  const facts = kinds.map((kind, i): Fact => {
    const step = steps[i] ?? 0;
    const seq = seqs[i] ?? -1;
    if (seq < 0) throw input.wrong("seq", `${seq} is not a position`);
    if (step < 0 || step > MAX_STEP + 1) throw input.wrong("step", `${step} is not a step`);
    const what = kind === "scored" ? scored[shot++] : other(input, kind);
    if (what === undefined) throw input.wrong("kind", "has no snapshot");
    return {
      seq,
      at: times[i] ?? "",
      episode: episodes[i] || null,
      step: step === 0 ? null : step - 1,
      ...what,
    };
  });
  if (input.left > 0) throw input.wrong("end", `${input.left} bytes are left over`);
  return facts;
}

/** A scored fact while its columns are read. */
interface SnapshotColumns {
  /** Path position and value, ascending. */
  scores: [number, number][];
  skipped: number[];
  failures: FailureKind[];
  durationMs: number | null;
  challenge: ChallengeFact | null;
}

/** The columns of all scored facts. */
class Scored {
  readonly input: Input;
  #shots: SnapshotColumns[];

  constructor(input: Input, count: number) {
    this.input = input;
    const empty = (): SnapshotColumns => ({
      scores: [],
      skipped: [],
      failures: [],
      durationMs: null,
      challenge: null,
    });
    this.#shots = Array.from({ length: count }, empty);
  }

  read(): FactBody[] {
    const { input } = this;
    const marks = input.runs("marks", this.#shots.length, () => input.small("marks"));
    const strange = marks.find((mark) => (mark & ~MARKS) !== 0);
    if (strange !== undefined) throw input.wrong("marks", `${strange} has unknown bits`);
    const having = (mark: number) => this.#shots.filter((_, i) => ((marks[i] ?? 0) & mark) !== 0);
    const timed = having(HAS_DURATION);
    const durations = input.values("durations", timed.length);
    timed.forEach((shot, i) => (shot.durationMs = durations[i] ?? null));
    const paths = this.#paths();
    for (const shot of having(HAS_ORDER)) this.#order(shot);
    for (const shot of having(HAS_FAILURES)) {
      const failures = input.count("failures", 1);
      for (let i = 0; i < failures; i += 1) shot.failures.push(input.word("failures", FAILURE_CODES));
    }
    for (const shot of having(HAS_QUESTION)) {
      const [type, question] = [input.text("challenge.type"), input.text("challenge.question")];
      const options: string[] = [];
      const count = input.count("challenge.options", 1);
      for (let i = 0; i < count; i += 1) options.push(input.text("challenge.options"));
      shot.challenge = { type, question, options };
    }
    return this.#shots.map((shot, i) => this.#scoredFact(shot, ((marks[i] ?? 0) & PAUSED) !== 0, paths));
  }

  /** The columns of every path, into the shots; the paths. */
  #paths(): string[] {
    const { input } = this;
    const count = input.count("number of paths", 4);
    const paths: string[] = [];
    for (let path = 0; path < count; path += 1) {
      paths.push(input.text("path"));
      const places = input.places("where scored", this.#shots.length, true);
      const values = input.values("scores", places.length);
      places.forEach((place, i) => this.#shots[place]?.scores.push([path, values[i] ?? Number.NaN]));
      for (const place of input.places("where skipped", this.#shots.length, false)) {
        this.#shots[place]?.skipped.push(path);
      }
    }
    return paths;
  }

  /** A snapshot's own order. */
  #order(shot: SnapshotColumns): void {
    const { input } = this;
    const values = new Map(shot.scores);
    const scored = input.count("order", 1);
    const scores: [number, number][] = [];
    for (let i = 0; i < scored; i += 1) {
      const path = input.small("order");
      const value = values.get(path);
      if (value === undefined) throw input.wrong("order", `path ${path} has no score there`);
      scores.push([path, value]);
    }
    if (scored !== shot.scores.length) {
      throw input.wrong("order", `${scored} of ${shot.scores.length} scores are ordered`);
    }
    shot.scores = scores;
    const skipped = input.count("order", 1);
    shot.skipped = [];
    for (let i = 0; i < skipped; i += 1) shot.skipped.push(input.small("order"));
  }

  #scoredFact(shot: SnapshotColumns, isPaused: boolean, paths: string[]): FactBody {
    const path = (position: number) => {
      const text = paths[position];
      if (text === undefined) throw this.input.wrong("path", `${position} of ${paths.length}`);
      return text;
    };
    const scores = new Map(shot.scores.map(([position, value]) => [path(position), value] as const));
    if (scores.size !== shot.scores.length) throw this.input.wrong("scores", "a path is scored twice");
    for (const [name, value] of scores) {
      if (!Number.isFinite(value)) throw this.input.wrong("scores", `${name} is ${value}`);
    }
    const { failures, durationMs, challenge } = shot;
    return {
      what: "scored",
      scores,
      notEvaluated: shot.skipped.map(path),
      failures,
      durationMs,
      isPaused,
      challenge,
    };
  }
}

function other(input: Input, kind: Exclude<FactBody["what"], "scored">): FactBody {
  switch (kind) {
    case "added":
      return { what: kind, path: input.text("path"), value: input.score("value") };
    case "run_started": {
      const [name, project, sort] = [input.text("name"), input.text("project"), input.text("kind")];
      return {
        what: kind,
        name,
        project,
        kind: sort,
        agent: input.optional("agent"),
        task: input.optional("task"),
      };
    }
    case "status":
      return { what: kind, status: input.word("status", STATUSES), reason: input.optional("reason") };
    case "episode_started":
      return { what: kind, task: input.optional("task") };
    case "episode_finished": {
      const status = input.word("status", STATUSES);
      return { what: kind, status, return: input.flag("return") ? input.score("return") : null };
    }
    case "recorded": {
      const [stepKind, name] = [input.word("step_kind", STEP_KINDS), input.optional("name")];
      return { what: kind, stepKind, name, failed: input.flag("error") };
    }
    case "command": {
      const [id, action] = [input.text("command_id"), input.word("action", ACTIONS)];
      return { what: kind, id, action, author: input.text("author") };
    }
    case "applied":
      return { what: kind, id: input.text("command_id"), result: input.text("result") };
    case "answered":
      return { what: kind, answer: input.text("answer"), author: input.text("author") };
    case "note": {
      const [text, author] = [input.text("text"), input.text("author")];
      const hasRange = input.flag("range");
      const range = hasRange ? { from: input.exact("range.from"), to: input.exact("range.to") } : null;
      return { what: kind, text, author, range };
    }
    case "alert": {
      const [text, severity] = [input.text("text"), input.word("severity", SEVERITIES)];
      return { what: kind, text, severity, monitor: input.optional("monitor") };
    }
    case "artifact":
      return { what: kind, name: input.text("name") };
    case "gap":
      return { what: kind, lost: input.number("lost"), reason: input.text("reason") };
    case "other":
      return { what: kind };
  }
}
