// Begins a run: puts its parts together, creates it on the server, and ends it with the process or the page.

import { Client } from "../client/client.js";
import type { Status } from "../wire/events.js";
import { randomReady, writerId } from "../wire/ids.js";
import { clipLabel } from "../wire/limits.js";
import { Control, type ControlEvents } from "./control.js";
import { Delivery } from "./delivery.js";
import { track, untrack } from "./exit.js";
import { Fifo } from "./fifo.js";
import { Ledger } from "./ledger.js";
import { Lifecycle } from "./lifecycle.js";
import { NodeTracker } from "./nodes.js";
import { Presence } from "./presence.js";
import { Recorder } from "./recorder.js";
import { Run } from "./run.js";
import { settingsOf, type InitOptions, type Settings } from "./settings.js";
import { Uploads } from "./uploads.js";
import { textOf } from "./values.js";

/** Most bytes of events, and of artifacts, that are queued in memory. */
const MEMORY_BYTES = 64 << 20;
const CONTENT_BYTES = 256 << 20;

/**
 * Begins a run. Resolves at once, also when the server does not answer: events are queued and sent later.
 * With an `id` it joins the run of that id, if there is one: it waits a few seconds for the server's answer,
 * and steps without a number continue after the run's last one. Throws a `TypeError` for invalid settings;
 * nothing else of a run ever throws.
 */
export async function init(options: InitOptions = {}): Promise<Run> {
  const settings = settingsOf(options);
  await randomReady;
  if (settings.mode === "disabled") return assemble(null, { ...settings, spool: null }, "").run;
  const { endpoint, apiKey } = options;
  const client = new Client({ ...(endpoint ? { endpoint } : {}), ...(apiKey ? { apiKey } : {}) });
  const sender = settings.mode === "online" ? client : null;
  const { run, lifecycle } = assemble(sender, settings, client.endpoint);
  track(lifecycle);
  await lifecycle.begin();
  return run;
}

/** A run of its parts. `client` is `null` where nothing is sent; `endpoint` is the address of its page. */
function assemble(
  client: Client | null,
  settings: Settings,
  endpoint: string,
): { run: Run; lifecycle: Lifecycle } {
  const { spec, spool, warn } = settings;
  const ledger = new Ledger(warn);
  ledger.counts.repairedTexts = settings.repairedTexts;
  const target = client?.endpoint ?? null;
  const openSpool = spool === null ? null : () => spool.open(spec, target, warn);
  const older = ledger.guard("reading older spools", [], () => spool?.leftOf(spec, target) ?? []);
  const bounds = { events: settings.queueEvents, bytes: MEMORY_BYTES, contentBytes: CONTENT_BYTES };
  const fifo = new Fifo(bounds, openSpool, older);
  const writer = writerId();
  const nodes = new NodeTracker(writer);
  for (const { lastStep = -1 } of older) nodes.resume(lastStep);
  const uploads = new Uploads(ledger);
  const delivery = new Delivery(client, spec, fifo, ledger, (found) => {
    lifecycle.onCreated(found);
  });
  const state = settings.mode === "disabled" ? "disabled" : "open";
  const recorder = new Recorder(ledger, delivery, nodes, uploads, state);
  const onDeleted = (why: string) => {
    delivery.onRunDeleted(why);
  };
  const presence = client === null ? null : new Presence(client, spec.id, writer, onDeleted);
  const control =
    client === null ? null : new Control(client, spec.id, controlEvents(recorder, ledger), ledger);
  const parts = { settings, ledger, nodes, uploads, delivery, recorder, control, presence };
  const lifecycle = new Lifecycle(parts, () => {
    if (untrack(lifecycle) === 0) spool?.ended?.();
  });
  return { run: new Run(parts, lifecycle, endpoint), lifecycle };
}

/** Logs what became of a command. */
function controlEvents(recorder: Recorder, ledger: Ledger): ControlEvents {
  return {
    applied: (command_id: string, result: string) => {
      recorder.emit("command.applied", { command_id, result: textOf(result, ledger) });
    },
    status: (status: Status, reason: string) => {
      recorder.emit("run.status", { status, reason: clipLabel(reason) });
    },
  };
}
