// Events waiting for the server, in order: in memory, and on disk where a spool is there and memory is full.

/** Where events wait that memory does not hold. A browser has none; `gauntlet-sdk/node` keeps one on disk. */
export interface Spool {
  /** Lines left. */
  readonly left: number;
  /** Adds lines behind the others, durably. `false`, changing nothing, where they cannot be kept. */
  append(lines: readonly string[]): boolean;
  /** The first lines that are left. */
  peek(mostLines: number, mostBytes: number): string[];
  /** Forgets the first lines: they have arrived. */
  advance(lines: number): void;
  /** Lets go of it. What is left stays for a later process. */
  close(): void;
}

/** How much waits in memory at most. */
export interface Bounds {
  events: number;
  bytes: number;
}

/** One queue, oldest first. What is on disk is older than what is in memory. */
export class Fifo {
  #lines: string[] = [];
  #first = 0;
  #size = 0;
  #spool: Spool | null = null;
  /** Asked once: where there is no place on disk, there is none a moment later. */
  #openSpool: (() => Spool | null) | null;

  constructor(
    private readonly bounds: Bounds,
    openSpool: (() => Spool | null) | null,
  ) {
    this.#openSpool = openSpool;
  }

  /** Takes a spool that holds something already. */
  adopt(spool: Spool): void {
    this.#spool = spool;
  }

  get left(): number {
    return this.#inMemory + (this.#spool?.left ?? 0);
  }

  get #inMemory(): number {
    return this.#lines.length - this.#first;
  }

  /** Adds a line behind the others. `false` where there is no room. */
  push(line: string): boolean {
    const isFull = this.#inMemory >= this.bounds.events || this.#size + line.length > this.bounds.bytes;
    if (isFull && this.#inMemory > 0 && !this.spill()) return false;
    this.#lines.push(line);
    this.#size += line.length;
    return true;
  }

  /** The first lines. They stay until {@link drop}. */
  peek(mostLines: number, mostBytes: number): string[] {
    if (this.#spool && this.#spool.left > 0) return this.#spool.peek(mostLines, mostBytes);
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
    if (this.#spool && this.#spool.left > 0) return this.#spool.advance(count);
    const dropped = this.#lines.slice(this.#first, this.#first + count);
    this.#first += dropped.length;
    this.#size -= dropped.reduce((sum, line) => sum + line.length, 0);
    if (this.#first > 1024 || this.#first === this.#lines.length) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Moves everything to disk. `false` where there is no disk, or it refuses. */
  spill(): boolean {
    if (this.#inMemory === 0) return true;
    this.#spool ??= this.#openSpool?.() ?? null;
    this.#openSpool = null;
    if (this.#spool === null || !this.#spool.append(this.#lines.slice(this.#first))) return false;
    this.#lines = [];
    this.#first = 0;
    this.#size = 0;
    return true;
  }

  /** Forgets everything in memory; says how many lines that were. */
  clear(): number {
    const count = this.#inMemory;
    this.#lines = [];
    this.#first = 0;
    this.#size = 0;
    return count;
  }

  /** Lets go of the spool. */
  close(): void {
    this.#spool?.close();
    this.#spool = null;
  }
}
