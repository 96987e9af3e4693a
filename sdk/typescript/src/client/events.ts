// A run's log: append to it, read it.

import type { Event, Kind, StoredEvent } from "../wire/events.js";
import { written } from "../wire/json.js";
import { part, type Http } from "./http.js";
import { packed } from "./pack.js";
import type { Appended } from "./types.js";

/** Where to read from, and what. */
export interface ReadOptions {
  /** Begin behind this sequence number. */
  after?: number;
  /** Only these kinds. */
  kinds?: readonly Kind[];
  /** Only those of this episode; `null` for those that belong to none. */
  episode?: string | null;
  /** Events a page, 1 to 10,000. Default 1,000. */
  pageSize?: number;
  signal?: AbortSignal;
}

/** How the server is asked for one episode; an empty one is none. */
export function inEpisode(episode: string | null | undefined): string | undefined {
  return episode === null ? "" : episode;
}

/** The logs of a server. */
export class Events {
  constructor(private readonly http: Http) {}

  /**
   * Appends, all or nothing; resolves once they are on disk. A refused event throws `invalid` with its index.
   */
  async append(
    run: string,
    events: readonly Event[],
    options: { signal?: AbortSignal } = {},
  ): Promise<Appended> {
    return this.appendLines(
      run,
      events.map((event) => written(event)),
      options,
    );
  }

  /** {@link append} for events that are JSON text already. */
  async appendLines(
    run: string,
    lines: readonly string[],
    options: { signal?: AbortSignal } = {},
  ): Promise<Appended> {
    const { body, headers } = await packed(lines.join("\n"));
    return this.http.json("POST", `/runs/${part(run)}/events`, {
      body,
      headers: { ...headers, "content-type": "application/x-ndjson" },
      signal: options.signal,
    });
  }

  /**
   * {@link appendLines} for a page that is going away: plain and small, as one request that outlives the
   * page.
   */
  async appendOnLeaving(run: string, lines: readonly string[]): Promise<void> {
    const headers = { "content-type": "application/x-ndjson" };
    await this.http.send("POST", `/runs/${part(run)}/events`, {
      body: lines.join("\n"),
      headers,
      keepalive: true,
    });
  }

  /**
   * The events behind `after` up to the end of the log as it is by then, page by page as they are asked for.
   */
  async *read(run: string, options: ReadOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    const { kinds, episode, pageSize: limit = 1000, signal } = options;
    let after: number | null = options.after ?? null;
    for (;;) {
      const query = { after, limit, kind: kinds?.join(","), episode: inEpisode(episode) };
      const page: { events: StoredEvent[]; next_after: number | null; head: number } = await this.http.json(
        "GET",
        `/runs/${part(run)}/events`,
        { query, signal },
      );
      yield* page.events;
      if (page.next_after === null || page.next_after === after || page.next_after + 1 >= page.head) return;
      after = page.next_after;
    }
  }
}
