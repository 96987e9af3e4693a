// One request: the address, the key, a time limit, and errors of one class.

import { written } from "../wire/json.js";
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
  /** How long a request may take, milliseconds; streams and long polls excepted. Default 30,000. */
  timeoutMs?: number;
}

/** A setting from the environment; `undefined` where there is no environment or it is empty there. */
export function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] || undefined;
}

function defaultEndpoint(): string {
  const { location } = globalThis as { location?: { origin?: string; protocol?: string } };
  const isPage = location?.protocol === "http:" || location?.protocol === "https:";
  return (
    environment("GAUNTLET_ENDPOINT") ?? (isPage ? location?.origin : undefined) ?? "http://127.0.0.1:4600"
  );
}

/**
 * What `fetch` takes as a body. Not the DOM's name for it: programs for Node may have no types of the DOM.
 */
export type Body = NonNullable<RequestInit["body"]>;

/** What varies from request to request. */
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

/** A request as it goes over the network, for whoever sends it elsewhere. */
export interface Prepared {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: Body | undefined;
}

/** Requests to one server. */
export class Http {
  readonly endpoint: string;
  readonly #apiKey: string | undefined;
  readonly #timeoutMs: number;

  constructor({ endpoint, apiKey, timeoutMs = 30_000 }: ClientOptions = {}) {
    this.endpoint = (endpoint ?? defaultEndpoint()).trim().replace(/\/+$/, "");
    if (!isAddress(this.endpoint)) {
      throw new TypeError(`endpoint ${JSON.stringify(this.endpoint)} is not an http or https address`);
    }
    this.#apiKey = (apiKey ?? environment("GAUNTLET_API_KEY"))?.trim();
    if (/[^\x21-\x7e]/.test(this.#apiKey ?? ""))
      throw new TypeError("the API key has characters that no key has");
    this.#timeoutMs = timeoutMs;
  }

  /** The address of a path under `/api/v1`. */
  url(path: string, query: Call["query"] = {}): string {
    const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    const text = new URLSearchParams(asked.map(([key, value]) => [key, String(value)])).toString();
    return `${this.endpoint}/api/v1${path}${text ? `?${text}` : ""}`;
  }

  /**
   * Sends; resolves as the answer begins. Anything but 2xx throws a {@link GauntletError}, an abort its
   * reason.
   */
  async send(method: string, path: string, call: Call = {}): Promise<Response> {
    return this.#sent(method, path, call, async (response) => response);
  }

  /** Sends, and reads the answer as JSON; the time limit is for both. */
  async json<T>(method: string, path: string, call: Call = {}): Promise<T> {
    return this.#read(method, path, call, "JSON", (response) => response.json() as Promise<T>);
  }

  /** Sends, and reads the answer as bytes; the time limit is for both. */
  async bytes(method: string, path: string, call: Call = {}): Promise<Uint8Array> {
    return this.#read(
      method,
      path,
      call,
      "whole",
      async (response) => new Uint8Array(await response.arrayBuffer()),
    );
  }

  /** The request, not sent. */
  prepared(method: string, path: string, call: Call = {}): Prepared {
    const headers: Record<string, string> = { ...call.headers };
    if (this.#apiKey !== undefined) headers["authorization"] = `Bearer ${this.#apiKey}`;
    if (call.json !== undefined) headers["content-type"] = "application/json";
    const body = call.json === undefined ? call.body : written(call.json);
    return { url: this.url(path, call.query), method, headers, body };
  }

  #read<T>(
    method: string,
    path: string,
    call: Call,
    how: string,
    read: (from: Response) => Promise<T>,
  ): Promise<T> {
    return this.#sent(method, path, call, async (response, clock) => {
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

  async #sent<T>(
    method: string,
    path: string,
    call: Call,
    use: (response: Response, clock: Deadline) => Promise<T>,
  ): Promise<T> {
    const { url, headers, body } = this.prepared(method, path, call);
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
      throw this.#explained(error, method, path, clock, call.signal);
    } finally {
      clock.stop();
    }
  }

  #explained(error: unknown, method: string, path: string, clock: Deadline, signal?: AbortSignal): unknown {
    if (error instanceof GauntletError) return error;
    if (signal?.aborted) return signal.reason;
    if (clock.isOver) {
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

/** What the platform says of it: `fetch` itself only says that it failed. A browser says no more. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } };
  const said = cause?.message || cause?.code;
  return said ? ` (${String(said)})` : "";
}

/** A signal that fires after a time, or with another signal. (`AbortSignal.any` is too new for Node 18.) */
class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #outer: AbortSignal | undefined;
  readonly #stop = () => this.#controller.abort(this.#outer?.reason);
  isOver = false;

  constructor(millis: number | null, outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted) this.#stop();
    outer?.addEventListener("abort", this.#stop, { once: true });
    if (millis !== null) {
      this.#timer = setTimeout(() => {
        this.isOver = true;
        this.#controller.abort();
      }, millis);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What the time was for has come: from here on only the caller's signal ends it. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Nothing is left to end: a signal that lives long must not gather listeners. */
  release(): void {
    this.#outer?.removeEventListener("abort", this.#stop);
  }
}

/** A part of a path: ids may hold anything but a slash. */
export function part(text: string | number): string {
  return encodeURIComponent(wellFormed(String(text)));
}

/** Waits; an aborted signal ends it early, without an error. `isIdle` lets a Node process end meanwhile. */
export function pause(millis: number, signal?: AbortSignal, isIdle = false): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
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
 * The pause before try number `attempt` (from 1): it grows to `longestMs`, and is random so that clients
 * spread.
 */
export function backoff(attempt: number, firstMs: number, longestMs: number): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return full / 2 + (Math.random() * full) / 2;
}
