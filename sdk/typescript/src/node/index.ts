// `gauntlet-sdk/node`: everything of `gauntlet-sdk`, with a disk behind the queue. Events that the server does not take
// in time wait there, also after the process; the next process of this machine that logs to that server sends them.

import { createHash } from "node:crypto";
import { Client } from "../client/client.js";
import type { ClientOptions } from "../client/http.js";
import { init as begin } from "../run/init.js";
import { Delivery } from "../run/delivery.js";
import { Fifo } from "../run/fifo.js";
import { Ledger } from "../run/ledger.js";
import type { Run } from "../run/run.js";
import type { InitOptions, Spools } from "../run/settings.js";
import { DiskSpool, spoolFolder, type Header } from "./spool.js";

export * from "../index.js";
export { spoolFolder };

/** Most bytes that one process keeps for one run: 1 GiB. */
const MOST_BYTES = 2 ** 30;

/** How a run is begun that may wait on disk. */
export interface NodeInitOptions extends InitOptions {
  /** Where events wait. Default `GAUNTLET_SPOOL`, else in the user's cache folder. */
  spoolFolder?: string;
}

/** `init` with a disk behind it. What earlier processes left for the same server is sent as well, in the background. */
export async function init(options: NodeInitOptions = {}): Promise<Run> {
  const folder = options.spoolFolder ?? spoolFolder();
  const run = await begin({ spool: onDisk(folder), ...options });
  const mode = options.mode ?? process.env["GAUNTLET_MODE"] ?? "online";
  if (mode === "online") {
    const client = clientOf(options);
    const isMeantForIt = ({ endpoint }: Header) => endpoint === client.endpoint;
    void send(folder, 60_000, true, isMeantForIt, () => client).catch(() => undefined);
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

/**
 * Sends what earlier processes left on disk, offline runs as well: to `endpoint`, else each run to the server it was
 * meant for. Waits at most `timeoutMs` for each run; default 60 s.
 */
export function sync(options: ClientOptions & { folder?: string } = {}): Promise<Synced> {
  const { folder = spoolFolder(), timeoutMs = 60_000, ...where } = options;
  const clientFor = ({ endpoint }: DiskSpool) => clientOf(endpoint === null ? where : { endpoint, ...where });
  return send(folder, timeoutMs, false, () => true, clientFor);
}

function clientOf({ endpoint, apiKey }: Pick<ClientOptions, "endpoint" | "apiKey">): Client {
  return new Client({ ...(endpoint ? { endpoint } : {}), ...(apiKey ? { apiKey } : {}) });
}

/** `isIdle`: a process that has nothing else to do ends meanwhile, and the next one goes on with it. */
async function send(
  folder: string,
  timeoutMs: number,
  isIdle: boolean,
  wants: (header: Header) => boolean,
  clientFor: (spool: DiskSpool) => Client,
): Promise<Synced> {
  const done: Synced = { runs: 0, sent: 0, refused: 0, left: 0 };
  for (const spool of DiskSpool.adopt(folder, wants)) {
    if (spool.left === 0) {
      spool.close();
      continue;
    }
    const ledger = new Ledger((message) => console.warn(message));
    const fifo = new Fifo({ events: 1, bytes: 1, contentBytes: 1 }, null, [spool]);
    const delivery = new Delivery(clientFor(spool), spool.spec, fifo, ledger);
    delivery.start();
    await delivery.flush(timeoutMs, isIdle);
    done.left += fifo.left;
    delivery.giveUp("the server did not take them in time");
    done.runs += ledger.counts.sent > 0 ? 1 : 0;
    done.sent += ledger.counts.sent;
    done.refused += ledger.counts.refused;
    delivery.close();
  }
  return done;
}

function onDisk(folder: string): Spools {
  return {
    leftOf: ({ id }, meantFor) => {
      const isOfIt = ({ spec, endpoint }: Header) => spec.id === id && endpoint === meantFor;
      return [...DiskSpool.adopt(folder, isOfIt, id)];
    },
    open: (spec, endpoint, warn) => {
      try {
        return DiskSpool.create(folder, spec, endpoint, MOST_BYTES);
      } catch (error) {
        warn(`gauntlet: events cannot wait in ${folder}: ${(error as Error).message}`);
        return null;
      }
    },
    sha256: (bytes) => createHash("sha256").update(bytes).digest("hex"),
  };
}
