// An episode as a program records it: one rollout on one task, with its thoughts, messages and tool calls.

import type { Bodies, FinalStatus, StepError, StepKind } from "../wire/events.js";
import { spanId, traceId } from "../wire/ids.js";
import { toJsonObject, type JsonObject } from "../wire/json.js";
import { clipLabel } from "../wire/limits.js";
import { fromMillis } from "../wire/time.js";
import type { Ledger } from "./ledger.js";
import type { ArtifactOptions, Place, Rollout, ScoreOptions } from "./inputs.js";
import type { Run } from "./run.js";
import type { Bytes } from "../client/files.js";
import { finalStatusOf } from "./judged.js";
import { idOf, numberOf, shown, stepOf, textOf, type Values } from "./values.js";

/** How an episode is begun. */
export interface EpisodeOptions {
  /** Default: a new trace id. */
  id?: string;
  task?: string;
  /**
   * The step of the run that the whole episode belongs to. Default: what is recorded is numbered from 0
   * within the episode, and each `log` or `rollout` of it is the run's next step.
   */
  step?: number;
  metadata?: object;
}

/** How an episode ended. */
export interface EpisodeEnd {
  /**
   * Default `completed`; where an error is named `failed`, or `timed_out` or `cancelled` as its name says.
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
  /** The span it happened inside of. */
  parentSpanId?: string;
  /** When it began and how long it took; now, and nothing, where absent. */
  startedAt?: Date | number;
  durationMs?: number;
}

/**
 * The last moment that the wire can say, milliseconds since the Unix epoch: nearly the end of the year 9999.
 */
const LAST_MS = Date.UTC(9999, 11, 30);
/** What a span id is: 16 lowercase hexadecimal digits. A parent that is none is left out. */
const SPAN_ID = /^[0-9a-f]{16}$/;
/** What of a payload a person reads first. */
const READ_FIRST = ["text", "output", "content", "result"];

/** An episode that is being recorded. Make one with `run.episode`. */
export class Episode {
  readonly id: string;
  readonly #task: string;
  readonly #fixed: number | undefined;
  readonly #begun = performance.now();
  /** How many things were recorded: the number of the next one. */
  #recorded = 0;
  #rewards: number | undefined;
  /** What the agent said and saw last. */
  #said: unknown;
  #saw: unknown;
  #isFinished = false;

  /** @internal */
  constructor(
    private readonly run: Run,
    private readonly ledger: Ledger,
    options: EpisodeOptions,
  ) {
    const { id, task, step, metadata } = options ?? {};
    this.id =
      ledger.guarded("the episode's id", "", () => ((id ?? "") === "" ? "" : idOf(id, ledger))) || traceId();
    this.#task = ledger.guarded("the episode's task", "", () => clipLabel(task ?? "").trim());
    this.#fixed = (step ?? undefined) === undefined ? undefined : stepOf(step);
    if ((step ?? undefined) !== undefined && this.#fixed === undefined) {
      ledger.warn(
        "episode step",
        `step ${shown(step)} is no whole number, 0 or more; the episode gets the next one`,
      );
    }
    this.#emit("episode.started", {
      ...(this.#task === "" ? {} : { task: this.#task }),
      metadata: toJsonObject(metadata),
    });
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
      return this.ledger.warn(
        "reward",
        `reward ${shown(value)} is not a finite number; it is left out (told once)`,
      );
    }
    this.#rewards = (this.#rewards ?? 0) + number;
    this.record("reward", { payload: { value: number } });
  }

  /** Records anything else: a decision, a plan, a handoff. Answers its span id. */
  record(kind: StepKind, what: Recorded = {}): string {
    return this.#record(kind, what, spanId());
  }

  /**
   * Calls a tool and records the call and its result, two steps of one span: how long it took, and an error
   * with its stack. What the tool gives or throws goes on to the caller, unchanged.
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
  log(values: Values, place: Omit<Place, "episode"> = {}): void {
    this.run.log(values, this.#judged(place?.step));
  }

  /** Logs one judged rollout of this episode, as {@link log} does. */
  rollout(rollout: Omit<Rollout, "episode">): void {
    this.run.rollout({ ...rollout, ...this.#judged(rollout?.step) });
  }

  /** Adds one score to the episode, or with a step to that step of it. */
  score(path: string, value: number | boolean, options: Omit<ScoreOptions, "episode"> = {}): void {
    const target = options?.target ?? (options?.step === undefined ? "episode" : "step");
    this.run.score(path, value, { ...options, target, episode: this.id });
  }

  /** Keeps a file with the episode, with what was recorded last unless a step is named. */
  artifact(name: string, content: Bytes, options: Omit<ArtifactOptions, "episode"> = {}): void {
    const step = this.#fixed ?? Math.max(0, this.#recorded - 1);
    this.run.artifact(name, content, { step, ...options, episode: this.id });
  }

  /** Says how the episode ended; only the first call counts. */
  finish(end: EpisodeEnd = {}): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    end ??= {};
    const body: Bodies["episode.finished"] = {
      status: finalStatusOf(end.status, statusOf(end.error), this.ledger),
      latency_ms: performance.now() - this.#begun,
    };
    const [total, cost] = [numberOf(end.return) ?? this.#rewards, numberOf(end.cost)];
    if (total !== undefined) body.return = total;
    if (cost !== undefined && cost >= 0) body.cost = cost;
    else if ((end.cost ?? undefined) !== undefined) {
      this.ledger.counts.skipped += 1;
      this.ledger.warn(
        "cost",
        `cost ${shown(end.cost)} is not a number, 0 or more; it is left out (told once)`,
      );
    }
    if (end.error !== undefined && end.error !== null) body.error = this.#told(end.error);
    this.#show(body);
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
    this.ledger.guarded(kind, undefined, () => {
      const step = this.#fixed ?? this.#recorded;
      this.#recorded += 1;
      const given = Number(what.startedAt ?? Date.now());
      const started = given >= 0 && given <= LAST_MS ? given : Date.now();
      const duration = numberOf(what.durationMs);
      const parent = what.parentSpanId;
      const payload = payloadOf(what.payload, this.ledger);
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
          : { error: errorOf(what.error, this.ledger) }),
        metadata: toJsonObject(what.metadata),
      };
      this.#note(kind, payload);
      this.run.emit("step.recorded", body, { step, episode: this.id });
    });
    return span;
  }

  #emit<K extends "episode.started" | "episode.finished">(kind: K, body: Bodies[K]): void {
    const place = this.#fixed === undefined ? {} : { step: this.#fixed };
    this.run.emit(kind, body, { ...place, episode: this.id });
  }

  /** Where something judged now belongs. */
  #judged(step: number | undefined): { step: number; episode: string } {
    return { step: step ?? this.#fixed ?? this.run.takeStep(), episode: this.id };
  }

  /** Keeps what a person would read first of the episode. */
  #note(kind: StepKind, payload: JsonObject): void {
    const found = READ_FIRST.map((key) => payload[key]).find(Boolean);
    if (found === undefined) return;
    const isSeen =
      kind === "observation" || (kind === "message" && ["user", "system"].includes(`${payload["role"]}`));
    if (isSeen) this.#saw = found;
    else if (["message", "decision", "tool_result"].includes(kind) || this.#said === undefined)
      this.#said = found;
  }

  /**
   * An episode that nobody scored becomes one point of the path all the same, so that it is seen: its return
   * is the height, an error is a failure.
   */
  #show({ status, return: total, error, latency_ms }: Bodies["episode.finished"]): void {
    if (this.run.isJudged(this.id) || !(this.#recorded > 0 || error)) return;
    this.run.rollout({
      ...this.#judged(undefined),
      scores: total === undefined ? {} : { root: total },
      action: this.#said ?? error,
      observation: this.#saw ?? this.#task,
      ...(status === "failed" || status === "timed_out" ? { failures: ["generic"] } : {}),
      durationMs: latency_ms ?? 0,
    });
  }

  #told(error: unknown): string {
    const text = textOf(error, this.ledger);
    return error instanceof Error ? textOf(`${error.name}: ${text}`, this.ledger) : text;
  }
}

/** How an episode ended that ended with `error`. */
function statusOf(error: unknown): FinalStatus {
  if (error === undefined || error === null) return "completed";
  const { name } = error as { name?: unknown };
  if (name === "TimeoutError") return "timed_out";
  return name === "AbortError" ? "cancelled" : "failed";
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
