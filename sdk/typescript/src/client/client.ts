// The client of one server: the routes of its API, grouped by resource.

import type { Fact } from "../film/fact.js";
import type { Film } from "../film/film.js";
import { FilmReader, type FilmOptions } from "../film/reader.js";
import { live, type LiveOptions } from "../live/live.js";
import type { StoredEvent } from "../wire/events.js";
import { Commands } from "./commands.js";
import { Events } from "./events.js";
import { Files, type Bytes } from "./files.js";
import { Http, type Call, type ClientOptions, type PreparedRequest } from "./http.js";
import { Runs } from "./runs.js";
import { Steps } from "./steps.js";
import type { ArtifactRow, EpisodeRow, Imported, Manifest, SearchHit, SearchQuery, Series } from "./types.js";

/** A client of the API of a server. Its methods throw {@link GauntletError}. */
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

  /** @internal A request that the caller sends itself. */
  prepare(method: string, path: string, call: Call = {}): PreparedRequest {
    return this.#http.prepare(method, path, call);
  }

  /**
   * Follows a run: its facts after sequence number `after` (from the beginning where absent), then each new
   * one, until the loop is left or `signal` is aborted. Reconnects to a server that is unreachable, without
   * gaps or duplicates.
   *
   * `format: "json"` yields complete events with their texts; otherwise facts, which are much smaller.
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

  /** The manifest of a run's film. */
  manifest(run: string): Promise<Manifest> {
    return this.#films.manifest(run);
  }

  /** The facts of one sealed chunk of a film. */
  chunk(run: string, chunk: number, options: { level?: number; version?: string } = {}): Promise<Fact[]> {
    return this.#films.chunk(run, chunk, options);
  }

  /** The scores of a rubric by step, downsampled without losing extremes. */
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

  /** Searches texts of steps and metadata, best match first. */
  search(query: SearchQuery): AsyncGenerator<SearchHit, void, undefined> {
    return this.steps.search(query);
  }

  /** Imports a results file as a run. */
  import(file: Bytes, options: { name?: string } = {}): Promise<Imported> {
    return this.#files.import(file, options);
  }

  /** Exports a run as a stream of bytes. */
  export(run: string, format: "results" | "jsonl" = "results"): Promise<ReadableStream<Uint8Array>> {
    return this.#files.export(run, format);
  }

  /** Stores bytes under their SHA-256 and resolves to it; `hash` where it is known already. */
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
