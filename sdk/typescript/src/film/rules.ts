// Which score of which rubric is which failure: the server's default rules, for readers of a film.

import { FAILURES, type FailureKind } from "../wire/events.js";

/** One rule: a rubric path (or every path that ends in `.` and it), when it fails, and what the failure is. */
export interface Rule {
  path: string;
  /** Thresholds in the rubric's own unit. */
  when: { at_most: number } | { below: number } | { above: number };
  failure: FailureKind;
}

/** The rules a server judges by where a project has no own. */
export const DEFAULT_RULES: readonly Rule[] = [
  { path: "grounding", when: { at_most: -20 }, failure: "hallucination" },
  { path: "format", when: { at_most: 0 }, failure: "format" },
  { path: "inconsistency", when: { at_most: -15 }, failure: "inconsistency" },
  { path: "refusal", when: { above: 0 }, failure: "refusal" },
];

/** What a path that no rule names fails by. */
const UNNAMED: Rule = { path: "", when: { below: 0 }, failure: "generic" };

/** Whether a path names a measurement of the training (`metrics.loss`), which is neither good nor bad. */
export function isMetric(path: string): boolean {
  return path === "metrics" || path.startsWith("metrics.");
}

/**
 * The failure a score of `path` is; the gravest where several rules name the path. A measurement fails only where a
 * rule names it in full.
 */
export function judge(rules: readonly Rule[], path: string, value: number): FailureKind | null {
  const measures = isMetric(path);
  const named = rules.filter((rule) => path === rule.path || (!measures && path.endsWith(`.${rule.path}`)));
  const asked = named.length > 0 || measures ? named : [UNNAMED];
  return gravest(asked.filter((rule) => holds(rule, value)).map((rule) => rule.failure));
}

/** The gravest of some failures. */
export function gravest(failures: Iterable<FailureKind>): FailureKind | null {
  let found: FailureKind | null = null;
  for (const failure of failures) {
    if (found === null || FAILURES.indexOf(failure) < FAILURES.indexOf(found)) found = failure;
  }
  return found;
}

function holds({ when }: Rule, value: number): boolean {
  if ("at_most" in when) return value <= when.at_most;
  return "below" in when ? value < when.below : value > when.above;
}
