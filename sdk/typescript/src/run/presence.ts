// A writer of a run reports that it lives, and in the end how it ended. The server decides from the reports
// of all writers when the run has ended.

import type { Client } from "../client/client.js";
import { GauntletError } from "../client/errors.js";
import { pause } from "../client/http.js";
import type { WriterEnd, WriterReport } from "../client/types.js";

/** How often it reports, seconds. A writer that is not heard of for three intervals counts as lost. */
const INTERVAL_SECS = 10;
/** Longest wait for the answer to one report, and pause before the next try of the last one. Milliseconds. */
const REPORT_MS = 10_000;
const AGAIN_MS = 250;

/** The reports of one run handle. */
export class Presence {
  #timer: ReturnType<typeof setInterval> | undefined;
  #isSupported = true;

  /** `writer` names this run handle; `onGone` is called where the run was deleted. */
  constructor(
    private readonly client: Client,
    private readonly run: string,
    readonly writer: string,
    private readonly onGone: (why: string) => void,
  ) {}

  /** Whether the server takes reports, as far as it is known: one of an earlier version does not. */
  get isSupported(): boolean {
    return this.#isSupported;
  }

  /** Reports now and from time to time, once the run is there. Keeps no Node process alive. */
  start(): void {
    if (this.#timer !== undefined || !this.#isSupported) return;
    this.#timer = setInterval(() => void this.#beat(), INTERVAL_SECS * 1000);
    (this.#timer as { unref?: () => void }).unref?.();
    void this.#beat();
  }

  /** Reports no more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /**
   * Reports the end, until the server has it; `false` where it does not within `timeoutMs`, or takes no
   * reports.
   */
  async finished(end: WriterEnd, timeoutMs: number): Promise<boolean> {
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
        await pause(Math.min(AGAIN_MS, leftMs));
      }
    }
    return false;
  }

  async #beat(): Promise<void> {
    try {
      await this.#report({ state: "running", interval_secs: INTERVAL_SECS }, REPORT_MS);
    } catch {
      // The next report says the same; that the server is away is said where events are sent.
    }
  }

  async #report(report: WriterReport, timeoutMs: number): Promise<void> {
    try {
      await this.client.runs.report(this.run, this.writer, report, { timeoutMs });
    } catch (error) {
      const { status = 0, message = "" } = error instanceof GauntletError ? error : {};
      if (status === 410) this.onGone(message);
      // A server that has the run and not this address is of an earlier version.
      if (status === 405 || (status === 404 && !message.startsWith("there is no run"))) {
        this.#isSupported = false;
        this.stop();
      }
      throw error;
    }
  }
}
