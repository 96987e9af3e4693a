// The client of one server: what the API has, grouped by resource.

import type { Fact } from "../film/fact.js";
import type { Film } from "../film/film.js";
import { FilmReader, type FilmOptions, type Manifest } from "../film/reader.js";
import { live, type LiveOptions } from "../live/live.js";
import type { StoredEvent } from "../wire/events.js";
import { Commands } from "./commands.js";
import { Events } from "./events.js";
import { Files, type ArtifactRow, type Bytes } from "./files.js";
import { Http, type Call, type ClientOptions, type Prepared } from "./http.js";
import { Runs } from "./runs.js";
import { Steps, type EpisodeRow } from "./steps.js";
import type { Imported, SearchHit, SearchQuery, Series } from "./types.js";

/** Everything a server can be asked. Errors are {@link GauntletError}s. */
export class Client {
  readonly #http: Http;
  readonly #files: Files;
  readonly #films: FilmReader;
  readonly runs: Runs;
  readonly events: Events;
  readonly steps: Steps;
  readonly commands: Commands;

  constructor(options: ClientOptions = {}) {
    this.#http = new Http(options);
    this.runs = new Runs(this.#http);
    this.events = new Events(this.#http);
    this.steps = new Steps(this.#http);
    this.commands = new Commands(this.#http);
    this.#files = new Files(this.#http);
    this.#films = new FilmReader(this.#http, this.events);
  }

  /** The server's base address. */
  get endpoint(): string {
    return this.#http.endpoint;
  }

  /** @internal A request that is sent by other means. */
  prepared(method: string, path: string, call: Call = {}): Prepared {
    return this.#http.prepared(method, path, call);
  }

  /**
   * What happens in a run, from behind `after` (from its beginning where absent) to now and on, until the
   * loop is left or `signal` is aborted. Survives a server that goes away: nothing is missed and nothing
   * comes twice.
   *
   * `format: "json"` gives whole events with their texts; otherwise facts, which are much smaller.
   */
  live(run: string, options: LiveOptions & { format: "json" }): AsyncGenerator<StoredEvent, void, undefined>;
  live(run: string, options?: LiveOptions & { format?: "binary" }): AsyncGenerator<Fact, void, undefined>;
  live(run: string, options: LiveOptions = {}): AsyncGenerator<StoredEvent | Fact, void, undefined> {
    return live(this.#http, run, options);
  }

  /**
   * The film of a run up to now. `live(run, { after: film.head - 1 })` and `film.apply(fact)` keep it up to
   * date.
   */
  film(run: string, options: FilmOptions = {}): Promise<Film> {
    return this.#films.read(run, options);
  }

  /** What a run's film consists of. */
  manifest(run: string): Promise<Manifest> {
    return this.#films.manifest(run);
  }

  /** The facts of one sealed chunk of a film. */
  chunk(run: string, chunk: number, options: { level?: number; version?: string } = {}): Promise<Fact[]> {
    return this.#films.chunk(run, chunk, options);
  }

  /** A rubric's history, thinned so that every extreme stays. */
  series(
    run: string,
    path = "root",
    range: { from?: number; to?: number; points?: number } = {},
  ): Promise<Series> {
    return this.steps.series(run, path, range);
  }

  /** The episodes of a run. */
  episodes(run: string): AsyncGenerator<EpisodeRow, void, undefined> {
    return this.steps.episodes(run);
  }

  /** Texts of steps and metadata, best match first. */
  search(query: SearchQuery): AsyncGenerator<SearchHit, void, undefined> {
    return this.steps.search(query);
  }

  /** Makes a run of a result file. */
  import(file: Bytes, options: { name?: string } = {}): Promise<Imported> {
    return this.#files.import(file, options);
  }

  /** A run as a file, as a stream. */
  export(run: string, format: "results" | "jsonl" = "results"): Promise<ReadableStream<Uint8Array>> {
    return this.#files.export(run, format);
  }

  /** Keeps bytes under their SHA-256, which it resolves to; `hash` says it where it is known. */
  putArtifact(
    run: string,
    file: Bytes,
    options: { hash?: string; signal?: AbortSignal } = {},
  ): Promise<string> {
    return this.#files.putArtifact(run, file, options);
  }

  /** The bytes of an artifact. */
  artifact(run: string, hash: string): Promise<Uint8Array> {
    return this.#files.artifact(run, hash);
  }

  /** The artifacts of a run. */
  artifacts(run: string): AsyncGenerator<ArtifactRow, void, undefined> {
    return this.#files.artifacts(run);
  }
}
