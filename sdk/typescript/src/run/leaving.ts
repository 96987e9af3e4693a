// What a process that is ending still sends: everything that waits and the report of its end, as requests
// that can be sent one after the other while nothing else of the process runs.

import type { Client } from "../client/client.js";
import { part, type Prepared } from "../client/http.js";
import { writerPath } from "../client/runs.js";
import type { RunSpec, WriterEnd } from "../client/types.js";
import type { Fifo } from "./fifo.js";

/** Most events of one request, and most bytes that an ending process sends: more takes longer than it may. */
const BATCH_EVENTS = 500;
const BATCH_BYTES = 4 << 20;
const LEAVING_BYTES = 32 << 20;
const ARTIFACT = '"kind":"artifact.added"';

/** One request, and what has arrived once it is done. */
export interface LeavingRequest extends Prepared {
  /** Events of the queue that it brings. */
  lines: number;
  /** The content of an artifact that it brings. */
  hash?: string;
  /** Whether the others are sent where it is refused. */
  mayFail: boolean;
}

/**
 * The requests for what waits in `fifo`; with the report of the end, where everything that waits is among
 * them.
 */
export function leavingRequests(
  client: Client,
  spec: RunSpec & { id: string },
  fifo: Fifo,
  isCreated: boolean,
  report: { writer: string; end: WriterEnd } | null,
): LeavingRequest[] {
  const run = `/runs/${part(spec.id)}`;
  const requests: LeavingRequest[] = [];
  // A run that exists with other content is gone on with.
  if (!isCreated)
    requests.push({ ...client.prepared("POST", "/runs", { json: spec }), lines: 0, mayFail: true });
  const waiting = fifo.peek(Number.MAX_SAFE_INTEGER, LEAVING_BYTES);
  const isWhole = waiting.length === fifo.left;
  let batch: string[] = [];
  let size = 0;
  const close = () => {
    if (batch.length === 0) return;
    const call = { body: batch.join("\n"), headers: { "content-type": "application/x-ndjson" } };
    requests.push({ ...client.prepared("POST", `${run}/events`, call), lines: batch.length, mayFail: false });
    [batch, size] = [[], 0];
  };
  for (const line of waiting) {
    if (batch.length === BATCH_EVENTS || size + line.length > BATCH_BYTES) close();
    const hash = line.includes(ARTIFACT) ? hashIn(line) : undefined;
    const content = hash === undefined ? null : fifo.content(hash);
    if (hash !== undefined && content !== null) {
      close();
      const call = { body: content as NonNullable<Prepared["body"]> };
      requests.push({
        ...client.prepared("PUT", `${run}/artifacts/${hash}`, call),
        lines: 0,
        hash,
        mayFail: true,
      });
    }
    batch.push(line);
    size += line.length;
  }
  close();
  if (report !== null && isWhole) {
    const json = { state: "finished", ...report.end };
    const request = client.prepared("PUT", writerPath(spec.id, report.writer), { json });
    requests.push({ ...request, lines: 0, mayFail: false });
  }
  return requests;
}

function hashIn(line: string): string | undefined {
  const { body } = JSON.parse(line) as { body?: { sha256?: unknown } };
  return typeof body?.sha256 === "string" ? body.sha256 : undefined;
}
