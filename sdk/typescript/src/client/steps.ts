// Reads a run: its steps, series of scores, episodes, and a search over texts.

import type { StoredEvent, Status } from "../wire/events.js";
import { inEpisode } from "./events.js";
import { segment, type Http } from "./http.js";
import type { Page, SearchHit, SearchQuery, Series, StepRow } from "./types.js";

/** Which steps to list. */
export interface StepQuery {
  /** `any`, a failure kind, or a rubric path; every scored step where absent. */
  failing?: string;
  /** Only those of this episode; `null` for those without one. */
  episode?: string | null;
  /** Begin after this step. */
  after?: number;
  pageSize?: number;
  signal?: AbortSignal;
}

/** The events of one step. */
export interface StepEvents {
  step: number;
  /** Number of events of each episode, in their order; absent from older servers. */
  episodes?: { episode: string | null; events: number }[];
  events: StoredEvent[];
}

/** Summary of an episode: one rollout on one task. */
export interface EpisodeRow {
  episode: string;
  task: string | null;
  status: Status | null;
  started_at: string | null;
  finished_at: string | null;
  return: number | null;
  latency_ms: number | null;
  cost: number | null;
  error: string | null;
  steps: number;
  failing: number;
  mean_root: number | null;
}

/** Steps, series, episodes and search. */
export class Steps {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** The scored steps that match, in order; pages are fetched on demand. */
  async *list(run: string, query: StepQuery = {}): AsyncGenerator<StepRow, void, undefined> {
    const { failing, pageSize: limit = 1000, signal } = query;
    const episode = inEpisode(query.episode);
    let [after, afterSeq]: [number | null, number | null] = [query.after ?? null, null];
    do {
      const page: { steps: StepRow[]; next_after: number | null; next_after_seq: number | null } =
        await this.#http.json("GET", `/runs/${segment(run)}/steps`, {
          query: { failing, episode, after, after_seq: afterSeq, limit },
          signal,
        });
      yield* page.steps;
      [after, afterSeq] = [page.next_after, page.next_after_seq];
    } while (after !== null);
  }

  /** The events of one step with their texts, by episode; or only of one `episode`. Throws `not_found`. */
  get(run: string, step: number, { episode }: Pick<StepQuery, "episode"> = {}): Promise<StepEvents> {
    const query = { episode: inEpisode(episode) };
    return this.#http.json("GET", `/runs/${segment(run)}/steps/${segment(step)}`, { query });
  }

  /** The scores of a rubric from step `from` to step `to`, downsampled without losing extremes. */
  series(
    run: string,
    path = "root",
    range: { from?: number; to?: number; points?: number } = {},
  ): Promise<Series> {
    return this.#http.json("GET", `/runs/${segment(run)}/series`, { query: { path, ...range } });
  }

  /** The episodes of a run, in the order of their first event. */
  async *episodes(run: string, { pageSize: limit = 200 } = {}): AsyncGenerator<EpisodeRow, void, undefined> {
    let after: string | null = null;
    do {
      const page: { items: EpisodeRow[]; next_after: string | null } = await this.#http.json(
        "GET",
        `/runs/${segment(run)}/episodes`,
        { query: { after, limit } },
      );
      yield* page.items;
      after = page.next_after;
    } while (after !== null);
  }

  /** Searches texts of steps and metadata, best match first; pages are fetched on demand. */
  async *search(query: SearchQuery): AsyncGenerator<SearchHit, void, undefined> {
    let cursor: string | null = null;
    do {
      const page: Page<SearchHit> = await this.#http.json("GET", "/search", { query: { ...query, cursor } });
      yield* page.items;
      cursor = page.next_cursor;
    } while (cursor !== null);
  }
}
