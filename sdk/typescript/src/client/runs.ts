// Runs: create, list, read, compare, change, delete.

import { segment, type Http } from "./http.js";
import { items } from "./pages.js";
import type {
  Comparison,
  Correlations,
  GroupHistory,
  ListedRun,
  Page,
  Run,
  RunColumns,
  RunPatch,
  RunQuery,
  RunSpec,
  SeriesBatch,
  SeriesRequest,
  TaskComparison,
  WriterAnswer,
  WriterReport,
} from "./types.js";

/** The path for reports of a writer. */
export function writerPath(run: string, writer: string): string {
  return `/runs/${segment(run)}/writers/${segment(writer)}`;
}

/** The runs of a server. */
export class Runs {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Creates a run. The same id and content again gives the same run; other content throws `conflict`. */
  create(spec: RunSpec, options: { signal?: AbortSignal } = {}): Promise<Run> {
    return this.#http.json("POST", "/runs", { json: spec, signal: options.signal });
  }

  /**
   * Every run that matches, newest first unless `sort` is given; pages are fetched on demand. What
   * `columns` asks for is in the `columns` of each run.
   */
  list(
    query: RunQuery = {},
    options: { signal?: AbortSignal } = {},
  ): AsyncGenerator<ListedRun, void, undefined> {
    return items(this.#http, "/runs", { query, signal: options.signal });
  }

  /** One page; `cursor` is the `next_cursor` of the one before. */
  page(
    query: RunQuery = {},
    cursor: string | null = null,
    options: { signal?: AbortSignal } = {},
  ): Promise<Page<ListedRun>> {
    return this.#http.json("GET", "/runs", { query: { ...query, cursor }, signal: options.signal });
  }

  /** The columns that the runs of a project, or all runs, can be listed by. */
  columns({ project, signal }: { project?: string; signal?: AbortSignal } = {}): Promise<RunColumns> {
    return this.#http.json("GET", "/columns", { query: { project }, signal });
  }

  /** One run; throws `not_found`. */
  get(run: string, options: { signal?: AbortSignal } = {}): Promise<Run> {
    return this.#http.json("GET", `/runs/${segment(run)}`, { signal: options.signal });
  }

  /**
   * Histories of rubrics and measurements of several runs in columns, thinned without losing an extreme.
   * Every path is read of every run; without paths only those of the runs are named.
   */
  series(request: SeriesRequest, options: { signal?: AbortSignal } = {}): Promise<SeriesBatch> {
    return this.#http.json("POST", "/series", { json: request, signal: options.signal });
  }

  /** Runs side by side; differences are taken to `baseline`, or to the first run. */
  compare(
    runs: readonly string[],
    { baseline, signal }: { baseline?: string; signal?: AbortSignal } = {},
  ): Promise<Comparison> {
    const ids = runs.map((run) => run.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");
    return this.#http.json("GET", "/compare", { query: { runs: ids, baseline }, signal });
  }

  /** Two runs task by task: which ones one of them solves and the other fails. */
  compareTasks(a: string, b: string, { limit }: { limit?: number } = {}): Promise<TaskComparison> {
    return this.#http.json("GET", "/compare/tasks", { query: { a, b, limit } });
  }

  /** The groups of a run over its steps: how many there are, and how many have the same reward throughout. */
  groups(run: string): Promise<GroupHistory> {
    return this.#http.json("GET", `/runs/${segment(run)}/groups`);
  }

  /** Which rubrics of a run rise and fall together over a range of steps; an empty range throws `invalid`. */
  correlations(run: string, range: { from?: number; to?: number } = {}): Promise<Correlations> {
    return this.#http.json("GET", `/runs/${segment(run)}/correlations`, { query: range });
  }

  /** Changes name, tags, notes, status or rules. */
  patch(run: string, patch: RunPatch): Promise<Run> {
    return this.#http.json("PATCH", `/runs/${segment(run)}`, { json: patch });
  }

  /** Reports that a writer of the run is alive, or how it ended. Idempotent. */
  report(
    run: string,
    writer: string,
    report: WriterReport,
    options: { signal?: AbortSignal; timeoutMs?: number } = {},
  ): Promise<WriterAnswer> {
    return this.#http.json("PUT", writerPath(run, writer), { json: report, ...options });
  }

  /** Deletes a run and its log. `name` must be the run's, as a check against deleting the wrong one. */
  async delete(run: string, { name }: { name: string }): Promise<void> {
    await this.#http.send("DELETE", `/runs/${segment(run)}`, { query: { name } });
  }
}
