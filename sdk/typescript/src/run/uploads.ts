// Files between the call that named them and the queue: they are read and hashed one after the other, in
// order.

import { copyOf, hashOf, type Bytes } from "../client/files.js";
import { pause } from "../client/http.js";
import type { Content } from "./fifo.js";
import type { Ledger } from "./ledger.js";

/** A file on its way: its bytes, once they are read, and where it goes then. */
interface Upload {
  name: string;
  bytes: Uint8Array | null;
  queue: (content: Content) => void;
}

/** The files of a run that are not in its queue yet. */
export class Uploads {
  readonly #waiting = new Set<Upload>();
  #hashing: Promise<void> = Promise.resolve();

  constructor(private readonly ledger: Ledger) {}

  /** Takes a file; `queue` gets its content once its hash is known. */
  add(name: string, content: Bytes, queue: (content: Content) => void): void {
    // Copied now: what the caller changes in its buffer afterwards is not in the file.
    const file: Upload = { name, bytes: content instanceof Blob ? null : copyOf(content), queue };
    this.#waiting.add(file);
    this.#hashing = this.#hashing.then(() => this.#hash(file, content));
  }

  /** Waits for the files that are being read and hashed, at most so long. Whether none is left. */
  async settled(timeoutMs: number): Promise<boolean> {
    if (this.#waiting.size === 0) return true;
    const done = new AbortController();
    await Promise.race([this.#hashing, pause(timeoutMs, done.signal)]);
    done.abort();
    return this.#waiting.size === 0;
  }

  /** The run or the process ends: files are hashed without waiting, where `sha256` can do that. */
  hashNow(sha256: ((bytes: Uint8Array) => string) | null): void {
    for (const { name, bytes, queue } of this.#waiting) {
      if (sha256 !== null && bytes !== null) queue({ hash: sha256(bytes), bytes });
      else this.#lose(name, "the run ended before it was read");
    }
    this.#waiting.clear();
  }

  async #hash(file: Upload, content: Bytes): Promise<void> {
    try {
      file.bytes ??= new Uint8Array(await (content as Blob).arrayBuffer());
      const hash = await hashOf(file.bytes);
      if (this.#waiting.delete(file)) file.queue({ hash, bytes: file.bytes });
    } catch (error) {
      if (this.#waiting.delete(file)) this.#lose(file.name, (error as Error).message);
    }
  }

  #lose(name: string, why: string): void {
    this.ledger.counts.lost += 1;
    this.ledger.lose(`an artifact was not kept: ${why}`);
    this.ledger.warn("artifact", `artifact ${name} was not kept: ${why}`);
  }
}
