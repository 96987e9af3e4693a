// The error class of all requests.

import type { components } from "./schema.js";

/** One thing that the server refused. What answers instead of a server may leave out any part of it. */
export type Detail = Partial<components["schemas"]["ErrorDetail"]>;

/** The origin of a {@link GauntletError}. */
export interface ErrorFacts {
  /** HTTP status; 0 where there was no answer. */
  status?: number;
  requestId?: string | null;
  details?: readonly Detail[];
  retryAfterMs?: number | null;
  cause?: unknown;
}

/**
 * A request that failed. `code` is the code of the server (`not_found`, `invalid`, `conflict`, `busy`), or
 * `unreachable` (no answer), `timeout`, `unreadable` (an answer of another form), `unsupported` (by the
 * platform). A live stream that reconnects reports `closed` and `idle`.
 */
export class GauntletError extends Error {
  override readonly name = "GauntletError";
  readonly code: string;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** The id of the request in the server's log. */
  readonly requestId: string | null;
  /** Which fields were refused, and why. */
  readonly details: readonly Detail[];
  /** The wait that the server asks for with `Retry-After`, milliseconds. */
  readonly retryAfterMs: number | null;

  constructor(code: string, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.status = facts.status ?? 0;
    this.requestId = facts.requestId ?? null;
    this.details = facts.details ?? [];
    this.retryAfterMs = facts.retryAfterMs ?? null;
  }

  /** Whether the same request may succeed later: no answer, or the server is busy or broken for now. */
  get isTemporary(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** The server's message about each refused event of a batch, by position; empty where it names none. */
export function refusedEvents({ details }: GauntletError, count: number): Map<number, Detail> {
  const refused = new Map<number, Detail>();
  for (const detail of details) {
    const { index } = detail;
    if (typeof index === "number" && index < count && !refused.has(index)) refused.set(index, detail);
  }
  // A batch of one event needs no index.
  if (refused.size === 0 && count === 1) refused.set(0, details[0] ?? {});
  return refused;
}

/** The error of an answer, whatever its body is. */
export async function errorOf(response: Response): Promise<GauntletError> {
  const text = await response.text().catch(() => "");
  let body: { code?: unknown; message?: unknown; request_id?: unknown; details?: unknown } = {};
  try {
    body = (JSON.parse(text) as { error?: typeof body }).error ?? {};
  } catch {
    // Not JSON, as from a proxy: the message is the text.
  }
  const message = typeof body.message === "string" ? body.message : text.slice(0, 200) || response.statusText;
  return new GauntletError(typeof body.code === "string" ? body.code : `http_${response.status}`, message, {
    status: response.status,
    requestId: typeof body.request_id === "string" ? body.request_id : response.headers.get("x-request-id"),
    details: Array.isArray(body.details) ? (body.details as Detail[]) : [],
    retryAfterMs: retryAfter(response.headers.get("retry-after")),
  });
}

/** Milliseconds of a `Retry-After` header, which holds seconds or a date. */
function retryAfter(text: string | null): number | null {
  if (text === null) return null;
  const seconds = Number(text);
  const millis = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(millis) ? Math.max(0, millis) : null;
}
