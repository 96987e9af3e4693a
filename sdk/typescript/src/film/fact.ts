// The fact: one event reduced to what a viewer keeps. Texts of actions and observations stay in the log.

import type { Action, FailureKind, Severity, Status, StepKind, StoredEvent } from "../wire/events.js";

/** A question put to a person. The expected answer is deliberately absent: films go to the person asked. */
export interface ChallengeFact {
  type: string;
  question: string;
  options: string[];
}

/** What a fact reports, by its `what`. Absent texts and numbers are `null`. */
export type FactBody =
  | {
      what: "scored";
      /** By rubric path, in the client's order. */
      scores: Map<string, number>;
      notEvaluated: string[];
      failures: FailureKind[];
      durationMs: number | null;
      isPaused: boolean;
      challenge: ChallengeFact | null;
    }
  | { what: "added"; path: string; value: number }
  | {
      what: "run_started";
      name: string;
      project: string;
      kind: string;
      agent: string | null;
      task: string | null;
    }
  | { what: "status"; status: Status; reason: string | null }
  | { what: "episode_started"; task: string | null }
  | { what: "episode_finished"; status: Status; return: number | null }
  | { what: "recorded"; stepKind: StepKind; name: string | null; failed: boolean }
  | { what: "command"; id: string; action: Action; author: string }
  | { what: "applied"; id: string; result: string }
  | { what: "answered"; answer: string; author: string }
  | { what: "note"; text: string; author: string; range: { from: number; to: number } | null }
  | { what: "alert"; text: string; severity: Severity; monitor: string | null }
  | { what: "artifact"; name: string }
  | { what: "gap"; lost: number; reason: string }
  /** An event that the film does not show, such as a trial of an experiment. */
  | { what: "other" };

/** One event reduced to what the film keeps. Facts of one run with equal `seq` are the same fact. */
export type Fact = FactBody & {
  /** Position in the run's log. */
  seq: number;
  /** When it happened, by the producer's clock: RFC 3339, UTC, six digits. */
  at: string;
  episode: string | null;
  /** `null` where it belongs to no step, as a later score of an episode or of the run. */
  step: number | null;
};

/** The fact an event states. */
export function factOf(event: StoredEvent): Fact {
  const isOfRunOrEpisode = event.kind === "score.added" && event.body.target !== "step";
  return {
    seq: event.seq,
    at: event.at,
    episode: event.episode ?? null,
    step: isOfRunOrEpisode ? null : (event.step ?? null),
    ...bodyOf(event),
  };
}

function bodyOf(event: StoredEvent): FactBody {
  switch (event.kind) {
    case "snapshot.scored": {
      const { body } = event;
      const asked = body.challenge;
      return {
        what: "scored",
        scores: new Map(Object.entries(body.scores)),
        notEvaluated: body.not_evaluated ?? [],
        failures: body.failures ?? [],
        durationMs: body.duration_ms ?? null,
        isPaused: body.is_paused ?? false,
        challenge: asked
          ? { type: asked.type, question: asked.question, options: asked.options ?? [] }
          : null,
      };
    }
    case "score.added":
      return { what: "added", path: event.body.path, value: event.body.value };
    case "run.started": {
      const { name, project, kind, agent, task } = event.body;
      return { what: "run_started", name, project, kind, agent: agent ?? null, task: task ?? null };
    }
    case "run.status":
      return { what: "status", status: event.body.status, reason: event.body.reason ?? null };
    case "run.finished":
      return { what: "status", status: event.body.status, reason: null };
    case "episode.started":
      return { what: "episode_started", task: event.body.task ?? null };
    case "episode.finished":
      return { what: "episode_finished", status: event.body.status, return: event.body.return ?? null };
    case "step.recorded": {
      const { step_kind, name, error } = event.body;
      return { what: "recorded", stepKind: step_kind, name: name ?? null, failed: error !== undefined };
    }
    case "command.issued":
      return {
        what: "command",
        id: event.body.command_id,
        action: event.body.action,
        author: event.body.author,
      };
    case "command.applied":
      return { what: "applied", id: event.body.command_id, result: event.body.result };
    case "challenge.answered":
      return { what: "answered", answer: event.body.answer, author: event.body.author };
    case "annotation.added":
      return {
        what: "note",
        text: event.body.text,
        author: event.body.author,
        range: event.body.range ?? null,
      };
    case "alert.raised": {
      const { text, severity, monitor } = event.body;
      return { what: "alert", text, severity, monitor: monitor ?? null };
    }
    case "artifact.added":
      return { what: "artifact", name: event.body.name };
    case "gap":
      return { what: "gap", lost: event.body.lost, reason: event.body.reason };
    case "experiment.registered":
    case "experiment.designed":
    case "experiment.started":
    case "experiment.finished":
    case "trial.started":
    case "trial.finished":
      return { what: "other" };
  }
}
