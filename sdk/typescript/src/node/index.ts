// `gauntlet-sdk/node`: everything of `gauntlet-sdk`, with a disk behind the queue. Events that the server does not take
// in time wait there, also after the process; the next process of this machine that logs sends them.

import { Client } from "../client/client.js";
import type { ClientOptions } from "../client/http.js";
import { init as begin } from "../run/init.js";
import { Delivery } from "../run/delivery.js";
import { Fifo } from "../run/fifo.js";
import { Ledger } from "../run/ledger.js";
import type { Run } from "../run/run.js";
import type { InitOptions, OpenSpool } from "../run/settings.js";
import { DiskSpool, spoolFolder } from "./spool.js";

export * from "../index.js";
export { spoolFolder };

/** Most bytes that one process keeps for one run: 1 GiB. */
const MOST_BYTES = 2 ** 30;

/** How a run is begun that may wait on disk. */
export interface NodeInitOptions extends InitOptions {
  /** Where events wait. Default `GAUNTLET_SPOOL`, else in the user's cache folder. */
  spoolFolder?: string;
}

/** `init` with a disk behind it. What earlier processes left is sent first, in the background. */
export async function init(options: NodeInitOptions = {}): Promise<Run> {
  const folder = options.spoolFolder ?? spoolFolder();
  const run = await begin({ spool: onDisk(folder), ...options });
  const mode = options.mode ?? process.env["GAUNTLET_MODE"] ?? "online";
  if (mode === "online") {
    const { endpoint, apiKey } = options;
    const where = { ...(endpoint ? { endpoint } : {}), ...(apiKey ? { apiKey } : {}) };
    void send({ ...where, folder }, true).catch(() => undefined);
  }
  return run;
}

/** What a {@link sync} did. */
export interface Synced {
  /** Runs of which something was sent. */
  runs: number;
  sent: number;
  refused: number;
  /** Events that still wait. */
  left: number;
}

/** Sends what earlier processes left on disk. Waits at most `timeoutMs` for each run; default 60 s. */
export function sync(options: ClientOptions & { folder?: string } = {}): Promise<Synced> {
  return send(options, false);
}

/** `isIdle`: a process that has nothing else to do ends meanwhile, and the next one goes on with it. */
async function send(options: ClientOptions & { folder?: string }, isIdle: boolean): Promise<Synced> {
  const { folder = spoolFolder(), timeoutMs = 60_000, ...where } = options;
  const done: Synced = { runs: 0, sent: 0, refused: 0, left: 0 };
  for (const spool of DiskSpool.adopt(folder)) {
    const ledger = new Ledger((message) => console.warn(message));
    const fifo = new Fifo({ events: 1, bytes: 1 }, null);
    fifo.adopt(spool);
    const delivery = new Delivery(new Client(where), spool.spec, fifo, ledger);
    delivery.start();
    await delivery.flush(timeoutMs, isIdle);
    delivery.giveUp("the server did not take them in time");
    done.runs += ledger.counts.sent > 0 ? 1 : 0;
    done.sent += ledger.counts.sent;
    done.refused += ledger.counts.refused;
    done.left += spool.left;
    delivery.close();
  }
  return done;
}

function onDisk(folder: string): OpenSpool {
  return (spec, warn) => {
    try {
      return DiskSpool.create(folder, spec, MOST_BYTES);
    } catch (error) {
      warn(`gauntlet: events cannot wait in ${folder}: ${(error as Error).message}`);
      return null;
    }
  };
}
