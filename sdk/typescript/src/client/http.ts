// HTTP requests: the address, the API key, a time limit, and errors of one class.

import { stringifyJson } from "../wire/json.js";
import { wellFormed } from "../wire/text.js";
import { errorOf, GauntletError } from "./errors.js";

/** How a client reaches its server. */
export interface ClientOptions {
  /**
   * Base address, such as `http://127.0.0.1:4600`. Default: `GAUNTLET_ENDPOINT`, else in a browser the page's
   * own origin, else `http://127.0.0.1:4600`.
   */
  endpoint?: string;
  /** Sent as a bearer token. Default: `GAUNTLET_API_KEY`. */
  apiKey?: string;
  /**
   * Allows plain `http` to another machine, where nobody between the two could read the key and what is
   * recorded. Default: whether `GAUNTLET_INSECURE` is `1`.
   */
  insecure?: boolean;
  /** How long a request may take, milliseconds; streams and long polls excepted. Default 30,000. */
  timeoutMs?: number;
}

/** An environment variable; `undefined` where it is empty or there is no environment. */
export function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] || undefined;
}

function defaultEndpoint(): string {
  const { location } = globalThis as { location?: { origin?: string; protocol?: string } };
  const isPage = location?.protocol === "http:" || location?.protocol === "https:";
  return (
    environment("GAUNTLET_ENDPOINT") ?? (isPage ? location.origin : undefined) ?? "http://127.0.0.1:4600"
  );
}

/** The body of `fetch`, without the DOM type `BodyInit`: programs for Node may have no types of the DOM. */
export type Body = NonNullable<RequestInit["body"]>;

/** The options of one request. */
export interface Call {
  query?: Record<string, string | number | boolean | null | undefined>;
  json?: unknown;
  body?: Body;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Milliseconds; `null` for none. */
  timeoutMs?: number | null;
  keepalive?: boolean;
}

/** A request that is not sent yet. */
export interface PreparedRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: Body | undefined;
}

/** Sends requests to one server. */
export class Http {
  readonly endpoint: string;
  readonly #apiKey: string | undefined;
  readonly #timeoutMs: number;

  constructor({ endpoint, apiKey, insecure, timeoutMs = 30_000 }: ClientOptions = {}) {
    this.endpoint = (endpoint ?? defaultEndpoint()).trim().replace(/\/+$/, "");
    if (!isAddress(this.endpoint)) {
      throw new TypeError(`endpoint ${JSON.stringify(this.endpoint)} is not an http or https address`);
    }
    if (!(insecure ?? environment("GAUNTLET_INSECURE") === "1") && !isEncryptedOrHere(this.endpoint)) {
      throw new TypeError(
        `endpoint ${JSON.stringify(this.endpoint)} is another machine, and http:// is not encrypted; use ` +
          "https://, or set GAUNTLET_INSECURE=1 where nobody is between",
      );
    }
    this.#apiKey = (apiKey ?? environment("GAUNTLET_API_KEY"))?.trim();
    if (/[^\x21-\x7e]/.test(this.#apiKey ?? ""))
      throw new TypeError("apiKey (or GAUNTLET_API_KEY) has spaces or characters that are not ASCII");
    this.#timeoutMs = timeoutMs;
  }

  /** The address of a path under `/api/v1`. */
  url(path: string, query: Call["query"] = {}): string {
    const present = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    const text = new URLSearchParams(present.map(([key, value]) => [key, String(value)])).toString();
    return `${this.endpoint}/api/v1${path}${text ? `?${text}` : ""}`;
  }

  /**
   * Resolves when the answer begins. A status other than 2xx throws a {@link GauntletError}, an abort its
   * reason.
   */
  async send(method: string, path: string, call: Call = {}): Promise<Response> {
    return this.#request(method, path, call, (response) => Promise.resolve(response));
  }

  /** Sends a request and reads the answer as JSON; the time limit includes both. */
  async json<T>(method: string, path: string, call: Call = {}): Promise<T> {
    return this.#read(method, path, call, "JSON", (response) => response.json() as Promise<T>);
  }

  /** Sends a request and reads the answer as bytes; the time limit includes both. */
  async bytes(method: string, path: string, call: Call = {}): Promise<Uint8Array> {
    return this.#read(
      method,
      path,
      call,
      "complete",
      async (response) => new Uint8Array(await response.arrayBuffer()),
    );
  }

  /** Prepares a request without sending it. */
  prepare(method: string, path: string, call: Call = {}): PreparedRequest {
    const headers: Record<string, string> = { ...call.headers };
    if (this.#apiKey !== undefined) headers["authorization"] = `Bearer ${this.#apiKey}`;
    if (call.json !== undefined) headers["content-type"] = "application/json";
    const body = call.json === undefined ? call.body : stringifyJson(call.json);
    return { url: this.url(path, call.query), method, headers, body };
  }

  #read<T>(
    method: string,
    path: string,
    call: Call,
    how: string,
    read: (from: Response) => Promise<T>,
  ): Promise<T> {
    return this.#request(method, path, call, async (response, clock) => {
      try {
        const answer = await read(response);
        clock.release();
        return answer;
      } catch (cause) {
        if (!(cause instanceof SyntaxError)) throw cause;
        const facts = { status: response.status, requestId: response.headers.get("x-request-id"), cause };
        throw new GauntletError("unreadable", `the answer to ${method} ${path} is not ${how}`, facts);
      }
    });
  }

  async #request<T>(
    method: string,
    path: string,
    call: Call,
    use: (response: Response, clock: Deadline) => Promise<T>,
  ): Promise<T> {
    const { url, headers, body } = this.prepare(method, path, call);
    const clock = new Deadline(call.timeoutMs === undefined ? this.#timeoutMs : call.timeoutMs, call.signal);
    try {
      const response = await fetch(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
        ...(call.keepalive ? { keepalive: true } : {}),
        signal: clock.signal,
      });
      if (!response.ok) throw await errorOf(response);
      return await use(response, clock);
    } catch (error) {
      clock.release();
      throw this.#toGauntletError(error, method, path, clock, call.signal);
    } finally {
      clock.stop();
    }
  }

  #toGauntletError(
    error: unknown,
    method: string,
    path: string,
    clock: Deadline,
    signal?: AbortSignal,
  ): unknown {
    if (error instanceof GauntletError) return error;
    if (signal?.aborted) return signal.reason;
    if (clock.hasExpired) {
      return new GauntletError("timeout", `${method} ${path}: ${this.endpoint} did not answer in time`, {
        cause: error,
      });
    }
    const message = `${method} ${path}: ${this.endpoint} cannot be reached${reasonOf(error)}`;
    return new GauntletError("unreachable", message, { cause: error });
  }
}

function isAddress(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

/** Whether an address is encrypted, this machine's, or that of the page itself. */
function isEncryptedOrHere(text: string): boolean {
  const { protocol, hostname, origin } = new URL(text);
  const { location } = globalThis as { location?: { origin?: string } };
  const isHere = /^(127\.\d+\.\d+\.\d+|\[::1\]|([\w.-]+\.)?localhost)$/.test(hostname);
  return protocol === "https:" || isHere || origin === location?.origin;
}

/** The cause of a failed `fetch`, in Node. A browser does not reveal it. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } };
  for (const reason of [cause?.message, cause?.code]) {
    if (typeof reason === "string" && reason !== "") return ` (${reason})`;
  }
  return "";
}

/** A signal that is aborted after a time, or with another signal. (Node 18 has no `AbortSignal.any`.) */
class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #outer: AbortSignal | undefined;
  readonly #abort = () => this.#controller.abort(this.#outer?.reason);
  hasExpired = false;

  constructor(millis: number | null, outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted) this.#abort();
    outer?.addEventListener("abort", this.#abort, { once: true });
    if (millis !== null) {
      this.#timer = setTimeout(() => {
        this.hasExpired = true;
        this.#controller.abort();
      }, millis);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the time limit: from here on only the signal of the caller aborts. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Removes the listener from the signal of the caller, which may live long. */
  release(): void {
    this.#outer?.removeEventListener("abort", this.#abort);
  }
}

/** Encodes an id as a segment of a path. */
export function segment(text: string | number): string {
  return encodeURIComponent(wellFormed(String(text)));
}

/** Waits; an abort ends the wait, without an error. With `isIdle` it does not keep a Node process alive. */
export function sleep(millis: number, signal?: AbortSignal, isIdle = false): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, millis);
    if (isIdle) (timer as { unref?: () => void }).unref?.();
    signal?.addEventListener("abort", done, { once: true });
  });
}

/**
 * The wait before retry number `attempt` (from 1), milliseconds: doubled each time up to `longestMs`, with
 * jitter so that clients do not retry at the same time.
 */
export function backoff(attempt: number, firstMs: number, longestMs: number): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return full / 2 + (Math.random() * full) / 2;
}
