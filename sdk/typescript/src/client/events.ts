// The log of a run: append to it, read it.

import type { Event, Kind, StoredEvent } from "../wire/events.js";
import { stringifyJson } from "../wire/json.js";
import { segment, type Http } from "./http.js";
import { gzipIfWorthwhile } from "./pack.js";
import type { Appended, EventPage } from "./types.js";

/** Which events to read. */
export interface ReadOptions {
  /** Begin after this sequence number. */
  after?: number;
  /** Only these kinds. */
  kinds?: readonly Kind[];
  /** Only those of this episode; `null` for those without one. */
  episode?: string | null;
  /** Events a page, 1 to 10,000. Default 1,000. */
  pageSize?: number;
  signal?: AbortSignal;
}

/** The query parameter of an episode; empty for events without one. */
export function inEpisode(episode: string | null | undefined): string | undefined {
  return episode === null ? "" : episode;
}

/** The logs of runs. */
export class Events {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /**
   * Appends all events or none; resolves once they are on disk. A refused one throws `invalid` with its
   * index.
   */
  async append(
    run: string,
    events: readonly Event[],
    options: { signal?: AbortSignal } = {},
  ): Promise<Appended> {
    return this.appendLines(
      run,
      events.map((event) => stringifyJson(event)),
      options,
    );
  }

  /** {@link append} for events that are JSON text already. */
  async appendLines(
    run: string,
    lines: readonly string[],
    options: { signal?: AbortSignal } = {},
  ): Promise<Appended> {
    const { body, headers } = await gzipIfWorthwhile(lines.join("\n"));
    return this.#http.json("POST", `/runs/${segment(run)}/events`, {
      body,
      headers: { ...headers, "content-type": "application/x-ndjson" },
      signal: options.signal,
    });
  }

  /**
   * {@link appendLines} as a `keepalive` request, which outlives the page: at most 64 KiB, not compressed.
   */
  async appendKeepalive(run: string, lines: readonly string[]): Promise<void> {
    const headers = { "content-type": "application/x-ndjson" };
    await this.#http.send("POST", `/runs/${segment(run)}/events`, {
      body: lines.join("\n"),
      headers,
      keepalive: true,
    });
  }

  /** The events after `after` up to the current end of the log; pages are fetched on demand. */
  async *read(run: string, options: ReadOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    const { kinds, episode, pageSize: limit = 1000, signal } = options;
    let after: number | null = options.after ?? null;
    for (;;) {
      const query = { after, limit, kind: kinds?.join(","), episode: inEpisode(episode) };
      const page: EventPage = await this.#http.json("GET", `/runs/${segment(run)}/events`, { query, signal });
      yield* page.events;
      if (page.next_after === null || page.next_after === after || page.next_after + 1 >= page.head) return;
      after = page.next_after;
    }
  }
}
