// The requests that a process sends synchronously as it exits: everything that is queued, and the report of
// the end of the run.

import type { Client } from "../client/client.js";
import { segment, type PreparedRequest } from "../client/http.js";
import { writerPath } from "../client/runs.js";
import type { RunSpec, WriterEnd } from "../client/types.js";
import type { Fifo } from "./fifo.js";

/** Most events and bytes of one request, and most bytes in total: more would delay the exit too long. */
const BATCH_EVENTS = 500;
const BATCH_BYTES = 4 << 20;
const EXIT_BYTES = 32 << 20;
const ARTIFACT = '"kind":"artifact.added"';

/** One request, and what the server has once it is done. */
export interface ExitRequest extends PreparedRequest {
  /** Number of events from the queue in it. */
  lines: number;
  /** The SHA-256 of the artifact in it. */
  hash?: string;
  /** Whether the following requests are sent even if it is refused. */
  mayFail: boolean;
}

/** The requests for what is queued; with the report of the end, if everything that is queued fits. */
export function exitRequests(
  client: Client,
  spec: RunSpec & { id: string },
  fifo: Fifo,
  isCreated: boolean,
  report: { writer: string; end: WriterEnd } | null,
): ExitRequest[] {
  const run = `/runs/${segment(spec.id)}`;
  const requests: ExitRequest[] = [];
  // The run may exist with other settings, which is not a failure.
  if (!isCreated)
    requests.push({ ...client.prepare("POST", "/runs", { json: spec }), lines: 0, mayFail: true });
  const waiting = fifo.peek(Number.MAX_SAFE_INTEGER, EXIT_BYTES);
  const isComplete = waiting.length === fifo.left;
  let batch: string[] = [];
  let size = 0;
  const close = () => {
    if (batch.length === 0) return;
    const call = { body: batch.join("\n"), headers: { "content-type": "application/x-ndjson" } };
    requests.push({ ...client.prepare("POST", `${run}/events`, call), lines: batch.length, mayFail: false });
    [batch, size] = [[], 0];
  };
  for (const line of waiting) {
    if (batch.length === BATCH_EVENTS || size + line.length > BATCH_BYTES) close();
    const hash = line.includes(ARTIFACT) ? hashIn(line) : undefined;
    const content = hash === undefined ? null : fifo.content(hash);
    if (hash !== undefined && content !== null) {
      close();
      const call = { body: content as NonNullable<PreparedRequest["body"]> };
      requests.push({
        ...client.prepare("PUT", `${run}/artifacts/${hash}`, call),
        lines: 0,
        hash,
        mayFail: true,
      });
    }
    batch.push(line);
    size += line.length;
  }
  close();
  if (report !== null && isComplete) {
    const json = { state: "finished", ...report.end };
    const request = client.prepare("PUT", writerPath(spec.id, report.writer), { json });
    requests.push({ ...request, lines: 0, mayFail: false });
  }
  return requests;
}

function hashIn(line: string): string | undefined {
  const { body } = JSON.parse(line) as { body?: { sha256?: unknown } };
  return typeof body?.sha256 === "string" ? body.sha256 : undefined;
}
