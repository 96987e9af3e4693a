// A run as a program logs to it. Nothing here throws into the loop or waits for the server.

import type { Bytes } from "../client/files.js";
import type { FinalStatus } from "../wire/events.js";
import type { CheckpointOptions, Outcome } from "./control.js";
import { Episode, runEpisode, type EpisodeOptions } from "./episode.js";
import type { AlertOptions, ArtifactOptions, Place, Rollout, ScoreOptions } from "./inputs.js";
import type { Loss, Refused, RunStats } from "./ledger.js";
import type { Lifecycle, RunParts } from "./lifecycle.js";
import type { ValuesOf } from "./values.js";

/** A run that is being logged. Make one with `init`. */
export class Run {
  /** Unique on the server. */
  readonly id: string;
  readonly project: string;
  readonly name: string;
  readonly #parts: RunParts;
  readonly #lifecycle: Lifecycle;
  readonly #endpoint: string;

  /** @internal */
  constructor(parts: RunParts, lifecycle: Lifecycle, endpoint: string) {
    const { id, project, name } = parts.settings.spec;
    this.id = id;
    this.project = project;
    this.name = name;
    this.#parts = parts;
    this.#lifecycle = lifecycle;
    this.#endpoint = endpoint;
  }

  /** The address of the run's page. */
  get url(): string {
    return `${this.#endpoint}/runs/${encodeURIComponent(this.id)}`;
  }

  /** Counts of everything logged so far. */
  get stats(): RunStats {
    return { queued: this.#parts.delivery.queued, ...this.#parts.ledger.counts };
  }

  /** Events the server refused, with the field and the reason; the first hundred. */
  get refused(): readonly Refused[] {
    return this.#parts.delivery.refused;
  }

  /** What was logged and is lost, by reason. */
  get losses(): readonly Loss[] {
    return this.#parts.ledger.losses;
  }

  /** Whether the run has ended for this program: what is logged later is lost. */
  get isFinished(): boolean {
    return this.#lifecycle.isFinished;
  }

  /**
   * Logs scores of a step; without a step, of the one after the last. Nested names join with a dot, `reward`
   * is the root score where there is no `root`. The first call of this program for a step (of an episode) is
   * its snapshot, later ones add to it; other programs that log the same step have snapshots of their own.
   */
  log<T>(values: T & ValuesOf<T>, place: Place = {}): void {
    this.#parts.recorder.log(values, place);
  }

  /**
   * Logs measurements of the training (loss, KL, learning rate): curves by step, beside its rollouts, that
   * are never judged as failures. Without a step they belong to the step that was logged last; before
   * anything is logged they begin at the first step, and what is measured again is of the next one.
   */
  metrics<T>(values: T & ValuesOf<T>, place: { step?: number } = {}): void {
    this.#parts.recorder.metrics(values, place);
  }

  /**
   * Logs one judged rollout with its texts. Several rollouts of one step are all stored, whichever process
   * logs them: one that names no episode gets a new one. One that names the episode of an earlier rollout
   * replaces it.
   */
  rollout<T>(rollout: Rollout<T & ValuesOf<T>>): void {
    this.#parts.recorder.rollout(rollout);
  }

  /** Adds one score to a step, an episode or the run: one that came later, or from a judge or a person. */
  score(path: string, value: number | boolean, options: ScoreOptions = {}): void {
    this.#parts.recorder.score(path, value, options);
  }

  /**
   * Raises an alert: an event of the run that its page and `gauntlet tail` show. It belongs to the step that
   * was logged last where none is named.
   */
  alert(title: string, text = "", options: AlertOptions = {}): void {
    this.#parts.recorder.alert(title, text, options);
  }

  /**
   * Begins an episode: one rollout on one task, whose thoughts, messages and tool calls are recorded. With a
   * function, it runs that and finishes the episode, as failed where it throws; the error is thrown to the
   * caller.
   */
  episode(options?: EpisodeOptions): Episode;
  episode<T>(options: EpisodeOptions, body: (episode: Episode) => Promise<T> | T): Promise<T>;
  episode<T>(
    options: EpisodeOptions | null = {},
    body?: (episode: Episode) => Promise<T> | T,
  ): Episode | Promise<T> {
    const episode = new Episode(this.#parts.recorder, this.#parts.ledger, options);
    return body === undefined ? episode : runEpisode(episode, body);
  }

  /**
   * Stores a file with the run, a step or an episode. It is queued for the server like events, in their
   * order; in Node also on disk.
   */
  artifact(name: string, content: Bytes, options: ArtifactOptions = {}): void {
    this.#parts.recorder.artifact(name, content, options);
  }

  /**
   * Where the loop applies the commands of a person: a pause waits here until a person resumes, or for
   * `timeoutMs`; a tweak calls or changes `tweak`; a stop returns `"stop"`, from then on. Resolves at once
   * while there is no command: commands are fetched in the background, about once a second, from the first
   * call on.
   */
  async checkpoint(options: CheckpointOptions = {}): Promise<Outcome> {
    const { control } = this.#parts;
    return control === null || this.isFinished ? "continue" : control.checkpoint(options);
  }

  /**
   * Waits until the server has everything logged so far, at most `timeoutMs`; offline, until it is on disk.
   * Resolves to whether everything logged so far is safe there; what is not is in `losses`, or still queued.
   */
  async flush({ timeoutMs }: { timeoutMs?: number } = {}): Promise<boolean> {
    return this.#lifecycle.flush(timeoutMs ?? this.#parts.settings.finishMs);
  }

  /**
   * Ends the run with a status, and waits for the server. A run that other processes write to as
   * well ends with the last of them. What could not be sent is on disk, or counted as lost; one warning
   * lists what is lost.
   */
  async finish(end: { status?: FinalStatus; summary?: object } = {}): Promise<RunStats> {
    return this.#lifecycle.finish(end);
  }
}
