// A run's events on disk: what the server cannot take now, or is not to (offline).
//
// One file a process and run, JSON lines: `run.started` first, with the run's id and its server in the metadata, then
// the events in order. `gauntlet import` reads it. Beside it `.files`, a folder with the contents of artifacts under
// their SHA-256, and while the process lives `.pid`, which says which process that is.

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
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { RunSpec } from "../client/types.js";
import type { Spool } from "../run/fifo.js";
import { spanId, uuidv7 } from "../wire/ids.js";
import { written } from "../wire/json.js";
import { now } from "../wire/time.js";

/** Where the first line keeps the run's id, and the server it was meant for; offline none. */
const RUN_ID = "gauntlet.run.id";
const ENDPOINT = "gauntlet.endpoint";
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
  /** The run, and the server it was meant for (`null`: offline), as the first line says it. */
  readonly spec: Spec;
  readonly endpoint: string | null;
  readonly #file: number;
  /** Where the first event begins, the first that is left, and where the last ends. Bytes. */
  readonly #begin: number;
  #read: number;
  #end: number;
  #left: number;
  /** Bytes of artifacts kept by this process. */
  #contents = 0;

  private constructor(
    readonly place: string,
    private readonly mostBytes: number,
  ) {
    this.#file = openSync(place, "r+");
    const { header, end, lines } = measure(this.#file);
    const first = Buffer.alloc(header);
    readSync(this.#file, first, 0, header, 0);
    try {
      ({ spec: this.spec, endpoint: this.endpoint } = headerSays(first.toString("utf8")));
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
    // A line that the end of a process cut off goes.
    ftruncateSync(this.#file, end);
    this.#begin = header;
    this.#read = header;
    this.#end = end;
    this.#left = Math.max(0, lines - 1);
  }

  /** A new file for a run that is meant for `endpoint`. Throws where there can be none. */
  static create(folder: string, spec: Spec, endpoint: string | null, mostBytes: number): DiskSpool {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${prefixOf(spec.id)}${process.pid}-${spanId()}.jsonl`);
    writeOwner(path);
    appendFileSync(path, headerOf(spec, endpoint), { mode: 0o600 });
    return new DiskSpool(path, mostBytes);
  }

  /**
   * The files that earlier processes left in a folder, oldest first, if `wants` them; they belong to this process from
   * now on.
   */
  static adopt(folder: string, wants: (spool: DiskSpool) => boolean, of?: string): DiskSpool[] {
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".jsonl")) : [];
    const asked = names.filter((name) => of === undefined || name.startsWith(prefixOf(of)));
    const paths = asked.map((name) => join(folder, name)).filter((path) => !hasLivingOwner(path));
    return paths
      .map((path) => ({ path, at: modified(path) }))
      .sort((a, b) => a.at - b.at)
      .flatMap(({ path }) => {
        try {
          const spool = new DiskSpool(path, Number.POSITIVE_INFINITY);
          if (wants(spool)) {
            writeOwner(path);
            return [spool];
          }
          closeSync(spool.#file);
        } catch {
          // Somebody else's, or no file of ours: it stays as it is, and the others are sent.
        }
        return [];
      });
  }

  get left(): number {
    return this.#left;
  }

  append(lines: readonly string[]): boolean {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    if (this.#end + this.#contents + bytes.length > this.mostBytes) return false;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at, bytes.length - at, this.#end + at);
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
    if (this.#left > 0) return;
    // Everything has arrived: the room is there again.
    ftruncateSync(this.#file, this.#begin);
    this.#read = this.#begin;
    this.#end = this.#begin;
  }

  keep(hash: string, bytes: Uint8Array): boolean {
    if (this.#end + this.#contents + bytes.length > this.mostBytes) return false;
    try {
      mkdirSync(filesOf(this.place), { recursive: true, mode: 0o700 });
      const draft = join(filesOf(this.place), `${hash}.new`);
      writeFileSync(draft, bytes, { mode: 0o600 });
      renameSync(draft, this.#pathOf(hash));
    } catch {
      return false;
    }
    this.#contents += bytes.length;
    return true;
  }

  content(hash: string): Uint8Array | null {
    try {
      return readFileSync(this.#pathOf(hash));
    } catch {
      return null;
    }
  }

  forget(hash: string): void {
    rmSync(this.#pathOf(hash), { force: true });
  }

  close(): void {
    if (this.#left === 0) {
      rmSync(filesOf(this.place), { recursive: true, force: true });
      rmSync(this.place, { force: true });
    } else fsyncSync(this.#file);
    closeSync(this.#file);
    rmSync(ownerOf(this.place), { force: true });
    mine.delete(this.place);
  }

  #pathOf(hash: string): string {
    return join(filesOf(this.place), hash);
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

function headerOf(spec: Spec, endpoint: string | null): string {
  const { id, name, project, kind, agent, task, tags, config, metadata } = spec;
  const body = {
    name,
    project: project ?? "default",
    kind: kind ?? "training",
    ...(agent === undefined ? {} : { agent }),
    ...(task === undefined ? {} : { task }),
    tags: tags ?? [],
    config: config ?? {},
    metadata: { ...metadata, [RUN_ID]: id, ...(endpoint === null ? {} : { [ENDPOINT]: endpoint }) },
  };
  return `${written({ id: uuidv7(), at: now(), kind: "run.started", v: 1, body })}\n`;
}

/** The run that a first line says. Throws where it says none. */
function headerSays(line: string): { spec: Spec; endpoint: string | null } {
  const { body } = JSON.parse(line) as { body: Omit<Spec, "id"> };
  const { [RUN_ID]: id, [ENDPOINT]: endpoint, ...metadata } = body.metadata ?? {};
  if (typeof id !== "string") throw new Error(`the first line has no body.metadata["${RUN_ID}"]`);
  return { spec: { ...body, id, metadata }, endpoint: typeof endpoint === "string" ? endpoint : null };
}

/** How the names of a run's files begin. */
function prefixOf(run: string): string {
  return `${encodeURIComponent(run).slice(0, 120)}.`;
}

function ownerOf(path: string): string {
  return `${path}.pid`;
}

function filesOf(path: string): string {
  return `${path}.files`;
}

/** When a file was last written; another process may have been done with it meanwhile. */
function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function writeOwner(path: string): void {
  writeFileSync(ownerOf(path), `${process.pid}`, { mode: 0o600 });
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
