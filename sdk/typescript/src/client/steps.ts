// Reads a run: its steps, series of scores, episodes, and a search over texts.

import { inEpisode } from "./events.js";
import { segment, type Http } from "./http.js";
import { items } from "./pages.js";
import type { EpisodeRow, SearchHit, SearchQuery, Series, StepEvents, StepGroups, StepRow } from "./types.js";

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

/** Steps, series, episodes and search. */
export class Steps {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** The scored steps that match, in order; pages are fetched on demand. */
  list(run: string, query: StepQuery = {}): AsyncGenerator<StepRow, void, undefined> {
    const { failing, after, pageSize: limit = 1000, signal } = query;
    const episode = inEpisode(query.episode);
    const path = `/runs/${segment(run)}/steps`;
    return items(this.#http, path, { query: { failing, episode, after, limit }, signal });
  }

  /**
   * The events of one step with their texts, by episode; or only of one `episode`. A step of many events
   * comes in parts: pass `next_cursor` as `cursor`. Throws `not_found`.
   */
  get(
    run: string,
    step: number,
    { episode, ...part }: Pick<StepQuery, "episode"> & { cursor?: string; limit?: number } = {},
  ): Promise<StepEvents> {
    const query = { episode: inEpisode(episode), ...part };
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

  /**
   * The rollouts of each prompt of a step side by side, the best first. A step of many groups comes in parts:
   * pass `next_cursor` as `cursor`. Throws `not_found`.
   */
  groups(
    run: string,
    step: number,
    query: { cursor?: string; limit?: number; rollouts?: number } = {},
  ): Promise<StepGroups> {
    return this.#http.json("GET", `/runs/${segment(run)}/steps/${segment(step)}/groups`, { query });
  }

  /** The episodes of a run, in the order of their first event. */
  episodes(run: string, { pageSize: limit = 200 } = {}): AsyncGenerator<EpisodeRow, void, undefined> {
    return items(this.#http, `/runs/${segment(run)}/episodes`, { query: { limit } });
  }

  /** Searches texts of steps and metadata, best match first; pages are fetched on demand. */
  search(query: SearchQuery): AsyncGenerator<SearchHit, void, undefined> {
    return items(this.#http, "/search", { query });
  }
}
