// Requests that a Node process sends while it ends. Its own loop runs no more then, so a thread sends them,
// and the process waits for it.

import { Worker } from "node:worker_threads";
import type { LeavingRequest } from "../run/leaving.js";

/** What the thread does: one request after the other, up to the first that fails. It counts what is done. */
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

/** Sends the requests, at most for so long; how many of them, from the first on, are done. */
export function sendNow(requests: readonly LeavingRequest[], timeoutMs: number): number {
  if (requests.length === 0) return 0;
  const shared = new SharedArrayBuffer(8);
  const done = new Int32Array(shared);
  // The program's own options (loaders, a debugger) are not for this thread.
  const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: { shared, requests } });
  worker.on("error", () => undefined);
  worker.unref();
  Atomics.wait(done, 0, 0, timeoutMs);
  return Atomics.load(done, 1);
}
