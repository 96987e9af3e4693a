// Turns the calls of a program into events of one run and queues them. Nothing here throws into the caller's
// loop or waits for the server.

import type { Bytes } from "../client/files.js";
import type { Bodies, Kind, Scores } from "../wire/events.js";
import { uuidv7 } from "../wire/ids.js";
import { fromEntries, stringifyJson, toJsonObject } from "../wire/json.js";
import { clipLabel, MAX_SCORES, MAX_STEP } from "../wire/limits.js";
import { now } from "../wire/time.js";
import type { Delivery } from "./delivery.js";
import type { AlertOptions, ArtifactOptions, Place, Rollout, ScoreOptions } from "./inputs.js";
import { alertTextOf, challengeOf, failuresOf, severityOf } from "./judged.js";
import type { Ledger } from "./ledger.js";
import type { NodeRef, NodeTracker } from "./nodes.js";
import { pathOf } from "./paths.js";
import type { Uploads } from "./uploads.js";
import { idOf, namesOf, numberOf, preview, scoresOf, stepOf, textOf, withRoot } from "./values.js";
import type { ParsedScores } from "./values.js";

const TARGETS = ["step", "episode", "run"];

/**
 * What a recorder does with a call: `closed` after the end of the run, `disabled` where nothing is logged.
 */
export type RecorderState = "open" | "closed" | "disabled";

/** Makes the events of one run. */
export class Recorder {
  #state: RecorderState;
  #ignoredCalls = 0;
  readonly #ledger: Ledger;
  readonly #delivery: Delivery;
  readonly #nodes: NodeTracker;
  readonly #uploads: Uploads;

  constructor(
    ledger: Ledger,
    delivery: Delivery,
    nodes: NodeTracker,
    uploads: Uploads,
    state: "open" | "disabled",
  ) {
    this.#ledger = ledger;
    this.#delivery = delivery;
    this.#nodes = nodes;
    this.#uploads = uploads;
    this.#state = state;
  }

  /** What becomes of a call now. */
  get state(): RecorderState {
    return this.#state;
  }

  /** Calls that were ignored because the run is disabled. */
  get ignoredCalls(): number {
    return this.#ignoredCalls;
  }

  /** Ends the run: a later call is counted as lost. */
  close(): void {
    if (this.#state === "open") this.#state = "closed";
  }

  /** See `Run.log`. */
  log(values: unknown, place: Place | null = {}): void {
    this.#guard("log", () => {
      const { scores, notEvaluated } = withRoot(scoresOf(values, this.#ledger));
      const target = this.#resolvePlace(place);
      if (target === undefined || (Object.keys(scores).length === 0 && notEvaluated.length === 0)) return;
      const { node, isFirst } = this.#nodes.logged(target.step, target.episode);
      if (isFirst) {
        const skipped = notEvaluated.length > 0 ? { not_evaluated: notEvaluated } : {};
        this.#emitSnapshot({ scores, ...skipped }, node);
      } else this.#addScores(scores, node);
    });
  }

  /** See `Run.metrics`. */
  metrics(values: unknown, place: { step?: number } | null = {}): void {
    this.#guard("metrics", () => {
      const named = this.#checkPlace({ step: place?.step });
      if (named === undefined) return;
      const { scores } = scoresOf(values, this.#ledger, "metrics");
      this.#addScores(scores, { step: named.step ?? this.#nodes.measured(Object.keys(scores)) });
    });
  }

  /** See `Run.rollout`. */
  rollout(rollout: Rollout<unknown>): void {
    this.#guard("rollout", () => {
      const place = this.#resolvePlace(rollout);
      if (place === undefined) return;
      const parsed = withRoot(scoresOf(rollout.scores, this.#ledger));
      const { node, replaces } = this.#nodes.rollout(place.step, place.episode);
      if (replaces) this.#warnReplaced(node);
      this.#emitSnapshot({ scores: parsed.scores, ...this.#rolloutFields(rollout, parsed) }, node);
    });
  }

  /** See `Run.score`. */
  score(path: string, value: number | boolean, options: ScoreOptions | null = {}): void {
    this.#guard("score", () => {
      const { target = "step", label, explanation, source, ...place } = options ?? {};
      if (!TARGETS.includes(target)) {
        this.#skipCall("score", `target is ${preview(target)}; use ${TARGETS.join(", ")}`);
        return;
      }
      if (target === "episode" && !place.episode) {
        this.#skipCall("score", "no episode is named");
        return;
      }
      // A value that is not a score is counted and warned about as in `log`.
      const [score] = Object.entries(scoresOf({ [path]: value }, this.#ledger).scores);
      const checked = this.#checkPlace(target === "step" ? this.#scoredNode(place) : place);
      if (score === undefined || checked === undefined) return;
      const body: Bodies["score.added"] = {
        target,
        path: score[0],
        value: score[1],
        source: clipLabel(source ?? "").trim() || "sdk",
        ...(label === undefined ? {} : { label: clipLabel(label) }),
        ...(explanation === undefined ? {} : { explanation: textOf(explanation, this.#ledger) }),
      };
      this.#enqueue("score.added", body, checked);
    });
  }

  /** See `Run.alert`. */
  alert(title: unknown, text: unknown, options: AlertOptions | null = {}): void {
    this.#guard("alert", () => {
      const message = alertTextOf(title, text, this.#ledger);
      if (message === "") {
        this.#skipCall("alert", "it has neither a title nor a text");
        return;
      }
      const step = options?.step ?? (this.#nodes.hasLogged ? this.#nodes.last.step : undefined);
      const place = this.#checkPlace({ step });
      const severity = severityOf(options?.level, this.#ledger);
      if (place !== undefined) this.#enqueue("alert.raised", { text: message, severity }, place);
    });
  }

  /** See `Run.artifact`. */
  artifact(name: string, content: Bytes, options: ArtifactOptions = {}): void {
    this.#guard("artifact", () => {
      const place = this.#checkPlace(options);
      if (place === undefined) return;
      const fallback = typeof content === "string" ? "text/plain; charset=utf-8" : "application/octet-stream";
      const blobType = content instanceof Blob && content.type !== "" ? content.type : fallback;
      const description = {
        name: clipLabel(name).trim() || "artifact",
        mime_type: clipLabel(options.mimeType ?? blobType).trim() || fallback,
        role: clipLabel(options.role ?? "").trim() || "file",
      };
      const at = now();
      this.#uploads.add(description.name, content, ({ hash, bytes }) => {
        const body = { ...description, size_bytes: bytes.length, sha256: hash };
        const event = { id: uuidv7(), at, kind: "artifact.added", v: 1, ...place, body };
        this.#delivery.enqueue(this.#serialize(event), { hash, bytes });
      });
    });
  }

  /** Takes the step after the last one: no other call gets it. */
  takeStep(): number {
    return this.#nodes.take();
  }

  /** Whether the run has a snapshot of the episode. */
  hasSnapshot(episode: string): boolean {
    return this.#nodes.has(episode);
  }

  /** Queues an event of any kind. */
  emit<K extends Kind>(kind: K, body: Bodies[K], place: Place = {}): void {
    this.#guard(kind, () => {
      const checked = this.#checkPlace(place);
      if (checked !== undefined) this.#enqueue(kind, body, checked);
    });
  }

  /** Queues `run.finished`, also after {@link close}. */
  emitRunFinished(body: Bodies["run.finished"]): void {
    this.#enqueue("run.finished", body);
  }

  /** Adds scores to a node, or measurements to a step. */
  #addScores(scores: Scores, place: Place): void {
    for (const [path, value] of Object.entries(scores)) {
      this.#enqueue("score.added", { target: "step", path, value, source: "log" }, place);
    }
  }

  /**
   * A snapshot, followed by the scores that exceed the limit of one event. The snapshot itself always has the
   * `root`.
   */
  #emitSnapshot(body: Bodies["snapshot.scored"], node: Required<NodeRef>): void {
    const all = Object.entries(body.scores);
    if (all.length <= MAX_SCORES) {
      this.#enqueue("snapshot.scored", body, node);
      return;
    }
    const isRoot = ([path]: [string, number]) => Number(path === "root");
    const sorted = all.sort((a, b) => isRoot(b) - isRoot(a));
    this.#enqueue("snapshot.scored", { ...body, scores: fromEntries(sorted.slice(0, MAX_SCORES)) }, node);
    this.#addScores(fromEntries(sorted.slice(MAX_SCORES)), node);
  }

  /** The fields of a rollout's snapshot beside its scores. */
  #rolloutFields(
    rollout: Rollout<unknown>,
    { scores, notEvaluated }: ParsedScores,
  ): Omit<Bodies["snapshot.scored"], "scores"> {
    const named = namesOf(rollout.notEvaluated).map((path) => pathOf(path));
    const isSkipped = (path: string) => path !== "" && !Object.hasOwn(scores, path);
    const skipped = [...new Set([...notEvaluated, ...named])].filter(isSkipped);
    const excess = skipped.length - MAX_SCORES;
    if (excess > 0) {
      this.#skipCall("rollout", `${excess} of the paths that were not evaluated are left out`, excess);
    }
    const failures = failuresOf(rollout.failures, this.#ledger);
    const duration = numberOf(rollout.durationMs);
    // Programs without types pass anything.
    const isPaused: unknown = rollout.isPaused;
    return {
      not_evaluated: skipped.slice(0, MAX_SCORES),
      ...(failures.length > 0 ? { failures } : {}),
      action: textOf(rollout.action, this.#ledger),
      observation: textOf(rollout.observation, this.#ledger),
      ...(duration === undefined ? {} : { duration_ms: Math.max(0, duration) }),
      ...(isPaused === undefined || isPaused === null ? {} : { is_paused: Boolean(isPaused) }),
      ...challengeOf(rollout.challenge, this.#ledger),
      metadata: toJsonObject(rollout.metadata),
    };
  }

  #warnReplaced({ step, episode }: Required<NodeRef>): void {
    this.#ledger.counts.replacedRollouts += 1;
    const what = `episode ${episode} has a rollout of step ${step} already; the new one is shown instead`;
    this.#ledger.warn("replaced", `${what}. Name another episode, or none, to keep both (warned once)`);
  }

  /** Leaves out a call, or a part of one, that cannot be used: counted and warned about once. */
  #skipCall(method: string, why: string, count = 1): void {
    this.#ledger.counts.skipped += count;
    this.#ledger.recordLoss(`a call of ${method} could not be used: ${why}`, count);
    this.#ledger.warn(`unusable ${method}`, `a call of ${method}: ${why} (warned once)`);
  }

  /** The step and episode to log to: the next step where none is named; `undefined` where it is invalid. */
  #resolvePlace(place: Place | null): NodeRef | undefined {
    const checked = this.#checkPlace(place ?? {});
    return checked === undefined ? undefined : { ...checked, step: checked.step ?? this.#nodes.take() };
  }

  /** The node that a score is of: the one that was logged last, unless another step or episode is named. */
  #scoredNode(place: Place): Place {
    const step = (place.step as number | null | undefined) ?? undefined;
    const episode = place.episode === "" ? undefined : (place.episode ?? undefined);
    if (step === undefined) {
      return episode === undefined ? this.#nodes.last : { step: this.#nodes.last.step, episode };
    }
    const named = episode ?? this.#nodes.episodeOf(step);
    if (named !== undefined) return { step, episode: named };
    const what = `a score names step ${step} and no episode, and this program logged no rollout of that step`;
    this.#ledger.warn("score without node", `${what}: it is added to no rollout (warned once)`);
    return { step };
  }

  /**
   * A step and an episode as the wire allows them; `undefined`, counted and warned about, where it does not.
   */
  #checkPlace(place: { step?: unknown; episode?: unknown }): Place | undefined {
    const step = place.step ?? undefined;
    const isNamed = (place.episode ?? "") !== "";
    const checked = step === undefined ? undefined : stepOf(step);
    if (step !== undefined && checked === undefined) {
      this.#ledger.counts.skipped += 1;
      this.#ledger.recordLoss("a call named no usable step");
      const why = `is not a whole number from 0 to ${MAX_STEP}; it is left out (warned once)`;
      this.#ledger.warn("step", `step ${preview(step)} ${why}`);
      return undefined;
    }
    return {
      ...(checked === undefined ? {} : { step: checked }),
      ...(isNamed ? { episode: idOf(place.episode, this.#ledger) } : {}),
    };
  }

  #enqueue<K extends Kind>(kind: K, body: Bodies[K], place: Place = {}): void {
    this.#delivery.enqueue(this.#serialize({ id: uuidv7(), at: now(), kind, v: 1, ...place, body }));
  }

  #serialize(event: object): string {
    return stringifyJson(event, (count) => (this.#ledger.counts.repairedTexts += count));
  }

  /** Runs the work of a call so that nothing it throws reaches the caller. */
  #guard(method: string, work: () => void): void {
    switch (this.#state) {
      case "disabled":
        this.#ignoredCalls += 1;
        break;
      case "open":
        this.#ledger.guard(method, undefined, work);
        break;
      case "closed":
        this.#ledger.counts.lost += 1;
        this.#ledger.recordLoss("logged after the run had finished");
        this.#ledger.warn("finished", `${method} after finish: it is left out (warned once)`);
    }
  }
}
