// A run as a program logs to it. Nothing here throws into the loop or waits for the server.

import type { Client } from "../client/client.js";
import { bytesOf, type Bytes } from "../client/files.js";
import { pause } from "../client/http.js";
import type { Bodies, Challenge, FailureKind, FinalStatus, Kind, Scores } from "../wire/events.js";
import { uuidv7 } from "../wire/ids.js";
import { toJsonObject } from "../wire/json.js";
import { clipLabel } from "../wire/limits.js";
import { now } from "../wire/time.js";
import { Delivery, type Refused } from "./delivery.js";
import { Episode, type EpisodeOptions } from "./episode.js";
import { Fifo } from "./fifo.js";
import { Ledger, type RunStats } from "./ledger.js";
import type { Settings } from "./settings.js";
import { Steps } from "./steps.js";
import { idOf, numberOf, pathOf, scoresOf, stepOf, textOf, withRoot, type Values } from "./values.js";

/** Which step of which episode. */
export interface Place {
  /** 0 or more. */
  step?: number;
  episode?: string;
}

/** One judged rollout or step, with its texts. */
export interface Rollout extends Place {
  scores: Values;
  /** What the agent did, and what it saw. */
  action?: unknown;
  observation?: unknown;
  /** Rubrics that were not called here: neither good nor bad. */
  notEvaluated?: readonly string[];
  /** Failures that are known as such, where there are no scores to judge by. */
  failures?: readonly FailureKind[];
  /** How long judging took, milliseconds. */
  durationMs?: number;
  /** Whether the run waits here for a person, and what the person is asked. */
  isPaused?: boolean;
  challenge?: Challenge;
  metadata?: object;
}

/** What a later score is about, and who gave it. */
export interface ScoreOptions extends Place {
  /** Default `step`: the one that is named, else the one that was logged last. */
  target?: "step" | "episode" | "run";
  label?: string;
  explanation?: string;
  /** A rubric, a judge model, a person. Default `sdk`. */
  source?: string;
}

/** What a file is. */
export interface ArtifactOptions extends Place {
  /** Media type. Default by content: text or bytes. */
  mimeType?: string;
  /** What it is for. Default `file`. */
  role?: string;
}

/** Most bytes that wait in memory. */
const MEMORY_BYTES = 64 << 20;
/** Longest wait of `finish` for a server that is away, where events can wait on disk. Milliseconds. */
const PATIENCE_AWAY_MS = 3_000;

/** A run that is being logged. Make one with `init`. */
export class Run {
  readonly id: string;
  readonly project: string;
  readonly name: string;
  readonly #ledger: Ledger;
  readonly #delivery: Delivery;
  readonly #steps = new Steps();
  readonly #uploads = new Set<Promise<void>>();
  #isFinished = false;

  /** @internal */
  constructor(
    private readonly client: Client | null,
    private readonly settings: Settings,
  ) {
    const { spec, queueEvents, spool, warn } = settings;
    this.id = spec.id;
    this.project = spec.project;
    this.name = spec.name;
    this.#ledger = new Ledger(warn);
    const open = spool === null ? null : () => spool(spec, warn);
    const fifo = new Fifo({ events: queueEvents, bytes: MEMORY_BYTES }, open);
    this.#delivery = new Delivery(client, spec, fifo, this.#ledger);
  }

  /** The run's page. */
  get url(): string {
    return `${this.client?.endpoint ?? ""}/runs/${encodeURIComponent(this.id)}`;
  }

  /** What became of everything so far. */
  get stats(): RunStats {
    return { queued: this.#delivery.queued, ...this.#ledger.counts };
  }

  /** Events the server refused, with the field and the reason; the first hundred. */
  get refused(): readonly Refused[] {
    return this.#delivery.refused;
  }

  /** Whether `finish` was called. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /**
   * Logs scores of a step; without a step, of the one after the last. Nested names join with a dot, `reward` is the
   * whole (`root`) where there is no `root`. The first call for a (step, episode) is its snapshot, later ones
   * add to it.
   */
  log(values: Values, place: Place = {}): void {
    this.#guarded("log", () => this.#log(withRoot(scoresOf(values, this.#ledger)), this.#place(place)));
  }

  /**
   * Logs measurements of the training (loss, KL, learning rate): curves that are never judged as failures. Without a
   * step they belong to the one that was logged last.
   */
  metrics(values: Values, place: Place = {}): void {
    this.#guarded("metrics", () => {
      this.#log(scoresOf(values, this.#ledger, "metrics"), this.#place({ step: this.#steps.last, ...place }));
    });
  }

  /**
   * Logs one judged rollout with its texts. Several rollouts of one step are all kept: one that names no episode gets
   * its own. One that names the episode of an earlier one replaces it.
   */
  rollout(rollout: Rollout): void {
    this.#guarded("rollout", () => {
      const place = this.#place(rollout);
      if (place === undefined) return;
      const scores = withRoot(scoresOf(rollout.scores, this.#ledger));
      const isFirst = this.#steps.isFirst(place.step, place.episode);
      if (!isFirst && place.episode === undefined) place.episode = this.#steps.another(place.step);
      this.#emit("snapshot.scored", { scores, ...this.#texts(rollout, scores) }, place);
    });
  }

  /** Adds one score to a step, an episode or the run: one that came later, or from a judge or a person. */
  score(path: string, value: number | boolean, options: ScoreOptions = {}): void {
    this.#guarded("score", () => {
      const number = numberOf(value);
      // What is no score is counted and told as it is for `log`.
      if (number === undefined || pathOf(path) === "") return void scoresOf({ [path]: value }, this.#ledger);
      const { target = "step", step, episode, label, explanation, source } = options;
      const at = step ?? (target === "step" ? this.#steps.last : undefined);
      const place = this.#optionalPlace({ ...(at === undefined ? {} : { step: at }), ...(episode ? { episode } : {}) });
      if (place === undefined) return;
      const body: Bodies["score.added"] = {
        target,
        path: pathOf(path),
        value: number,
        source: clipLabel(source ?? "").trim() || "sdk",
        ...(label === undefined ? {} : { label: clipLabel(label) }),
        ...(explanation === undefined ? {} : { explanation: textOf(explanation, this.#ledger) }),
      };
      this.#emit("score.added", body, place);
    });
  }

  /**
   * Begins an episode: one rollout on one task, whose thoughts, messages and tool calls are recorded. With a function,
   * it runs that and finishes the episode, as failed where it throws; the error goes on to the caller.
   */
  episode(options?: EpisodeOptions): Episode;
  episode<T>(options: EpisodeOptions, body: (episode: Episode) => Promise<T> | T): Promise<T>;
  episode<T>(options: EpisodeOptions = {}, body?: (episode: Episode) => Promise<T> | T): Episode | Promise<T> {
    const episode = new Episode(this, this.#ledger, options);
    return body === undefined ? episode : episode.during(body);
  }

  /** Keeps a file with the run, a step or an episode. It is sent meanwhile; `flush` and `finish` wait for it. */
  artifact(name: string, content: Bytes, options: ArtifactOptions = {}): void {
    if (this.#isFinished || this.settings.mode === "disabled") return;
    // Taken now: what the caller changes in its buffer afterwards is not in the file.
    const bytes = this.#ledger.guarded("artifact", null, () => bytesOf(content));
    if (bytes === null) return;
    const upload = this.#upload(name, bytes, content, options).catch((error: unknown) => {
      this.#ledger.counts.lost += 1;
      this.#ledger.warn("artifact", `artifact ${name} was not kept: ${String((error as Error).message ?? error)}`);
    });
    this.#uploads.add(upload);
    void upload.then(() => this.#uploads.delete(upload));
  }

  /** Waits until the server has everything logged so far, at most `timeoutMs`. Resolves to what became of it. */
  async flush({ timeoutMs = this.settings.finishMs }: { timeoutMs?: number } = {}): Promise<RunStats> {
    const until = Date.now() + timeoutMs;
    await this.#uploaded(timeoutMs);
    await this.#delivery.flush(Math.max(0, until - Date.now()));
    return this.stats;
  }

  /** Says how the run ended, waits for the server, lets go. What could not be sent is on disk, or counted as lost. */
  async finish({ status = "completed", summary }: { status?: FinalStatus; summary?: object } = {}): Promise<RunStats> {
    if (this.#isFinished) return this.stats;
    // What waits on disk is not lost: nobody has to wait for a server that is away.
    const { finishMs, spool } = this.settings;
    const patienceMs = spool !== null && this.#delivery.isAway ? Math.min(finishMs, PATIENCE_AWAY_MS) : finishMs;
    const until = Date.now() + patienceMs;
    await this.#uploaded(patienceMs);
    this.#guarded("finish", () => {
      this.#emit("run.finished", { status, ...(summary === undefined ? {} : { summary: toJsonObject(summary) }) });
    });
    this.#isFinished = true;
    await this.#delivery.flush(Math.max(0, until - Date.now()));
    this.#delivery.giveUp(this.client === null ? "the run is offline" : "the server did not take them in time");
    this.#delivery.close();
    open.delete(this);
    return this.stats;
  }

  /** @internal Creates the run, so that it is there before its first event. */
  begin(): void {
    this.#delivery.start();
  }

  /** @internal The page is going away: what can be done without waiting. */
  leavePage(): void {
    this.#delivery.part();
  }

  /** @internal The process is ending, with an error where there was one: what can be done without waiting. */
  leaveProcess(error: unknown): void {
    if (error !== undefined) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      const summary = toJsonObject({ error: { type: name, message, traceback: stack } });
      this.#guarded("finish", () => this.#emit("run.finished", { status: "failed", summary }));
    }
    this.#delivery.giveUp("the process ended");
    this.#delivery.close();
  }

  /** @internal An event of any kind. */
  emit<K extends Kind>(kind: K, body: Bodies[K], place: Place = {}): void {
    this.#guarded(kind, () => {
      const checked = this.#optionalPlace(place);
      if (checked !== undefined) this.#emit(kind, body, checked);
    });
  }

  #log(scores: Scores, place: { step: number; episode?: string } | undefined): void {
    if (place === undefined || Object.keys(scores).length === 0) return;
    if (this.#steps.isFirst(place.step, place.episode)) return this.#emit("snapshot.scored", { scores }, place);
    for (const [path, value] of Object.entries(scores)) {
      this.#emit("score.added", { target: "step", path, value, source: "log" }, place);
    }
  }

  /** What a rollout says beside its scores. */
  #texts(rollout: Rollout, scores: Scores): Omit<Bodies["snapshot.scored"], "scores"> {
    const skipped = (rollout.notEvaluated ?? []).map((path) => pathOf(String(path)));
    const { durationMs, failures, isPaused, challenge } = rollout;
    return {
      not_evaluated: [...new Set(skipped)].filter((path) => path !== "" && !Object.hasOwn(scores, path)),
      ...(failures && failures.length > 0 ? { failures: [...failures] } : {}),
      action: textOf(rollout.action, this.#ledger),
      observation: textOf(rollout.observation, this.#ledger),
      ...(numberOf(durationMs) === undefined ? {} : { duration_ms: Math.max(0, Number(durationMs)) }),
      ...(isPaused === undefined ? {} : { is_paused: isPaused }),
      ...(challenge === undefined ? {} : { challenge }),
      metadata: toJsonObject(rollout.metadata),
    };
  }

  /** The place that is logged to: the next step where none is named. `undefined`, with a warning, where it is none. */
  #place(place: Place): { step: number; episode?: string } | undefined {
    const checked = this.#optionalPlace(place);
    if (checked === undefined) return undefined;
    const step = checked.step ?? this.#steps.next;
    this.#steps.see(step);
    return { ...checked, step };
  }

  #optionalPlace({ step, episode }: Place): Place | undefined {
    if (step !== undefined && stepOf(step) === undefined) {
      this.#ledger.counts.skipped += 1;
      this.#ledger.warn("step", `step ${String(step)} is not a whole number, 0 or more; it is left out (told once)`);
      return undefined;
    }
    return { ...(step === undefined ? {} : { step }), ...(episode === undefined ? {} : { episode: idOf(episode) }) };
  }

  #emit<K extends Kind>(kind: K, body: Bodies[K], place: Place = {}): void {
    this.#delivery.offer(JSON.stringify({ id: uuidv7(), at: now(), kind, v: 1, ...place, body }));
  }

  async #upload(name: string, content: Promise<Uint8Array>, from: Bytes, options: ArtifactOptions): Promise<void> {
    const bytes = await content;
    const hash = await this.#delivery.upload(bytes);
    const guessed = typeof from === "string" ? "text/plain; charset=utf-8" : "application/octet-stream";
    const type = options.mimeType ?? (from instanceof Blob && from.type !== "" ? from.type : guessed);
    const body = {
      name: clipLabel(name).trim() || "artifact",
      mime_type: clipLabel(type) || guessed,
      size_bytes: bytes.length,
      sha256: hash,
      role: clipLabel(options.role ?? "").trim() || "file",
    };
    const place = this.#optionalPlace(options);
    if (place !== undefined) this.#emit("artifact.added", body, place);
  }

  async #uploaded(timeoutMs: number): Promise<void> {
    if (this.#uploads.size === 0) return;
    const done = new AbortController();
    await Promise.race([Promise.all(this.#uploads), pause(timeoutMs, done.signal)]);
    done.abort();
  }

  #guarded(where: string, work: () => void): void {
    if (this.settings.mode === "disabled") return;
    if (this.#isFinished) return this.#ledger.warn("finished", `${where} after finish: it is left out (told once)`);
    this.#ledger.guarded(where, undefined, work);
  }
}

/** The runs that are being logged, for when the process or the page ends. */
export const open = new Set<Run>();
