// Parses the enumerated values of the contract (failures, statuses, severities) and challenges from any
// value. An unknown one is replaced with a warning: it must not make the server refuse the event.

import {
  FAILURES,
  FINAL_STATUSES,
  type Bodies,
  type FailureKind,
  type FinalStatus,
  type Severity,
} from "../wire/events.js";
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

/** The severity of each level of an alert, those of other trackers among them. */
const SEVERITIES = new Map<string, Severity>([
  ["info", "info"],
  ["warn", "warning"],
  ["warning", "warning"],
  ["error", "error"],
]);

/** The severity that a level names; `warning`, with a warning, where it is unknown. */
export function severityOf(level: unknown, ledger: Ledger): Severity {
  const found = typeof level === "string" ? SEVERITIES.get(level.toLowerCase()) : undefined;
  if (found === undefined && level !== undefined && level !== null && level !== "") {
    const what = `the level ${preview(level)} is none of info, warning, error`;
    ledger.warn("level", `${what}; the alert is a warning (warned once)`);
  }
  return found ?? "warning";
}

/** The text of an alert: title and text, or the one that is not empty. */
export function alertTextOf(title: unknown, text: unknown, ledger: Ledger): string {
  const parts = [title, text].map((part) => textOf(part, ledger).trim()).filter((part) => part !== "");
  return textOf(parts.join(": "), ledger);
}
