// Delivery: takes events without ever waiting, and brings them to the server in order, in batches, until it has them.

import { GauntletError, type Detail } from "../client/errors.js";
import type { Client } from "../client/client.js";
import { backoff, pause } from "../client/http.js";
import type { RunSpec } from "../client/types.js";
import { uuidv7 } from "../wire/ids.js";
import { now } from "../wire/time.js";
import type { Fifo } from "./fifo.js";
import type { Ledger } from "./ledger.js";

/** Longest time an event waits for company, milliseconds. */
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

/** An event the server will not take, and why. */
export interface Refused {
  event: unknown;
  field: string;
  message: string;
}

/** Brings one run's events to its server. */
export class Delivery {
  readonly refused: Refused[] = [];
  #isCreated = false;
  /** Why nothing is sent any more, once that is so. */
  #halted: string | null = null;
  #isSending = false;
  /** Events taken, and events settled: sent, refused or lost. They settle in order, behind the run's creation. */
  #taken = 1;
  #settled = 0;
  #untold = 0;
  #waiters: { target: number; resolve: () => void }[] = [];
  #hurry = new AbortController();
  /** Ends the pause before the next try at a server that does not answer. */
  #nudge = new AbortController();
  #isAway = false;

  constructor(
    private readonly client: Client | null,
    private readonly spec: RunSpec & { id: string },
    private readonly fifo: Fifo,
    private readonly ledger: Ledger,
  ) {
    this.#taken += fifo.left;
  }

  get queued(): number {
    return this.fifo.left;
  }

  /** Whether the last try found no server. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Takes one event as JSON text. Never waits; where there is no room it is lost, counted and said in the stream. */
  offer(line: string): void {
    if (this.#halted !== null) return this.#lose(1, this.#halted);
    if (this.#untold > 0) this.#sayGap();
    if (!this.fifo.push(line)) {
      this.#untold += 1;
      return this.#lose(1, "the queue is full");
    }
    this.#taken += 1;
    this.#start();
  }

  /** Starts sending what waits. */
  start(): void {
    this.#start();
  }

  /**
   * Waits until everything taken so far is settled. `false` where the time was up before. A Node process does not end
   * meanwhile, unless `isIdle`.
   */
  async flush(timeoutMs: number, isIdle = false): Promise<boolean> {
    if (this.#untold > 0) this.#sayGap();
    const target = this.#taken;
    if (this.#settled >= target) return true;
    if (this.client === null) return false;
    this.#hurry.abort();
    this.#nudge.abort();
    this.#nudge = new AbortController();
    this.#start();
    const done = new AbortController();
    const settled = new Promise<void>((resolve) => this.#waiters.push({ target, resolve }));
    await Promise.race([settled, pause(timeoutMs, done.signal, isIdle)]);
    done.abort();
    return this.#settled >= target;
  }

  /** Brings a file to the server; resolves to its SHA-256, and throws where the server does not take it. */
  async upload(bytes: Uint8Array): Promise<string> {
    const { client } = this;
    if (client === null) throw new Error("the run is offline, where files are not kept");
    let hash = "";
    const isDone =
      (this.#isCreated || (await this.#retried(() => this.#create(client)))) &&
      (await this.#retried(async () => void (hash = await client.putArtifact(this.spec.id, bytes))));
    if (!isDone) throw new Error(this.#halted ?? "it could not be sent");
    return hash;
  }

  /** What a page that is going away can still do: one request that outlives it. Sent twice, it is kept once. */
  part(): void {
    if (this.client === null || this.#halted !== null || !this.#isCreated || this.fifo.left === 0) return;
    const lines = this.fifo.peek(BATCH_EVENTS, PARTING_BYTES);
    if (lines[0] === undefined || lines[0].length > PARTING_BYTES) return;
    void this.client.events.appendOnLeaving(this.spec.id, lines).catch(() => undefined);
  }

  /** Sends no more. What is left goes to disk where there is one, else it is lost. Does not wait for anything. */
  giveUp(why: string): void {
    this.#halted ??= why;
    if (this.fifo.left === 0) return;
    if (this.fifo.spill()) {
      this.ledger.counts.spooled = this.fifo.left;
      return this.ledger.warn("spooled", `${this.fifo.left} events wait on disk: ${why}`);
    }
    const lost = this.fifo.clear();
    this.#settle(lost);
    this.#lose(lost, why);
  }

  /** Ends it; what is left on disk stays there. */
  close(): void {
    this.#halted ??= "the run is finished";
    this.fifo.close();
  }

  #start(): void {
    if (this.#isSending || this.client === null || this.#halted !== null) return;
    if (this.fifo.left === 0 && this.#isCreated) return;
    this.#isSending = true;
    const ended = () => {
      this.#isSending = false;
      // Something may have come between the last look and the end.
      if (this.fifo.left > 0) this.#start();
    };
    const failed = (error: unknown) => this.#halt(`sending failed: ${String(error)}`);
    void this.#send(this.client).catch(failed).then(ended);
  }

  async #send(client: Client): Promise<void> {
    if (!this.#isCreated && !(await this.#persist(() => this.#create(client)))) return;
    while (this.fifo.left > 0 && this.#halted === null) {
      if (this.fifo.left < BATCH_EVENTS) await pause(LINGER_MS, this.#hurry.signal, true);
      const lines = this.fifo.peek(BATCH_EVENTS, BATCH_BYTES);
      if (lines.length === 0) throw new Error("what waits on disk cannot be read");
      if (!(await this.#batch(client, lines)) || this.#halted !== null) return;
      this.fifo.drop(lines.length);
      this.#settle(lines.length);
      if (this.fifo.left === 0) this.#hurry = new AbortController();
    }
  }

  /** Sends lines, setting aside what the server names as bad. `false` once nothing can be sent any more. */
  async #batch(client: Client, lines: readonly string[]): Promise<boolean> {
    let rest = [...lines];
    while (rest.length > 0) {
      const refusal = await this.#persist(() => client.events.appendLines(this.spec.id, rest));
      if (refusal === false) return false;
      if (!(refusal instanceof GauntletError)) {
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

  async #create(client: Client): Promise<void> {
    try {
      await client.runs.create(this.spec);
    } catch (error) {
      if (!(error instanceof GauntletError)) throw error;
      if (error.status === 413 || error.status === 422) {
        // The run matters more than what is said about it.
        this.ledger.warn("spec", `the run is created without config and metadata: ${error.message}`);
        const { id, name, project, kind } = this.spec;
        await client.runs.create({ id, name, ...(project ? { project } : {}), ...(kind ? { kind } : {}) });
      } else if (error.code === "conflict") {
        this.ledger.warn("conflict", `run ${this.spec.id} exists with other settings; this goes on with it`);
      } else throw error;
    }
    if (!this.#isCreated) this.#settle(1);
    this.#isCreated = true;
  }

  /**
   * Does it until it is done (`true`), or refused for what was sent (the error), or nothing can be sent any more
   * (`false`).
   */
  async #persist(work: () => Promise<unknown>): Promise<true | false | GauntletError> {
    try {
      return await this.#retried(work);
    } catch (error) {
      if (!(error instanceof GauntletError)) throw error;
      if ([400, 413, 422].includes(error.status) && this.#isCreated) return error;
      this.#halt(`the server refuses this run: ${error.message}`);
      return false;
    }
  }

  /** Asks a server that is away or busy again and again; `false` once nothing is to be sent any more. */
  async #retried(work: () => Promise<unknown>): Promise<boolean> {
    for (let attempt = 1; this.#halted === null; attempt += 1) {
      try {
        await work();
        this.#isAway = false;
        if (attempt > 1) this.ledger.again("away");
        return true;
      } catch (error) {
        if (!(error instanceof GauntletError) || !error.isTemporary) throw error;
        const asked = Math.min(error.retryAfterMs ?? 0, LONGEST_ASKED_MS);
        this.ledger.warn("away", `${error.message}; events are kept and sent when it is there`);
        const wait = Math.max(asked * (1 + Math.random() / 4), backoff(attempt, FIRST_PAUSE_MS, LONGEST_PAUSE_MS));
        this.#isAway = error.status === 0;
        await pause(wait, this.#isAway ? this.#nudge.signal : undefined, true);
      }
    }
    return false;
  }

  #setAside(line: string, { field, message }: Detail, error: GauntletError): void {
    this.ledger.counts.refused += 1;
    const event: unknown = JSON.parse(line);
    const why = { field: field ?? "", message: message ?? error.message };
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

  #halt(why: string): void {
    this.giveUp(why);
    this.#settle(this.#taken - this.#settled);
  }

  #lose(count: number, why: string): void {
    this.ledger.counts.lost += count;
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
