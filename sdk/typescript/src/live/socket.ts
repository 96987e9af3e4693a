// A live connection over a WebSocket.

import { GauntletError } from "../client/errors.js";
import type { Connection, Frame } from "./connection.js";

/** Most messages in the buffer. A slower reader reads these, then reconnects. */
const MAX_WAITING = 2_000;

/** Connects; returns when the server closes, throws after `idleMs` without a message. */
export async function* overSocket(
  Socket: typeof WebSocket,
  url: string,
  idleMs: number,
  signal: AbortSignal,
): Connection {
  const socket = new Socket(url.replace(/^http/, "ws"));
  socket.binaryType = "arraybuffer";
  const waiting: Frame[] = [];
  const state: { isClosed: boolean; error: GauntletError | null } = { isClosed: false, error: null };
  let wake: () => void = () => undefined;
  const finish = (error: GauntletError | null) => {
    // The first reason counts: an error is followed by a close.
    if (!state.isClosed) state.error = error;
    state.isClosed = true;
    wake();
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    const late = () => finish(new GauntletError("idle", `the connection was silent for ${idleMs} ms`));
    timer = setTimeout(late, idleMs);
  };
  socket.onopen = alive;
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    alive();
    if (state.isClosed) return;
    waiting.push(typeof data === "string" ? data : new Uint8Array(data));
    // Messages that are dropped here are requested again by the reconnect.
    if (waiting.length >= MAX_WAITING) finish(null);
    wake();
  };
  socket.onerror = () => finish(new GauntletError("unreachable", `${url} cannot be reached`));
  socket.onclose = () => finish(null);
  const abort = () => finish(null);
  signal.addEventListener("abort", abort, { once: true });
  alive();
  try {
    for (;;) {
      const frame = waiting.shift();
      if (frame !== undefined) yield frame;
      else if (state.isClosed) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    if (state.error !== null && !signal.aborted) throw state.error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    // Without a handler no more messages are buffered.
    socket.onmessage = null;
    socket.close();
  }
}
