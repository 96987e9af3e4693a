// Reads a film over HTTP: the manifest, its sealed chunks, and from the log what is not sealed yet.

import type { Events } from "../client/events.js";
import { segment, type Http } from "../client/http.js";
import type { FailureRules, Manifest } from "../client/types.js";
import { decodeFacts } from "./codec.js";
import { factOf, type Fact } from "./fact.js";
import { Film } from "./film.js";

/** How to read a film. */
export interface FilmOptions {
  /** Which steps fail; as the run asks for where absent. */
  rules?: FailureRules;
  signal?: AbortSignal;
}

/** Chunks fetched at a time. */
const AT_ONCE = 4;
/** Bytes of chunks to hold in memory; a browser also caches them on disk. */
const CACHE_BYTES = 32 << 20;

/** Reads films, and keeps the chunks it read last: they never change. */
export class FilmReader {
  readonly #http: Http;
  readonly #events: Events;
  readonly #cache = new Map<string, Uint8Array>();
  #cacheBytes = 0;

  constructor(http: Http, events: Events) {
    this.#http = http;
    this.#events = events;
  }

  manifest(run: string, signal?: AbortSignal): Promise<Manifest> {
    return this.#http.json("GET", `/runs/${segment(run)}/film`, { signal });
  }

  async chunk(
    run: string,
    chunk: number,
    {
      level = 0,
      version,
      signal,
    }: { level?: number; version?: string; signal?: AbortSignal | undefined } = {},
  ): Promise<Fact[]> {
    const path = `/runs/${segment(run)}/film/${level}/${chunk}`;
    const key = `${version} ${path}`;
    let bytes = version === undefined ? undefined : this.#cache.get(key);
    if (bytes === undefined) {
      bytes = await this.#http.bytes("GET", path, { query: { v: version }, signal });
      if (version !== undefined) this.#keep(key, bytes);
    }
    return decodeFacts(bytes);
  }

  async read(run: string, { rules, signal }: FilmOptions = {}): Promise<Film> {
    const { version, levels, rules: asked } = await this.manifest(run, signal);
    const film = new Film(rules ?? asked);
    const chunks = levels.find(({ level }) => level === 0)?.chunks ?? 0;
    for (let first = 0; first < chunks; first += AT_ONCE) {
      const numbers = Array.from({ length: Math.min(AT_ONCE, chunks - first) }, (_, i) => first + i);
      const read = await Promise.all(numbers.map((number) => this.chunk(run, number, { version, signal })));
      for (const facts of read) for (const fact of facts) film.apply(fact);
    }
    const behind = { ...(film.head > 0 ? { after: film.head - 1 } : {}), ...(signal ? { signal } : {}) };
    for await (const event of this.#events.read(run, behind)) film.apply(factOf(event));
    return film;
  }

  #keep(key: string, bytes: Uint8Array): void {
    this.#cache.set(key, bytes);
    this.#cacheBytes += bytes.length;
    for (const [oldest, old] of this.#cache) {
      if (this.#cacheBytes <= CACHE_BYTES) break;
      this.#cache.delete(oldest);
      this.#cacheBytes -= old.length;
    }
  }
}
