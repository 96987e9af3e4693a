// One connection of server-sent events as a sequence of frames, for where there is no WebSocket.

import { GauntletError } from "../client/errors.js";
import { part, type Http } from "../client/http.js";
import type { Connection } from "./live.js";

/**
 * Connects; ends when the other side closes, throws when it says nothing for `idleMs`. The frames are texts.
 */
export async function* overEvents(
  http: Http,
  run: string,
  after: number | undefined,
  idleMs: number,
  signal: AbortSignal,
): Connection {
  const headers = { accept: "text/event-stream" };
  const response = await http.send("GET", `/runs/${part(run)}/live`, { query: { after }, headers, signal });
  if (response.body === null) throw new GauntletError("unreadable", "the live stream has no body");
  const reader = response.body.getReader();
  const texts = new TextDecoder();
  const lines = new Lines();
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), idleMs);
      if (done) return;
      yield* lines.take(texts.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function within<T>(reading: Promise<T>, idleMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new GauntletError("idle", `the connection said nothing for ${idleMs} ms`);
    timer = setTimeout(() => reject(error), idleMs);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The lines of the stream; gives the data of each whole event. Comments are heartbeats and give nothing. */
class Lines {
  #rest = "";
  #data: string[] = [];

  *take(text: string): Generator<string, void, undefined> {
    this.#rest += text;
    // A long line comes in many parts: it is looked at once, when it is whole.
    if (!text.includes("\n")) return;
    const lines = this.#rest.split(/\r?\n/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0) yield this.#data.join("\n");
        this.#data = [];
      } else if (line.startsWith("data:")) {
        this.#data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
      }
    }
  }
}
