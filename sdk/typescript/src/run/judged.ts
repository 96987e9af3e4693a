// Parses the enumerated values of the contract (failures, statuses) and challenges from any value. An unknown
// value is replaced with a warning: it must not make the server refuse the event.

import { FAILURES, FINAL_STATUSES, type Bodies, type FailureKind, type FinalStatus } from "../wire/events.js";
import { clipLabel } from "../wire/limits.js";
import type { Ledger } from "./ledger.js";
import { namesOf, preview, textOf } from "./values.js";

/** The named failures, each once; an unknown one becomes `generic`, with a warning. */
export function failuresOf(failures: unknown, ledger: Ledger): FailureKind[] {
  const known = (name: string): name is FailureKind => (FAILURES as readonly string[]).includes(name);
  const parsed = namesOf(failures).map((name): FailureKind => {
    if (known(name)) return name;
    const what = `the failure ${preview(name)} is none of ${FAILURES.join(", ")}`;
    ledger.warn(`failure ${name}`, `${what}; it is logged as generic (warned once)`);
    return "generic";
  });
  return [...new Set(parsed)];
}

/** A question to a person, from its parts. */
export function challengeOf(
  challenge: unknown,
  ledger: Ledger,
): Pick<Bodies["snapshot.scored"], "challenge"> {
  if (typeof challenge !== "object" || challenge === null) return {};
  const { type, question, options, expected_answer: expected } = challenge as Record<string, unknown>;
  return {
    challenge: {
      type: clipLabel(type ?? "").trim() || "GENERAL_REVIEW",
      question: textOf(question, ledger),
      ...(options === undefined
        ? {}
        : { options: namesOf(options).map((option) => clipLabel(option).trim() || "?") }),
      ...(expected === undefined || expected === null ? {} : { expected_answer: textOf(expected, ledger) }),
    },
  };
}

/** The final status of a run or an episode; `fallback`, with a warning, where the named one is unknown. */
export function finalStatusOf(status: unknown, fallback: FinalStatus, ledger: Ledger): FinalStatus {
  const found = FINAL_STATUSES.find((known) => known === status);
  if (found === undefined && status !== undefined && status !== null) {
    const what = `the status ${preview(status)} is none of ${FINAL_STATUSES.join(", ")}`;
    ledger.warn("status", `${what}; ${fallback} is logged (warned once)`);
  }
  return found ?? fallback;
}
