// A live connection over server-sent events, for platforms without WebSocket.

import { GauntletError } from "../client/errors.js";
import { segment, type Http } from "../client/http.js";
import type { Connection } from "./connection.js";

/** Connects; returns when the server closes, throws after `idleMs` without data. The messages are texts. */
export async function* overEvents(
  http: Http,
  run: string,
  after: number | undefined,
  idleMs: number,
  signal: AbortSignal,
): Connection {
  const headers = { accept: "text/event-stream" };
  const response = await http.send("GET", `/runs/${segment(run)}/live`, {
    query: { after },
    headers,
    signal,
  });
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
    const error = new GauntletError("idle", `the connection was silent for ${idleMs} ms`);
    timer = setTimeout(() => reject(error), idleMs);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Parses the lines of the stream; yields the data of each complete event. Comments are heartbeats. */
class Lines {
  #rest = "";
  #data: string[] = [];

  *take(text: string): Generator<string, void, undefined> {
    this.#rest += text;
    // A long line arrives in many parts: it is split once, when it is complete.
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
