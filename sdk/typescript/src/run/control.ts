// Commands of a person, on the training side: fetched in the background, applied at checkpoints.

import type { Client } from "../client/client.js";
import { GauntletError } from "../client/errors.js";
import { sleep } from "../client/http.js";
import type { Command } from "../client/types.js";
import type { Status } from "../wire/events.js";
import type { JsonObject } from "../wire/json.js";
import type { Ledger } from "./ledger.js";

/** How a checkpoint applies commands. */
export interface CheckpointOptions {
  /** Called with the parameters of a tweak; or an object whose values a tweak changes, of the same types. */
  tweak?: ((parameters: JsonObject) => unknown) | Record<string, unknown>;
  /** Longest pause, milliseconds. Unlimited where absent. */
  timeoutMs?: number;
  /** Throws {@link Stopped} instead of returning `"stop"`. */
  throwOnStop?: boolean;
}

/** What a loop does after a checkpoint. */
export type Outcome = "continue" | "stop";

/** Thrown by a checkpoint with `throwOnStop`: a person stopped the run. */
export class Stopped extends Error {
  /** Who stopped it. */
  readonly by: string;
  override readonly name = "Stopped";
  constructor(by: string) {
    super(`${by} stopped the run`);
    this.by = by;
  }
}

/** Logs what became of commands into the run's stream. */
export interface ControlEvents {
  applied(commandId: string, result: string): void;
  status(status: Status, reason: string): void;
}

/** How often commands are fetched, and how long a fetch may wait for one while the run is paused. */
const POLL_MS = 1_000;
const LONG_POLL_SECS = 20;
const AFTER_ERROR_MS = 1_000;
/** Wait before fetching again where only commands came that were applied, and not acknowledged yet. */
const REPEATED_POLL_MS = 250;

/** The commands of one run. */
export class Control {
  readonly #client: Client;
  readonly #run: string;
  readonly #events: ControlEvents;
  readonly #ledger: Ledger;
  readonly #queue: Command[] = [];
  readonly #seenIds = new Set<string>();
  readonly #closed = new AbortController();
  #isPolling = false;
  #stoppedBy: string | null = null;
  /** Commands that are being applied; concurrent loops of the run wait for the same promise. */
  #applying: Promise<void> | null = null;

  constructor(client: Client, run: string, events: ControlEvents, ledger: Ledger) {
    this.#client = client;
    this.#run = run;
    this.#events = events;
    this.#ledger = ledger;
  }

  /** See `Run.checkpoint`. */
  async checkpoint(options: CheckpointOptions | null): Promise<Outcome> {
    this.#startPolling();
    if (this.#applying !== null || this.#queue.length > 0) {
      this.#applying ??= this.#applyCommands(options ?? {}).finally(() => (this.#applying = null));
      await this.#applying;
    }
    if (this.#stoppedBy === null) return "continue";
    if (options?.throwOnStop) throw new Stopped(this.#stoppedBy);
    return "stop";
  }

  /** Stops fetching, and ends a pause. */
  close(): void {
    this.#closed.abort();
  }

  /** Applies commands until the loop may continue: while the run is paused, it waits for the next one. */
  async #applyCommands({ tweak, timeoutMs = Number.POSITIVE_INFINITY }: CheckpointOptions): Promise<void> {
    const until = performance.now() + timeoutMs;
    const state = { isPaused: false };
    const resume = (why: string) => {
      if (state.isPaused) this.#events.status("running", why);
      state.isPaused = false;
    };
    const apply = async ({ action, author, parameters }: Command): Promise<string> => {
      switch (action) {
        case "pause":
          if (state.isPaused) return "already paused";
          state.isPaused = true;
          this.#events.status("paused", `${author} paused the run`);
          return "paused";
        case "resume": {
          const wasPaused = state.isPaused;
          resume(`${author} resumed the run`);
          return wasPaused ? "resumed" : "was not paused";
        }
        case "answer":
          resume(`${author} answered`);
          return `answered ${JSON.stringify(parameters["answer"] ?? "")}`;
        case "tweak":
          return applyTweak(tweak, parameters);
        case "stop":
          this.#stoppedBy = author;
          return "stopping";
        default:
          return `refused: ${JSON.stringify(action)} is an unknown action`;
      }
    };
    for (;;) {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#events.applied(next.command_id, await apply(next));
        if (this.#stoppedBy !== null) return;
      }
      if (!state.isPaused || this.#closed.signal.aborted) return;
      const leftMs = until - performance.now();
      if (leftMs <= 0) {
        resume("nobody resumed in time");
        return;
      }
      const secs = Math.floor(Math.min(LONG_POLL_SECS, leftMs / 1000));
      if (secs === 0) await sleep(Math.min(leftMs, REPEATED_POLL_MS), this.#closed.signal);
      await this.#fetch(secs, false);
    }
  }

  /** Fetches commands from the first checkpoint on. The waits in between do not keep a Node process alive. */
  #startPolling(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    const poll = async () => {
      while (!this.#closed.signal.aborted) {
        // A loop that is paused fetches itself.
        if (this.#applying === null) await this.#fetch(0, true);
        await sleep(POLL_MS, this.#closed.signal, true);
      }
    };
    void poll();
  }

  async #fetch(waitSecs: number, isIdle: boolean): Promise<void> {
    const { signal } = this.#closed;
    try {
      const found = await this.#client.commands.pending(this.#run, { waitSecs, signal });
      const fresh = found.filter(({ command_id }) => !this.#seenIds.has(command_id));
      for (const command of fresh) {
        this.#seenIds.add(command.command_id);
        this.#queue.push(command);
      }
      if (found.length > 0 && fresh.length === 0) await sleep(REPEATED_POLL_MS, signal, isIdle);
    } catch (error) {
      if (signal.aborted) return;
      // The run may not be created yet.
      const isUnknown = error instanceof GauntletError && error.status === 404;
      if (!isUnknown)
        this.#ledger.warn("commands", `commands cannot be fetched: ${(error as Error).message}`);
      await sleep(AFTER_ERROR_MS, signal, isIdle);
    }
  }
}

/** Applies a tweak completely or not at all; resolves to the result. */
async function applyTweak(tweak: CheckpointOptions["tweak"], parameters: JsonObject): Promise<string> {
  if (!tweak) return "refused: this loop takes no tweaks";
  try {
    if (typeof tweak === "function") {
      const result = await tweak({ ...parameters });
      return typeof result === "string" ? result : `set ${Object.keys(parameters).join(", ")}`;
    }
    for (const [name, value] of Object.entries(parameters)) checkType(tweak, name, value);
    Object.assign(tweak, parameters);
    return `set ${Object.entries(parameters)
      .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
      .join(", ")}`;
  } catch (error) {
    return `refused: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Throws unless `value` has the type that the parameter has now. */
function checkType(declared: Record<string, unknown>, name: string, value: unknown): void {
  if (!Object.hasOwn(declared, name)) {
    throw new TypeError(
      `there is no parameter "${name}"; there are ${Object.keys(declared).join(", ") || "none"}`,
    );
  }
  const current = declared[name];
  if (current === null || current === undefined || typeof current === typeof value) return;
  throw new TypeError(`${name} is a ${typeof current}; ${JSON.stringify(value)} is not`);
}
