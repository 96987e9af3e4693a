// What goes wrong between a client and the server, as one class.

/** One field the server refuses. */
export interface Detail {
  /** Position in the batch that was sent, from 0. */
  index?: number;
  /** Dotted path of the field. */
  field?: string;
  message?: string;
  [key: string]: unknown;
}

/** How a {@link GauntletError} came to be, beside what the server said. */
export interface ErrorFacts {
  /** HTTP status; 0 where there was no answer. */
  status?: number;
  requestId?: string | null;
  details?: readonly Detail[];
  retryAfterMs?: number | null;
  cause?: unknown;
}

/**
 * A request that did not succeed. `code` is the server's machine word (`not_found`, `invalid`, `conflict`,
 * `busy`), or `unreachable` (no answer), `timeout`, `unreadable` (the answer is not what was asked for),
 * `unsupported` (the platform cannot do it); a live stream that connects again tells of `closed` and `idle`.
 */
export class GauntletError extends Error {
  override readonly name = "GauntletError";
  readonly code: string;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** Names the request in the server's log. */
  readonly requestId: string | null;
  /** Which fields were refused, and why. */
  readonly details: readonly Detail[];
  /** How long the server asks to wait, milliseconds. */
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

/** The error an answer states, whatever its body is. */
export async function errorOf(response: Response): Promise<GauntletError> {
  const text = await response.text().catch(() => "");
  let said: { code?: unknown; message?: unknown; request_id?: unknown; details?: unknown } = {};
  try {
    said = (JSON.parse(text) as { error?: typeof said }).error ?? {};
  } catch {
    // A proxy's page, or nothing: the status has to do.
  }
  const message = typeof said.message === "string" ? said.message : text.slice(0, 200) || response.statusText;
  return new GauntletError(typeof said.code === "string" ? said.code : `http_${response.status}`, message, {
    status: response.status,
    requestId: typeof said.request_id === "string" ? said.request_id : response.headers.get("x-request-id"),
    details: Array.isArray(said.details) ? (said.details as Detail[]) : [],
    retryAfterMs: retryAfter(response.headers.get("retry-after")),
  });
}

/** Seconds, or a date. */
function retryAfter(text: string | null): number | null {
  if (text === null) return null;
  const seconds = Number(text);
  const millis = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(millis) ? Math.max(0, millis) : null;
}
