// What the tests share: a real server for each, and helpers to log, read and wait.

import { execFile, execFileSync, type ExecFileOptions } from "node:child_process";
import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { NodeInitOptions } from "gauntlet-sdk/node";
// Without a spool on disk, as in a browser; `gauntlet-sdk` in Node has one.
import {
  Client,
  init,
  type Bodies,
  type Kind,
  type ReadOptions,
  type Run,
  type RunStats,
} from "../dist/index.js";
import { Server } from "../../../end2end/server.mjs";

export type { Client, Server, TestContext };

/** The fields of several types as one type with all of them. */
type Fields<T> = T extends unknown ? keyof T : never;
type FieldOf<T, F extends PropertyKey> = T extends unknown ? (F extends keyof T ? T[F] : never) : never;

/** The bodies of several kinds as one type: a test that reads a field of another kind gets `undefined`. */
export type FlatBody<K extends Kind> = { [F in Fields<Bodies[K]>]-?: NonNullable<FieldOf<Bodies[K], F>> };

/** An event of one of several kinds, as tests read it. */
export interface LoggedEvent<K extends Kind = Kind> {
  id: string;
  at: string;
  kind: K;
  v: 1;
  seq: number;
  received_at: string;
  step?: number;
  episode?: string;
  body: FlatBody<K>;
}

/** A run with the warnings it printed. */
export type WatchedRun = Run & { warnings: string[] };

/** A server and a client of it, until the test `t` ends. */
export async function started(t: TestContext): Promise<{ server: Server; client: Client }> {
  const server = await Server.start();
  t.after(() => server.close());
  return { server, client: new Client({ endpoint: server.url }) };
}

/** A run that collects its warnings in `run.warnings` instead of printing them. */
export async function begun(
  server: { url: string },
  options: NodeInitOptions = {},
  begin: (options: NodeInitOptions) => Promise<Run> = init,
): Promise<WatchedRun> {
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  const run = await begin({ endpoint: server.url, name: "a run", finishMs: 20_000, onWarning, ...options });
  return Object.assign(run, { warnings });
}

/** Every event of a run, as the server has them. */
export async function eventsOf<K extends Kind = Kind>(
  client: Client,
  run: string | { id: string },
  options: Omit<ReadOptions, "kinds"> & { kinds?: readonly K[] } = {},
): Promise<LoggedEvent<K>[]> {
  const events: LoggedEvent<K>[] = [];
  const id = typeof run === "string" ? run : run.id;
  for await (const event of client.events.read(id, options)) events.push(event as unknown as LoggedEvent<K>);
  return events;
}

/** The steps of the snapshots among events. */
export function stepsOf(events: readonly LoggedEvent[]): (number | undefined)[] {
  return events.filter(({ kind }) => kind === "snapshot.scored").map(({ step }) => step);
}

/** The integers from `from` to before `n`. */
export function upTo(n: number, from = 0): number[] {
  return Array.from({ length: n - from }, (_, i) => i + from);
}

/** The first `count` items of an endless sequence, or a failure that reports how many there were. */
export async function first<T>(count: number, items: AsyncIterable<T>, withinMs = 45_000): Promise<T[]> {
  const taken: T[] = [];
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`after ${withinMs} ms there are ${taken.length} of ${count} items`));
    }, withinMs);
  });
  const taking = (async () => {
    for await (const item of items) if (taken.push(item) >= count) break;
    return taken;
  })();
  return Promise.race([taking, timeout]).finally(() => {
    clearTimeout(timer);
  });
}

/** All items of a sequence. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Waits until `holds` returns true, or fails. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 15_000,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`after ${withinMs} ms still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** How a program ended, with its output. */
export interface ProgramEnd {
  code: number | string | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

/** Runs Node with arguments; resolves when it has ended. */
export function runNode(args: readonly string[], options: ExecFileOptions = {}): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    const withDefaults = { timeout: 60_000, ...options, encoding: "utf8" } as const;
    execFile(process.execPath, args, withDefaults, (error, out, err) => {
      resolve({ code: error === null ? 0 : (error.code ?? null), signal: error?.signal ?? null, out, err });
    });
  });
}

/** The address of an HTTP server of a test. */
export function addressOf(server: { address(): AddressInfo | string | null }): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Closes an HTTP server with its connections. */
export function closeNow(server: HttpServer): void {
  server.closeAllConnections();
  server.close();
}

/** The Chromium of the tests. */
export function chromiumPath(): string {
  const lib = fileURLToPath(new URL("../../../scripts/lib.sh", import.meta.url));
  const find = () => execFileSync("bash", ["-c", '. "$0" && find_chromium', lib], { encoding: "utf8" });
  return process.env.CHROMIUM || find().trim();
}

/** The error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error,
  );
}

/** A run as a program without types sees it: it may pass anything. */
export interface UntypedRun {
  log(...args: unknown[]): void;
  metrics(...args: unknown[]): void;
  rollout(...args: unknown[]): void;
  score(...args: unknown[]): void;
  artifact(...args: unknown[]): void;
  episode(...args: unknown[]): UntypedEpisode;
  finish(...args: unknown[]): Promise<RunStats>;
}

/** An episode as a program without types sees it. */
export interface UntypedEpisode {
  message(...args: unknown[]): void;
  thought(...args: unknown[]): void;
  record(...args: unknown[]): string;
  toolCall(...args: unknown[]): Promise<unknown>;
  log(...args: unknown[]): void;
  score(...args: unknown[]): void;
  finish(...args: unknown[]): void;
}

/** The run without the types of its parameters. */
export function untyped(run: Run): UntypedRun {
  return run;
}

/** The body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** An episode id of the SDK without its random part, which is the same in one run handle: `*-3-0`. */
export function withoutWriter(episode: string | null | undefined): string | undefined {
  return episode?.replace(/^[0-9a-f]{12}-/, "*-");
}

/** The events that have scores. */
export function scored(events: readonly LoggedEvent[]): LoggedEvent[] {
  return events.filter(({ kind }) => kind === "snapshot.scored" || kind === "score.added");
}
