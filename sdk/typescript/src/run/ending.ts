// The status and summary of a run that ends: from the program, an exit code and an error.

import type { WriterEnd } from "../client/types.js";
import type { FinalStatus } from "../wire/events.js";
import { toJsonObject } from "../wire/json.js";
import { finalStatusOf } from "./judged.js";
import type { Ledger } from "./ledger.js";

/** What is known about the end of a run. */
export interface Ending {
  /** Default: `completed`; `failed` where there is an error, or an exit code that is not 0. */
  status?: FinalStatus;
  /** Totals to store with the run. */
  summary?: object;
  /** The exit code of the process, where it ends with the run. */
  exitCode?: number;
  /** The uncaught error that ended the process. */
  error?: unknown;
  /** Longest wait for the server, milliseconds; the default is in the settings. */
  withinMs?: number;
}

/** Exit codes of SIGHUP, SIGINT and SIGTERM: 128 and the number of the signal. */
const BY_SIGNAL = [129, 130, 143];

/** The end as it is reported to the server. */
export function endOf({ status, summary, exitCode, error }: Ending, ledger: Ledger): WriterEnd {
  const hasFailed = error !== undefined || (exitCode !== undefined && exitCode !== 0);
  const isSignal = error === undefined && exitCode !== undefined && BY_SIGNAL.includes(exitCode);
  const full = error === undefined ? summary : { ...summary, error: errorOf(error) };
  return {
    status: finalStatusOf(status, isSignal ? "cancelled" : hasFailed ? "failed" : "completed", ledger),
    ...(exitCode === undefined ? {} : { exit_code: exitCode }),
    ...(full ? { summary: toJsonObject(full) } : {}),
  };
}

function errorOf(error: unknown): object {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { type: name, message, traceback: stack };
}
