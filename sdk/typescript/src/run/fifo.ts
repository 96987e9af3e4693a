// Events waiting for the server, in order: in memory, and on disk where a spool is there and memory is full.

/** Where events wait that memory does not hold. A browser has none; `gauntlet-sdk/node` keeps one on disk. */
export interface Spool {
  /** Lines left. */
  readonly left: number;
  /** Where it is, for people. */
  readonly place: string;
  /** The greatest step that it had when it was opened; -1 where it had none. */
  readonly lastStep?: number;
  /** Adds lines behind the others. `false`, changing nothing, where they cannot be kept. */
  append(lines: readonly string[]): boolean;
  /** The first lines that are left. */
  peek(mostLines: number, mostBytes: number): string[];
  /** Forgets the first lines: they have arrived. */
  advance(lines: number): void;
  /** Keeps the content of an artifact under its SHA-256. `false` where it cannot be kept. */
  keep(hash: string, bytes: Uint8Array): boolean;
  /** The content of an artifact; `null` where it is not here. */
  content(hash: string): Uint8Array | null;
  /** Forgets the content of an artifact: it has arrived. */
  forget(hash: string): void;
  /** Waits until what was added is on the disk itself. */
  sync?(): void;
  /** Puts it where no later process tries to send it, and lets go of it; where it is now, for people. */
  setAside(why: string): string;
  /** Lets go of it. What is left stays for a later process. */
  close(): void;
}

/**
 * How much waits in memory at most: events, their bytes, and bytes of artifacts, of which one has room
 * always.
 */
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

/** A disk that refused is not asked again for so long: each try costs as much as what waits. Milliseconds. */
const SPILL_AGAIN_MS = 2_000;

/** One queue, oldest first. What is on disk is older than what is in memory. */
export class Fifo {
  #lines: string[] = [];
  #first = 0;
  #size = 0;
  /** Contents of artifacts whose events are in memory. */
  readonly #contents = new Map<string, Uint8Array>();
  #contentSize = 0;
  #spool: Spool | null = null;
  /** Where there is no place on disk, there is none a moment later: then it is not asked again. */
  #openSpool: (() => Spool | null) | null;
  #refusedAt = Number.NEGATIVE_INFINITY;

  /** `older`: what earlier processes left, oldest first. It stands before everything else. */
  constructor(
    private readonly bounds: Bounds,
    openSpool: (() => Spool | null) | null,
    private readonly older: Spool[] = [],
  ) {
    this.#openSpool = openSpool;
  }

  get left(): number {
    return this.#inMemory + this.#onDisk.reduce((sum, spool) => sum + spool.left, 0);
  }

  /** Where what is on disk waits; `null` where nothing does. */
  get place(): string | null {
    return this.#onDisk.find((spool) => spool.left > 0)?.place ?? null;
  }

  get #inMemory(): number {
    return this.#lines.length - this.#first;
  }

  get #onDisk(): Spool[] {
    return this.#spool === null ? this.older : [...this.older, this.#spool];
  }

  /** Adds a line behind the others, with the content that it speaks of. `false` where there is no room. */
  push(line: string, content?: Content): boolean {
    const isNew = content !== undefined && !this.#contents.has(content.hash);
    const isFull =
      this.#inMemory >= this.bounds.events ||
      this.#size + line.length > this.bounds.bytes ||
      (isNew &&
        this.#contents.size > 0 &&
        this.#contentSize + content.bytes.length > this.bounds.contentBytes);
    if (isFull && this.#inMemory > 0 && !this.spill()) return false;
    this.#lines.push(line);
    this.#size += line.length;
    if (isNew) {
      this.#contents.set(content.hash, content.bytes);
      this.#contentSize += content.bytes.length;
    }
    return true;
  }

  /** The first lines. They stay until {@link drop}. */
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

  /** Forgets the first lines, which were peeked at, wherever they are by now. */
  drop(count: number): void {
    const spool = this.#onDisk.find(({ left }) => left > 0);
    if (spool === undefined) return this.#forget(count);
    spool.advance(count);
    if (spool.left === 0 && spool === this.older[0]) this.older.shift()?.close();
  }

  /** The content of an artifact that waits; `null` where it is not here. */
  content(hash: string): Uint8Array | null {
    const inMemory = this.#contents.get(hash);
    if (inMemory !== undefined) return inMemory;
    for (const spool of this.#onDisk) {
      const content = spool.content(hash);
      if (content !== null) return content;
    }
    return null;
  }

  /** Forgets the content of an artifact: it has arrived, or is on disk. */
  release(hash: string): void {
    this.#unhold(hash);
    for (const spool of this.#onDisk) spool.forget(hash);
  }

  /**
   * Moves everything to disk. `false` where there is no disk, or it refuses. A content that is too large for
   * the disk stays in memory.
   */
  spill(): boolean {
    if (this.#inMemory === 0) return true;
    if (performance.now() - this.#refusedAt < SPILL_AGAIN_MS) return false;
    this.#spool ??= this.#openSpool?.() ?? null;
    const spool = this.#spool;
    if (spool === null) {
      this.#openSpool = null;
      return false;
    }
    // Contents first: a line on disk finds the one it speaks of.
    for (const [hash, bytes] of [...this.#contents]) if (spool.keep(hash, bytes)) this.#unhold(hash);
    if (!spool.append(this.#lines.slice(this.#first))) {
      this.#refusedAt = performance.now();
      return false;
    }
    this.#forget(this.#inMemory);
    return true;
  }

  /**
   * Gives up what is first on disk, because it cannot be read or delivered; says how many lines that were,
   * and where they are now.
   */
  abandon(why: string): { lines: number; place: string } {
    const spool = this.#onDisk.find(({ left }) => left > 0);
    if (spool === undefined) return { lines: 0, place: "" };
    const lines = spool.left;
    const at = this.older.indexOf(spool);
    if (at >= 0) this.older.splice(at, 1);
    else this.#spool = null;
    return { lines, place: spool.setAside(why) };
  }

  /** Waits until what is on disk outlives the machine's next moment as well. */
  sync(): void {
    this.#spool?.sync?.();
  }

  /** Forgets everything in memory; says how many lines and contents that were. */
  clear(): number {
    const count = this.#inMemory + this.#contents.size;
    this.#forget(this.#inMemory);
    for (const hash of [...this.#contents.keys()]) this.#unhold(hash);
    return count;
  }

  /** Lets go of the disk. */
  close(): void {
    for (const spool of this.#onDisk) spool.close();
    this.older.length = 0;
    this.#spool = null;
  }

  #unhold(hash: string): void {
    this.#contentSize -= this.#contents.get(hash)?.length ?? 0;
    this.#contents.delete(hash);
  }

  #forget(count: number): void {
    const dropped = this.#lines.slice(this.#first, this.#first + count);
    this.#first += dropped.length;
    this.#size -= dropped.reduce((sum, line) => sum + line.length, 0);
    if (this.#first > 1024 || this.#first === this.#lines.length) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
  }
}
