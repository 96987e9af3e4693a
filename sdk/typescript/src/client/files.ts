// Files: import and export of runs, and artifacts.

import { sha256 } from "../wire/ids.js";
import { GauntletError } from "./errors.js";
import { segment, type Body, type Http } from "./http.js";
import { items } from "./pages.js";
import type { ArtifactRow, Imported } from "./types.js";

/** Bytes in any form. */
export type Bytes = string | Uint8Array | ArrayBuffer | Blob;

/** Import, export and artifacts. */
export class Files {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Imports a results file as a run; throws `unreadable_file` with the position of the error. */
  import(file: Bytes, { name }: { name?: string } = {}): Promise<Imported> {
    return this.#http.json("POST", "/import", { query: { name }, body: file as Body, timeoutMs: 600_000 });
  }

  /** Exports a run as a stream. `results` is the nested results file, `jsonl` one native event per line. */
  async export(run: string, format: "results" | "jsonl" = "results"): Promise<ReadableStream<Uint8Array>> {
    const path = `/runs/${segment(run)}/export`;
    const response = await this.#http.send("GET", path, { query: { format }, timeoutMs: 60_000 });
    if (response.body === null)
      throw new GauntletError("unreadable", `the answer to GET ${path} has no body`);
    return response.body;
  }

  /**
   * Stores bytes under their SHA-256 and resolves to it. An event `artifact.added` assigns them to a step.
   */
  async putArtifact(
    run: string,
    file: Bytes,
    { hash, signal }: { hash?: string; signal?: AbortSignal } = {},
  ): Promise<string> {
    // A copy: the bytes must not change between hashing and sending.
    const bytes = hash === undefined ? await bytesOf(file) : file;
    const name = hash ?? (await hashOf(bytes as Uint8Array));
    const body = bytes as Body;
    await this.#http.bytes("PUT", `/runs/${segment(run)}/artifacts/${name}`, {
      body,
      signal,
      timeoutMs: 600_000,
    });
    return name;
  }

  /** The bytes of an artifact; throws `not_found`. */
  artifact(run: string, hash: string): Promise<Uint8Array> {
    return this.#http.bytes("GET", `/runs/${segment(run)}/artifacts/${segment(hash)}`, {
      timeoutMs: 600_000,
    });
  }

  /** The artifacts of a run, in the order they were added. */
  artifacts(run: string, { pageSize: limit = 200 } = {}): AsyncGenerator<ArtifactRow, void, undefined> {
    return items(this.#http, `/runs/${segment(run)}/artifacts`, { query: { limit } });
  }
}

/** The SHA-256 of bytes; throws `unsupported` where the platform has none. */
export async function hashOf(bytes: Uint8Array): Promise<string> {
  const hash = await sha256(bytes);
  if (hash === undefined)
    throw new GauntletError("unsupported", "there is no SHA-256 here: not a secure context");
  return hash;
}

/** The bytes, as a copy that does not change with its source. */
export async function bytesOf(file: Bytes): Promise<Uint8Array> {
  return file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : copyOf(file);
}

/** {@link bytesOf} what can be read at once. */
export function copyOf(file: Exclude<Bytes, Blob>): Uint8Array {
  if (typeof file === "string") return new TextEncoder().encode(file);
  return new Uint8Array(file instanceof Uint8Array ? file : file.slice(0));
}
