// The state of a film besides its nodes: the run itself, people's commands, answers and notes, and gaps.

import { FINAL_STATUSES, type Action, type Severity, type Status } from "../wire/events.js";
import type { Fact } from "./fact.js";

/** The run itself; texts are empty before `run.started`. */
export interface FilmRunInfo {
  name: string;
  project: string;
  kind: string;
  agent: string | null;
  task: string | null;
  /** The last reported status; before the first report, running as soon as there is any other event. */
  status: Status;
  reason: string | null;
  /** The earliest and the latest time among all facts. */
  startedAt: string | null;
  lastAt: string | null;
}

/** A person's note. */
export interface Note {
  seq: number;
  at: string;
  step: number | null;
  text: string;
  author: string;
  range: { from: number; to: number } | null;
}

/** An alert of a monitor, or of the training code: then `monitor` is `null`. */
export interface Alert {
  seq: number;
  at: string;
  step: number | null;
  text: string;
  severity: Severity;
  monitor: string | null;
}

/** A command of a person to the training process, and its result. */
export interface FilmCommand {
  seq: number;
  at: string;
  id: string;
  action: Action;
  author: string;
  applied: { seq: number; at: string; result: string } | null;
}

/** A person's answer to a challenge. */
export interface Answer {
  seq: number;
  at: string;
  answer: string;
  author: string;
}

/** Events that never reached the log. */
export interface DroppedEvents {
  seq: number;
  at: string;
  lost: number;
  reason: string;
}

const FINAL: readonly Status[] = FINAL_STATUSES;

/** Everything but the nodes. Keyed by `seq`, so that order and repetition of facts leave no trace. */
export class RunState {
  readonly run: FilmRunInfo = {
    name: "",
    project: "",
    kind: "",
    agent: null,
    task: null,
    status: "pending",
    reason: null,
    startedAt: null,
    lastAt: null,
  };
  readonly notes = new Map<number, Note>();
  readonly alerts = new Map<number, Alert>();
  readonly gaps = new Map<number, DroppedEvents>();
  readonly episodes = new Set<string>();
  readonly #commands = new Map<string, Omit<FilmCommand, "applied">>();
  readonly #applied = new Map<string, NonNullable<FilmCommand["applied"]>>();
  readonly #answers = new Map<string, Answer>();
  #named = -1;
  #stated = -1;
  #released = -1;
  /** The highest sequence number seen; -1 before the first. */
  last = -1;

  /** People's commands, in log order. */
  get commands(): FilmCommand[] {
    const joined = [...this.#commands.values()].map((it) => ({
      ...it,
      applied: this.#applied.get(it.id) ?? null,
    }));
    return joined.sort((a, b) => a.seq - b.seq);
  }

  /** Whether a run that was paused at `seq` has continued since. */
  hasReleased(seq: number): boolean {
    return this.#released > seq;
  }

  /** The answer to a node's question, if it was given after the node was scored. */
  answer(node: string, scored: number): Answer | null {
    const answer = this.#answers.get(node);
    return answer && answer.seq > scored ? answer : null;
  }

  /** Applies a fact, except for its scores. `node` names its step and episode. */
  apply(fact: Fact, node: string | null): void {
    this.#see(fact);
    const { seq, at, step } = fact;
    switch (fact.what) {
      case "run_started":
        if (seq > this.#named) {
          this.#named = seq;
          const { name, project, kind, agent, task } = fact;
          Object.assign(this.run, { name, project, kind, agent, task });
        }
        break;
      case "status":
        if (fact.status === "running" || FINAL.includes(fact.status)) this.#release(seq);
        if (seq > this.#stated) {
          this.#stated = seq;
          this.run.status = fact.status;
          this.run.reason = fact.reason;
        }
        break;
      case "command":
        if (["resume", "answer", "stop"].includes(fact.action)) this.#release(seq);
        if (seq > (this.#commands.get(fact.id)?.seq ?? -1)) {
          this.#commands.set(fact.id, { seq, at, id: fact.id, action: fact.action, author: fact.author });
        }
        break;
      case "applied":
        this.#release(seq);
        if (seq > (this.#applied.get(fact.id)?.seq ?? -1)) {
          this.#applied.set(fact.id, { seq, at, result: fact.result });
        }
        break;
      case "answered":
        // An answer without a step releases every paused step.
        if (node === null) this.#release(seq);
        else if (seq > (this.#answers.get(node)?.seq ?? -1)) {
          this.#answers.set(node, { seq, at, answer: fact.answer, author: fact.author });
        }
        break;
      case "note":
        this.notes.set(seq, { seq, at, step, text: fact.text, author: fact.author, range: fact.range });
        break;
      case "alert": {
        const { text, severity, monitor } = fact;
        this.alerts.set(seq, { seq, at, step, text, severity, monitor });
        break;
      }
      case "gap":
        this.gaps.set(seq, { seq, at, lost: fact.lost, reason: fact.reason });
        break;
      default:
        if (this.#stated < 0) this.run.status = "running";
    }
  }

  #release(seq: number): void {
    this.#released = Math.max(this.#released, seq);
  }

  #see(fact: Fact): void {
    this.last = Math.max(this.last, fact.seq);
    if (fact.episode !== null) this.episodes.add(fact.episode);
    // Times of one form: as texts they compare as instants do.
    if (this.run.startedAt === null || fact.at < this.run.startedAt) this.run.startedAt = fact.at;
    if (this.run.lastAt === null || fact.at > this.run.lastAt) this.run.lastAt = fact.at;
  }
}
