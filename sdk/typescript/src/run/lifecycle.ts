// The beginning and the end of a run: creates it, reports that its writer is alive, and at the end waits for
// the server, stores what is left and reports how the run ended.

import type { Run as RunInfo, WriterEnd } from "../client/types.js";
import { isSame, previewJson } from "../wire/json.js";
import type { Control } from "./control.js";
import type { Delivery } from "./delivery.js";
import { endOf, type Ending } from "./ending.js";
import type { Ledger, RunStats } from "./ledger.js";
import type { NodeTracker } from "./nodes.js";
import type { Presence } from "./presence.js";
import type { Recorder } from "./recorder.js";
import type { Settings } from "./settings.js";
import type { Uploads } from "./uploads.js";

/** Longest wait of `init` for the server's answer about a run that is named by its id. Milliseconds. */
const JOIN_MS = 5_000;
/**
 * Longest wait of `finish` for a server that does not answer, where events can wait on disk. Milliseconds.
 */
const UNREACHABLE_WAIT_MS = 3_000;
/** Least time for the final report. Milliseconds. */
const MIN_REPORT_MS = 500;
/** Longest time that the exit of a process takes to send what is queued. Milliseconds. */
const EXIT_SEND_MS = 3_000;

/** The parts of a run; `control` and `presence` are `null` where nothing is sent. */
export interface RunParts {
  settings: Settings;
  ledger: Ledger;
  nodes: NodeTracker;
  uploads: Uploads;
  delivery: Delivery;
  recorder: Recorder;
  control: Control | null;
  presence: Presence | null;
}

/** Begins and ends one run. */
export class Lifecycle {
  readonly #parts: RunParts;
  readonly #onEnded: () => void;
  #finishing: Promise<RunStats> | null = null;
  #ending: Ending = {};
  #isEndLogged = false;
  #isFinished = false;

  /** `onEnded` is called once the run needs nothing more from this process. */
  constructor(parts: RunParts, onEnded: () => void) {
    this.#parts = parts;
    this.#onEnded = onEnded;
  }

  /** Whether the run has ended for this process: what is logged later is lost. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /**
   * Creates the run on the server. A run that is named by its id may exist already: then this waits a few
   * seconds for the answer, because steps without a number continue after its last one.
   */
  async begin(): Promise<void> {
    const { delivery, settings } = this.#parts;
    delivery.start();
    if (settings.named.includes("id")) await delivery.firstAnswer(JOIN_MS);
  }

  /** Takes over what the server has of the run, as created now or existing before. */
  onCreated(found: Partial<RunInfo>): void {
    const { settings, nodes, presence, recorder, ledger } = this.#parts;
    if (typeof found.last_step === "number") nodes.resume(found.last_step);
    if (recorder.state === "open") presence?.start();
    const { spec, named } = settings;
    const differing = named.filter((key) => found[key] !== undefined && !isSame(spec[key], found[key]));
    if (differing.length === 0) return;
    const list = differing.map(
      (key) => `${key} is ${previewJson(found[key])} and not ${previewJson(spec[key])}`,
    );
    ledger.warn("conflict", `run ${spec.id} exists with other settings, which stay: ${list.join("; ")}`);
  }

  /** Waits until everything logged so far is safe; see `Run.flush`. */
  async flush(timeoutMs: number): Promise<boolean> {
    const { recorder, uploads, delivery, ledger } = this.#parts;
    if (recorder.state === "disabled") return recorder.ignoredCalls === 0;
    const until = Date.now() + timeoutMs;
    const areHashed = await uploads.settled(timeoutMs);
    const isDelivered = await delivery.flush(Math.max(0, until - Date.now()));
    if (!areHashed || !isDelivered) {
      const what = `after ${timeoutMs} ms ${delivery.queued} events are not safe yet; they are still queued`;
      ledger.warn("flush", `flush: ${what}`);
    }
    return areHashed && isDelivered && ledger.losses.length === 0;
  }

  /** Ends the run; a second call gets the result of the first. */
  finish(ending: Ending | null): Promise<RunStats> {
    return (this.#finishing ??= this.#finish(ending ?? {}));
  }

  /** Sends what a page that is being closed can still send. */
  onPageHide(): void {
    this.#parts.delivery.sendOnPageHide();
  }

  /** Moves what is queued to disk: a signal is about to end the process. */
  onSignal(): void {
    this.#parts.delivery.spillNow();
  }

  /**
   * Ends the run without waiting, as the process exits: a server that answered a moment ago gets what is
   * queued now; what it does not take goes to disk.
   */
  onExit(known: Ending): void {
    const { settings, control, presence, uploads, recorder, delivery, ledger } = this.#parts;
    // A program that does not wait for `finish` has named the status all the same.
    const ending = { ...known, ...this.#ending };
    control?.close();
    presence?.stop();
    uploads.hashNow(settings.spool?.sha256 ?? null);
    this.#isFinished = true;
    recorder.close();
    const end = endOf(ending, ledger);
    const report = presence?.isSupported ? { writer: presence.writer, end } : null;
    if (report === null) this.#logEnd(end);
    const send = settings.spool?.sendNow;
    const timeoutMs = Math.min(settings.finishMs, EXIT_SEND_MS);
    const isReported = send !== undefined && delivery.sendOnExit(send, report, timeoutMs);
    if (report !== null && !isReported) this.#logEnd(end);
    delivery.stop("the process ended");
    delivery.close();
    this.#warnOfLosses();
    this.#onEnded();
  }

  async #finish(ending: Ending): Promise<RunStats> {
    this.#ending = ending;
    const { settings, control, presence, uploads, recorder, delivery, ledger } = this.#parts;
    const { finishMs, spool, mode } = settings;
    const until = Date.now() + (ending.withinMs ?? finishMs);
    const remaining = () => Math.max(0, until - Date.now());
    control?.close();
    await uploads.settled(remaining());
    uploads.hashNow(spool?.sha256 ?? null);
    this.#isFinished = true;
    recorder.close();
    const end = endOf(ending, ledger);
    // The server ends the run when its last writer has finished. An end that cannot be reported is logged.
    const isDelivered = await this.#deliver(remaining);
    const isReported =
      isDelivered && (await presence?.reportEnd(end, Math.max(remaining(), MIN_REPORT_MS))) === true;
    presence?.stop();
    if (!isReported && mode !== "disabled") {
      this.#logEnd(end);
      await this.#deliver(remaining);
    }
    delivery.stop(mode === "online" ? "the server did not take them in time" : "the run is offline");
    const stats = { ...ledger.counts, queued: 0 };
    delivery.close();
    this.#warnOfLosses();
    this.#onEnded();
    return stats;
  }

  /**
   * Waits until everything is delivered; less long where the server does not answer and a disk has the rest.
   */
  async #deliver(remaining: () => number): Promise<boolean> {
    const { settings, delivery } = this.#parts;
    const isDone = await delivery.flush(Math.min(remaining(), UNREACHABLE_WAIT_MS));
    if (isDone || (settings.spool !== null && delivery.isUnreachable)) return isDone;
    return delivery.flush(remaining());
  }

  /** Logs the end of the run as an event, once. */
  #logEnd({ status, exit_code, summary }: WriterEnd): void {
    if (this.#isEndLogged) return;
    this.#isEndLogged = true;
    const full = exit_code === undefined ? summary : { ...summary, exit_code };
    this.#parts.recorder.emitRunFinished({ status, ...(full === undefined ? {} : { summary: full }) });
  }

  /** Warns in one line about everything that is lost. */
  #warnOfLosses(): void {
    const { ledger, settings } = this.#parts;
    if (ledger.losses.length === 0) return;
    const list = ledger.losses.map(({ reason, count }) => `${count} x ${reason}`).join("; ");
    ledger.warn("losses", `run ${settings.spec.id} is not complete: ${list}`);
  }
}
