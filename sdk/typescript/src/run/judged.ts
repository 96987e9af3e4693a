// The parts of rollouts and ends that are words of the contract, from whatever a program hands over: one
// strange word must not cost what it is in.

import { FAILURES, FINAL_STATUSES, type Bodies, type FailureKind, type FinalStatus } from "../wire/events.js";
import { clipLabel } from "../wire/limits.js";
import type { Ledger } from "./ledger.js";
import { namesOf, shown, textOf } from "./values.js";

/**
 * The failures that are named, each once; what is none of the known ones is kept as `generic` and told once.
 */
export function failuresOf(failures: unknown, ledger: Ledger): FailureKind[] {
  const known = (name: string): name is FailureKind => (FAILURES as readonly string[]).includes(name);
  const kept = namesOf(failures).map((name): FailureKind => {
    if (known(name)) return name;
    const said = `the failure ${shown(name)} is none of ${FAILURES.join(", ")}`;
    ledger.warn(`failure ${name}`, `${said}; it is kept as generic (told once)`);
    return "generic";
  });
  return [...new Set(kept)];
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

/** The status that ends a run or an episode; `fallback`, told once, where the named one is none. */
export function finalStatusOf(status: unknown, fallback: FinalStatus, ledger: Ledger): FinalStatus {
  const found = FINAL_STATUSES.find((known) => known === status);
  if (found === undefined && status !== undefined && status !== null) {
    const said = `the status ${shown(status)} is none of ${FINAL_STATUSES.join(", ")}`;
    ledger.warn("status", `${said}; ${fallback} is kept (told once)`);
  }
  return found ?? fallback;
}
