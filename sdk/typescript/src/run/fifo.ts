// The queue of events for the server, in order: in memory, and in a spool on disk where memory is full.

/** Stores events that do not fit into memory. `gauntlet-sdk/node` has one on disk, a browser has none. */
export interface Spool {
  /** Number of lines in it. */
  readonly left: number;
  /** Its path, for messages. */
  readonly place: string;
  /** The greatest step in it when it was opened; -1 where it had none. */
  readonly lastStep?: number;
  /** Appends lines. `false`, without a change, where they cannot be stored. */
  append(lines: readonly string[]): boolean;
  /** The first lines. */
  peek(mostLines: number, mostBytes: number): string[];
  /** Removes the first lines: they were delivered. */
  advance(lines: number): void;
  /** Stores the content of an artifact under its SHA-256. `false` where it cannot be stored. */
  keep(hash: string, bytes: Uint8Array): boolean;
  /** The content of an artifact; `null` where it is not stored. */
  content(hash: string): Uint8Array | null;
  /** Removes the content of an artifact: it was delivered. */
  forget(hash: string): void;
  /** Waits until what was appended is on the disk (fsync). */
  sync?(): void;
  /** Moves it to where no later process sends it, and closes it; returns the new path. */
  setAside(why: string): string;
  /** Closes it. What is in it stays for a later process. */
  close(): void;
}

/** Limits of what is queued in memory: events, their bytes, and bytes of artifacts (one always fits). */
export interface Bounds {
  events: number;
  bytes: number;
  contentBytes: number;
}

/** The content of an artifact, by its SHA-256. */
export interface Content {
  hash: string;
  bytes: Uint8Array;
}

/** Wait before a failed spill is tried again: each attempt serializes the queue. Milliseconds. */
const SPILL_RETRY_MS = 2_000;

/** One queue, oldest first. What is on disk is older than what is in memory. */
export class Fifo {
  readonly #bounds: Bounds;
  readonly #older: Spool[];
  #lines: string[] = [];
  #first = 0;
  #size = 0;
  /** Contents of artifacts whose events are in memory. */
  readonly #contents = new Map<string, Uint8Array>();
  #contentSize = 0;
  #spool: Spool | null = null;
  /** `null` once it failed: then no spool can be opened later either. */
  #openSpool: (() => Spool | null) | null;
  #refusedAt = Number.NEGATIVE_INFINITY;

  /** `older`: the spools of earlier processes, oldest first. They precede everything else. */
  constructor(bounds: Bounds, openSpool: (() => Spool | null) | null, older: Spool[] = []) {
    this.#bounds = bounds;
    this.#older = older;
    this.#openSpool = openSpool;
  }

  get left(): number {
    return this.#inMemory + this.#onDisk.reduce((sum, spool) => sum + spool.left, 0);
  }

  /** The path of the first spool with lines; `null` where there is none. */
  get place(): string | null {
    return this.#onDisk.find((spool) => spool.left > 0)?.place ?? null;
  }

  get #inMemory(): number {
    return this.#lines.length - this.#first;
  }

  get #onDisk(): Spool[] {
    return this.#spool === null ? this.#older : [...this.#older, this.#spool];
  }

  /** Appends a line, with the content of its artifact. `false` where the queue is full. */
  push(line: string, content?: Content): boolean {
    const isNew = content !== undefined && !this.#contents.has(content.hash);
    const isFull =
      this.#inMemory >= this.#bounds.events ||
      this.#size + line.length > this.#bounds.bytes ||
      (isNew &&
        this.#contents.size > 0 &&
        this.#contentSize + content.bytes.length > this.#bounds.contentBytes);
    if (isFull && this.#inMemory > 0 && !this.spill()) return false;
    this.#lines.push(line);
    this.#size += line.length;
    if (isNew) {
      this.#contents.set(content.hash, content.bytes);
      this.#contentSize += content.bytes.length;
    }
    return true;
  }

  /** The first lines. They stay queued until {@link drop}. */
  peek(mostLines: number, mostBytes: number): string[] {
    const spool = this.#onDisk.find(({ left }) => left > 0);
    if (spool !== undefined) return spool.peek(mostLines, mostBytes);
    const taken: string[] = [];
    let size = 0;
    for (let i = this.#first; i < this.#lines.length && taken.length < mostLines; i += 1) {
      const line = this.#lines[i] ?? "";
      size += line.length;
      if (taken.length > 0 && size > mostBytes) break;
      taken.push(line);
    }
    return taken;
  }

  /** Removes the first lines, which may have moved to disk since {@link peek}. */
  drop(count: number): void {
    const spool = this.#onDisk.find(({ left }) => left > 0);
    if (spool === undefined) return this.#dropLines(count);
    spool.advance(count);
    if (spool.left === 0 && spool === this.#older[0]) this.#older.shift()?.close();
  }

  /** The content of an artifact; `null` where it is not queued. */
  content(hash: string): Uint8Array | null {
    const inMemory = this.#contents.get(hash);
    if (inMemory !== undefined) return inMemory;
    for (const spool of this.#onDisk) {
      const content = spool.content(hash);
      if (content !== null) return content;
    }
    return null;
  }

  /** Removes the content of an artifact: it was delivered. */
  release(hash: string): void {
    this.#releaseContent(hash);
    for (const spool of this.#onDisk) spool.forget(hash);
  }

  /**
   * Moves everything to disk. `false` where there is no spool, or it fails. A content that is too large for
   * the spool stays in memory.
   */
  spill(): boolean {
    if (this.#inMemory === 0) return true;
    if (performance.now() - this.#refusedAt < SPILL_RETRY_MS) return false;
    this.#spool ??= this.#openSpool?.() ?? null;
    const spool = this.#spool;
    if (spool === null) {
      this.#openSpool = null;
      return false;
    }
    // Contents first: an event on disk needs the content of its artifact there.
    for (const [hash, bytes] of [...this.#contents]) if (spool.keep(hash, bytes)) this.#releaseContent(hash);
    if (!spool.append(this.#lines.slice(this.#first))) {
      this.#refusedAt = performance.now();
      return false;
    }
    this.#dropLines(this.#inMemory);
    return true;
  }

  /** Sets the first spool aside, because it cannot be read or delivered; returns its lines and new path. */
  setAsideFirst(why: string): { lines: number; place: string } {
    const spool = this.#onDisk.find(({ left }) => left > 0);
    if (spool === undefined) return { lines: 0, place: "" };
    const lines = spool.left;
    const at = this.#older.indexOf(spool);
    if (at >= 0) this.#older.splice(at, 1);
    else this.#spool = null;
    return { lines, place: spool.setAside(why) };
  }

  /** Waits until the spool is on the disk (fsync), where it survives a power failure. */
  sync(): void {
    this.#spool?.sync?.();
  }

  /** Removes everything in memory; returns the number of lines and contents. */
  clear(): number {
    const count = this.#inMemory + this.#contents.size;
    this.#dropLines(this.#inMemory);
    for (const hash of [...this.#contents.keys()]) this.#releaseContent(hash);
    return count;
  }

  /** Closes the spools. */
  close(): void {
    for (const spool of this.#onDisk) spool.close();
    this.#older.length = 0;
    this.#spool = null;
  }

  #releaseContent(hash: string): void {
    this.#contentSize -= this.#contents.get(hash)?.length ?? 0;
    this.#contents.delete(hash);
  }

  #dropLines(count: number): void {
    const dropped = this.#lines.slice(this.#first, this.#first + count);
    this.#first += dropped.length;
    this.#size -= dropped.reduce((sum, line) => sum + line.length, 0);
    if (this.#first > 1024 || this.#first === this.#lines.length) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
  }
}
