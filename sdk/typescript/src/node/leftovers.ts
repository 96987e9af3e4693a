// What earlier processes left on disk: sent in the background, or by `sync`. What can never be delivered is
// put aside, counted and named, and holds nobody up.

import type { Client } from "../client/client.js";
import { Delivery } from "../run/delivery.js";
import { Fifo } from "../run/fifo.js";
import { Ledger } from "../run/ledger.js";
import { DiskSpool, type Header } from "./spool.js";

/** What a sync did. */
export interface Synced {
  /** Runs of which something was sent. */
  runs: number;
  sent: number;
  refused: number;
  /** Events that still wait. */
  left: number;
  /**
   * Events that were put aside, because they can never be delivered: their run was deleted, or is refused.
   */
  setAside: number;
}

/**
 * How long a process that has nothing else to do waits for one request about what others left. Milliseconds.
 */
const GRACE_MS = 2_000;

/** The files that earlier processes left in one folder. */
export class Leftovers {
  #current: Delivery | null = null;
  #isHurried = false;

  constructor(
    private readonly folder: string,
    private readonly warn: (message: string) => void,
  ) {}

  /**
   * Sends them, each at most for `timeoutMs`. `isIdle`: a process that has nothing else to do ends meanwhile,
   * and the next one goes on with it.
   */
  async send(
    timeoutMs: number,
    isIdle: boolean,
    wants: (header: Header) => boolean,
    clientFor: (spool: DiskSpool) => Client,
  ): Promise<Synced> {
    const done: Synced = { runs: 0, sent: 0, refused: 0, left: 0, setAside: 0 };
    for (const spool of DiskSpool.adopt(this.folder, wants, sayBroken(this.warn))) {
      if (spool.left === 0) {
        spool.close();
        continue;
      }
      const ledger = new Ledger(this.warn);
      const fifo = new Fifo({ events: 1, bytes: 1, contentBytes: 1 }, null, [spool]);
      const delivery = new Delivery(clientFor(spool), spool.spec, fifo, ledger, null);
      this.#current = delivery;
      delivery.start();
      await delivery.flush(this.#isHurried ? 0 : timeoutMs, isIdle);
      done.left += fifo.left;
      delivery.giveUp("the server did not take them in time");
      done.runs += ledger.counts.sent > 0 ? 1 : 0;
      done.sent += ledger.counts.sent;
      done.refused += ledger.counts.refused;
      done.setAside += ledger.counts.lost;
      delivery.close();
      if (this.#isHurried) break;
    }
    this.#current = null;
    return done;
  }

  /** The process has nothing else to do: what takes long, or does not answer, is left for the next one. */
  hurry(): void {
    this.#isHurried = true;
    const timer = setTimeout(() => this.#current?.giveUp("the process ended"), GRACE_MS);
    timer.unref();
  }
}

/** Says that a file cannot be read as one of ours, and where it is now. */
export function sayBroken(warn: (message: string) => void): (place: string) => void {
  return (place) => warn(`gauntlet: a file of events that wait cannot be read; it is put aside, in ${place}`);
}
