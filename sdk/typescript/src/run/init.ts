// Begins a run, and sees to it that what is logged arrives when the process or the page ends.

import { Client } from "../client/client.js";
import { randomReady } from "../wire/ids.js";
import { open, Run } from "./run.js";
import { settingsOf, type InitOptions } from "./settings.js";

/**
 * Begins a run. Resolves at once, also when the server is away: events wait and are sent when it is there. Throws a
 * `TypeError` for settings that cannot be meant; nothing else of a run ever throws.
 */
export async function init(options: InitOptions = {}): Promise<Run> {
  const settings = settingsOf(options);
  await randomReady;
  if (settings.mode === "disabled") return new Run(null, settings);
  const { endpoint, apiKey } = options;
  const client = new Client({ ...(endpoint ? { endpoint } : {}), ...(apiKey ? { apiKey } : {}) });
  const run = new Run(settings.mode === "online" ? client : null, settings);
  open.add(run);
  watchForTheEnd();
  run.begin();
  return run;
}

let isWatching = false;

function watchForTheEnd(): void {
  if (isWatching) return;
  isWatching = true;
  const { process, addEventListener, document } = globalThis as {
    process?: { on?: (event: string, listener: (thrown?: unknown) => void) => void; versions?: { node?: string } };
    addEventListener?: (event: string, listener: () => void) => void;
    document?: unknown;
  };
  if (process?.versions?.node !== undefined && process.on) {
    // Nothing else is left to do: a run that nobody finished has come to its natural end.
    process.on("beforeExit", () => open.forEach((run) => void run.finish()));
    let error: unknown;
    process.on("uncaughtExceptionMonitor", (thrown) => (error = thrown ?? new Error("nothing was said")));
    // Too late for anything that takes time, but not for the disk. Also after `process.exit` and an uncaught error.
    process.on("exit", () => open.forEach((run) => run.leaveProcess(error)));
  } else if (document !== undefined && addEventListener) {
    addEventListener("pagehide", () => open.forEach((run) => run.leavePage()));
  }
}
