// Begins a run, and sees to it that what is logged arrives when the process or the page ends.

import { Client } from "../client/client.js";
import { randomReady } from "../wire/ids.js";
import { open, Run } from "./run.js";
import { settingsOf, type InitOptions } from "./settings.js";

/**
 * Begins a run. Resolves at once, also when the server is away: events wait and are sent when it is there.
 * With an `id` it joins the run of that id, if there is one: it waits a few seconds for the server to say so,
 * and steps that are not named go on after the run's last one. Throws a `TypeError` for settings that cannot
 * be meant; nothing else of a run ever throws.
 */
export async function init(options: InitOptions = {}): Promise<Run> {
  const settings = settingsOf(options);
  await randomReady;
  if (settings.mode === "disabled") return new Run(null, { ...settings, spool: null }, "");
  const { endpoint, apiKey } = options;
  const client = new Client({ ...(endpoint ? { endpoint } : {}), ...(apiKey ? { apiKey } : {}) });
  const run = new Run(settings.mode === "online" ? client : null, settings, client.endpoint);
  open.add(run);
  watchForTheEnd();
  await run.begin();
  return run;
}

let isWatching = false;

/** What of Node's `process` is used here. */
interface Process {
  pid: number;
  versions?: { node?: string };
  on?: (event: string, listener: (given?: unknown) => void) => void;
  off: (event: string, listener: (given?: unknown) => void) => void;
  listenerCount: (event: string) => number;
  kill: (pid: number, signal: string) => void;
}

function watchForTheEnd(): void {
  if (isWatching) return;
  isWatching = true;
  const { process, addEventListener, document } = globalThis as {
    process?: Process;
    addEventListener?: (event: string, listener: () => void) => void;
    document?: unknown;
  };
  if (process?.versions?.node !== undefined && process.on) watchProcess(process);
  else if (document !== undefined && addEventListener) {
    addEventListener("pagehide", () => open.forEach((run) => run.leavePage()));
  }
}

/** Longest wait for the server where a signal ends the process: whoever sends one may soon send SIGKILL. */
const SIGNAL_MS = 5_000;

function watchProcess(process: Process): void {
  // Nothing else is left to do: a run that nobody finished has come to its natural end.
  process.on?.("beforeExit", (code) => open.forEach((run) => void run.end({ exitCode: codeOf(code) })));
  let error: unknown;
  process.on?.("uncaughtExceptionMonitor", (thrown) => (error = thrown ?? new Error("nothing was said")));
  // Too late for anything that takes time, but not for the disk. Also after `process.exit` and an uncaught
  // error; one that the program handled itself is no reason for an exit with 0.
  process.on?.("exit", (code) => {
    const exitCode = codeOf(code);
    open.forEach((run) => run.leaveProcess({ exitCode, ...(exitCode === 0 ? {} : { error }) }));
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    const cancelled = () => {
      // A program that handles the signal itself says when it ends.
      if (process.listenerCount(signal) > 1) return;
      process.off(signal, cancelled);
      open.forEach((run) => run.secure());
      const end = { status: "cancelled", summary: { signal }, withinMs: SIGNAL_MS } as const;
      const runs = [...open].map((run) => run.end(end));
      void Promise.allSettled(runs).then(() => process.kill(process.pid, signal));
    };
    process.on?.(signal, cancelled);
  }
}

function codeOf(code: unknown): number {
  return typeof code === "number" && Number.isInteger(code) ? code : 0;
}
