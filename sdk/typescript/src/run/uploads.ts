// Artifacts before they are queued: read and hashed one after the other, in order.

import { copyOf, hashOf, type Bytes } from "../client/files.js";
import { sleep } from "../client/http.js";
import type { Content } from "./fifo.js";
import type { Ledger } from "./ledger.js";

/** An artifact that is being read: its bytes, once they are known, and the callback that queues it. */
interface Upload {
  name: string;
  bytes: Uint8Array | null;
  queue: (content: Content) => void;
}

/** The artifacts of a run that are not queued yet. */
export class Uploads {
  readonly #ledger: Ledger;
  readonly #pending = new Set<Upload>();
  #hashing: Promise<void> = Promise.resolve();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Adds an artifact; `queue` is called with its content and hash. */
  add(name: string, content: Bytes, queue: (content: Content) => void): void {
    // A copy: the caller may change its buffer afterwards.
    const file: Upload = { name, bytes: content instanceof Blob ? null : copyOf(content), queue };
    this.#pending.add(file);
    this.#hashing = this.#hashing.then(() => this.#hash(file, content));
  }

  /** Waits until all artifacts are hashed, at most `timeoutMs`; `false` where some are left. */
  async settled(timeoutMs: number): Promise<boolean> {
    if (this.#pending.size === 0) return true;
    const done = new AbortController();
    await Promise.race([this.#hashing, sleep(timeoutMs, done.signal)]);
    done.abort();
    return this.#pending.size === 0;
  }

  /** Hashes what is left synchronously, as the run or the process ends; lost where `sha256` is `null`. */
  hashNow(sha256: ((bytes: Uint8Array) => string) | null): void {
    for (const { name, bytes, queue } of this.#pending) {
      if (sha256 !== null && bytes !== null) queue({ hash: sha256(bytes), bytes });
      else this.#recordLost(name, "the run ended before it was read");
    }
    this.#pending.clear();
  }

  async #hash(file: Upload, content: Bytes): Promise<void> {
    try {
      file.bytes ??= new Uint8Array(await (content as Blob).arrayBuffer());
      const hash = await hashOf(file.bytes);
      if (this.#pending.delete(file)) file.queue({ hash, bytes: file.bytes });
    } catch (error) {
      if (this.#pending.delete(file)) this.#recordLost(file.name, (error as Error).message);
    }
  }

  #recordLost(name: string, why: string): void {
    this.#ledger.counts.lost += 1;
    this.#ledger.recordLoss(`an artifact is lost: ${why}`);
    this.#ledger.warn("artifact", `artifact ${name} is lost: ${why}`);
  }
}
