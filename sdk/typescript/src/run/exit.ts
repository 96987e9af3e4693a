// The runs of this process that have not ended, and what is done for them when the process or the page ends.

import type { Ending } from "./ending.js";
import type { RunStats } from "./ledger.js";

/** What a run does at the end of the process or the page. */
export interface ExitHandler {
  finish(ending: Ending | null): Promise<RunStats>;
  onPageHide(): void;
  onSignal(): void;
  onExit(known: Ending): void;
}

/** The part of Node's `process` that is used here. */
interface NodeProcess {
  pid: number;
  versions?: { node?: string };
  on?: (event: string, listener: (value?: unknown) => void) => void;
  off: (event: string, listener: (value?: unknown) => void) => void;
  listenerCount: (event: string) => number;
  kill: (pid: number, signal: string) => void;
}

/** Longest wait for the server where a signal ends the process: SIGKILL often follows. Milliseconds. */
const SIGNAL_MS = 5_000;

const active = new Set<ExitHandler>();
let isListening = false;

/** Ends the run with the process or the page, until {@link untrack}. */
export function track(run: ExitHandler): void {
  active.add(run);
  if (isListening) return;
  isListening = true;
  const { process, addEventListener, document } = globalThis as {
    process?: NodeProcess;
    addEventListener?: (event: string, listener: () => void) => void;
    document?: unknown;
  };
  if (process?.versions?.node !== undefined && process.on) listenToProcess(process, process.on.bind(process));
  else if (document !== undefined && addEventListener) {
    addEventListener("pagehide", () => {
      for (const each of active) each.onPageHide();
    });
  }
}

/** Removes a run that has ended. Returns how many are left. */
export function untrack(run: ExitHandler): number {
  active.delete(run);
  return active.size;
}

function listenToProcess(process: NodeProcess, on: NonNullable<NodeProcess["on"]>): void {
  // The process has nothing else to do: runs that were not finished are complete.
  on("beforeExit", (code) => {
    for (const run of active) void run.finish({ exitCode: exitCodeOf(code) });
  });
  let error: unknown;
  on("uncaughtExceptionMonitor", (thrown) => {
    error = thrown ?? new Error("an exception without a value");
  });
  // The last moment, also after `process.exit` and an uncaught error: only synchronous work is possible. An
  // error that the program handled itself does not make an exit with 0 a failure.
  on("exit", (code) => {
    const exitCode = exitCodeOf(code);
    for (const run of [...active]) run.onExit({ exitCode, ...(exitCode === 0 ? {} : { error }) });
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    const onSignal = () => {
      // A program that handles the signal itself decides when it ends.
      if (process.listenerCount(signal) > 1) return;
      process.off(signal, onSignal);
      for (const run of active) run.onSignal();
      const ending = { status: "cancelled", summary: { signal }, withinMs: SIGNAL_MS } as const;
      const ended = [...active].map((run) => run.finish(ending));
      void Promise.allSettled(ended).then(() => process.kill(process.pid, signal));
    };
    on(signal, onSignal);
  }
}

function exitCodeOf(code: unknown): number {
  return typeof code === "number" && Number.isInteger(code) ? code : 0;
}
