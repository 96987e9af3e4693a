// Delivery: queues events without waiting, and sends them to the server in order, in batches, with retries
// until the server has them.

import { GauntletError, refusedEvents, type Detail } from "../client/errors.js";
import type { Client } from "../client/client.js";
import { backoff, sleep } from "../client/http.js";
import type { Run as RunInfo, RunSpec, WriterEnd } from "../client/types.js";
import { uuidv7 } from "../wire/ids.js";
import { bytesOf } from "../wire/limits.js";
import { now } from "../wire/time.js";
import { createOrGet } from "./creation.js";
import type { Content, Fifo } from "./fifo.js";
import { exitRequests } from "./exitRequests.js";
import type { Ledger, Refused } from "./ledger.js";
import type { SendNow } from "./settings.js";

/**
 * Longest time an event waits for others to fill a batch, and for the disk while the server is unreachable.
 * Milliseconds.
 */
const LINGER_MS = 50;
/** Most events in one request, and most bytes of them. */
const BATCH_EVENTS = 500;
const BATCH_BYTES = 4 << 20;
/**
 * First and longest wait before a retry, and the longest wait that a `Retry-After` may ask for. Milliseconds.
 */
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
const MAX_RETRY_AFTER_MS = 60_000;
/** Most refused events that are listed in `run.refused`. */
const MAX_REFUSED = 100;
/** Longest body of a `keepalive` request: browsers allow 64 KiB with headers. Bytes. */
const KEEPALIVE_BYTES = 60_000;
/** Statuses of a refusal that is caused by what was sent. Every other one is retried. */
const CONTENT_STATUSES = [400, 413, 422];
/** The status of a run that was deleted: it accepts no events any more. */
const GONE = 410;
const ARTIFACT = '"kind":"artifact.added"';

/** Sends the events of one run to its server. */
export class Delivery {
  readonly #client: Client | null;
  readonly #spec: RunSpec & { id: string };
  readonly #fifo: Fifo;
  readonly #ledger: Ledger;
  readonly #onCreated: ((run: Partial<RunInfo>) => void) | null;
  readonly refused: Refused[] = [];
  /** Whether the server has the run, as far as this process knows. */
  #isCreated: boolean;
  /** Whether the creation of the run is not settled yet. It counts as one event. */
  #isCreationPending: boolean;
  /** Aborted once the first request was answered or failed. */
  readonly #firstAnswer = new AbortController();
  /** Why nothing is sent any more; `null` while events are sent. */
  #stopReason: string | null = null;
  #isSending = false;
  /** Count of events that were queued, and of those that are settled: sent, refused or lost, in order. */
  #queuedCount: number;
  #settledCount = 0;
  /** Lost events that no `gap` event reports yet. */
  #unreportedLosses = 0;
  #waiters: { target: number; resolve: () => void }[] = [];
  /** Aborted to send a batch before it is full. */
  #flushRequested = new AbortController();
  /** Aborted to retry at once where the server is unreachable. */
  #retryRequested = new AbortController();
  /** Aborted to end the current request and every wait: nothing more is sent. */
  readonly #stopped = new AbortController();
  #isUnreachable = false;
  #spillTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * `onCreated` is called with the run as the server has it, each time it was created or found. It is `null`
   * for the spool of an earlier process, whose run is created only where the server does not have it.
   */
  constructor(
    client: Client | null,
    spec: RunSpec & { id: string },
    fifo: Fifo,
    ledger: Ledger,
    onCreated: ((run: Partial<RunInfo>) => void) | null,
  ) {
    this.#client = client;
    this.#spec = spec;
    this.#fifo = fifo;
    this.#ledger = ledger;
    this.#onCreated = onCreated;
    this.#isCreated = onCreated === null;
    this.#isCreationPending = onCreated !== null;
    // The creation of the run counts as the first event.
    this.#queuedCount = Number(this.#isCreationPending) + fifo.left;
  }

  /** Events in the queue. */
  get queued(): number {
    return this.#fifo.left;
  }

  /** Whether the last request failed for a reason that may pass: no answer, or a busy server. */
  get isUnreachable(): boolean {
    return this.#isUnreachable;
  }

  /**
   * Queues one event as JSON text, with the content of its artifact. Never waits; where the queue is full the
   * event is lost: counted, and reported in the stream as a `gap`.
   */
  enqueue(line: string, content?: Content): void {
    if (this.#stopReason !== null) return this.#countLost(1, this.#stopReason);
    if (this.#unreportedLosses > 0) this.#emitGap();
    if (!this.#fifo.push(line, content)) {
      this.#unreportedLosses += 1;
      return this.#countLost(1, "the queue is full");
    }
    this.#queuedCount += 1;
    if (this.#client === null || this.#isUnreachable) this.#scheduleSpill();
    this.start();
  }

  /** Waits until the first request was answered or failed, at most `timeoutMs`. */
  async firstAnswer(timeoutMs: number): Promise<void> {
    if (this.#client !== null && !this.#isStopped()) await sleep(timeoutMs, this.#firstAnswer.signal);
  }

  /** Starts sending what is queued. */
  start(): void {
    if (this.#isSending || this.#client === null || this.#isStopped()) return;
    if (this.#isCreated && this.#fifo.left === 0) return;
    this.#isSending = true;
    const ended = () => {
      this.#isSending = false;
      // An event may have been queued after the last check of the loop.
      if (this.#fifo.left > 0) this.start();
    };
    const failed = (error: unknown) => {
      this.stop(`sending failed: ${String(error)}`);
      this.#settle(this.#queuedCount - this.#settledCount);
    };
    void this.#send(this.#client).catch(failed).then(ended);
  }

  /**
   * Waits until everything queued so far is settled; offline, until it is on disk. `false` after `timeoutMs`.
   * The wait keeps a Node process alive, unless `isIdle`.
   */
  async flush(timeoutMs: number, isIdle = false): Promise<boolean> {
    if (this.#unreportedLosses > 0) this.#emitGap();
    if (this.#client === null) return this.#spill() && orElse(false, () => (this.#fifo.sync(), true));
    const target = this.#queuedCount;
    if (this.#settledCount >= target) return true;
    this.#flushRequested.abort();
    this.#retryRequested.abort();
    this.#retryRequested = new AbortController();
    this.start();
    const done = new AbortController();
    const settled = new Promise<void>((resolve) => this.#waiters.push({ target, resolve }));
    await Promise.race([settled, sleep(timeoutMs, done.signal, isIdle)]);
    done.abort();
    return this.#settledCount >= target;
  }

  /**
   * Sends what fits into one request that outlives the page. Events that are sent again later are stored
   * once: their ids make them idempotent.
   */
  sendOnPageHide(): void {
    if (this.#client === null || this.#isStopped() || !this.#isCreated || this.#fifo.left === 0) return;
    let left = KEEPALIVE_BYTES;
    const isWithin = (line: string) => (left -= bytesOf(line) + 1) >= 0;
    const found = this.#fifo.peek(BATCH_EVENTS, KEEPALIVE_BYTES);
    const over = found.findIndex((line) => !isWithin(line));
    const lines = over < 0 ? found : found.slice(0, over);
    if (lines.length === 0) return;
    void this.#client.events.appendKeepalive(this.#spec.id, lines).catch(() => undefined);
  }

  /**
   * Sends everything that is queued and the report of the end, synchronously, as the process exits. Returns
   * whether the server accepted the report. Events that are sent again later are stored once.
   */
  sendOnExit(send: SendNow, report: { writer: string; end: WriterEnd } | null, timeoutMs: number): boolean {
    if (this.#client === null || this.#isStopped() || this.#isUnreachable) return false;
    if (this.#unreportedLosses > 0) this.#emitGap();
    const [client, spec, fifo] = [this.#client, this.#spec, this.#fifo];
    const requests = orElse([], () => exitRequests(client, spec, fifo, this.#isCreated, report));
    const count = orElse(0, () => send(requests, timeoutMs));
    const done = requests.slice(0, count);
    for (const { lines, hash } of done) {
      if (hash !== undefined) orElse(undefined, () => fifo.release(hash));
      orElse(undefined, () => fifo.drop(lines));
      this.#ledger.counts.sent += lines;
    }
    return report !== null && done.length === requests.length && requests.at(-1)?.method === "PUT";
  }

  /** Ends the delivery because the run was deleted: what is queued, on disk as well, is lost. */
  onRunDeleted(why: string): void {
    if (this.#isStopped()) return;
    this.#stopReason = "the run was deleted";
    this.#stopped.abort();
    this.#discardAll("the run was deleted");
    this.#ledger.warn("gone", `nothing more is sent for run ${this.#spec.id}: ${why}`);
  }

  /** Moves what is queued to disk, where there is one. It is still sent. */
  spillNow(): void {
    this.#spill();
  }

  /** Stops sending. What is queued goes to disk where there is one, else it is lost. Does not wait. */
  stop(why: string): void {
    this.#stopReason ??= why;
    this.#stopped.abort();
    if (this.#fifo.left === 0) return;
    this.#spill();
    const lost = this.#fifo.clear();
    this.#settle(lost);
    if (lost > 0) this.#countLost(lost, why);
    const { left, place } = this.#fifo;
    this.#ledger.counts.spooled = left;
    if (left > 0)
      this.#ledger.warn("spooled", `${left} events are stored in ${place}; sync() sends them: ${why}`);
  }

  /** Closes the queue; what is on disk stays there. */
  close(): void {
    this.#stopReason ??= "the run is finished";
    clearTimeout(this.#spillTimer);
    this.#ledger.guard("closing the queue", undefined, () => this.#fifo.close());
  }

  /** Loses everything that is queued. On disk it is set aside, so that no process sends it again. */
  #discardAll(why: string): void {
    let lost = this.#fifo.clear();
    for (let aside = this.#fifo.setAsideFirst(why); aside.lines > 0; aside = this.#fifo.setAsideFirst(why)) {
      lost += aside.lines;
      this.#ledger.warn(
        "aside",
        `${aside.lines} events cannot be delivered, ${why}; they are in ${aside.place}`,
      );
    }
    if (lost > 0) this.#countLost(lost, why);
    this.#settle(this.#queuedCount - this.#settledCount);
  }

  /** The next lines to send. A spool that cannot be read is set aside as lost, and the next one is read. */
  #nextBatch(): string[] {
    while (this.#fifo.left > 0) {
      const lines = orElse([], () => this.#fifo.peek(BATCH_EVENTS, BATCH_BYTES));
      if (lines.length > 0) return lines;
      const { lines: lost, place } = this.#fifo.setAsideFirst("it cannot be read");
      if (lost === 0) return [];
      this.#countLost(lost, "what waited on disk cannot be read");
      this.#ledger.warn("aside", `${lost} events cannot be read; they are in ${place}`);
      this.#settle(lost);
    }
    return [];
  }

  async #send(client: Client): Promise<void> {
    if (!this.#isCreated && (await this.#retry(client, () => Promise.resolve())) === false) return;
    while (this.#fifo.left > 0 && !this.#isStopped()) {
      if (this.#fifo.left < BATCH_EVENTS) await sleep(LINGER_MS, this.#flushRequested.signal, true);
      const lines = this.#nextBatch();
      if (lines.length === 0) return;
      if (!(await this.#sendBatch(client, lines)) || this.#isStopped()) return;
      this.#fifo.drop(lines.length);
      this.#settle(lines.length);
      if (this.#fifo.left === 0) this.#flushRequested = new AbortController();
    }
  }

  /**
   * Sends lines, without those that the server refuses. `false` once nothing can be sent any more.
   *
   * The server accepts or refuses a batch as a unit and names the first line it refuses: that line is
   * recorded and the rest is sent again. Where no line is named, the batch is halved.
   */
  async #sendBatch(client: Client, lines: readonly string[]): Promise<boolean> {
    for (const line of lines)
      if (line.includes(ARTIFACT) && !(await this.#upload(client, line))) return false;
    let rest = [...lines];
    while (rest.length > 0) {
      const refusal = await this.#retry(client, () => {
        return client.events.appendLines(this.#spec.id, rest, { signal: this.#stopped.signal });
      });
      if (refusal === false) return false;
      if (refusal === true) {
        this.#ledger.counts.sent += rest.length;
        return true;
      }
      const refused = refusedEvents(refusal, rest.length);
      if (refused.size > 0) {
        for (const [index, detail] of refused) this.#recordRefused(rest[index] ?? "", detail, refusal);
        rest = rest.filter((_, i) => !refused.has(i));
      } else {
        // No line is named: both halves are sent separately, the first by recursion.
        const middle = rest.length >> 1;
        if (!(await this.#sendBatch(client, rest.slice(0, middle)))) return false;
        rest = rest.slice(middle);
      }
    }
    return true;
  }

  /** Sends the content of an artifact, before its event. `false` once nothing can be sent any more. */
  async #upload(client: Client, line: string): Promise<boolean> {
    const { body } = parseLine(line) as { body?: { name?: string; sha256?: string } };
    const hash = String(body?.sha256);
    const bytes = this.#fifo.content(hash);
    if (bytes === null) return true;
    const { id } = this.#spec;
    const signal = this.#stopped.signal;
    const refusal = await this.#retry(client, () => client.putArtifact(id, bytes, { hash, signal }));
    if (refusal === false) return false;
    if (refusal !== true) {
      this.#ledger.counts.lost += 1;
      this.#ledger.recordLoss(`the content of an artifact was refused: ${refusal.message}`);
      this.#ledger.warn("artifact", `the content of artifact ${body?.name} is lost: ${refusal.message}`);
    }
    this.#fifo.release(hash);
    return true;
  }

  async #create(client: Client): Promise<void> {
    const run = await createOrGet(client, this.#spec, this.#ledger, this.#stopped.signal);
    this.#isCreated = true;
    this.#ledger.guard("beginning the run", undefined, () => this.#onCreated?.(run));
    this.#firstAnswer.abort();
    if (!this.#isCreationPending) return;
    this.#isCreationPending = false;
    this.#settle(1);
  }

  /**
   * Retries `work` on a created run until it succeeds (`true`), is refused because of its content (the
   * error), or the delivery is stopped (`false`).
   *
   * Before each attempt the run is created where the server does not have it. The errors: 410 means that the
   * run was deleted, which stops the delivery; 400, 413 and 422 are about the content; a 404 for a run that
   * was created means that the server lost it (a new data folder), so it is created again; everything else
   * is temporary, so the queue goes to disk and the attempt is repeated after a wait.
   */
  async #retry(client: Client, work: () => Promise<unknown>): Promise<true | false | GauntletError> {
    for (let attempt = 1; !this.#isStopped(); attempt += 1) {
      try {
        if (!this.#isCreated) await this.#create(client);
        await work();
        this.#isUnreachable = false;
        if (attempt > 1) this.#ledger.rearm("unreachable");
        return true;
      } catch (error) {
        this.#firstAnswer.abort();
        if (this.#isStopped()) break;
        if (!(error instanceof GauntletError)) throw error;
        if (error.status === GONE) return (this.onRunDeleted(error.message), false);
        if (CONTENT_STATUSES.includes(error.status)) {
          if (this.#isCreated) return error;
          return (this.#refuseRun(error), false);
        }
        if (error.status === 404 && this.#isCreated && this.#onCreated === null && attempt === 1) {
          // The spool of a process that never reached the server: its run is created at once.
          this.#isCreated = false;
          continue;
        }
        if (error.status === 404) this.#isCreated = false;
        this.#isUnreachable = true;
        this.#ledger.warn("unreachable", `${error.message}; events are queued and sent later`);
        this.#spill();
        await this.#waitBeforeRetry(error, attempt);
      }
    }
    return false;
  }

  /** Stops, because the server refuses the run itself: none of its events can ever be delivered. */
  #refuseRun(error: GauntletError): void {
    this.#stopReason = `the server refuses the run: ${error.message}`;
    this.#discardAll(this.#stopReason);
  }

  /** Waits before a retry. A `flush` ends the wait, unless the server asked for it with an answer. */
  async #waitBeforeRetry({ status, retryAfterMs }: GauntletError, attempt: number): Promise<void> {
    const asked = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
    const wait = Math.max(asked * (1 + Math.random() / 4), backoff(attempt, FIRST_RETRY_MS, MAX_RETRY_MS));
    const ended = new AbortController();
    const end = () => ended.abort();
    const signals =
      status === 0 ? [this.#stopped.signal, this.#retryRequested.signal] : [this.#stopped.signal];
    for (const signal of signals) signal.addEventListener("abort", end, { once: true });
    await sleep(wait, ended.signal, true);
    for (const signal of signals) signal.removeEventListener("abort", end);
  }

  /** Moves the queue to disk soon: there it outlives the process. */
  #scheduleSpill(): void {
    if (this.#spillTimer !== undefined) return;
    this.#spillTimer = setTimeout(() => {
      this.#spillTimer = undefined;
      if (this.#client === null || this.#isUnreachable) this.#spill();
    }, LINGER_MS);
    (this.#spillTimer as { unref?: () => void }).unref?.();
  }

  #spill(): boolean {
    return orElse(false, () => this.#fifo.spill());
  }

  #recordRefused(line: string, { field, message }: Detail, error: GauntletError): void {
    this.#ledger.counts.refused += 1;
    const event = parseLine(line);
    const why = { field: field ?? "", message: message ?? error.message };
    this.#ledger.recordLoss(`the server refused an event: ${why.field}`);
    if (this.refused.length < MAX_REFUSED) this.refused.push({ event, ...why });
    this.#ledger.warn(`refused ${why.field}`, `the server refused an event: ${why.field}: ${why.message}`);
  }

  #emitGap(): void {
    const body = { lost: this.#unreportedLosses, reason: "the queue of the SDK was full" };
    if (this.#fifo.push(JSON.stringify({ id: uuidv7(), at: now(), kind: "gap", v: 1, body }))) {
      this.#unreportedLosses = 0;
      this.#queuedCount += 1;
    }
  }

  #countLost(count: number, why: string): void {
    this.#ledger.counts.lost += count;
    this.#ledger.recordLoss(why, count);
    this.#ledger.warn(`lost ${why}`, `events are lost: ${why} (warned once; see run.stats.lost)`);
  }

  /** A method, so that a check of it does not narrow the type of the reason. */
  #isStopped(): boolean {
    return this.#stopReason !== null;
  }

  #settle(count: number): void {
    this.#settledCount += count;
    const isReached = ({ target }: { target: number }) => this.#settledCount >= target;
    const done = this.#waiters.filter(isReached);
    this.#waiters = this.#waiters.filter((waiter) => !isReached(waiter));
    for (const { resolve } of done) resolve();
  }
}

/** The result of `work`, or `fallback` where the disk fails: then the queue stays in memory. */
function orElse<T>(fallback: T, work: () => T): T {
  try {
    return work();
  } catch {
    return fallback;
  }
}

/** A line as an event. The disk may return a corrupt line: then it is the text. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
