// Sends the spools of earlier processes, in the background or by `sync`. What can never be delivered is set
// aside and counted.

import type { Client } from "../client/client.js";
import { Delivery } from "../run/delivery.js";
import { Fifo } from "../run/fifo.js";
import { Ledger } from "../run/ledger.js";
import { DiskSpool, type Header } from "./spool.js";

/** The result of a sync. */
export interface Synced {
  /** Runs with events that were sent. */
  runs: number;
  sent: number;
  refused: number;
  /** Events that are still on disk. */
  left: number;
  /** Events that were set aside: their run was deleted or refused, so they can never be delivered. */
  setAside: number;
}

/** How long the exit of a process may be delayed by a request for an earlier process. Milliseconds. */
const GRACE_MS = 2_000;

/** The spools of earlier processes in one folder. */
export class Leftovers {
  readonly #folder: string;
  readonly #warn: (message: string) => void;
  #current: Delivery | null = null;
  #isEnding = false;

  constructor(folder: string, warn: (message: string) => void) {
    this.#folder = folder;
    this.#warn = warn;
  }

  /**
   * Sends them, each within `timeoutMs`. With `isIdle` this does not keep the process alive: the next process
   * continues.
   */
  async send(
    timeoutMs: number,
    isIdle: boolean,
    wants: (header: Header) => boolean,
    clientFor: (spool: DiskSpool) => Client,
  ): Promise<Synced> {
    const done: Synced = { runs: 0, sent: 0, refused: 0, left: 0, setAside: 0 };
    for (const spool of DiskSpool.adopt(this.#folder, wants, warnUnreadable(this.#warn))) {
      if (spool.left === 0) {
        spool.close();
        continue;
      }
      const ledger = new Ledger(this.#warn);
      const fifo = new Fifo({ events: 1, bytes: 1, contentBytes: 1 }, null, [spool]);
      const delivery = new Delivery(clientFor(spool), spool.spec, fifo, ledger, null);
      this.#current = delivery;
      delivery.start();
      await delivery.flush(this.#isEnding ? 0 : timeoutMs, isIdle);
      done.left += fifo.left;
      delivery.stop("the server did not take them in time");
      done.runs += ledger.counts.sent > 0 ? 1 : 0;
      done.sent += ledger.counts.sent;
      done.refused += ledger.counts.refused;
      done.setAside += ledger.counts.lost;
      delivery.close();
      if (this.#isEnding) break;
    }
    this.#current = null;
    return done;
  }

  /** Ends soon: what is not delivered within {@link GRACE_MS} is left for the next process. */
  finishSoon(): void {
    this.#isEnding = true;
    const timer = setTimeout(() => this.#current?.stop("the process ended"), GRACE_MS);
    timer.unref();
  }
}

/** Warns that a spool cannot be read, with its new path. */
export function warnUnreadable(warn: (message: string) => void): (place: string) => void {
  return (place) => warn(`gauntlet: a spool of events cannot be read; it is set aside in ${place}`);
}
