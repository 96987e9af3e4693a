// Follows a run live: one sequence of facts or events, with reconnects.

import { decodeFacts } from "../film/codec.js";
import { factOf, type Fact } from "../film/fact.js";
import { GauntletError } from "../client/errors.js";
import { backoff, segment, sleep, type Http } from "../client/http.js";
import type { StoredEvent } from "../wire/events.js";
import type { Connection, Frame } from "./connection.js";
import { overEvents } from "./sse.js";
import { overSocket } from "./socket.js";

/** How to follow a run. */
export interface LiveOptions {
  /** Begin after this sequence number; at the beginning where absent. */
  after?: number;
  /** `binary` (the default) yields facts, `json` complete events. */
  format?: "json" | "binary";
  /** Ends it, without an error. */
  signal?: AbortSignal;
  /** Reconnect after this time without a message, heartbeats included. Milliseconds, default 60,000. */
  idleTimeoutMs?: number;
  /** Called for each lost connection, with the error and the time until the next one. */
  onReconnect?: (why: unknown, inMs: number) => void;
  /** The WebSocket class; default the platform's. Without one (`null`), server-sent events are used. */
  WebSocket?: typeof WebSocket | null;
}

/** First and longest wait before a reconnect. Milliseconds. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/** See `Client.live`. */
export async function* live(
  http: Http,
  run: string,
  options: LiveOptions,
): AsyncGenerator<StoredEvent | Fact, void, undefined> {
  const { format = "binary", signal, idleTimeoutMs = 60_000 } = options;
  const Socket = options.WebSocket === undefined ? globalThis.WebSocket : options.WebSocket;
  let last = options.after ?? -1;
  let failures = 0;
  while (!signal?.aborted) {
    let why: unknown = new GauntletError("closed", "the server closed the connection");
    // Ends the connection when the loop is left or the caller aborts.
    const ending = new AbortController();
    const end = () => ending.abort(signal?.reason);
    signal?.addEventListener("abort", end, { once: true });
    try {
      const place = { after: last < 0 ? undefined : last };
      const connection: Connection = Socket
        ? overSocket(
            Socket,
            http.url(`/runs/${segment(run)}/live`, { ...place, format }),
            idleTimeoutMs,
            ending.signal,
          )
        : overEvents(http, run, place.after, idleTimeoutMs, ending.signal);
      for await (const frame of connection) {
        failures = 0;
        for (const item of itemsOf(frame, format)) {
          if (item.seq <= last) continue;
          last = item.seq;
          yield item;
          if (signal?.aborted) return;
        }
      }
    } catch (error) {
      why = error;
    } finally {
      signal?.removeEventListener("abort", end);
      ending.abort();
    }
    if (signal?.aborted) return;
    failures += 1;
    if (failures > 1) await checkRunExists(http, run, why, signal);
    const inMs = failures === 1 ? 0 : backoff(failures - 1, FIRST_PAUSE, LONGEST_PAUSE);
    options.onReconnect?.(why, inMs);
    await sleep(inMs, signal);
  }
}

/** The items of a message; none for a heartbeat. */
function itemsOf(frame: Frame, format: "json" | "binary"): (StoredEvent | Fact)[] {
  if (typeof frame !== "string") return decodeFacts(frame);
  const message = JSON.parse(frame) as StoredEvent | { head: number };
  if (!("seq" in message)) return [];
  return [format === "json" ? message : factOf(message)];
}

/**
 * Throws where the run does not exist, or the API key is refused: a reconnect would fail forever. A WebSocket
 * does not report why it failed, so this requests the run. An unreachable or busy server is not an error
 * here.
 */
async function checkRunExists(http: Http, run: string, why: unknown, signal?: AbortSignal): Promise<void> {
  if (why instanceof GauntletError && why.status > 0 && !why.isTemporary) throw why;
  try {
    await http.json("GET", `/runs/${segment(run)}`, { timeoutMs: 5_000, signal });
  } catch (error) {
    if (error instanceof GauntletError && error.status > 0 && !error.isTemporary) throw error;
  }
}
