// Which step fails: what a run asks for, the rule that its scores put in force, and what a score is under
// that rule. The same as the server's; `sdk/contract/failing.json` has the examples that both are tested
// with.

import type { FailureRule, FailureRules } from "../client/types.js";
import { FAILURES, type FailureKind } from "../wire/events.js";

/** A rubric path (or every path that ends in `.` and it), when it fails, and what the failure is. */
interface Bound {
  path: string;
  /** Thresholds in the rubric's own unit. */
  when: { at_most: number } | { below: number } | { above: number };
  failure: FailureKind;
}

/** The medical rules. A run that has named all four rubrics has the medical tree. */
const MEDICAL: readonly Bound[] = [
  { path: "grounding", when: { at_most: -20 }, failure: "hallucination" },
  { path: "format", when: { at_most: 0 }, failure: "format" },
  { path: "inconsistency", when: { at_most: -15 }, failure: "inconsistency" },
  { path: "refusal", when: { above: 0 }, failure: "refusal" },
];

/** What a path that no rule names fails by. */
const UNNAMED: Bound = { path: "", when: { below: 0 }, failure: "generic" };

/** Whether a path names a measurement of the training (`metrics.loss`), which is neither good nor bad. */
export function isMetric(path: string): boolean {
  return path === "metrics" || path.startsWith("metrics.");
}

/**
 * What a run's scores have shown of which rule fits it. It only grows, so the order of what is seen is no
 * matter: whatever was ever scored counts, also what was replaced later.
 */
export class Evidence {
  readonly #medical = new Set<string>();
  #isBeyondUnit = false;

  /** Sees that a rubric of that path exists. */
  seePath(path: string): void {
    if (isMetric(path)) return;
    const name = path.slice(path.lastIndexOf(".") + 1);
    if (MEDICAL.some((bound) => bound.path === name)) this.#medical.add(name);
  }

  /** Sees a root score. */
  seeRoot(root: number): void {
    this.#isBeyondUnit ||= !(root >= 0 && root <= 1);
  }

  /** The rule in force where `asked` is asked for. */
  rule(asked: FailureRules): FailureRule {
    if (asked !== "auto") return asked;
    if (this.#medical.size === MEDICAL.length) return "dipg";
    return { root_below: this.#isBeyondUnit ? 0 : 0.5 };
  }
}

/** Whether two rules are the same. */
export function isSameRule(a: FailureRule, b: FailureRule): boolean {
  return a === "dipg" || b === "dipg" ? a === b : a.root_below === b.root_below;
}

/** Whether the failure of that path makes its step fail: outside the medical rules the root's alone does. */
export function isDecisive(rule: FailureRule, path: string): boolean {
  return rule === "dipg" || path === "root";
}

/** The failure that a score of `path` is by itself; the most severe where several bounds name the path. */
export function judge(rule: FailureRule, path: string, value: number): FailureKind | null {
  return worst(
    boundsOf(rule, path)
      .filter((bound) => holds(bound, value))
      .map((bound) => bound.failure),
  );
}

/**
 * The bounds that apply to a path. A measurement has none, unless the medical rules name it in full.
 */
function boundsOf(rule: FailureRule, path: string): readonly Bound[] {
  const measures = isMetric(path);
  if (rule !== "dipg" && path === "root") return [{ ...UNNAMED, when: { below: rule.root_below } }];
  const isNamed = (bound: Bound) => path === bound.path || (!measures && path.endsWith(`.${bound.path}`));
  const named = rule === "dipg" ? MEDICAL.filter(isNamed) : [];
  return named.length > 0 || measures ? named : [UNNAMED];
}

/** The most severe of some failures. */
export function worst(failures: Iterable<FailureKind>): FailureKind | null {
  let found: FailureKind | null = null;
  for (const failure of failures) {
    if (found === null || FAILURES.indexOf(failure) < FAILURES.indexOf(found)) found = failure;
  }
  return found;
}

function holds({ when }: Bound, value: number): boolean {
  if ("at_most" in when) return value <= when.at_most;
  return "below" in when ? value < when.below : value > when.above;
}
