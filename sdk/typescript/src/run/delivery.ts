// Delivery: takes events without ever waiting, and brings them to the server in order, in batches, until it
// has them.

import { GauntletError, type Detail } from "../client/errors.js";
import type { Client } from "../client/client.js";
import { backoff, pause } from "../client/http.js";
import type { Run as RunInfo, RunSpec, WriterEnd } from "../client/types.js";
import { uuidv7 } from "../wire/ids.js";
import { bytesOf } from "../wire/limits.js";
import { now } from "../wire/time.js";
import type { Content, Fifo } from "./fifo.js";
import { leavingRequests } from "./leaving.js";
import type { Ledger } from "./ledger.js";
import type { SendNow } from "./settings.js";

/**
 * Longest time an event waits for company, and until it is on disk while no server takes it. Milliseconds.
 */
const LINGER_MS = 50;
/** Most events in one request, and most bytes of them. */
const BATCH_EVENTS = 500;
const BATCH_BYTES = 4 << 20;
/** First pause before a retry, the longest of its own choosing, and the longest that a server may ask for. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const LONGEST_ASKED_MS = 60_000;
/** Refused events that are kept to be looked at. */
const MOST_REFUSED = 100;
/** What browsers let a page send as it goes, bytes, with some room for headers. */
const PARTING_BYTES = 60_000;
/** Statuses that are about what was sent. Any other refusal may be over later, and loses nothing. */
const ABOUT_CONTENT = [400, 413, 422];
/** The run was deleted: nothing of it is taken any more. */
const GONE = 410;
const ARTIFACT = '"kind":"artifact.added"';

/** An event the server will not take, and why. */
export interface Refused {
  event: unknown;
  field: string;
  message: string;
}

/** Brings one run's events to its server. */
export class Delivery {
  readonly refused: Refused[] = [];
  #isCreated: boolean;
  /** Whether the creation of the run, which counts as an event, is not settled yet. */
  #owesCreation: boolean;
  /** Ends when the server has answered the first request, or could not be asked. */
  readonly #asked = new AbortController();
  /** Why nothing is sent any more, once that is so. */
  #halted: string | null = null;
  #isSending = false;
  /** Events taken, and events settled: sent, refused or lost. They settle in order. */
  #taken: number;
  #settled = 0;
  #untold = 0;
  #waiters: { target: number; resolve: () => void }[] = [];
  #hurry = new AbortController();
  /** Ends the pause before the next try at a server that does not answer. */
  #nudge = new AbortController();
  /** Ends the request that is under way. */
  readonly #stop = new AbortController();
  #isAway = false;
  #saving: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: Client | null,
    private readonly spec: RunSpec & { id: string },
    private readonly fifo: Fifo,
    private readonly ledger: Ledger,
    /**
     * Called with the run as the server has it, each time the server has said that it is there. `null` for
     * what an earlier process left: its run is created only where the server never had it.
     */
    private readonly onCreated: ((run: Partial<RunInfo>) => void) | null,
  ) {
    this.#isCreated = onCreated === null;
    this.#owesCreation = onCreated !== null;
    // The first is the creation of the run.
    this.#taken = Number(this.#owesCreation) + fifo.left;
  }

  get queued(): number {
    return this.fifo.left;
  }

  /** Why nothing is sent any more; `null` while something is. */
  get endedBecause(): string | null {
    return this.#halted;
  }

  /** Whether the server has the run, as far as it is known. */
  get isCreated(): boolean {
    return this.#isCreated;
  }

  /** Whether the last try found no server, or one that takes nothing now. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /**
   * Takes one event as JSON text, with the content of the artifact it speaks of. Never waits; where there is
   * no room it is lost, counted and said in the stream.
   */
  offer(line: string, content?: Content): void {
    if (this.#halted !== null) return this.#lose(1, this.#halted);
    if (this.#untold > 0) this.#sayGap();
    if (!this.fifo.push(line, content)) {
      this.#untold += 1;
      return this.#lose(1, "the queue is full");
    }
    this.#taken += 1;
    if (this.client === null || this.#isAway) this.#saveSoon();
    this.start();
  }

  /** Waits until the server has said that the run is there, or could not be asked; at most `timeoutMs`. */
  async asked(timeoutMs: number): Promise<void> {
    if (this.client !== null && this.#halted === null) await pause(timeoutMs, this.#asked.signal);
  }

  /** Starts sending what waits. */
  start(): void {
    if (this.#isSending || this.client === null || this.#halted !== null) return;
    if (this.#isCreated && this.fifo.left === 0) return;
    this.#isSending = true;
    const ended = () => {
      this.#isSending = false;
      // Something may have come between the last look and the end.
      if (this.fifo.left > 0) this.start();
    };
    const failed = (error: unknown) => {
      this.giveUp(`sending failed: ${String(error)}`);
      this.#settle(this.#taken - this.#settled);
    };
    void this.#send(this.client).catch(failed).then(ended);
  }

  /**
   * Waits until everything taken so far is settled; offline, until it is on disk. `false` where the time was
   * up before. A Node process does not end meanwhile, unless `isIdle`.
   */
  async flush(timeoutMs: number, isIdle = false): Promise<boolean> {
    if (this.#untold > 0) this.#sayGap();
    if (this.client === null) return this.#spill() && attempt(false, () => (this.fifo.sync(), true));
    const target = this.#taken;
    if (this.#settled >= target) return true;
    this.#hurry.abort();
    this.#nudge.abort();
    this.#nudge = new AbortController();
    this.start();
    const done = new AbortController();
    const settled = new Promise<void>((resolve) => this.#waiters.push({ target, resolve }));
    await Promise.race([settled, pause(timeoutMs, done.signal, isIdle)]);
    done.abort();
    return this.#settled >= target;
  }

  /**
   * What a page that is going away can still do: one request that outlives it. Sent twice, it is kept once.
   */
  part(): void {
    if (this.client === null || this.#halted !== null || !this.#isCreated || this.fifo.left === 0) return;
    let left = PARTING_BYTES;
    const isWithin = (line: string) => (left -= bytesOf(line) + 1) >= 0;
    const found = this.fifo.peek(BATCH_EVENTS, PARTING_BYTES);
    const over = found.findIndex((line) => !isWithin(line));
    const lines = over < 0 ? found : found.slice(0, over);
    if (lines.length === 0) return;
    void this.client.events.appendOnLeaving(this.spec.id, lines).catch(() => undefined);
  }

  /**
   * What a process that is ending can still do: everything that waits, and the report of its end, while
   * nothing else runs. Sent twice, it is kept once. Whether the report was taken.
   */
  leave(send: SendNow, report: { writer: string; end: WriterEnd } | null, timeoutMs: number): boolean {
    if (this.client === null || this.#halted !== null || this.#isAway) return false;
    if (this.#untold > 0) this.#sayGap();
    const { client, spec, fifo } = this;
    const requests = attempt([], () => leavingRequests(client, spec, fifo, this.#isCreated, report));
    const done = requests.slice(
      0,
      attempt(0, () => send(requests, timeoutMs)),
    );
    for (const { lines, hash } of done) {
      if (hash !== undefined) attempt(undefined, () => fifo.release(hash));
      attempt(undefined, () => fifo.drop(lines));
      this.ledger.counts.sent += lines;
    }
    return report !== null && done.length === requests.length && requests.at(-1)?.method === "PUT";
  }

  /** The run was deleted: what is left, on disk as well, is lost. */
  gone(why: string): void {
    if (this.#halted !== null) return;
    this.#halted = "the run was deleted";
    this.#stop.abort();
    this.#drop(`the run was deleted`);
    this.ledger.warn("gone", `nothing more is sent for run ${this.spec.id}: ${why}`);
  }

  /** What waits goes to disk now, where there is one; it is sent all the same. */
  secure(): void {
    this.#spill();
  }

  /**
   * Sends no more. What is left goes to disk where there is one, else it is lost. Does not wait for anything.
   */
  giveUp(why: string): void {
    this.#halted ??= why;
    this.#stop.abort();
    if (this.fifo.left === 0) return;
    this.#spill();
    const lost = this.fifo.clear();
    this.#settle(lost);
    if (lost > 0) this.#lose(lost, why);
    const { left, place } = this.fifo;
    this.ledger.counts.spooled = left;
    if (left > 0) this.ledger.warn("spooled", `${left} events wait in ${place}; sync() sends them: ${why}`);
  }

  /** Ends it; what is left on disk stays there. */
  close(): void {
    this.#halted ??= "the run is finished";
    clearTimeout(this.#saving);
    this.ledger.guarded("closing the queue", undefined, () => this.fifo.close());
  }

  /** Everything that waits is lost. On disk it is put aside, so that nobody tries it again. */
  #drop(why: string): void {
    let lost = this.fifo.clear();
    for (let aside = this.fifo.abandon(why); aside.lines > 0; aside = this.fifo.abandon(why)) {
      lost += aside.lines;
      this.ledger.warn(
        "aside",
        `${aside.lines} events cannot be delivered, ${why}; they are in ${aside.place}`,
      );
    }
    if (lost > 0) this.#lose(lost, why);
    this.#settle(this.#taken - this.#settled);
  }

  /** The first lines. What cannot be read from disk is lost, and the rest goes on. */
  #next(): string[] {
    while (this.fifo.left > 0) {
      const lines = attempt([], () => this.fifo.peek(BATCH_EVENTS, BATCH_BYTES));
      if (lines.length > 0) return lines;
      const { lines: lost, place } = this.fifo.abandon("it cannot be read");
      if (lost === 0) return [];
      this.#lose(lost, "what waited on disk cannot be read");
      this.ledger.warn("aside", `${lost} events cannot be read; they are in ${place}`);
      this.#settle(lost);
    }
    return [];
  }

  async #send(client: Client): Promise<void> {
    if (!this.#isCreated && (await this.#persist(client, async () => undefined)) === false) return;
    while (this.fifo.left > 0 && this.#halted === null) {
      if (this.fifo.left < BATCH_EVENTS) await pause(LINGER_MS, this.#hurry.signal, true);
      const lines = this.#next();
      if (lines.length === 0) return;
      if (!(await this.#batch(client, lines)) || this.#halted !== null) return;
      this.fifo.drop(lines.length);
      this.#settle(lines.length);
      if (this.fifo.left === 0) this.#hurry = new AbortController();
    }
  }

  /** Sends lines, setting aside what the server names as bad. `false` once nothing can be sent any more. */
  async #batch(client: Client, lines: readonly string[]): Promise<boolean> {
    for (const line of lines)
      if (line.includes(ARTIFACT) && !(await this.#upload(client, line))) return false;
    let rest = [...lines];
    while (rest.length > 0) {
      const refusal = await this.#persist(client, () => {
        return client.events.appendLines(this.spec.id, rest, { signal: this.#stop.signal });
      });
      if (refusal === false) return false;
      if (refusal === true) {
        this.ledger.counts.sent += rest.length;
        return true;
      }
      const detail: Detail = refusal.details[0] ?? {};
      const index = detail.index ?? (rest.length === 1 ? 0 : undefined);
      if (index !== undefined && index < rest.length) {
        this.#setAside(rest[index] ?? "", detail, refusal);
        rest = rest.filter((_, i) => i !== index);
      } else {
        // The answer does not say which: the halves are asked one after the other.
        const middle = rest.length >> 1;
        if (!(await this.#batch(client, rest.slice(0, middle)))) return false;
        rest = rest.slice(middle);
      }
    }
    return true;
  }

  /**
   * Sends the content that an event speaks of, before the event. `false` once nothing can be sent any more.
   */
  async #upload(client: Client, line: string): Promise<boolean> {
    const { body } = parsed(line) as { body?: { name?: string; sha256?: string } };
    const hash = String(body?.sha256);
    const bytes = this.fifo.content(hash);
    if (bytes === null) return true;
    const { id } = this.spec;
    const signal = this.#stop.signal;
    const refusal = await this.#persist(client, () => client.putArtifact(id, bytes, { hash, signal }));
    if (refusal === false) return false;
    if (refusal !== true) {
      this.ledger.counts.lost += 1;
      this.ledger.lose(`the content of an artifact was refused: ${refusal.message}`);
      this.ledger.warn("artifact", `the content of artifact ${body?.name} is not kept: ${refusal.message}`);
    }
    this.fifo.release(hash);
    return true;
  }

  async #create(client: Client): Promise<void> {
    const run = await this.#made(client);
    this.#isCreated = true;
    this.ledger.guarded("beginning the run", undefined, () => this.onCreated?.(run));
    this.#asked.abort();
    if (!this.#owesCreation) return;
    this.#owesCreation = false;
    this.#settle(1);
  }

  /** Creates the run, or finds it; the run as the server has it. */
  async #made(client: Client): Promise<Partial<RunInfo>> {
    const { signal } = this.#stop;
    try {
      return await client.runs.create(this.spec, { signal });
    } catch (error) {
      if (!(error instanceof GauntletError)) throw error;
      // It exists with other content: this goes on with it.
      if (error.code === "conflict") return client.runs.get(this.spec.id, { signal });
      if (error.status !== 413 && error.status !== 422) throw error;
      // The run matters more than what is said about it.
      const { rules, ...others } = this.spec;
      if (rules !== undefined && error.details[0]?.field?.startsWith("rules")) {
        // An older server judges by its own.
        this.ledger.warn("spec", `the run is created without rules: ${error.message}`);
        return client.runs.create(others, { signal });
      }
      this.ledger.warn("spec", `the run is created without config and metadata: ${error.message}`);
      const { id, name, project, kind } = others;
      const asked = {
        ...(project ? { project } : {}),
        ...(kind ? { kind } : {}),
        ...(rules ? { rules } : {}),
      };
      return client.runs.create({ id, name, ...asked }, { signal });
    }
  }

  /**
   * Does it, on a run that is there, until it is done (`true`), or refused for what was sent (the error), or
   * nothing is to be sent any more (`false`). A server that is away, busy, or refuses for other reasons is
   * asked again and again.
   */
  async #persist(client: Client, work: () => Promise<unknown>): Promise<true | false | GauntletError> {
    for (let attempt = 1; this.#halted === null; attempt += 1) {
      try {
        if (!this.#isCreated) await this.#create(client);
        await work();
        this.#isAway = false;
        if (attempt > 1) this.ledger.again("away");
        return true;
      } catch (error) {
        this.#asked.abort();
        if (this.#halted !== null) break;
        if (!(error instanceof GauntletError)) throw error;
        if (error.status === GONE) return (this.gone(error.message), false);
        if (ABOUT_CONTENT.includes(error.status)) {
          if (this.#isCreated) return error;
          return (this.#refuseRun(error), false);
        }
        if (error.status === 404 && this.#isCreated && this.onCreated === null && attempt === 1) {
          // Left by a process that never reached the server.
          this.#isCreated = false;
          continue;
        }
        // A server that lost the run, or whose folder is a new one, gets it again.
        if (error.status === 404) this.#isCreated = false;
        this.#isAway = true;
        this.ledger.warn("away", `${error.message}; events are kept and sent later`);
        this.#spill();
        await this.#rest(error, attempt);
      }
    }
    return false;
  }

  /** The server takes the run itself not, whatever is left out: nothing of it can ever be delivered. */
  #refuseRun(error: GauntletError): void {
    this.#halted = `the server refuses the run: ${error.message}`;
    this.#drop(this.#halted);
  }

  /** The pause before the next try. Who waits in `flush` ends it, unless the server asked for it. */
  async #rest({ status, retryAfterMs }: GauntletError, attempt: number): Promise<void> {
    const asked = Math.min(retryAfterMs ?? 0, LONGEST_ASKED_MS);
    const wait = Math.max(
      asked * (1 + Math.random() / 4),
      backoff(attempt, FIRST_PAUSE_MS, LONGEST_PAUSE_MS),
    );
    const ended = new AbortController();
    const end = () => ended.abort();
    const signals = status === 0 ? [this.#stop.signal, this.#nudge.signal] : [this.#stop.signal];
    for (const signal of signals) signal.addEventListener("abort", end, { once: true });
    await pause(wait, ended.signal, true);
    for (const signal of signals) signal.removeEventListener("abort", end);
  }

  /** What nobody takes now goes to disk, where there is one: there it outlives the process. */
  #saveSoon(): void {
    if (this.#saving !== undefined) return;
    this.#saving = setTimeout(() => {
      this.#saving = undefined;
      if (this.client === null || this.#isAway) this.#spill();
    }, LINGER_MS);
    (this.#saving as { unref?: () => void }).unref?.();
  }

  #spill(): boolean {
    return attempt(false, () => this.fifo.spill());
  }

  #setAside(line: string, { field, message }: Detail, error: GauntletError): void {
    this.ledger.counts.refused += 1;
    const event = parsed(line);
    const why = { field: field ?? "", message: message ?? error.message };
    this.ledger.lose(`the server refused an event: ${why.field}`);
    if (this.refused.length < MOST_REFUSED) this.refused.push({ event, ...why });
    this.ledger.warn(`refused ${why.field}`, `the server refused an event: ${why.field}: ${why.message}`);
  }

  #sayGap(): void {
    const body = { lost: this.#untold, reason: "the queue of the SDK was full" };
    if (this.fifo.push(JSON.stringify({ id: uuidv7(), at: now(), kind: "gap", v: 1, body }))) {
      this.#untold = 0;
      this.#taken += 1;
    }
  }

  #lose(count: number, why: string): void {
    this.ledger.counts.lost += count;
    this.ledger.lose(why, count);
    this.ledger.warn(`lost ${why}`, `events are lost: ${why} (told once; see run.stats.lost)`);
  }

  #settle(count: number): void {
    this.#settled += count;
    const isDone = ({ target }: { target: number }) => this.#settled >= target;
    const done = this.#waiters.filter(isDone);
    this.#waiters = this.#waiters.filter((waiter) => !isDone(waiter));
    for (const { resolve } of done) resolve();
  }
}

/** What a disk answers; `otherwise` where it fails: then memory holds what waits. */
function attempt<T>(otherwise: T, work: () => T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

/** A line as the event it is. A disk may give back something else; then it is the text. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
