// The film: what a viewer knows of a run, as the fold of its facts.

import type { FailureRule, FailureRules } from "../client/types.js";
import type { FailureKind, Status } from "../wire/events.js";
import { compareText } from "../wire/text.js";
import type { ChallengeFact, Fact } from "./fact.js";
import { isMeasurement, Measurements, type Measurement } from "./measurements.js";
import { Paths } from "./paths.js";
import { Evidence, worst, isDecisive, isSameRule, judge } from "./rules.js";
import { decimate, type Point } from "./series.js";
import {
  RunState,
  type Alert,
  type Answer,
  type FilmCommand,
  type DroppedEvents,
  type Note,
  type FilmRunInfo,
} from "./state.js";

type ScoredFact = Extract<Fact, { what: "scored" }>;

/** How an episode ends that has failed. */
const FAILED_STATUSES: readonly Status[] = ["failed", "timed_out"];

/** One scored step of an episode. */
export interface FilmStep {
  readonly step: number;
  readonly episode: string | null;
  /** Place of its snapshot in the log. */
  readonly seq: number;
  /** When it was scored, RFC 3339. */
  readonly at: string;
  /** The score of the complete rubric; `null` where it was not evaluated. */
  readonly root: number | null;
  /** By rubric path, with the measurements of its step; what was not evaluated is absent. */
  readonly scores: ReadonlyMap<string, number>;
  /**
   * The most severe failure of the step: by the rule in force, declared, or the error that its episode ended
   * with.
   */
  readonly failure: FailureKind | null;
  /**
   * Which rubrics are below their own bound. Outside the medical rules only the root's makes the step fail.
   */
  readonly failures: ReadonlyMap<string, FailureKind>;
  readonly durationMs: number | null;
  /** Whether the run waited here for a person. */
  readonly isPaused: boolean;
  readonly challenge: ChallengeFact | null;
  readonly answer: Answer | null;
}

/** A node: its snapshot, and its later scores. */
interface Node {
  step: number;
  episode: string | null;
  snapshot: ScoredFact | null;
  /** Whether there is more than one snapshot: later scores that are older than the last one do not count. */
  rescored: boolean;
  later: Map<string, { seq: number; value: number }>;
  /** Computed on demand, dropped when the node changes, or a measurement of its step. */
  view: FilmStep | null;
  measured: number;
}

/** One episode. */
interface Episode {
  /** The greatest step that has a node; -1 where none has. */
  lastStep: number;
  /** Sequence number of its last end, -1 where it has not ended, and whether it failed. */
  endedAt: number;
  hasFailed: boolean;
}

/**
 * The fold of a run's facts. Which step fails is judged by the run's rules; where they are `auto`, by the
 * rule that fits all scores so far; whenever that becomes another one, every step is judged again. The
 * error that an episode ended with fails its last scored step. Facts may come in any order, in any batches,
 * any number of times: of two snapshots of one (step, episode) the one with the higher `seq` counts, and
 * replaces the other with every later score over it. A later score counts instead of the snapshot's of its
 * path; one that comes before its step was ever scored waits for the first snapshot. A measurement that names
 * no episode belongs to its step: it is read at every node of the step, and makes none.
 */
export class Film {
  readonly rules: FailureRules;
  readonly #nodes = new Map<string, Node>();
  readonly #paths = new Paths();
  readonly #state = new RunState();
  readonly #measurements = new Measurements();
  readonly #episodes = new Map<string, Episode>();
  readonly #evidence = new Evidence();
  #rule: FailureRule;
  #ordered: Node[] | null = [];

  /** A film of nothing, judged by `rules`: those that the run asks for. */
  constructor(rules: FailureRules = "auto") {
    this.rules = rules;
    this.#rule = this.#evidence.rule(rules);
  }

  /** Takes one fact. A fact taken before changes nothing. */
  apply(fact: Fact): void {
    const key = fact.step === null ? null : keyOf(fact.step, fact.episode);
    this.#state.apply(fact, key);
    if (fact.what === "episode_finished" && fact.episode !== null)
      this.#ended(fact.episode, fact.seq, fact.status);
    if (fact.step === null || key === null) return;
    if (isMeasurement(fact)) {
      this.#note(fact.path, fact.step);
      this.#measurements.set(fact);
    } else if (fact.what === "scored") this.#scored(this.#node(key, fact.step, fact.episode), fact);
    else if (fact.what === "added") this.#added(this.#node(key, fact.step, fact.episode), fact);
    else if (fact.what === "answered") this.#touch(key);
    this.#followEvidence();
  }

  /** The rule that steps are judged by now. */
  get rule(): FailureRule {
    return this.#rule;
  }

  /** One more than the highest sequence number seen; 0 before the first fact. */
  get head(): number {
    return this.#state.last + 1;
  }

  /** The scored steps, by step, then episode (none first). */
  get steps(): readonly FilmStep[] {
    return this.#rows().map((node) => this.#view(node));
  }

  /** How many scored steps there are. */
  get length(): number {
    return this.#rows().length;
  }

  /** The scored step of that number: the first of its episodes, unless one is named. */
  at(step: number, episode?: string | null): FilmStep | undefined {
    if (episode !== undefined) {
      const node = this.#nodes.get(keyOf(step, episode));
      return node?.snapshot ? this.#view(node) : undefined;
    }
    const node = this.#rows()[this.#position(step)];
    return node?.step === step ? this.#view(node) : undefined;
  }

  /** Every rubric path in tree order: `root` first, children below their parent. */
  get paths(): readonly string[] {
    return this.#paths.ordered;
  }

  /**
   * The history of a path from step `from` to step `to`, both included. Where `points` is less than there are
   * scores, every part keeps its lowest and its highest: no spike is lost.
   */
  series(path: string, { from = 0, to = Infinity, points = Infinity } = {}): Point[] {
    const rows = this.#rows().slice(this.#position(from), this.#position(to + 1));
    const values = rows.map((node) => {
      const view = this.#view(node);
      const value = view.scores.get(path);
      return value === undefined ? null : { step: node.step, value, failed: view.failures.has(path) };
    });
    return decimate(values, points);
  }

  /** The paths that were measured at steps as such, in tree order. */
  get measuredPaths(): string[] {
    return this.paths.filter((path) => this.#measurements.has(path));
  }

  /**
   * The measurements of a path (`metrics.loss`) from step `from` to step `to`, both included, each step once.
   * Where `points` is less than there are, every part keeps its lowest and its highest.
   */
  measurements(path: string, { from = 0, to = Infinity, points = Infinity } = {}): Measurement[] {
    return this.#measurements.history(path, from, to, points);
  }

  /** What is known of the run itself. */
  get run(): Readonly<FilmRunInfo> {
    return this.#state.run;
  }

  /** The episodes any fact named. */
  get episodes(): ReadonlySet<string> {
    return this.#state.episodes;
  }

  /** People's notes, in log order. */
  get notes(): Note[] {
    return bySeq(this.#state.notes);
  }

  /** Alerts, in log order. */
  get alerts(): Alert[] {
    return bySeq(this.#state.alerts);
  }

  /** People's commands, in log order, with their results. */
  get commands(): FilmCommand[] {
    return this.#state.commands;
  }

  /** Losses upstream of the log, in log order. */
  get gaps(): DroppedEvents[] {
    return bySeq(this.#state.gaps);
  }

  /** How many steps fail. */
  get failing(): number {
    return this.steps.filter((step) => step.failure !== null).length;
  }

  /** Mean of the root scores there are. */
  get meanRoot(): number | null {
    const roots = this.steps.flatMap((step) => step.root ?? []);
    return roots.length === 0 ? null : roots.reduce((sum, root) => sum + root, 0) / roots.length;
  }

  /** The first failing step past `after`, or of all. */
  nextFailure(after = -1): FilmStep | undefined {
    const rows = this.#rows();
    for (let i = this.#position(after + 1); i < rows.length; i += 1) {
      const view = this.#view(rows[i] as Node);
      if (view.failure !== null) return view;
    }
    return undefined;
  }

  /** The step whose question still waits for a person; the latest where several do. */
  get pendingChallenge(): FilmStep | undefined {
    const waits = (step: FilmStep) =>
      step.challenge !== null && step.isPaused && step.answer === null && !this.#state.hasReleased(step.seq);
    return this.steps.filter(waits).sort((a, b) => b.seq - a.seq)[0];
  }

  #node(key: string, step: number, episode: string | null): Node {
    const known = this.#nodes.get(key);
    if (known) return known;
    const node: Node = {
      step,
      episode,
      snapshot: null,
      rescored: false,
      later: new Map(),
      view: null,
      measured: 0,
    };
    this.#nodes.set(key, node);
    return node;
  }

  #scored(node: Node, fact: ScoredFact): void {
    // Paths are learnt from snapshots that no longer count too: their order must not depend on arrival.
    let position = 0;
    for (const path of fact.scores.keys()) this.#note(path, node.step, position++);
    for (const path of fact.notEvaluated) this.#note(path, node.step, position++);
    const root = fact.scores.get("root");
    if (root !== undefined) this.#evidence.seeRoot(root);
    node.rescored ||= node.snapshot !== null && node.snapshot.seq !== fact.seq;
    node.view = null;
    if (node.snapshot !== null && node.snapshot.seq >= fact.seq) return;
    if (node.snapshot === null) this.#place(node);
    node.snapshot = fact;
    if (node.episode === null) return;
    const episode = this.#episode(node.episode);
    if (node.step <= episode.lastStep) return;
    // The error that the episode ended with fails this node, and no longer the one that was last before.
    this.#touch(keyOf(episode.lastStep, node.episode));
    episode.lastStep = node.step;
  }

  #ended(id: string, seq: number, status: Status): void {
    const episode = this.#episode(id);
    if (seq <= episode.endedAt) return;
    episode.endedAt = seq;
    episode.hasFailed = FAILED_STATUSES.includes(status);
    this.#touch(keyOf(episode.lastStep, id));
  }

  #episode(id: string): Episode {
    const known = this.#episodes.get(id) ?? { lastStep: -1, endedAt: -1, hasFailed: false };
    this.#episodes.set(id, known);
    return known;
  }

  #added(node: Node, fact: Extract<Fact, { what: "added" }>): void {
    this.#note(fact.path, node.step);
    if (fact.path === "root") this.#evidence.seeRoot(fact.value);
    if ((node.later.get(fact.path)?.seq ?? -1) >= fact.seq) return;
    node.later.set(fact.path, { seq: fact.seq, value: fact.value });
    node.view = null;
  }

  #note(path: string, step: number, position?: number): void {
    this.#paths.note(path, step, position);
    this.#evidence.seePath(path);
  }

  /** Judges every node again if the evidence now puts another rule in force. */
  #followEvidence(): void {
    const rule = this.#evidence.rule(this.rules);
    if (isSameRule(rule, this.#rule)) return;
    this.#rule = rule;
    for (const node of this.#nodes.values()) node.view = null;
  }

  #touch(key: string): void {
    const node = this.#nodes.get(key);
    if (node) node.view = null;
  }

  /** A new node; most come after all others. */
  #place(node: Node): void {
    const last = this.#ordered?.at(-1);
    if (this.#ordered && (last === undefined || inOrder(last, node) < 0)) this.#ordered.push(node);
    else this.#ordered = null;
  }

  #rows(): Node[] {
    this.#ordered ??= [...this.#nodes.values()].filter((node) => node.snapshot !== null).sort(inOrder);
    return this.#ordered;
  }

  /** Where the nodes of that step begin, or would. */
  #position(step: number): number {
    const rows = this.#rows();
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((rows[middle] as Node).step < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #view(node: Node): FilmStep {
    const measured = this.#measurements.revision(node.step);
    if (node.view !== null && node.measured === measured) return node.view;
    node.measured = measured;
    return (node.view = this.#look(node));
  }

  #look({ step, episode, snapshot, rescored, later }: Node): FilmStep {
    const shot = snapshot as ScoredFact;
    const scores = new Map(shot.scores);
    for (const [path, { seq, value }] of later) if (!rescored || seq > shot.seq) scores.set(path, value);
    for (const [path, { value }] of this.#measurements.at(step))
      if (!scores.has(path)) scores.set(path, value);
    const failures = new Map<string, FailureKind>();
    for (const [path, value] of scores) {
      const failure = judge(this.#rule, path, value);
      if (failure !== null) failures.set(path, failure);
    }
    const ended = episode === null ? undefined : this.#episodes.get(episode);
    const raised: FailureKind[] = ended?.hasFailed === true && ended.lastStep === step ? ["generic"] : [];
    const decisive = [...failures]
      .filter(([path]) => isDecisive(this.#rule, path))
      .map(([, failure]) => failure);
    return {
      step,
      episode,
      seq: shot.seq,
      at: shot.at,
      root: scores.get("root") ?? null,
      scores,
      failure: worst([...decisive, ...shot.failures, ...raised]),
      failures,
      durationMs: shot.durationMs,
      isPaused: shot.isPaused,
      challenge: shot.challenge,
      answer: shot.challenge ? this.#state.answer(keyOf(step, episode), shot.seq) : null,
    };
  }
}

function keyOf(step: number, episode: string | null): string {
  return episode === null ? `${step}` : `${step}/${episode}`;
}

function inOrder(a: Node, b: Node): number {
  if (a.step !== b.step) return a.step - b.step;
  if (a.episode === null || b.episode === null)
    return Number(a.episode !== null) - Number(b.episode !== null);
  return compareText(a.episode, b.episode);
}

function bySeq<T extends { seq: number }>(map: ReadonlyMap<number, T>): T[] {
  return [...map.values()].sort((a, b) => a.seq - b.seq);
}
