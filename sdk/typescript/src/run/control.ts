// Commands of a person, on the training side: fetched in the background, obeyed at checkpoints.

import type { Client } from "../client/client.js";
import { GauntletError } from "../client/errors.js";
import { pause } from "../client/http.js";
import type { Command } from "../client/types.js";
import type { Status } from "../wire/events.js";
import type { JsonObject } from "../wire/json.js";
import type { Ledger } from "./ledger.js";

/** How a loop obeys. */
export interface CheckpointOptions {
  /** Called with the parameters of a tweak; or an object whose values it changes, each keeping its type. */
  tweak?: ((parameters: JsonObject) => unknown) | Record<string, unknown>;
  /** Longest pause, milliseconds. Without end where absent. */
  timeoutMs?: number;
  /** Throws {@link Stopped} instead of answering `"stop"`. */
  throwOnStop?: boolean;
}

/** What a loop is told at a checkpoint. */
export type Outcome = "continue" | "stop";

/** Thrown by a checkpoint that was asked to: a person stopped the run. */
export class Stopped extends Error {
  override readonly name = "Stopped";
  constructor(
    /** Who stopped it. */
    readonly by: string,
  ) {
    super(`${by} stopped the run`);
  }
}

/** What the control says in the run's stream. */
export interface Voice {
  applied(commandId: string, result: string): void;
  status(status: Status, reason: string): void;
}

/** How often the server is asked for commands, and how long it holds the question while the run is paused. */
const ASK_EVERY_MS = 1_000;
const LONG_POLL_SECS = 20;
const AFTER_ERROR_MS = 1_000;
/** A command that was obeyed is named until its acknowledgement has arrived. */
const BETWEEN_KNOWN_MS = 250;

/** The commands of one run. */
export class Control {
  readonly #waiting: Command[] = [];
  readonly #known = new Set<string>();
  readonly #closed = new AbortController();
  #isListening = false;
  #stoppedBy: string | null = null;
  /** The stop of the loop that is under way: loops that run side by side stop together. */
  #turn: Promise<void> | null = null;

  constructor(
    private readonly client: Client,
    private readonly run: string,
    private readonly voice: Voice,
    private readonly ledger: Ledger,
  ) {}

  /** See `Run.checkpoint`. */
  async checkpoint(options: CheckpointOptions): Promise<Outcome> {
    this.#listen();
    if (this.#turn !== null || this.#waiting.length > 0) {
      this.#turn ??= this.#obey(options).finally(() => (this.#turn = null));
      await this.#turn;
    }
    if (this.#stoppedBy === null) return "continue";
    if (options.throwOnStop) throw new Stopped(this.#stoppedBy);
    return "stop";
  }

  /** Ends the fetching, and a pause. */
  close(): void {
    this.#closed.abort();
  }

  /** Does what the commands say, until the loop may go on. */
  async #obey({ tweak, timeoutMs = Number.POSITIVE_INFINITY }: CheckpointOptions): Promise<void> {
    const until = performance.now() + timeoutMs;
    let isPaused = false;
    const goOn = (why: string) => {
      if (isPaused) this.voice.status("running", why);
      isPaused = false;
    };
    const done = async ({ action, author, parameters }: Command): Promise<string> => {
      switch (action) {
        case "pause":
          if (isPaused) return "already paused";
          isPaused = true;
          this.voice.status("paused", `${author} paused the run`);
          return "paused";
        case "resume": {
          const wasPaused = isPaused;
          goOn(`${author} resumed the run`);
          return wasPaused ? "resumed" : "was not paused";
        }
        case "answer":
          goOn(`${author} answered`);
          return `answered ${JSON.stringify(parameters["answer"] ?? "")}`;
        case "tweak":
          return obeyTweak(tweak, parameters);
        case "stop":
          this.#stoppedBy = author;
          return "stopping";
        default:
          return `refused: ${JSON.stringify(action)} is not known here`;
      }
    };
    for (;;) {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.voice.applied(next.command_id, await done(next));
        if (this.#stoppedBy !== null) return;
      }
      if (!isPaused || this.#closed.signal.aborted) return;
      const leftMs = until - performance.now();
      if (leftMs <= 0) return goOn("nobody resumed in time");
      const secs = Math.floor(Math.min(LONG_POLL_SECS, leftMs / 1000));
      if (secs === 0) await pause(Math.min(leftMs, BETWEEN_KNOWN_MS), this.#closed.signal);
      await this.#fetch(secs, false);
    }
  }

  /** Asks now and then, from the first checkpoint on. Between two questions a Node process may end. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const ask = async () => {
      while (!this.#closed.signal.aborted) {
        // A loop that is paused asks for itself.
        if (this.#turn === null) await this.#fetch(0, true);
        await pause(ASK_EVERY_MS, this.#closed.signal, true);
      }
    };
    void ask();
  }

  async #fetch(waitSecs: number, isIdle: boolean): Promise<void> {
    const { signal } = this.#closed;
    try {
      const found = await this.client.commands.pending(this.run, { waitSecs, signal });
      const fresh = found.filter(({ command_id }) => !this.#known.has(command_id));
      for (const command of fresh) {
        this.#known.add(command.command_id);
        this.#waiting.push(command);
      }
      if (found.length > 0 && fresh.length === 0) await pause(BETWEEN_KNOWN_MS, signal, isIdle);
    } catch (error) {
      if (signal.aborted) return;
      // A run that the server does not know yet is about to be created.
      const isUnknown = error instanceof GauntletError && error.status === 404;
      if (!isUnknown) this.ledger.warn("commands", `commands cannot be fetched: ${(error as Error).message}`);
      await pause(AFTER_ERROR_MS, signal, isIdle);
    }
  }
}

/** Applies a tweak, all of it or nothing; answers what came of it. */
async function obeyTweak(tweak: CheckpointOptions["tweak"], parameters: JsonObject): Promise<string> {
  if (tweak === undefined || tweak === null) return "refused: this loop takes no tweaks";
  try {
    if (typeof tweak === "function") {
      const said = await tweak({ ...parameters });
      return typeof said === "string" ? said : `set ${Object.keys(parameters).join(", ")}`;
    }
    for (const [name, value] of Object.entries(parameters)) mustFit(tweak, name, value);
    Object.assign(tweak, parameters);
    return `set ${Object.entries(parameters)
      .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
      .join(", ")}`;
  } catch (error) {
    return `refused: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Throws unless `value` has the type that the parameter has now. */
function mustFit(declared: Record<string, unknown>, name: string, value: unknown): void {
  if (!Object.hasOwn(declared, name)) {
    throw new TypeError(
      `there is no parameter "${name}"; there are ${Object.keys(declared).join(", ") || "none"}`,
    );
  }
  const now = declared[name];
  if (now === null || now === undefined || typeof now === typeof value) return;
  throw new TypeError(`${name} is a ${typeof now}; ${JSON.stringify(value)} is not`);
}
