// `gauntlet-sdk/node`: everything of `gauntlet-sdk`, with a spool on disk behind the queue. Events that the
// server does not accept in time are stored there, also after the process; the next process of this machine
// that logs to that server sends them.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Client } from "../client/client.js";
import type { ClientOptions } from "../client/http.js";
import { init as begin } from "../run/init.js";
import type { Run } from "../run/run.js";
import { warningSink, type InitOptions, type Spools } from "../run/settings.js";
import { sendNow } from "./sendNow.js";
import { Leftovers, warnUnreadable, type Synced } from "./leftovers.js";
import { DiskSpool, spoolFolder, type Header } from "./spool.js";

export * from "../index.js";
export { spoolFolder };
export type { Synced };

/** Largest spool of one run of one process: 1 GiB. */
const MAX_BYTES = 2 ** 30;

/** How a run begins that may spool to disk. */
export interface NodeInitOptions extends InitOptions {
  /** The folder of the spools. Default `GAUNTLET_SPOOL`, else in the user's cache folder. */
  spoolFolder?: string;
}

/**
 * `init` with a spool on disk. The spools that earlier processes left for the same server are sent as well,
 * in the background.
 */
export async function init(asked: NodeInitOptions = {}): Promise<Run> {
  const options = withKey(asked);
  const folder = options.spoolFolder ?? spoolFolder();
  const warn = warningSink(options);
  const leftovers = new Leftovers(folder, warn);
  const run = await begin({ spool: onDisk(folder, warn, () => leftovers.finishSoon()), ...options });
  const mode = options.mode ?? process.env["GAUNTLET_MODE"] ?? "online";
  if (mode === "online") {
    const client = clientOf(options);
    const isMeantForIt = ({ endpoint }: Header) => endpoint === client.endpoint;
    void leftovers.send(60_000, true, isMeantForIt, () => client).catch(() => undefined);
  }
  return run;
}

/**
 * Sends the spools of earlier processes, also of offline runs: to `endpoint`, else each run to the server it
 * was logged for. Waits at most `timeoutMs` for each run; default 60 s.
 */
export function sync(options: ClientOptions & { folder?: string } = {}): Promise<Synced> {
  const { folder = spoolFolder(), timeoutMs = 60_000, ...where } = withKey(options);
  const clientFor = ({ endpoint }: DiskSpool) => clientOf(endpoint === null ? where : { endpoint, ...where });
  return new Leftovers(folder, (message) => console.warn(message)).send(
    timeoutMs,
    false,
    () => true,
    clientFor,
  );
}

/** The options with the key of the file that `GAUNTLET_API_KEY_FILE` names, where there is no other key. */
function withKey<T extends { apiKey?: string }>(options: T): T {
  const { GAUNTLET_API_KEY: named, GAUNTLET_API_KEY_FILE: file } = process.env;
  if (options.apiKey || named || !file) return options;
  const apiKey = readFileSync(file, "utf8").trim();
  if (!apiKey) throw new TypeError(`GAUNTLET_API_KEY_FILE is ${JSON.stringify(file)}, which is empty`);
  return { ...options, apiKey };
}

function clientOf({ endpoint, apiKey }: Pick<ClientOptions, "endpoint" | "apiKey">): Client {
  return new Client({ ...(endpoint ? { endpoint } : {}), ...(apiKey ? { apiKey } : {}) });
}

function onDisk(folder: string, warn: (message: string) => void, ended: () => void): Spools {
  return {
    leftOf: ({ id }, meantFor) => {
      const isOfIt = ({ spec, endpoint }: Header) => spec.id === id && endpoint === meantFor;
      return [...DiskSpool.adopt(folder, isOfIt, warnUnreadable(warn), id)];
    },
    open: (spec, endpoint) => {
      try {
        return DiskSpool.create(folder, spec, endpoint, MAX_BYTES);
      } catch (error) {
        const why = (error as Error).message;
        warn(`gauntlet: events cannot be stored in ${folder}: ${why}; they are queued in memory`);
        return null;
      }
    },
    sha256: (bytes) => createHash("sha256").update(bytes).digest("hex"),
    sendNow,
    ended,
  };
}
