// A run's events on disk: what the server cannot take now, or is not to (offline).
//
// One file a process and run, JSON lines: `run.started` first, with the run's id in its metadata, then the events in
// order. `gauntlet import` reads it. Beside it, while the process lives, a file that says which process that is.

import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { RunSpec } from "../client/types.js";
import type { Spool } from "../run/fifo.js";
import { spanId, uuidv7 } from "../wire/ids.js";
import { now } from "../wire/time.js";

/** Where the first line keeps the run's id. */
const RUN_ID = "gauntlet.run.id";
/** Bytes read at a time. */
const PART = 1 << 20;
const NEWLINE = 0x0a;

type Spec = RunSpec & { id: string };

/** The folder where events wait: `GAUNTLET_SPOOL`, else in the user's cache folder. */
export function spoolFolder(): string {
  const { GAUNTLET_SPOOL, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (GAUNTLET_SPOOL) return join(GAUNTLET_SPOOL, "js");
  const cache = process.platform === "win32" ? LOCALAPPDATA : XDG_CACHE_HOME;
  return join(cache || join(homedir(), ".cache"), "gauntlet", "spool", "js");
}

/** One run's file. */
export class DiskSpool implements Spool {
  /** The run, as the first line says it. */
  readonly spec: Spec;
  readonly #file: number;
  /** Where the first event that is left begins, and where the last ends. Bytes. */
  #read: number;
  #end: number;
  #left: number;

  private constructor(
    readonly path: string,
    private readonly mostBytes: number,
  ) {
    this.#file = openSync(path, "r+");
    const { header, end, lines } = measure(this.#file);
    const first = Buffer.alloc(header);
    readSync(this.#file, first, 0, header, 0);
    try {
      this.spec = specOf(first.toString("utf8"));
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
    // A line that the end of a process cut off goes.
    ftruncateSync(this.#file, end);
    this.#read = header;
    this.#end = end;
    this.#left = Math.max(0, lines - 1);
  }

  /** A new file for a run. Throws where there can be none. */
  static create(folder: string, spec: Spec, mostBytes: number): DiskSpool {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${encodeURIComponent(spec.id).slice(0, 120)}.${process.pid}-${spanId()}.jsonl`);
    writeOwner(path);
    appendFileSync(path, headerOf(spec), { mode: 0o600 });
    return new DiskSpool(path, mostBytes);
  }

  /** The files that earlier processes left in a folder, oldest first; they belong to this one from now on. */
  static adopt(folder: string): DiskSpool[] {
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];
    const paths = names.map((name) => join(folder, name)).filter((path) => !hasLivingOwner(path));
    return paths
      .map((path) => ({ path, at: statSync(path).mtimeMs }))
      .sort((a, b) => a.at - b.at)
      .flatMap(({ path }) => {
        try {
          const spool = new DiskSpool(path, Number.POSITIVE_INFINITY);
          writeOwner(path);
          return [spool];
        } catch {
          // Somebody else's, or no file of ours: it stays as it is, and the others are sent.
          return [];
        }
      });
  }

  get left(): number {
    return this.#left;
  }

  append(lines: readonly string[]): boolean {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    if (this.#end + bytes.length > this.mostBytes) return false;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at, bytes.length - at, this.#end + at);
      fsyncSync(this.#file);
    } catch {
      // A cut-off line left behind is overwritten by the next try.
      return false;
    }
    this.#end += bytes.length;
    this.#left += lines.length;
    return true;
  }

  peek(mostLines: number, mostBytes: number): string[] {
    const lines: string[] = [];
    let [at, size, rest] = [this.#read, 0, Buffer.alloc(0)];
    while (lines.length < mostLines && size < mostBytes && at < this.#end) {
      const part = Buffer.alloc(Math.min(PART, this.#end - at));
      const count = readSync(this.#file, part, 0, part.length, at);
      if (count === 0) break;
      at += count;
      rest = Buffer.concat([rest, part.subarray(0, count)]);
      for (let end = rest.indexOf(NEWLINE); end >= 0 && lines.length < mostLines; end = rest.indexOf(NEWLINE)) {
        if (lines.length > 0 && size + end > mostBytes) return lines;
        lines.push(rest.toString("utf8", 0, end));
        size += end;
        rest = rest.subarray(end + 1);
      }
    }
    return lines;
  }

  advance(count: number): void {
    const lines = this.peek(count, Number.POSITIVE_INFINITY);
    this.#read += lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    this.#left -= lines.length;
  }

  close(): void {
    closeSync(this.#file);
    if (this.#left === 0) rmSync(this.path, { force: true });
    rmSync(ownerOf(this.path), { force: true });
    mine.delete(this.path);
  }
}

/** The files this process writes. In a container, the process before this one often had the same number. */
const mine = new Set<string>();

/** Where whole lines end, where the first ends, and how many there are. */
function measure(file: number): { header: number; end: number; lines: number } {
  const part = Buffer.alloc(PART);
  let [at, header, end, lines] = [0, 0, 0, 0];
  for (;;) {
    const count = readSync(file, part, 0, part.length, at);
    if (count === 0) return { header, end, lines };
    for (let i = part.indexOf(NEWLINE); i >= 0 && i < count; i = part.indexOf(NEWLINE, i + 1)) {
      end = at + i + 1;
      lines += 1;
      if (lines === 1) header = end;
    }
    at += count;
  }
}

function headerOf({ id, name, project, kind, agent, task, tags, config, metadata }: Spec): string {
  const body = {
    name,
    project: project ?? "default",
    kind: kind ?? "training",
    ...(agent === undefined ? {} : { agent }),
    ...(task === undefined ? {} : { task }),
    tags: tags ?? [],
    config: config ?? {},
    metadata: { ...metadata, [RUN_ID]: id },
  };
  return `${JSON.stringify({ id: uuidv7(), at: now(), kind: "run.started", v: 1, body })}\n`;
}

/** The run that a first line says. Throws where it says none. */
function specOf(line: string): Spec {
  const { body } = JSON.parse(line) as { body: Omit<Spec, "id"> };
  const { [RUN_ID]: id, ...metadata } = body.metadata ?? {};
  if (typeof id !== "string") throw new Error(`the first line has no body.metadata["${RUN_ID}"]`);
  return { ...body, id, metadata };
}

function ownerOf(path: string): string {
  return `${path}.pid`;
}

function writeOwner(path: string): void {
  rmSync(ownerOf(path), { force: true });
  appendFileSync(ownerOf(path), `${process.pid}`, { mode: 0o600 });
  mine.add(path);
}

function hasLivingOwner(path: string): boolean {
  try {
    const pid = Number(readFileSync(ownerOf(path), "utf8"));
    if (pid === process.pid) return mine.has(path);
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // There, but somebody else's.
    return (error as { code?: string }).code === "EPERM";
  }
}
