// A run as a program logs to it. Nothing here throws into the loop or waits for the server.

import type { Client } from "../client/client.js";
import type { Bytes } from "../client/files.js";
import type { Bodies, FinalStatus, Kind, Scores, Status } from "../wire/events.js";
import { uuidv7, writerId } from "../wire/ids.js";
import { isSame, objectOf, shortly, toJsonObject, written } from "../wire/json.js";
import { clipLabel, MAX_SCORES, MAX_STEP } from "../wire/limits.js";
import { now } from "../wire/time.js";
import type { Run as RunInfo, WriterEnd } from "../client/types.js";
import { Control, type CheckpointOptions, type Outcome } from "./control.js";
import { Delivery, type Refused } from "./delivery.js";
import { Episode, type EpisodeOptions } from "./episode.js";
import { Fifo } from "./fifo.js";
import type { ArtifactOptions, Place, Rollout, ScoreOptions } from "./inputs.js";
import { Ledger, type Loss, type RunStats } from "./ledger.js";
import { endOf, type Ending } from "./ending.js";
import { Presence } from "./presence.js";
import type { Settings } from "./settings.js";
import { Steps, type Where } from "./steps.js";
import { challengeOf, failuresOf } from "./judged.js";
import { pathOf } from "./paths.js";
import { idOf, namesOf, numberOf, scoresOf, shown, stepOf, textOf, withRoot } from "./values.js";
import type { Taken, Values } from "./values.js";
import { Uploads } from "./uploads.js";

const TARGETS = ["step", "episode", "run"];

/** Most bytes of events, and of artifacts, that wait in memory. */
const MEMORY_BYTES = 64 << 20;
const CONTENT_BYTES = 256 << 20;
/** Longest wait of `init` for what the server knows of a run that is named by its id. Milliseconds. */
const JOIN_MS = 5_000;
/** Longest wait of `finish` for a server that is away, where events can wait on disk. Milliseconds. */
const PATIENCE_AWAY_MS = 3_000;
/**
 * Least time for the report of the end, and the most that the end of a process takes for what still waits.
 */
const LEAST_REPORT_MS = 500;
const LEAVING_MS = 3_000;

/** A run that is being logged. Make one with `init`. */
export class Run {
  readonly id: string;
  readonly project: string;
  readonly name: string;
  readonly #ledger: Ledger;
  readonly #delivery: Delivery;
  readonly #control: Control | null;
  readonly #steps: Steps;
  readonly #uploads: Uploads;
  readonly #presence: Presence | null;
  #finishing: Promise<RunStats> | null = null;
  #isFinished = false;
  #ending: Ending = {};
  #isEndLogged = false;
  /** Calls that a disabled run did nothing about. */
  #ignored = 0;

  /**
   * @internal `client` is `null` where nothing is sent; `endpoint` is where the run will be looked at all the
   * same.
   */
  constructor(
    private readonly client: Client | null,
    private readonly settings: Settings,
    private readonly endpoint: string,
  ) {
    const { spec, queueEvents, spool, warn } = settings;
    this.id = spec.id;
    this.project = spec.project;
    this.name = spec.name;
    this.#ledger = new Ledger(warn);
    this.#ledger.counts.repairedTexts = settings.repairedTexts;
    const meantFor = client?.endpoint ?? null;
    const open = spool === null ? null : () => spool.open(spec, meantFor, warn);
    const older = this.#ledger.guarded(
      "looking for what was left",
      [],
      () => spool?.leftOf(spec, meantFor) ?? [],
    );
    const fifo = new Fifo(
      { events: queueEvents, bytes: MEMORY_BYTES, contentBytes: CONTENT_BYTES },
      open,
      older,
    );
    const writer = writerId();
    this.#steps = new Steps(writer);
    for (const { lastStep = -1 } of older) this.#steps.resume(lastStep);
    this.#uploads = new Uploads(this.#ledger);
    this.#delivery = new Delivery(client, spec, fifo, this.#ledger, (found) => this.#found(found));
    const onGone = (why: string) => this.#delivery.gone(why);
    this.#presence = client === null ? null : new Presence(client, spec.id, writer, onGone);
    const voice = {
      applied: (command_id: string, result: string) => {
        this.emit("command.applied", { command_id, result: textOf(result, this.#ledger) });
      },
      status: (status: Status, reason: string) =>
        this.emit("run.status", { status, reason: clipLabel(reason) }),
    };
    this.#control = client === null ? null : new Control(client, spec.id, voice, this.#ledger);
  }

  /** The run's page. */
  get url(): string {
    return `${this.endpoint}/runs/${encodeURIComponent(this.id)}`;
  }

  /** What became of everything so far. */
  get stats(): RunStats {
    return { queued: this.#delivery.queued, ...this.#ledger.counts };
  }

  /** Events the server refused, with the field and the reason; the first hundred. */
  get refused(): readonly Refused[] {
    return this.#delivery.refused;
  }

  /** What was given and is not kept, by reason. */
  get losses(): readonly Loss[] {
    return this.#ledger.losses;
  }

  /** Whether `finish` was called. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /**
   * Logs scores of a step; without a step, of the one after the last. Nested names join with a dot, `reward`
   * is the whole (`root`) where there is no `root`. The first call of this program for a step (of an episode)
   * is its snapshot, later ones add to it; other programs that log the same step have snapshots of their own.
   */
  log(values: Values, place: Place = {}): void {
    this.#guarded("log", () => {
      const taken = withRoot(scoresOf(values, this.#ledger));
      const found = this.#place(place);
      if (found === undefined || (isEmpty(taken.scores) && taken.notEvaluated.length === 0)) return;
      const { where, isFirst } = this.#steps.logged(found.step, found.episode);
      if (!isFirst) return this.#add(taken.scores, where);
      const { scores, notEvaluated } = taken;
      this.#snapshot({ scores, ...(notEvaluated.length > 0 ? { not_evaluated: notEvaluated } : {}) }, where);
    });
  }

  /**
   * Logs measurements of the training (loss, KL, learning rate): curves by step, beside its rollouts, that
   * are never judged as failures. Without a step they belong to the step that was logged last; before
   * anything is logged they begin at the first step, and what is measured again is of the next one.
   */
  metrics(values: Values, place: { step?: number } = {}): void {
    this.#guarded("metrics", () => {
      const named = this.#optionalPlace({ step: place?.step });
      if (named === undefined) return;
      const { scores } = scoresOf(values, this.#ledger, "metrics");
      this.#add(scores, { step: named.step ?? this.#steps.measured(Object.keys(scores)) });
    });
  }

  /**
   * Logs one judged rollout with its texts. Several rollouts of one step are all kept, whichever process logs
   * them: one that names no episode gets its own. One that names the episode of an earlier one replaces it.
   */
  rollout(rollout: Rollout): void {
    this.#guarded("rollout", () => {
      const place = this.#place(rollout);
      if (place === undefined) return;
      const taken = withRoot(scoresOf(rollout.scores, this.#ledger));
      const { where, replaces } = this.#steps.rollout(place.step, place.episode);
      if (replaces) this.#sayReplaced(where);
      this.#snapshot({ scores: taken.scores, ...this.#texts(rollout, taken) }, where);
    });
  }

  /** Adds one score to a step, an episode or the run: one that came later, or from a judge or a person. */
  score(path: string, value: number | boolean, options: ScoreOptions = {}): void {
    this.#guarded("score", () => {
      options ??= {};
      const { target = "step", label, explanation, source } = options;
      if (!TARGETS.includes(target)) {
        return this.#unusable("score", `target is ${shown(target)}; use ${TARGETS.join(", ")}`);
      }
      if (target === "episode" && !options.episode) return this.#unusable("score", "no episode is named");
      // What is no score is counted and told as it is for `log`.
      const [found] = Object.entries(scoresOf({ [path]: value }, this.#ledger).scores);
      const place = this.#optionalPlace(target === "step" ? this.#node(options) : options);
      if (found === undefined || place === undefined) return;
      const body: Bodies["score.added"] = {
        target,
        path: found[0],
        value: found[1],
        source: clipLabel(source ?? "").trim() || "sdk",
        ...(label === undefined ? {} : { label: clipLabel(label) }),
        ...(explanation === undefined ? {} : { explanation: textOf(explanation, this.#ledger) }),
      };
      this.#emit("score.added", body, place);
    });
  }

  /**
   * Begins an episode: one rollout on one task, whose thoughts, messages and tool calls are recorded. With a
   * function, it runs that and finishes the episode, as failed where it throws; the error goes on to the
   * caller.
   */
  episode(options?: EpisodeOptions): Episode;
  episode<T>(options: EpisodeOptions, body: (episode: Episode) => Promise<T> | T): Promise<T>;
  episode<T>(
    options: EpisodeOptions = {},
    body?: (episode: Episode) => Promise<T> | T,
  ): Episode | Promise<T> {
    const episode = new Episode(this, this.#ledger, options);
    return body === undefined ? episode : episode.during(body);
  }

  /**
   * Keeps a file with the run, a step or an episode. It waits for the server as events do, with them; in Node
   * also on disk.
   */
  artifact(name: string, content: Bytes, options: ArtifactOptions = {}): void {
    this.#guarded("artifact", () => {
      const place = this.#optionalPlace(options);
      if (place === undefined) return;
      const guessed = typeof content === "string" ? "text/plain; charset=utf-8" : "application/octet-stream";
      const own = content instanceof Blob && content.type !== "" ? content.type : guessed;
      const said = {
        name: clipLabel(name).trim() || "artifact",
        mime_type: clipLabel(options.mimeType ?? own).trim() || guessed,
        role: clipLabel(options.role ?? "").trim() || "file",
      };
      const at = now();
      this.#uploads.add(said.name, content, ({ hash, bytes }) => {
        const body = { ...said, size_bytes: bytes.length, sha256: hash };
        const event = { id: uuidv7(), at, kind: "artifact.added", v: 1, ...place, body };
        this.#delivery.offer(this.#written(event), { hash, bytes });
      });
    });
  }

  /**
   * Where the loop obeys a person: pause waits here until somebody resumes, or for `timeoutMs`; a tweak calls
   * or changes `tweak`; stop is answered `"stop"`, from then on. Resolves at once while nobody says anything:
   * commands are fetched in the background, about once a second, from the first call on.
   */
  async checkpoint(options: CheckpointOptions = {}): Promise<Outcome> {
    if (this.#control === null || this.#isFinished) return "continue";
    return this.#control.checkpoint(options ?? {});
  }

  /**
   * Waits until the server has everything logged so far, at most `timeoutMs`; offline, until it is on disk.
   * Resolves to whether everything given so far is safe there; what is not is in `losses`, or still on its
   * way.
   */
  async flush({ timeoutMs = this.settings.finishMs }: { timeoutMs?: number } = {}): Promise<boolean> {
    if (this.settings.mode === "disabled") return this.#ignored === 0;
    const until = Date.now() + timeoutMs;
    const areRead = await this.#uploads.settled(timeoutMs);
    const isSettled = await this.#delivery.flush(Math.max(0, until - Date.now()));
    if (!areRead || !isSettled) {
      const { queued } = this.stats;
      this.#ledger.warn(
        "flush",
        `flush: after ${timeoutMs} ms ${queued} events are not safe yet; they still wait`,
      );
    }
    return areRead && isSettled && this.losses.length === 0;
  }

  /**
   * Says how the run ended, waits for the server, lets go. A run that others write as well goes on until the
   * last of them has finished. What could not be sent is on disk, or counted as lost; one line says what is
   * not kept.
   */
  finish(end: { status?: FinalStatus; summary?: object } = {}): Promise<RunStats> {
    return this.end(end ?? {});
  }

  /** @internal {@link finish}, with what is known where the process ends. */
  end(end: Ending): Promise<RunStats> {
    return (this.#finishing ??= this.#finish(end));
  }

  /**
   * @internal Creates the run, so that it is there before its first event. One that is named by its id may
   * exist: then the server is waited for, a few seconds, because steps that are not named go on after its
   * last one.
   */
  async begin(): Promise<void> {
    this.#delivery.start();
    if (this.settings.named.includes("id")) await this.#delivery.asked(JOIN_MS);
  }

  /** @internal The page is going away: what can be done without waiting. */
  leavePage(): void {
    this.#delivery.part();
  }

  /**
   * @internal The process is about to be ended from outside: what waits is on disk, should it not get to its
   * end.
   */
  secure(): void {
    this.#delivery.secure();
  }

  /**
   * @internal The process is ending, with an exit code and an error where there was one: what can be done
   * while nothing else runs. A server that answered a moment ago gets what waits now; what it does not take
   * goes to disk.
   */
  leaveProcess(known: Ending): void {
    // A program that does not wait for `finish` has said how the run ended all the same.
    const end = { ...known, ...this.#ending };
    this.#control?.close();
    this.#presence?.stop();
    this.#uploads.hashNow(this.settings.spool?.sha256 ?? null);
    this.#isFinished = true;
    const finished = endOf(end, this.#ledger);
    const report = this.#presence?.isSupported ? { writer: this.#presence.writer, end: finished } : null;
    if (report === null) this.#emitEnd(finished);
    const send = this.settings.spool?.sendNow;
    const timeoutMs = Math.min(this.settings.finishMs, LEAVING_MS);
    const isReported = send !== undefined && this.#delivery.leave(send, report, timeoutMs);
    if (report !== null && !isReported) this.#emitEnd(finished);
    this.#delivery.giveUp("the process ended");
    this.#delivery.close();
    this.#sayLosses();
    open.delete(this);
  }

  /** @internal The step after the last one: nobody else gets it. */
  takeStep(): number {
    return this.#steps.take();
  }

  /** @internal Whether anything of the episode was scored. */
  isJudged(episode: string): boolean {
    return this.#steps.has(episode);
  }

  /** @internal An event of any kind. */
  emit<K extends Kind>(kind: K, body: Bodies[K], place: Place = {}): void {
    this.#guarded(kind, () => {
      const checked = this.#optionalPlace(place);
      if (checked !== undefined) this.#emit(kind, body, checked);
    });
  }

  /** The server has the run: as it was just created, or as it was before. */
  #found(run: Partial<RunInfo>): void {
    if (typeof run.last_step === "number") this.#steps.resume(run.last_step);
    if (!this.#isFinished) this.#presence?.start();
    const { spec, named } = this.settings;
    const others = named.filter((key) => run[key] !== undefined && !isSame(spec[key], run[key]));
    if (others.length === 0) return;
    const shown = others
      .map((key) => `${key} is ${shortly(run[key])} and not ${shortly(spec[key])}`)
      .join("; ");
    this.#ledger.warn("conflict", `run ${this.id} exists with other settings, which stay: ${shown}`);
  }

  /** Adds scores to what is there: each is laid over the node, or is a measurement of the step. */
  #add(scores: Scores, place: Place): void {
    for (const [path, value] of Object.entries(scores)) {
      this.#emit("score.added", { target: "step", path, value, source: "log" }, place);
    }
  }

  /**
   * A snapshot, and behind it the scores that are too many for one event. The score of the whole is in the
   * first.
   */
  #snapshot(body: Bodies["snapshot.scored"], where: Required<Where>): void {
    const all = Object.entries(body.scores);
    if (all.length <= MAX_SCORES) return this.#emit("snapshot.scored", body, where);
    const isRoot = ([path]: [string, number]) => Number(path === "root");
    const sorted = all.sort((a, b) => isRoot(b) - isRoot(a));
    this.#emit("snapshot.scored", { ...body, scores: objectOf(sorted.slice(0, MAX_SCORES)) }, where);
    this.#add(objectOf(sorted.slice(MAX_SCORES)), where);
  }

  /** What a rollout says beside its scores. */
  #texts(rollout: Rollout, { scores, notEvaluated }: Taken): Omit<Bodies["snapshot.scored"], "scores"> {
    const named = namesOf(rollout.notEvaluated).map((path) => pathOf(path));
    const isSkipped = (path: string) => path !== "" && !Object.hasOwn(scores, path);
    const skipped = [...new Set([...notEvaluated, ...named])].filter(isSkipped);
    const over = skipped.length - MAX_SCORES;
    if (over > 0)
      this.#unusable("rollout", `${over} of the paths that were not evaluated are left out`, over);
    const failures = failuresOf(rollout.failures, this.#ledger);
    const duration = numberOf(rollout.durationMs);
    return {
      not_evaluated: skipped.slice(0, MAX_SCORES),
      ...(failures.length > 0 ? { failures } : {}),
      action: textOf(rollout.action, this.#ledger),
      observation: textOf(rollout.observation, this.#ledger),
      ...(duration === undefined ? {} : { duration_ms: Math.max(0, duration) }),
      ...(rollout.isPaused === undefined || rollout.isPaused === null
        ? {}
        : { is_paused: Boolean(rollout.isPaused) }),
      ...challengeOf(rollout.challenge, this.#ledger),
      metadata: toJsonObject(rollout.metadata),
    };
  }

  #sayReplaced({ step, episode }: Required<Where>): void {
    this.#ledger.counts.replacedRollouts += 1;
    const said = `episode ${episode} has a rollout of step ${step} already; the new one is shown instead`;
    this.#ledger.warn("replaced", `${said}. Name another episode, or none, to keep both (told once)`);
  }

  /** A call, or a part of one, that cannot be used: it is left out, counted and told once. */
  #unusable(where: string, why: string, count = 1): void {
    this.#ledger.counts.skipped += count;
    this.#ledger.lose(`a call of ${where} could not be used: ${why}`, count);
    this.#ledger.warn(`unusable ${where}`, `a call of ${where}: ${why} (told once)`);
  }

  /**
   * The place that is logged to: the next step where none is named. `undefined`, with a warning, where it is
   * none.
   */
  #place(place: Place | null): Where | undefined {
    const checked = this.#optionalPlace(place ?? {});
    return checked === undefined ? undefined : { ...checked, step: checked.step ?? this.#steps.take() };
  }

  /** The node that is meant: the one that was logged last, unless another step or episode is named. */
  #node({ step, episode }: Place): Place {
    [step, episode] = [step ?? undefined, episode || undefined];
    if (step === undefined)
      return episode === undefined ? this.#steps.last : { step: this.#steps.last.step, episode };
    const named = episode ?? this.#steps.nodeOf(step);
    if (named !== undefined) return { step, episode: named };
    const said = `a score names step ${step} and no episode, and this program logged no rollout of that step`;
    this.#ledger.warn("score without node", `${said}: it belongs to none (told once)`);
    return { step };
  }

  #optionalPlace(place: { step?: unknown; episode?: unknown }): Place | undefined {
    const step = place.step ?? undefined;
    const isNamed = (place.episode ?? "") !== "";
    const found = step === undefined ? undefined : stepOf(step);
    if (step !== undefined && found === undefined) {
      this.#ledger.counts.skipped += 1;
      this.#ledger.lose("a call named no usable step");
      const why = `is not a whole number from 0 to ${MAX_STEP}; it is left out (told once)`;
      this.#ledger.warn("step", `step ${shown(step)} ${why}`);
      return undefined;
    }
    return {
      ...(found === undefined ? {} : { step: found }),
      ...(isNamed ? { episode: idOf(place.episode, this.#ledger) } : {}),
    };
  }

  #emit<K extends Kind>(kind: K, body: Bodies[K], place: Place = {}): void {
    this.#delivery.offer(this.#written({ id: uuidv7(), at: now(), kind, v: 1, ...place, body }));
  }

  #written(event: object): string {
    return written(event, (count) => (this.#ledger.counts.repairedTexts += count));
  }

  async #finish(end: Ending): Promise<RunStats> {
    this.#ending = end;
    const { finishMs, spool } = this.settings;
    const until = Date.now() + (end.withinMs ?? finishMs);
    const left = () => Math.max(0, until - Date.now());
    this.#control?.close();
    await this.#uploads.settled(left());
    this.#uploads.hashNow(spool?.sha256 ?? null);
    this.#isFinished = true;
    const finished = endOf(end, this.#ledger);
    // The server ends the run when its last writer has finished. Where it cannot be told, the log says it.
    const isDone = await this.#arrived(left);
    const isTold = isDone && (await this.#presence?.finished(finished, Math.max(left(), LEAST_REPORT_MS)));
    this.#presence?.stop();
    if (!isTold && this.settings.mode !== "disabled") {
      this.#emitEnd(finished);
      await this.#arrived(left);
    }
    this.#delivery.giveUp(
      this.client === null ? "the run is offline" : "the server did not take them in time",
    );
    const { stats } = this;
    this.#delivery.close();
    this.#sayLosses();
    open.delete(this);
    if (open.size === 0) spool?.ended?.();
    return { ...stats, queued: 0 };
  }

  /** Waits until everything has arrived; less where the server is away and what waits is on disk. */
  async #arrived(left: () => number): Promise<boolean> {
    const isDone = await this.#delivery.flush(Math.min(left(), PATIENCE_AWAY_MS));
    // What waits on disk is not lost: nobody has to wait for a server that is away.
    if (isDone || (this.settings.spool !== null && this.#delivery.isAway)) return isDone;
    return this.#delivery.flush(left());
  }

  /** Writes the end into the log itself, once. */
  #emitEnd({ status, exit_code, summary }: WriterEnd): void {
    if (this.#isEndLogged) return;
    this.#isEndLogged = true;
    const whole = exit_code === undefined ? summary : { ...summary, exit_code };
    this.#emit("run.finished", { status, ...(whole === undefined ? {} : { summary: whole }) });
  }

  /** One line about what is not kept, where anything is not. */
  #sayLosses(): void {
    const { losses } = this;
    if (losses.length === 0) return;
    const said = losses.map(({ reason, count }) => `${count} x ${reason}`).join("; ");
    this.#ledger.warn("losses", `run ${this.id} is not kept in full: ${said}`);
  }

  #guarded(where: string, work: () => void): void {
    if (this.settings.mode === "disabled") return void (this.#ignored += 1);
    if (!this.#isFinished) return this.#ledger.guarded(where, undefined, work);
    this.#ledger.counts.lost += 1;
    this.#ledger.lose("logged after the run had finished");
    this.#ledger.warn("finished", `${where} after finish: it is left out (told once)`);
  }
}

function isEmpty(scores: Scores): boolean {
  return Object.keys(scores).length === 0;
}

/** The runs that are being logged, for when the process or the page ends. */
export const open = new Set<Run>();
