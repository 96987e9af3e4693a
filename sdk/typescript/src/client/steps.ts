// What happened in a run: its steps, a rubric's history, its episodes, a search over texts.

import type { StoredEvent, Status } from "../wire/events.js";
import { inEpisode } from "./events.js";
import { part, type Http } from "./http.js";
import type { Page, SearchHit, SearchQuery, Series, StepRow } from "./types.js";

/** Which steps. */
export interface StepQuery {
  /** `any`, a failure kind, or a rubric path; every scored step where absent. */
  failing?: string;
  /** Only those of this episode; `null` for those that belong to none. */
  episode?: string | null;
  /** Begin behind this step. */
  after?: number;
  pageSize?: number;
  signal?: AbortSignal;
}

/** What happened in one step. */
export interface StepEvents {
  step: number;
  /** How many of the events are whose, in their order; absent in what older servers say. */
  episodes?: { episode: string | null; events: number }[];
  events: StoredEvent[];
}

/** One rollout on one task, as the server sums it up. */
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

/** Steps, series, episodes and search of a server. */
export class Steps {
  constructor(private readonly http: Http) {}

  /** The scored steps that match, in order, page by page as they are asked for. */
  async *list(run: string, query: StepQuery = {}): AsyncGenerator<StepRow, void, undefined> {
    const { failing, pageSize: limit = 1000, signal } = query;
    const episode = inEpisode(query.episode);
    let [after, afterSeq]: [number | null, number | null] = [query.after ?? null, null];
    do {
      const page: { steps: StepRow[]; next_after: number | null; next_after_seq: number | null } =
        await this.http.json("GET", `/runs/${part(run)}/steps`, {
          query: { failing, episode, after, after_seq: afterSeq, limit },
          signal,
        });
      yield* page.steps;
      [after, afterSeq] = [page.next_after, page.next_after_seq];
    } while (after !== null);
  }

  /**
   * Every event of one step with its texts, those of one episode after those of the other; or of one
   * `episode`, `null` for none. Throws `not_found`.
   */
  get(run: string, step: number, { episode }: Pick<StepQuery, "episode"> = {}): Promise<StepEvents> {
    const query = { episode: inEpisode(episode) };
    return this.http.json("GET", `/runs/${part(run)}/steps/${part(step)}`, { query });
  }

  /** A rubric's history from step `from` to step `to`, thinned so that every extreme stays. */
  series(
    run: string,
    path = "root",
    range: { from?: number; to?: number; points?: number } = {},
  ): Promise<Series> {
    return this.http.json("GET", `/runs/${part(run)}/series`, { query: { path, ...range } });
  }

  /** The episodes of a run, in the order they were first spoken of. */
  async *episodes(run: string, { pageSize: limit = 200 } = {}): AsyncGenerator<EpisodeRow, void, undefined> {
    let after: string | null = null;
    do {
      const page: { items: EpisodeRow[]; next_after: string | null } = await this.http.json(
        "GET",
        `/runs/${part(run)}/episodes`,
        { query: { after, limit } },
      );
      yield* page.items;
      after = page.next_after;
    } while (after !== null);
  }

  /** Texts of steps and metadata, best match first, page by page as they are asked for. */
  async *search(query: SearchQuery): AsyncGenerator<SearchHit, void, undefined> {
    let cursor: string | null = null;
    do {
      const page: Page<SearchHit> = await this.http.json("GET", "/search", { query: { ...query, cursor } });
      yield* page.items;
      cursor = page.next_cursor;
    } while (cursor !== null);
  }
}
