// Sends requests synchronously as a Node process exits. Its event loop does not run any more then, so a
// worker thread sends them while the process blocks.

import { Worker } from "node:worker_threads";
import type { ExitRequest } from "../run/exitRequests.js";

/** The program of the thread: sends the requests in order, up to the first that fails, and counts them. */
const PROGRAM = `
const { workerData: { shared, requests } } = require("node:worker_threads");
const done = new Int32Array(shared);
(async () => {
  for (const { url, method, headers, body, mayFail } of requests) {
    const response = await fetch(url, { method, headers, body });
    await response.arrayBuffer();
    if (!response.ok && !mayFail) break;
    Atomics.add(done, 1, 1);
  }
})().catch(() => undefined).finally(() => {
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
});
`;

/** Sends the requests within `timeoutMs`; returns how many of them, from the first on, succeeded. */
export function sendNow(requests: readonly ExitRequest[], timeoutMs: number): number {
  if (requests.length === 0) return 0;
  const shared = new SharedArrayBuffer(8);
  const done = new Int32Array(shared);
  // Without the options of the program, such as loaders or a debugger.
  const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: { shared, requests } });
  worker.on("error", () => undefined);
  worker.unref();
  Atomics.wait(done, 0, 0, timeoutMs);
  return Atomics.load(done, 1);
}
