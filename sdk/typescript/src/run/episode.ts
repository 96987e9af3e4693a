// An episode as a program records it: one rollout on one task, with its thoughts, messages and tool calls.

import type { Bodies, FinalStatus, StepError, StepKind } from "../wire/events.js";
import { spanId, traceId } from "../wire/ids.js";
import { toJson, toJsonObject, type JsonObject } from "../wire/json.js";
import { clipLabel } from "../wire/limits.js";
import { fromMillis } from "../wire/time.js";
import type { Ledger } from "./ledger.js";
import type { ArtifactOptions, Place, Rollout, Run, ScoreOptions } from "./run.js";
import type { Bytes } from "../client/files.js";
import { idOf, numberOf, stepOf, textOf, type Values } from "./values.js";

/** How an episode is begun. */
export interface EpisodeOptions {
  /** Default: a new trace id. */
  id?: string;
  task?: string;
  /** The step of the run that the whole episode belongs to. Default: each thing recorded is the episode's next step. */
  step?: number;
  metadata?: object;
}

/** How an episode ended. */
export interface EpisodeEnd {
  /** Default `completed`; `failed` where an error is named. */
  status?: FinalStatus;
  /** Sum of rewards. */
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
  /** The span it happened inside of. */
  parentSpanId?: string;
  /** When it began and how long it took; now, and nothing, where absent. */
  startedAt?: Date | number;
  durationMs?: number;
}

/** An episode that is being recorded. Make one with `run.episode`. */
export class Episode {
  readonly id: string;
  readonly #fixed: number | undefined;
  readonly #begun = performance.now();
  #next = 0;
  #rewards: number | undefined;
  #isFinished = false;

  /** @internal */
  constructor(
    private readonly run: Run,
    private readonly ledger: Ledger,
    options: EpisodeOptions,
  ) {
    this.id = options.id === undefined ? traceId() : idOf(options.id);
    this.#fixed = options.step === undefined ? undefined : stepOf(options.step);
    const body: Bodies["episode.started"] = {
      ...(options.task === undefined ? {} : { task: clipLabel(options.task) }),
      metadata: toJsonObject(options.metadata),
    };
    this.#emit("episode.started", body);
  }

  /** Records what the agent thought. */
  thought(text: unknown, more: Recorded = {}): void {
    this.record("thought", { ...more, payload: { text: textOf(text, this.ledger), ...more.payload } });
  }

  /** Records a message and whose it is (`user`, `assistant`, ...). */
  message(role: string, content: unknown, more: Recorded = {}): void {
    const payload = { role, text: textOf(content, this.ledger), ...more.payload };
    this.record("message", { name: role, ...more, payload });
  }

  /** Records what the agent saw. */
  observation(content: unknown, more: Recorded = {}): void {
    this.record("observation", { ...more, payload: { text: textOf(content, this.ledger), ...more.payload } });
  }

  /** Records a reward; their sum is the episode's return where `finish` names none. */
  reward(value: number): void {
    const number = numberOf(value);
    if (number === undefined) {
      this.ledger.counts.skipped += 1;
      return this.ledger.warn("reward", `reward ${String(value)} is not a finite number; it is left out (told once)`);
    }
    this.#rewards = (this.#rewards ?? 0) + number;
    this.record("reward", { payload: { value: number } });
  }

  /** Records anything else: a decision, a plan, a handoff. Answers its span id. */
  record(kind: StepKind, what: Recorded = {}): string {
    return this.#record(kind, what, spanId());
  }

  /**
   * Calls a tool and records the call and its result, two steps of one span: how long it took, and an error with its
   * stack. What the tool gives or throws goes on to the caller, unchanged.
   */
  async toolCall<T>(name: string, args: unknown, tool: () => Promise<T> | T): Promise<T> {
    const startedAt = Date.now();
    const begun = performance.now();
    const payload = { arguments: toJson(args) ?? null };
    const span = this.#record("tool_call", { name, payload, startedAt }, spanId());
    const ended = (payload: object, error?: unknown) => {
      this.#record("tool_result", { name, payload, error, startedAt, durationMs: performance.now() - begun }, span);
    };
    try {
      const value = await tool();
      ended({ result: toJson(value) ?? null });
      return value;
    } catch (error) {
      ended({}, error ?? new Error("the tool threw nothing"));
      throw error;
    }
  }

  /** Logs scores of the episode at a step: that of the episode, unless one is named. */
  log(values: Values, place: Omit<Place, "episode"> = {}): void {
    this.run.log(values, this.#place(place.step));
  }

  /** Logs one judged rollout of this episode. */
  rollout(rollout: Omit<Rollout, "episode">): void {
    this.run.rollout({ ...rollout, ...this.#place(rollout.step) });
  }

  /** Adds one score to the episode, or with a step to that step of it. */
  score(path: string, value: number | boolean, options: Omit<ScoreOptions, "episode"> = {}): void {
    const target = options.target ?? (options.step === undefined ? "episode" : "step");
    this.run.score(path, value, { ...options, target, episode: this.id });
  }

  /** Keeps a file with the episode. */
  artifact(name: string, content: Bytes, options: Omit<ArtifactOptions, "episode"> = {}): void {
    this.run.artifact(name, content, { ...options, episode: this.id });
  }

  /** Says how the episode ended; only the first call counts. */
  finish(end: EpisodeEnd = {}): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const hasFailed = end.error !== undefined && end.error !== null;
    const body: Bodies["episode.finished"] = {
      status: end.status ?? (hasFailed ? "failed" : "completed"),
      latency_ms: performance.now() - this.#begun,
    };
    const [total, cost] = [numberOf(end.return) ?? this.#rewards, numberOf(end.cost)];
    if (total !== undefined) body.return = total;
    if (cost !== undefined && cost >= 0) body.cost = cost;
    if (hasFailed) body.error = textOf(end.error, this.ledger);
    this.#emit("episode.finished", body);
  }

  /** @internal */
  async during<T>(body: (episode: Episode) => Promise<T> | T): Promise<T> {
    try {
      const value = await body(this);
      this.finish();
      return value;
    } catch (error) {
      this.finish({ error: error ?? "nothing was said" });
      throw error;
    }
  }

  #record(kind: StepKind, what: Recorded, span: string): string {
    const step = this.#fixed ?? this.#next++;
    this.ledger.guarded(kind, undefined, () => {
      const started = Number(what.startedAt ?? Date.now());
      const body: Bodies["step.recorded"] = {
        step_kind: kind,
        ...(what.name === undefined ? {} : { name: clipLabel(what.name) }),
        span_id: span,
        ...(what.parentSpanId === undefined ? {} : { parent_span_id: what.parentSpanId }),
        started_at: fromMillis(started),
        ...(what.durationMs === undefined ? {} : { ended_at: fromMillis(started + Math.max(0, what.durationMs)) }),
        payload: payloadOf(what.payload, this.ledger),
        ...(what.error === undefined || what.error === null ? {} : { error: errorOf(what.error, this.ledger) }),
        metadata: toJsonObject(what.metadata),
      };
      this.run.emit("step.recorded", body, { step, episode: this.id });
    });
    return span;
  }

  #emit<K extends "episode.started" | "episode.finished">(kind: K, body: Bodies[K]): void {
    const place = this.#fixed === undefined ? {} : { step: this.#fixed };
    this.run.emit(kind, body, { ...place, episode: this.id });
  }

  #place(step: number | undefined): { step: number; episode: string } {
    return { step: step ?? this.#fixed ?? Math.max(0, this.#next - 1), episode: this.id };
  }
}

/** Payloads are searched and shown: their texts obey the limit of texts. */
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
