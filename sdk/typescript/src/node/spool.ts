// A run's events on disk: what the server cannot take now, or is not to (offline).
//
// One file a process and run, JSON lines: `run.started` first, with the run's id and its server in the
// metadata, then the events in order. `gauntlet import` reads it. Beside it `.files`, a folder with the
// contents of artifacts under their SHA-256, and while the process lives `.pid`, which says which process
// that is. What can never be delivered is put into the folder `undeliverable` beside them, where nobody tries
// it again.

import {
  appendFileSync,
  closeSync,
  fstatSync,
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
import { homedir, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
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
/** Where what can never be delivered is put, below the folder of the others. */
const UNDELIVERABLE = "undeliverable";
/** Names of files that were made here: the run, the process, and 8 random bytes. */
const OURS = /\.\d+-[0-9a-f]{16}\.jsonl$/;

type Spec = RunSpec & { id: string };

/** The run of a file, and the server it was meant for; `null`: offline. */
export interface Header {
  spec: Spec;
  endpoint: string | null;
}

/** The folder where events wait: `GAUNTLET_SPOOL`, else in the user's cache folder. */
export function spoolFolder(): string {
  const { GAUNTLET_SPOOL, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (GAUNTLET_SPOOL) return join(GAUNTLET_SPOOL, "js");
  const cache = process.platform === "win32" ? LOCALAPPDATA : XDG_CACHE_HOME;
  // Users without a home, as containers have them, keep it where temporary files are.
  const home = cache || orNothing(() => join(homedir(), ".cache")) || tmpdir();
  return join(home, "gauntlet", "spool", "js");
}

/** One run's file. */
export class DiskSpool implements Spool, Header {
  readonly spec: Spec;
  readonly endpoint: string | null;
  readonly lastStep: number;
  #file: number;
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
    const { spec, endpoint, bytes } = headerSays(place);
    this.spec = spec;
    this.endpoint = endpoint;
    this.#begin = bytes;
    this.#read = bytes;
    this.#file = openSync(place, "r+");
    const { end, lines, lastStep } = measure(this.#file);
    this.lastStep = lastStep;
    // A line that the end of a process cut off goes.
    ftruncateSync(this.#file, end);
    this.#end = end;
    this.#left = lines - 1;
  }

  /** A new file for a run that is meant for `endpoint`. Throws where there can be none. */
  static create(folder: string, spec: Spec, endpoint: string | null, mostBytes: number): DiskSpool {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = newPath(folder, spec.id);
    writeOwner(path);
    appendFileSync(path, headerOf(spec, endpoint), { mode: 0o600 });
    return new DiskSpool(path, mostBytes);
  }

  /**
   * The files that earlier processes left in a folder, oldest first, where `wants` says so; each belongs to
   * this process from then on. `of` is the only run that is asked for. `onBroken` is told of files that no
   * run can be read from: they are put aside.
   */
  static *adopt(
    folder: string,
    wants: (header: Header) => boolean,
    onBroken: (place: string) => void,
    of?: string,
  ): Generator<DiskSpool, void> {
    // A folder that cannot be read has nothing for this process.
    const names = (orNothing(() => readdirSync(folder)) ?? []).filter((name) => name.endsWith(".jsonl"));
    const asked = names.filter((name) => of === undefined || name.startsWith(prefixOf(of)));
    const headers = asked.flatMap((name) => {
      const path = join(folder, name);
      try {
        return headerSays(path);
      } catch (error) {
        // What is gone meanwhile, somebody else's, or no file of ours stays as it is.
        const isBroken =
          OURS.test(name) && (error as { code?: string }).code === undefined && !hasLivingOwner(path);
        const place = isBroken ? orNothing(() => putAside(path)) : null;
        if (place !== null) onBroken(place);
        return [];
      }
    });
    for (const { path, spec } of headers.filter(wants).sort((a, b) => a.begun - b.begun)) {
      if (hasLivingOwner(path)) continue;
      const mine = orNothing(() => claimed(path, newPath(folder, spec.id)));
      const spool = mine === null ? null : orNothing(() => new DiskSpool(mine, Number.POSITIVE_INFINITY));
      if (spool !== null) yield spool;
    }
  }

  get left(): number {
    return this.#left;
  }

  append(lines: readonly string[]): boolean {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    if (this.#end + this.#contents + bytes.length > this.mostBytes) return false;
    try {
      this.#restoreIfRemoved();
      for (let at = 0; at < bytes.length;)
        at += writeSync(this.#file, bytes, at, bytes.length - at, this.#end + at);
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
      for (
        let end = rest.indexOf(NEWLINE);
        end >= 0 && lines.length < mostLines;
        end = rest.indexOf(NEWLINE)
      ) {
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
    return orNothing(() => readFileSync(this.#pathOf(hash)));
  }

  forget(hash: string): void {
    rmSync(this.#pathOf(hash), { force: true });
  }

  sync(): void {
    fsyncSync(this.#file);
  }

  setAside(why: string): string {
    closeSync(this.#file);
    const place = orNothing(() => putAside(this.place)) ?? this.place;
    orNothing(() => writeFileSync(`${place}.why.txt`, `${why}\n`, { mode: 0o600 }));
    this.#left = 0;
    rmSync(ownerOf(this.place), { force: true });
    mine.delete(this.place);
    return place;
  }

  close(): void {
    if (this.#left === 0) {
      rmSync(filesOf(this.place), { recursive: true, force: true });
      rmSync(this.place, { force: true });
    } else {
      this.#restoreIfRemoved();
      fsyncSync(this.#file);
    }
    closeSync(this.#file);
    rmSync(ownerOf(this.place), { force: true });
    mine.delete(this.place);
  }

  /** Somebody removed the file: what is in it would be gone with this process, so it is written anew. */
  #restoreIfRemoved(): void {
    if (fstatSync(this.#file).nlink > 0) return;
    const copy = (from: number, to: number) => {
      const part = Buffer.alloc(to - from);
      return part.subarray(0, readSync(this.#file, part, 0, part.length, from));
    };
    mkdirSync(dirname(this.place), { recursive: true, mode: 0o700 });
    writeOwner(this.place);
    const text = Buffer.concat([copy(0, this.#begin), copy(this.#read, this.#end)]);
    writeFileSync(this.place, text, { mode: 0o600 });
    closeSync(this.#file);
    this.#file = openSync(this.place, "r+");
    this.#end -= this.#read - this.#begin;
    this.#read = this.#begin;
  }

  #pathOf(hash: string): string {
    return join(filesOf(this.place), hash);
  }
}

/** The files this process writes. In a container, the process before this one often had the same number. */
const mine = new Set<string>();

/** Bytes of a line in which its step is, where it has one: `written` puts the body behind it. */
const HEAD = 256;

/**
 * Where whole lines end, how many there are, and the greatest step that one of them names; -1 where none
 * does.
 */
function measure(file: number): { end: number; lines: number; lastStep: number } {
  const part = Buffer.alloc(PART);
  let [at, end, lines, lastStep, head] = [0, 0, 0, -1, ""];
  const take = (from: number, to: number) => {
    if (head.length < HEAD) head += part.toString("latin1", from, Math.min(to, from + HEAD - head.length));
  };
  for (;;) {
    const count = readSync(file, part, 0, part.length, at);
    if (count === 0) return { end, lines, lastStep };
    let from = 0;
    for (let i = part.indexOf(NEWLINE); i >= 0 && i < count; i = part.indexOf(NEWLINE, i + 1)) {
      take(from, i);
      lastStep = Math.max(lastStep, Number(/^[^{]*\{[^{]*?"step":(\d+)/.exec(head)?.[1] ?? -1));
      [head, from] = ["", i + 1];
      end = at + from;
      lines += 1;
    }
    take(from, count);
    at += count;
  }
}

function headerOf(spec: Spec, endpoint: string | null): string {
  const { id, name, project, kind, agent, task, tags, config, metadata, rules } = spec;
  const body = {
    name,
    project: project ?? "default",
    kind: kind ?? "training",
    ...(agent === undefined ? {} : { agent }),
    ...(task === undefined ? {} : { task }),
    tags: tags ?? [],
    config: config ?? {},
    metadata: { ...metadata, [RUN_ID]: id, ...(endpoint === null ? {} : { [ENDPOINT]: endpoint }) },
    ...(rules === undefined ? {} : { rules }),
  };
  return `${written({ id: uuidv7(), at: now(), kind: "run.started", v: 1, body })}\n`;
}

/** What the first line of a file says, and how long it is. Throws where it says no run. */
function headerSays(path: string): Header & { path: string; bytes: number; begun: number } {
  const line = firstLine(path);
  const { at, body } = (JSON.parse(line.toString("utf8")) ?? {}) as { at: string; body: Omit<Spec, "id"> };
  if (typeof body !== "object" || body === null) throw new Error("the first line has no body");
  const { [RUN_ID]: id, [ENDPOINT]: endpoint, ...metadata } = body.metadata ?? {};
  if (typeof id !== "string") throw new Error(`the first line has no body.metadata["${RUN_ID}"]`);
  const server = typeof endpoint === "string" ? endpoint : null;
  return {
    spec: { ...body, id, metadata },
    endpoint: server,
    path,
    bytes: line.length,
    begun: Date.parse(at),
  };
}

/** The first line with its end. Throws where there is none. */
function firstLine(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    let line = Buffer.alloc(0);
    for (;;) {
      const part = Buffer.alloc(PART);
      const count = readSync(file, part, 0, part.length, line.length);
      if (count === 0) throw new Error(`${path} has no whole line`);
      line = Buffer.concat([line, part.subarray(0, count)]);
      const end = line.indexOf(NEWLINE);
      if (end >= 0) return line.subarray(0, end + 1);
    }
  } finally {
    closeSync(file);
  }
}

/** A path for one more file of a run. */
function newPath(folder: string, run: string): string {
  return join(folder, `${prefixOf(run)}${process.pid}-${spanId()}.jsonl`);
}

/**
 * Makes the file of a process that has ended this one's. Only one of those that try at the same time gets it.
 */
function claimed(path: string, target: string): string {
  writeOwner(target);
  try {
    renameSync(path, target);
  } catch (error) {
    rmSync(ownerOf(target), { force: true });
    mine.delete(target);
    throw error;
  }
  orNothing(() => renameSync(filesOf(path), filesOf(target)));
  rmSync(ownerOf(path), { force: true });
  return target;
}

/** Moves a file, with what is beside it, to where nobody tries to send it; where it is now. */
function putAside(path: string): string {
  const folder = join(dirname(path), UNDELIVERABLE);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const target = join(folder, basename(path));
  renameSync(path, target);
  orNothing(() => renameSync(filesOf(path), filesOf(target)));
  rmSync(ownerOf(path), { force: true });
  return target;
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

function orNothing<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

function writeOwner(path: string): void {
  writeFileSync(ownerOf(path), `${process.pid}`, { mode: 0o600 });
  mine.add(path);
}

function hasLivingOwner(path: string): boolean {
  try {
    const owner = ownerOf(path);
    const pid = Number(readFileSync(owner, "utf8"));
    if (pid === process.pid) return mine.has(path) || statSync(owner).mtimeMs > beganAt();
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // There, but somebody else's.
    return (error as { code?: string }).code === "EPERM";
  }
}

/**
 * When this process began, milliseconds since the Unix epoch. A file of its number that was made later is
 * another thread's; an earlier one was left by a process of the same number, as containers have them.
 */
function beganAt(): number {
  return Date.now() - process.uptime() * 1000;
}
