// One WebSocket connection as a sequence of frames.

import { GauntletError } from "../client/errors.js";
import type { Connection, Frame } from "./live.js";

/** Frames that may wait to be read. A reader that is slower than the run reconnects when it has caught up. */
const MOST_WAITING = 2_000;

/** Connects; ends when the other side closes, throws when it says nothing for `idleMs`. */
export async function* overSocket(
  Socket: typeof WebSocket,
  url: string,
  idleMs: number,
  signal: AbortSignal,
): Connection {
  const socket = new Socket(url.replace(/^http/, "ws"));
  socket.binaryType = "arraybuffer";
  const waiting: Frame[] = [];
  let over: { error: GauntletError | null } | null = null;
  let wake: () => void = () => undefined;
  const finish = (error: GauntletError | null) => {
    over ??= { error };
    wake();
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    const late = () => finish(new GauntletError("idle", `the connection said nothing for ${idleMs} ms`));
    timer = setTimeout(late, idleMs);
  };
  socket.onopen = alive;
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    alive();
    if (over !== null) return;
    waiting.push(typeof data === "string" ? data : new Uint8Array(data));
    // What was not taken in is asked for again, behind the last that was.
    if (waiting.length >= MOST_WAITING) finish(null);
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
      else if (over !== null) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    const { error } = over as { error: GauntletError | null };
    if (error !== null && !signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    // Stops reading, so that nothing is buffered for nobody.
    socket.onmessage = null;
    socket.close();
  }
}
