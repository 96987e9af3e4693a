// A spool: the events of a run on disk, while the server is unreachable or the run is offline.
//
// One file per process and run, in JSON lines: first `run.started`, with the id and the server of the run in
// its metadata, then the events in order. `gauntlet import` reads it. Beside it are `.files`, a folder with
// the contents of artifacts under their SHA-256, and `.pid`, the id of the process that writes it, while that
// runs. What can never be delivered is moved to the folder `undeliverable` and not sent again.

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
import { stringifyJson } from "../wire/json.js";
import { now } from "../wire/time.js";

/** Metadata keys of the first line: the id of the run, and its server (absent offline). */
const RUN_ID = "gauntlet.run.id";
const ENDPOINT = "gauntlet.endpoint";
/** Bytes that are read at a time. */
const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;
/** Subfolder of spools that can never be delivered. */
const UNDELIVERABLE = "undeliverable";
/** File name of a spool: the run, the process id, and 8 random bytes. */
const SPOOL_NAME = /\.\d+-[0-9a-f]{16}\.jsonl$/;

type Spec = RunSpec & { id: string };

/** The run of a spool, and its server; `null` offline. */
export interface Header {
  spec: Spec;
  endpoint: string | null;
}

/** The folder of the spools: in `GAUNTLET_SPOOL`, else in the user's cache folder. */
export function spoolFolder(): string {
  const { GAUNTLET_SPOOL, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (GAUNTLET_SPOOL) return join(GAUNTLET_SPOOL, "js");
  const cache = process.platform === "win32" ? LOCALAPPDATA : XDG_CACHE_HOME;
  // Users without a home folder (containers) have it in the folder of temporary files.
  const home = cache || orNull(() => join(homedir(), ".cache")) || tmpdir();
  return join(home, "gauntlet", "spool", "js");
}

/** The spool of one run and process. */
export class DiskSpool implements Spool, Header {
  readonly place: string;
  readonly #mostBytes: number;
  readonly spec: Spec;
  readonly endpoint: string | null;
  readonly lastStep: number;
  #file: number;
  /** Offsets of the first event, of the first one that is not sent, and of the end. Bytes. */
  readonly #begin: number;
  #read: number;
  #end: number;
  #left: number;
  /** Bytes of artifacts that this process stored. */
  #contents = 0;

  private constructor(place: string, mostBytes: number) {
    this.place = place;
    this.#mostBytes = mostBytes;
    const { spec, endpoint, bytes } = readHeader(place);
    this.spec = spec;
    this.endpoint = endpoint;
    this.#begin = bytes;
    this.#read = bytes;
    this.#file = openSync(place, "r+");
    const { end, lines, lastStep } = measure(this.#file);
    this.lastStep = lastStep;
    // Removes a last line that is incomplete because its process died.
    ftruncateSync(this.#file, end);
    this.#end = end;
    this.#left = lines - 1;
  }

  /** Creates a spool for a run of `endpoint`. Throws where it cannot be written. */
  static create(folder: string, spec: Spec, endpoint: string | null, mostBytes: number): DiskSpool {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = newPath(folder, spec.id);
    writeOwner(path);
    appendFileSync(path, headerOf(spec, endpoint), { mode: 0o600 });
    return new DiskSpool(path, mostBytes);
  }

  /**
   * Takes over the spools that earlier processes left in a folder, oldest first, where `wants` returns true;
   * with `of`, only those of that run. A spool without a readable first line is set aside: `onBroken` gets
   * its new path.
   */
  static *adopt(
    folder: string,
    wants: (header: Header) => boolean,
    onBroken: (place: string) => void,
    of?: string,
  ): Generator<DiskSpool, void> {
    // A folder that cannot be read counts as empty.
    const names = (orNull(() => readdirSync(folder)) ?? []).filter((name) => name.endsWith(".jsonl"));
    const asked = names.filter((name) => of === undefined || name.startsWith(prefixOf(of)));
    const headers = asked.flatMap((name) => {
      const path = join(folder, name);
      try {
        return readHeader(path);
      } catch (error) {
        // Files that are gone, of a living process, or with another name stay as they are.
        const isBroken =
          SPOOL_NAME.test(name) && (error as { code?: string }).code === undefined && !hasLivingOwner(path);
        const place = isBroken ? orNull(() => setAside(path)) : null;
        if (place !== null) onBroken(place);
        return [];
      }
    });
    for (const { path, spec } of headers.filter(wants).sort((a, b) => a.begun - b.begun)) {
      if (hasLivingOwner(path)) continue;
      const claimedPath = orNull(() => claim(path, newPath(folder, spec.id)));
      const spool =
        claimedPath === null ? null : orNull(() => new DiskSpool(claimedPath, Number.POSITIVE_INFINITY));
      if (spool !== null) yield spool;
    }
  }

  get left(): number {
    return this.#left;
  }

  append(lines: readonly string[]): boolean {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
    if (this.#end + this.#contents + bytes.length > this.#mostBytes) return false;
    try {
      this.#restoreIfRemoved();
      for (let at = 0; at < bytes.length;)
        at += writeSync(this.#file, bytes, at, bytes.length - at, this.#end + at);
    } catch {
      // An incomplete line is overwritten by the next attempt.
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
      const part = Buffer.alloc(Math.min(CHUNK_BYTES, this.#end - at));
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
    // Everything was delivered: the space is free again.
    ftruncateSync(this.#file, this.#begin);
    this.#read = this.#begin;
    this.#end = this.#begin;
  }

  keep(hash: string, bytes: Uint8Array): boolean {
    if (this.#end + this.#contents + bytes.length > this.#mostBytes) return false;
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
    return orNull(() => readFileSync(this.#pathOf(hash)));
  }

  forget(hash: string): void {
    rmSync(this.#pathOf(hash), { force: true });
  }

  sync(): void {
    fsyncSync(this.#file);
  }

  setAside(why: string): string {
    closeSync(this.#file);
    const place = orNull(() => setAside(this.place)) ?? this.place;
    orNull(() => writeFileSync(`${place}.why.txt`, `${why}\n`, { mode: 0o600 }));
    this.#left = 0;
    rmSync(ownerOf(this.place), { force: true });
    ownedFiles.delete(this.place);
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
    ownedFiles.delete(this.place);
  }

  /** Writes the file again where it was removed: its content would be lost with this process. */
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

/** The spools of this process: in a container, the previous process often had the same id. */
const ownedFiles = new Set<string>();

/** Bytes at the beginning of a line that contain its step, which is before the body. */
const HEAD = 640;

/**
 * The step of a line, in one of two groups, where the server counts it for a run's last one: steps that were
 * recorded in an episode are numbers within the episode.
 */
const STEP = new RegExp(
  '^\\{"id":"[^"]*","at":"[^"]*","kind":"(?:step\\.recorded","v":1,"step":(\\d+),"body"' +
    '|(?:snapshot\\.scored|score\\.added)","v":1(?:,"episode":"(?:[^"\\\\]|\\\\.)*")?,"step":(\\d+))',
);

/** The offset of the end of the last complete line, the number of lines, and their greatest step, or -1. */
function measure(file: number): { end: number; lines: number; lastStep: number } {
  const part = Buffer.alloc(CHUNK_BYTES);
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
      const found = STEP.exec(head);
      lastStep = Math.max(lastStep, Number(found?.[1] ?? found?.[2] ?? -1));
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
  return `${stringifyJson({ id: uuidv7(), at: now(), kind: "run.started", v: 1, body })}\n`;
}

/** The header in the first line of a spool, and its length. Throws where it names no run. */
function readHeader(path: string): Header & { path: string; bytes: number; begun: number } {
  const line = firstLine(path);
  const { at, body } = (JSON.parse(line.toString("utf8")) ?? {}) as { at: string; body?: Omit<Spec, "id"> };
  if (typeof body !== "object") throw new Error("the first line has no body");
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

/** The first line with its newline. Throws where there is none. */
function firstLine(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    let line = Buffer.alloc(0);
    for (;;) {
      const part = Buffer.alloc(CHUNK_BYTES);
      const count = readSync(file, part, 0, part.length, line.length);
      if (count === 0) throw new Error(`${path} has no complete line`);
      line = Buffer.concat([line, part.subarray(0, count)]);
      const end = line.indexOf(NEWLINE);
      if (end >= 0) return line.subarray(0, end + 1);
    }
  } finally {
    closeSync(file);
  }
}

/** A path for a new spool of a run. */
function newPath(folder: string, run: string): string {
  return join(folder, `${prefixOf(run)}${process.pid}-${spanId()}.jsonl`);
}

/**
 * Takes over the spool of a process that has ended, by renaming it: of several processes that try at the same
 * time, the rename of one succeeds.
 */
function claim(path: string, target: string): string {
  writeOwner(target);
  try {
    renameSync(path, target);
  } catch (error) {
    rmSync(ownerOf(target), { force: true });
    ownedFiles.delete(target);
    throw error;
  }
  orNull(() => renameSync(filesOf(path), filesOf(target)));
  rmSync(ownerOf(path), { force: true });
  return target;
}

/** Moves a spool and its artifacts to the folder of undeliverable ones; returns the new path. */
function setAside(path: string): string {
  const folder = join(dirname(path), UNDELIVERABLE);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const target = join(folder, basename(path));
  renameSync(path, target);
  orNull(() => renameSync(filesOf(path), filesOf(target)));
  rmSync(ownerOf(path), { force: true });
  return target;
}

/** The beginning of the file names of a run. */
function prefixOf(run: string): string {
  return `${encodeURIComponent(run).slice(0, 120)}.`;
}

function ownerOf(path: string): string {
  return `${path}.pid`;
}

function filesOf(path: string): string {
  return `${path}.files`;
}

function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

function writeOwner(path: string): void {
  writeFileSync(ownerOf(path), `${process.pid}`, { mode: 0o600 });
  ownedFiles.add(path);
}

function hasLivingOwner(path: string): boolean {
  try {
    const owner = ownerOf(path);
    const pid = Number(readFileSync(owner, "utf8"));
    if (pid === process.pid) return ownedFiles.has(path) || statSync(owner).mtimeMs > processStartedAt();
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process exists, and belongs to another user.
    return (error as { code?: string }).code === "EPERM";
  }
}

/**
 * When this process started, milliseconds since the Unix epoch. A spool with its id that is younger is of
 * another thread; an older one was left by an earlier process with the same id, as in containers.
 */
function processStartedAt(): number {
  return Date.now() - process.uptime() * 1000;
}
