// Records an episode: one rollout on one task, with its thoughts, messages and tool calls.

import type { Bodies, FinalStatus, StepError, StepKind } from "../wire/events.js";
import { spanId, traceId } from "../wire/ids.js";
import { toJsonObject, type JsonObject } from "../wire/json.js";
import { clipLabel } from "../wire/limits.js";
import { fromMillis } from "../wire/time.js";
import type { Ledger } from "./ledger.js";
import type { ArtifactOptions, Place, Rollout, ScoreOptions } from "./inputs.js";
import type { Recorder } from "./recorder.js";
import type { Bytes } from "../client/files.js";
import { finalStatusOf } from "./judged.js";
import { idOf, numberOf, preview, stepOf, textOf, type ValuesOf } from "./values.js";

/** How an episode begins. */
export interface EpisodeOptions {
  /** Default: a new trace id. */
  id?: string;
  task?: string;
  /**
   * The step of the run that all of the episode belongs to. Default: what is recorded is numbered from 0
   * within the episode, and each `log` or `rollout` of it is the next step of the run.
   */
  step?: number;
  metadata?: object;
}

/** How an episode ended. */
export interface EpisodeEnd {
  /**
   * Default: `completed` without an error; with one `timed_out` (a `TimeoutError`), `cancelled` (an
   * `AbortError`) or `failed`.
   */
  status?: FinalStatus;
  /** Default: the sum of the rewards. */
  return?: number;
  cost?: number;
  /** Why it failed. */
  error?: unknown;
}

/** One thing an agent did, of any kind. */
export interface Recorded {
  name?: string;
  payload?: object;
  error?: unknown;
  metadata?: object;
  /** The id of the span that contains it. */
  parentSpanId?: string;
  /** When it began and how long it took. Default: now, and no duration. */
  startedAt?: Date | number;
  durationMs?: number;
}

/** The last time of the wire format: near the end of the year 9999. Milliseconds since the Unix epoch. */
const LAST_MS = Date.UTC(9999, 11, 30);
/** A span id: 16 lowercase hexadecimal digits. A parent id of another form is left out. */
const SPAN_ID = /^[0-9a-f]{16}$/;
/** The fields of a payload to read first, in this order; examples are in `sdk/contract/reading.json`. */
const READ_FIRST = ["text", "output", "content", "result"];

/** An episode that is being recorded. Make one with `run.episode`. */
export class Episode {
  readonly #recorder: Recorder;
  readonly #ledger: Ledger;
  readonly id: string;
  readonly #task: string;
  readonly #fixedStep: number | undefined;
  readonly #startedAt = performance.now();
  /** Number of recorded steps: also the number of the next one. */
  #stepCount = 0;
  #rewards: number | undefined;
  /** What the agent produced and observed last. */
  #lastOutput: unknown;
  #lastObservation: unknown;
  #isFinished = false;

  /** @internal */
  constructor(recorder: Recorder, ledger: Ledger, options: EpisodeOptions | null) {
    this.#recorder = recorder;
    this.#ledger = ledger;
    const { id, task, step, metadata } = options ?? {};
    this.id =
      ledger.guard("the episode's id", "", () => ((id ?? "") === "" ? "" : idOf(id, ledger))) || traceId();
    this.#task = ledger.guard("the episode's task", "", () => clipLabel(task ?? "").trim());
    this.#fixedStep = (step ?? undefined) === undefined ? undefined : stepOf(step);
    if ((step ?? undefined) !== undefined && this.#fixedStep === undefined) {
      ledger.warn(
        "episode step",
        `step ${preview(step)} is not a whole number, 0 or more; the episode gets the next one`,
      );
    }
    this.#emit("episode.started", {
      ...(this.#task === "" ? {} : { task: this.#task }),
      metadata: toJsonObject(metadata),
    });
  }

  /** Records what the agent thought. */
  thought(text: unknown, more: Recorded = {}): void {
    this.record("thought", { ...more, payload: { text: textOf(text, this.#ledger), ...more.payload } });
  }

  /** Records a message with the role of its author (`user`, `assistant`, ...). */
  message(role: string, content: unknown, more: Recorded = {}): void {
    const payload = { role, text: textOf(content, this.#ledger), ...more.payload };
    this.record("message", { name: role, ...more, payload });
  }

  /** Records what the agent observed. */
  observation(content: unknown, more: Recorded = {}): void {
    this.record("observation", {
      ...more,
      payload: { text: textOf(content, this.#ledger), ...more.payload },
    });
  }

  /** Records a reward; their sum is the episode's return where `finish` names none. */
  reward(value: number): void {
    const number = numberOf(value);
    if (number === undefined) {
      this.#ledger.counts.skipped += 1;
      return this.#ledger.warn(
        "reward",
        `reward ${preview(value)} is not a finite number; it is left out (warned once)`,
      );
    }
    this.#rewards = (this.#rewards ?? 0) + number;
    this.record("reward", { payload: { value: number } });
  }

  /** Records anything else: a decision, a plan, a handoff. Returns its span id. */
  record(kind: StepKind, what: Recorded = {}): string {
    return this.#record(kind, what, spanId());
  }

  /**
   * Calls a tool and records the call and its result, two steps of one span: how long it took, and an error
   * with its stack. The result or the error of the tool is passed to the caller unchanged.
   */
  async toolCall<T>(name: string, args: unknown, tool: () => Promise<T> | T): Promise<T> {
    const startedAt = Date.now();
    const begun = performance.now();
    const span = this.#record(
      "tool_call",
      { name, payload: { arguments: args ?? null }, startedAt },
      spanId(),
    );
    const ended = (payload: object, error?: unknown) => {
      this.#record(
        "tool_result",
        { name, payload, error, startedAt, durationMs: performance.now() - begun },
        span,
      );
    };
    try {
      const value = await tool();
      ended({ result: value ?? null });
      return value;
    } catch (error) {
      ended({}, error ?? new Error("the tool threw nothing"));
      throw error;
    }
  }

  /** Logs scores of the episode, as one node of the run: its next step, unless one is named. */
  log<T>(values: T & ValuesOf<T>, place: Omit<Place, "episode"> | null = {}): void {
    this.#recorder.log(values, this.#placeOfScores(place?.step));
  }

  /** Logs one judged rollout of this episode, as {@link log} does. */
  rollout<T>(rollout: Omit<Rollout<T & ValuesOf<T>>, "episode">): void {
    // Programs without types may pass nothing.
    const { step } = (rollout as typeof rollout | null | undefined) ?? {};
    this.#recorder.rollout({ ...rollout, ...this.#placeOfScores(step) });
  }

  /** Adds one score to the episode, or with a step to that step of it. */
  score(path: string, value: number | boolean, options: Omit<ScoreOptions, "episode"> | null = {}): void {
    const target = options?.target ?? (options?.step === undefined ? "episode" : "step");
    this.#recorder.score(path, value, { ...options, target, episode: this.id });
  }

  /** Stores a file with the episode, at the step that was recorded last unless one is named. */
  artifact(name: string, content: Bytes, options: Omit<ArtifactOptions, "episode"> = {}): void {
    const step = this.#fixedStep ?? Math.max(0, this.#stepCount - 1);
    this.#recorder.artifact(name, content, { step, ...options, episode: this.id });
  }

  /** Ends the episode; only the first call counts. */
  finish(options: EpisodeEnd | null = {}): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const end = options ?? {};
    const body: Bodies["episode.finished"] = {
      status: finalStatusOf(end.status, statusOf(end.error), this.#ledger),
      latency_ms: performance.now() - this.#startedAt,
    };
    const [total, cost] = [numberOf(end.return) ?? this.#rewards, numberOf(end.cost)];
    if (total !== undefined) body.return = total;
    if (cost !== undefined && cost >= 0) body.cost = cost;
    else if ((end.cost ?? undefined) !== undefined) {
      this.#ledger.counts.skipped += 1;
      this.#ledger.warn(
        "cost",
        `cost ${preview(end.cost)} is not a number, 0 or more; it is left out (warned once)`,
      );
    }
    if (end.error !== undefined && end.error !== null) body.error = this.#errorText(end.error);
    this.#addSnapshot(body);
    this.#emit("episode.finished", body);
  }

  #record(kind: StepKind, what: Recorded, span: string): string {
    this.#ledger.guard(kind, undefined, () => {
      const step = this.#fixedStep ?? this.#stepCount;
      this.#stepCount += 1;
      const startedAt = Number(what.startedAt ?? Date.now());
      const started = startedAt >= 0 && startedAt <= LAST_MS ? startedAt : Date.now();
      const duration = numberOf(what.durationMs);
      const parent = what.parentSpanId;
      const payload = payloadOf(what.payload, this.#ledger);
      const body: Bodies["step.recorded"] = {
        step_kind: kind,
        ...(what.name === undefined ? {} : { name: clipLabel(what.name) }),
        span_id: span,
        ...(typeof parent === "string" && SPAN_ID.test(parent) ? { parent_span_id: parent } : {}),
        started_at: fromMillis(started),
        ...(duration === undefined
          ? {}
          : { ended_at: fromMillis(Math.min(LAST_MS, started + Math.max(0, duration))) }),
        payload,
        ...(what.error === undefined || what.error === null
          ? {}
          : { error: errorOf(what.error, this.#ledger) }),
        metadata: toJsonObject(what.metadata),
      };
      this.#remember(kind, payload);
      this.#recorder.emit("step.recorded", body, { step, episode: this.id });
    });
    return span;
  }

  #emit<K extends "episode.started" | "episode.finished">(kind: K, body: Bodies[K]): void {
    const place = this.#fixedStep === undefined ? {} : { step: this.#fixedStep };
    this.#recorder.emit(kind, body, { ...place, episode: this.id });
  }

  /** The step and episode of scores that are logged now. */
  #placeOfScores(step: number | undefined): { step: number; episode: string } {
    return { step: step ?? this.#fixedStep ?? this.#recorder.takeStep(), episode: this.id };
  }

  /** Remembers the last output and observation, for the snapshot of an episode without scores. */
  #remember(kind: StepKind, payload: JsonObject): void {
    const found = READ_FIRST.map((key) => payload[key]).find(isFilled);
    if (found === undefined) return;
    const isInput =
      kind === "observation" || (kind === "message" && ["user", "system"].includes(String(payload["role"])));
    if (isInput) this.#lastObservation = found;
    else if (["message", "decision", "tool_result"].includes(kind) || this.#lastOutput === undefined)
      this.#lastOutput = found;
  }

  /**
   * Adds a snapshot for an episode without scores, so that it is part of the film: the return is its root
   * score, an error is a failure.
   */
  #addSnapshot({ status, return: total, error, latency_ms }: Bodies["episode.finished"]): void {
    if (this.#recorder.hasSnapshot(this.id) || !(this.#stepCount > 0 || error)) return;
    this.#recorder.rollout({
      ...this.#placeOfScores(undefined),
      scores: total === undefined ? {} : { root: total },
      action: this.#lastOutput ?? error,
      observation: this.#lastObservation ?? this.#task,
      ...(status === "failed" || status === "timed_out" ? { failures: ["generic"] } : {}),
      durationMs: latency_ms ?? 0,
    });
  }

  #errorText(error: unknown): string {
    const text = textOf(error, this.#ledger);
    return error instanceof Error ? textOf(`${error.name}: ${text}`, this.#ledger) : text;
  }
}

/** Whether a value holds anything to read: neither null, false or 0, nor empty. */
function isFilled(value: unknown): boolean {
  return Boolean(value) && (typeof value !== "object" || Object.keys(value as object).length > 0);
}

/** Runs `body` and finishes the episode: as failed where `body` throws, which is thrown to the caller. */
export async function runEpisode<T>(
  episode: Episode,
  body: (episode: Episode) => Promise<T> | T,
): Promise<T> {
  try {
    const value = await body(episode);
    episode.finish();
    return value;
  } catch (error) {
    episode.finish({ error: error ?? "an exception without a value" });
    throw error;
  }
}

/** The status of an episode that ended with `error`. */
function statusOf(error: unknown): FinalStatus {
  if (error === undefined || error === null) return "completed";
  const { name } = error as { name?: unknown };
  if (name === "TimeoutError") return "timed_out";
  return name === "AbortError" ? "cancelled" : "failed";
}

/** A payload as JSON, with its texts cut at the limit of texts: payloads are indexed and displayed. */
function payloadOf(payload: object | undefined, ledger: Ledger): JsonObject {
  const made = toJsonObject(payload);
  for (const [key, value] of Object.entries(made)) {
    if (typeof value === "string") made[key] = textOf(value, ledger);
  }
  return made;
}

function errorOf(error: unknown, ledger: Ledger): StepError {
  const isError = error instanceof Error;
  const made: StepError = {
    type: clipLabel(isError ? error.name : typeof error).trim() || "Error",
    message: textOf(isError ? error.message : error, ledger),
  };
  if (isError && error.stack !== undefined) made.traceback = textOf(error.stack, ledger);
  return made;
}
