// The wire types of all kinds of events. `sdk/contract/events` has one example of each.

import type { JsonObject } from "./json.js";

/** The status of a run or an episode. */
export type Status = "pending" | "running" | "paused" | FinalStatus;
/** The statuses that end a run or an episode. */
export const FINAL_STATUSES = ["completed", "failed", "timed_out", "cancelled"] as const;
/** One of {@link FINAL_STATUSES}. */
export type FinalStatus = (typeof FINAL_STATUSES)[number];
/** The failures of a step, the most severe first. */
export const FAILURES = ["hallucination", "format", "refusal", "inconsistency", "generic"] as const;
/** One of {@link FAILURES}. */
export type FailureKind = (typeof FAILURES)[number];
/** The kind of an atomic step of an agent. */
export type StepKind =
  | "thought"
  | "tool_call"
  | "tool_result"
  | "observation"
  | "error"
  | "plan_update"
  | "message"
  | "handoff"
  | "decision"
  | "reward"
  | "tick";
/** What a command asks the training side to do. */
export type Action = "pause" | "resume" | "tweak" | "answer" | "stop";

/** How grave an alert is, the mildest first. */
export const SEVERITIES = ["info", "warning", "error"] as const;
/** One of {@link SEVERITIES}. */
export type Severity = (typeof SEVERITIES)[number];

/** Scores by dotted rubric path; `root` is the total. */
export type Scores = Record<string, number>;

/** A question put to a person while the run is paused. */
export interface Challenge {
  /** The guard that asks, such as `HALLUCINATION_GUARD`. */
  type: string;
  question: string;
  options?: string[];
  /** Never shown to the person who is asked. */
  expected_answer?: string;
}

/** An error with its origin. */
export interface StepError {
  type: string;
  message: string;
  traceback?: string;
}

/** What a hypothesis is for. */
export type HypothesisType = "comparative" | "exploratory";
/** In which order the planned trials are executed. */
export type RandomizationStrategy = "sequential" | "interleaved" | "shuffled";
/** How the trials of two programs belong together. */
export type Pairing = "paired" | "independent";
/** A test of whether two programs differ. */
export type StatisticalTest = "paired_t" | "wilcoxon" | "mcnemar" | "welch" | "mann_whitney";

/** How an experiment is made. */
export interface ExperimentalDesign {
  controlled_variables?: string[];
  randomization_strategy: RandomizationStrategy;
  /** Trials of each program; trial `i` has the data point `i` modulo the size of the dataset. */
  sample_size: number;
  measurement_protocol?: string;
  pairing: Pairing;
  /** The one that decides first; each fits the pairing. */
  statistical_tests: StatisticalTest[];
  /** The level of significance, between 0 and 1. */
  alpha: number;
  seed: number;
  /** The comparison that decides about the hypothesis. */
  primary?: { metric: string; baseline: string; candidate: string; direction: "increase" | "decrease" };
  power_analysis?: {
    /** The smallest effect of interest, as Cohen's d. */
    effect_size: number;
    target_power: number;
    required_sample_size: number;
    achieved_power: number;
  };
}

/** One program to evaluate. */
export interface EvaluationJob {
  program: string;
  dataset: { name: string; size: number; sha256?: string };
  metrics: string[];
  evaluation_type: "standard" | "comparison" | "adaptive";
}

/** The body of each kind of event. */
export interface Bodies {
  "run.started": {
    name: string;
    project: string;
    kind: string;
    agent?: string;
    task?: string;
    tags?: string[];
    config?: JsonObject;
    metadata?: JsonObject;
    rules?: "auto" | "dipg" | { root_below: number };
  };
  "run.status": { status: Status; reason?: string };
  "run.finished": { status: FinalStatus; summary?: JsonObject };
  "episode.started": { task?: string; metadata?: JsonObject };
  "episode.finished": {
    status: Status;
    /** Sum of rewards. */
    return?: number;
    latency_ms?: number;
    cost?: number;
    error?: string;
  };
  "snapshot.scored": {
    scores: Scores;
    not_evaluated?: string[];
    failures?: FailureKind[];
    action?: string;
    observation?: string;
    duration_ms?: number;
    is_paused?: boolean;
    challenge?: Challenge;
    metadata?: JsonObject;
    /** The time as a client of the hub wrote it. */
    timestamp?: string;
    /** Top-level keys that client posted. */
    posted?: string[];
  };
  "step.recorded": {
    step_kind: StepKind;
    name?: string;
    /** 16 lowercase hexadecimal digits. */
    span_id: string;
    parent_span_id?: string;
    started_at: string;
    ended_at?: string;
    payload?: JsonObject;
    error?: StepError;
    metadata?: JsonObject;
  };
  "score.added": {
    target: "step" | "episode" | "run";
    path: string;
    value: number;
    label?: string;
    explanation?: string;
    /** Who scored: a rubric, a judge model, a person. */
    source: string;
  };
  "artifact.added": { name: string; mime_type: string; size_bytes: number; sha256: string; role: string };
  "command.issued": { command_id: string; action: Action; parameters?: JsonObject; author: string };
  "command.applied": { command_id: string; result: string };
  "challenge.answered": { answer: string; author: string; correct?: boolean };
  "annotation.added": { text: string; author: string; range?: { from: number; to: number } };
  /** A monitor's rule began to hold, or the training code called for attention: then it names no monitor. */
  "alert.raised": { text: string; severity: Severity; monitor?: string; rule?: string };
  "experiment.registered": {
    hypothesis_id: string;
    research_question: string;
    independent_variables: string[];
    dependent_variables: string[];
    prediction: string;
    hypothesis_type: HypothesisType;
    metadata?: JsonObject;
  };
  "experiment.designed": { design: ExperimentalDesign; jobs: EvaluationJob[]; tags?: string[] };
  /** Also of an experiment that is resumed. */
  "experiment.started": { code_version?: string; environment?: JsonObject };
  "experiment.finished": { status: FinalStatus; reason?: string; research_insights?: string[] };
  "trial.started": { trial_id: string; program: string; index: number };
  "trial.finished": {
    trial_id: string;
    program: string;
    index: number;
    status: FinalStatus;
    started_at: string;
    ended_at: string;
    data_point?: unknown;
    configuration?: JsonObject;
    prediction?: unknown;
    metrics?: Scores;
    score?: number;
    latency_ms?: number;
    cost?: { tokens: number; financial: number };
    error?: StepError;
  };
  gap: { lost: number; reason: string };
}

/** The kind of an event. */
export type Kind = keyof Bodies;

/** Every kind, in the order of the catalogue. */
export const KINDS: readonly Kind[] = [
  "run.started",
  "run.status",
  "run.finished",
  "episode.started",
  "episode.finished",
  "snapshot.scored",
  "step.recorded",
  "score.added",
  "artifact.added",
  "command.issued",
  "command.applied",
  "challenge.answered",
  "annotation.added",
  "alert.raised",
  "experiment.registered",
  "experiment.designed",
  "experiment.started",
  "experiment.finished",
  "trial.started",
  "trial.finished",
  "gap",
];

/** An event of kind `K` as a client sends it. */
export interface EventOf<K extends Kind> {
  /** UUID; the idempotency key: sent twice, it is stored once. */
  id: string;
  /** When it happened, RFC 3339 with a zone. */
  at: string;
  kind: K;
  v: 1;
  episode?: string;
  step?: number;
  body: Bodies[K];
}

/** Any event as a client sends it. */
export type Event = { [K in Kind]: EventOf<K> }[Kind];

/** Any event as the server returns it. */
export type StoredEvent = Event & {
  /** Position in the run's log, from 0. */
  seq: number;
  /** When the server accepted it, RFC 3339. */
  received_at: string;
};
