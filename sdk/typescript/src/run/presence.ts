// Heartbeats of a writer of a run, and the report of its end. The server decides from the reports of all
// writers when the run has ended.

import type { Client } from "../client/client.js";
import { GauntletError } from "../client/errors.js";
import { sleep } from "../client/http.js";
import type { WriterEnd, WriterReport } from "../client/types.js";

/** Time between two heartbeats, seconds. A writer without one for three intervals counts as lost. */
const INTERVAL_SECS = 10;
/** Time limit of one report, and wait before the final report is retried. Milliseconds. */
const REPORT_MS = 10_000;
const RETRY_MS = 250;

/** The reports of one run handle. */
export class Presence {
  readonly #client: Client;
  readonly #run: string;
  readonly writer: string;
  readonly #onGone: (why: string) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isSupported = true;

  /** `writer` names this run handle; `onGone` is called where the run was deleted. */
  constructor(client: Client, run: string, writer: string, onGone: (why: string) => void) {
    this.#client = client;
    this.#run = run;
    this.writer = writer;
    this.#onGone = onGone;
  }

  /** Whether the server accepts reports, as far as this process knows: an older version does not. */
  get isSupported(): boolean {
    return this.#isSupported;
  }

  /** Sends heartbeats, once the run is created. The timer does not keep a Node process alive. */
  start(): void {
    if (this.#timer !== undefined || !this.#isSupported) return;
    this.#timer = setInterval(() => void this.#heartbeat(), INTERVAL_SECS * 1000);
    (this.#timer as { unref?: () => void }).unref?.();
    void this.#heartbeat();
  }

  /** Stops the heartbeats. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Reports the end, with retries; `false` where the server does not accept it within `timeoutMs`. */
  async reportEnd(end: WriterEnd, timeoutMs: number): Promise<boolean> {
    this.stop();
    const until = performance.now() + timeoutMs;
    while (this.#isSupported) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) return false;
      try {
        await this.#report({ state: "finished", ...end }, Math.min(leftMs, REPORT_MS));
        return true;
      } catch (error) {
        if (!(error instanceof GauntletError) || !error.isTemporary) return false;
        await sleep(Math.min(RETRY_MS, leftMs));
      }
    }
    return false;
  }

  async #heartbeat(): Promise<void> {
    try {
      await this.#report({ state: "running", interval_secs: INTERVAL_SECS }, REPORT_MS);
    } catch {
      // The next heartbeat repeats it, and the delivery of events warns about an unreachable server.
    }
  }

  async #report(report: WriterReport, timeoutMs: number): Promise<void> {
    try {
      await this.#client.runs.report(this.#run, this.writer, report, { timeoutMs });
    } catch (error) {
      const { status = 0, message = "" } = error instanceof GauntletError ? error : {};
      if (status === 410) this.#onGone(message);
      // An older server has the run, and no such route.
      if (status === 405 || (status === 404 && !message.startsWith("there is no run"))) {
        this.#isSupported = false;
        this.stop();
      }
      throw error;
    }
  }
}
