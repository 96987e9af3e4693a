// A run as it happens: one sequence of facts or events over however many connections it takes.

import { decodeFacts } from "../film/codec.js";
import { factOf, type Fact } from "../film/fact.js";
import { GauntletError } from "../client/errors.js";
import { backoff, part, pause, type Http } from "../client/http.js";
import type { StoredEvent } from "../wire/events.js";
import { overEvents } from "./sse.js";
import { overSocket } from "./socket.js";

/** How to follow a run. */
export interface LiveOptions {
  /** Begin behind this sequence number; at the beginning where absent. */
  after?: number;
  /** `binary` (the default) gives facts, `json` whole events. */
  format?: "json" | "binary";
  /** Ends it, without an error. */
  signal?: AbortSignal;
  /**
   * A connection that says nothing for so long, heartbeats included, is replaced. Milliseconds, default
   * 60,000.
   */
  idleTimeoutMs?: number;
  /** Told about each connection that was lost, and how long until the next. */
  onReconnect?: (why: unknown, inMs: number) => void;
  /**
   * The class to connect with; default the platform's. Where there is none, server-sent events are read
   * instead.
   */
  WebSocket?: typeof WebSocket | null;
}

/** What a connection brings: texts (an event as JSON, or a heartbeat) and packed facts. */
export type Frame = string | Uint8Array;

/** One connection. Returns when it is closed, throws when it breaks. */
export type Connection = AsyncGenerator<Frame, void, undefined>;

/** First pause before connecting again, and the longest. Milliseconds. */
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
    // Node's process may end while this waits for nothing else, so an aborted wait must not hold it.
    const ending = new AbortController();
    const end = () => ending.abort(signal?.reason);
    signal?.addEventListener("abort", end, { once: true });
    try {
      const place = { after: last < 0 ? undefined : last };
      const connection: Connection = Socket
        ? overSocket(
            Socket,
            http.url(`/runs/${part(run)}/live`, { ...place, format }),
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
    if (failures > 1) await mustBeThere(http, run, why, signal);
    const inMs = failures === 1 ? 0 : backoff(failures - 1, FIRST_PAUSE, LONGEST_PAUSE);
    options.onReconnect?.(why, inMs);
    await pause(inMs, signal);
  }
}

/** What a frame holds; nothing for a heartbeat. */
function itemsOf(frame: Frame, format: "json" | "binary"): (StoredEvent | Fact)[] {
  if (typeof frame !== "string") return decodeFacts(frame);
  const said = JSON.parse(frame) as StoredEvent | { head: number };
  if (!("seq" in said)) return [];
  return [format === "json" ? said : factOf(said)];
}

/**
 * A socket does not say why it could not be opened, so the API is asked: a run that is gone, or a key that is
 * refused, stays so. No answer, or a server that is busy, is no reason to give up.
 */
async function mustBeThere(http: Http, run: string, why: unknown, signal?: AbortSignal): Promise<void> {
  if (why instanceof GauntletError && why.status > 0 && !why.isTemporary) throw why;
  try {
    await http.json("GET", `/runs/${part(run)}`, { timeoutMs: 5_000, signal });
  } catch (error) {
    if (error instanceof GauntletError && error.status > 0 && !error.isTemporary) throw error;
  }
}
