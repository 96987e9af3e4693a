// What a run is begun with, from the call and from the environment; the call wins.

import type { FailureRules, RunSpec } from "../client/types.js";
import { environment } from "../client/http.js";
import { toJsonObject, written, type JsonObject } from "../wire/json.js";
import { bytesOf, clipLabel, MAX_ID_BYTES, MAX_TAGS } from "../wire/limits.js";
import { uuidv7 } from "../wire/ids.js";
import type { Spool } from "./fifo.js";
import type { LeavingRequest } from "./leaving.js";
import { idOf, numberOf, shown } from "./values.js";

/** `online` sends, `offline` keeps everything on disk for later, `disabled` does nothing. */
export type Mode = "online" | "offline" | "disabled";

/**
 * Sends requests one after the other, up to the first that fails, while nothing else runs; how many were
 * done.
 */
export type SendNow = (requests: readonly LeavingRequest[], timeoutMs: number) => number;

/**
 * Where events wait that memory does not hold. `endpoint` is the server they are meant for; offline `null`.
 */
export interface Spools {
  /** What earlier processes left of the run for that server, oldest first. */
  leftOf(run: RunSpec & { id: string }, endpoint: string | null): Spool[];
  /** Opens a new place for a run's events; `null` where none can be kept. */
  open(run: RunSpec & { id: string }, endpoint: string | null, warn: (message: string) => void): Spool | null;
  /** SHA-256 as lowercase hex, at once: for the moment in which a process ends. */
  sha256(bytes: Uint8Array): string;
  /** For the moment in which a process ends. */
  sendNow?: SendNow;
  /** A run has ended: what is still sent for others must not hold the process up for long. */
  ended?(): void;
}

/** How a run is begun. */
export interface InitOptions {
  /** Default `GAUNTLET_PROJECT`, else `default`. */
  project?: string;
  /** Shown to people. Default: the time. */
  name?: string;
  /** Goes on with the run of that id, if there is one. Default: a new one. */
  id?: string;
  /** What sort of run: `grpo`, `evaluation`, ... Default `training`. */
  kind?: string;
  agent?: string;
  task?: string;
  tags?: readonly string[];
  /** Hyperparameters and other configuration. */
  config?: object;
  metadata?: object;
  /**
   * Which steps fail: `dipg` (the medical rules), or a bound of the root. Default `auto`: what fits the
   * scores.
   */
  rules?: FailureRules;
  /** Default `GAUNTLET_ENDPOINT`; see {@link ClientOptions}. */
  endpoint?: string;
  /** Default `GAUNTLET_API_KEY`. */
  apiKey?: string;
  /** Default `GAUNTLET_MODE`, else `online`. */
  mode?: Mode;
  /** Where warnings go; default `console.warn`, or nowhere where `GAUNTLET_QUIET` is set. */
  onWarning?: (message: string) => void;
  /** How long `finish` waits for the server, milliseconds. Default `GAUNTLET_FINISH_SECONDS`, else 30 s. */
  finishMs?: number;
  /** Most events that wait in memory. Default 10,000. */
  queueEvents?: number;
  /** Where events wait that memory does not hold; `gauntlet-sdk/node` brings one. */
  spool?: Spools;
}

/** {@link InitOptions} with nothing left open. */
export interface Settings {
  spec: RunSpec & { id: string; project: string };
  /**
   * Which parts of the run the program named itself: what it did not name is no difference from a run that
   * exists.
   */
  named: readonly (keyof RunSpec)[];
  /** Texts of it that were repaired. */
  repairedTexts: number;
  mode: Mode;
  warn: (message: string) => void;
  finishMs: number;
  queueEvents: number;
  spool: Spools | null;
}

/** What of the options is a part of the run itself. */
const SPEC_KEYS = [
  "id",
  "name",
  "project",
  "kind",
  "agent",
  "task",
  "tags",
  "config",
  "metadata",
  "rules",
] as const;

/** The settings. Throws a `TypeError` for what cannot be meant. */
export function settingsOf(options: InitOptions): Settings {
  const mode = options.mode ?? environment("GAUNTLET_MODE") ?? "online";
  if (mode !== "online" && mode !== "offline" && mode !== "disabled") {
    throw new TypeError(
      `mode (or GAUNTLET_MODE) is ${JSON.stringify(mode)}; use online, offline or disabled`,
    );
  }
  const finishMs = options.finishMs ?? Number(environment("GAUNTLET_FINISH_SECONDS") ?? 30) * 1000;
  if (!(finishMs >= 0))
    throw new TypeError("finishMs (or GAUNTLET_FINISH_SECONDS) must be a number, 0 or more");
  const queueEvents = options.queueEvents ?? 10_000;
  if (!(queueEvents >= 1)) throw new TypeError("queueEvents must be 1 or more");
  const warn = warnerOf(options);
  const named = SPEC_KEYS.filter((key) => options[key] !== undefined && options[key] !== null);
  let repairedTexts = 0;
  const spec = JSON.parse(
    written(specOf(options, warn), (count) => (repairedTexts = count)),
  ) as Settings["spec"];
  return { spec, named, repairedTexts, mode, warn, finishMs, queueEvents, spool: options.spool ?? null };
}

/** Where the warnings of a run that is begun so go. */
export function warnerOf({ onWarning }: Pick<InitOptions, "onWarning">): (message: string) => void {
  const isQuiet = ["1", "true", "yes"].includes(environment("GAUNTLET_QUIET") ?? "");
  return onWarning ?? (isQuiet ? () => undefined : (message: string) => console.warn(message));
}

function specOf(options: InitOptions, warn: (message: string) => void): Settings["spec"] {
  const label = (key: keyof InitOptions) => {
    const text: unknown = options[key];
    if (text !== undefined && text !== null && typeof text !== "string") throw strange(key, text, "a text");
    return clipLabel(text ?? "").trim();
  };
  const object = (key: "config" | "metadata"): JsonObject => {
    const value: unknown = options[key];
    if (value !== undefined && value !== null && typeof value !== "object")
      throw strange(key, value, "an object");
    return toJsonObject(value);
  };
  const optional = <K extends "kind" | "agent" | "task">(key: K): Partial<Record<K, string>> => {
    const text = label(key);
    return text === "" ? {} : ({ [key]: text } as Record<K, string>);
  };
  const tags: unknown = options.tags ?? [];
  if (!Array.isArray(tags)) throw strange("tags", tags, "a list of texts");
  const kept = tags.map((tag) => clipLabel(tag).trim()).filter(Boolean);
  const over = kept.length - MAX_TAGS;
  if (over > 0) warn(`gauntlet: a run has at most ${MAX_TAGS} tags; ${over} are left out`);
  const id = runId(options.id);
  const rules = rulesOf(options.rules);
  return {
    id: id ?? uuidv7(),
    name: label("name") || (id ?? `run ${new Date().toISOString().slice(0, 19).replace("T", " ")}`),
    project: label("project") || clipLabel(environment("GAUNTLET_PROJECT") ?? "").trim() || "default",
    ...optional("kind"),
    ...optional("agent"),
    ...optional("task"),
    tags: kept.slice(0, MAX_TAGS),
    config: object("config"),
    metadata: object("metadata"),
    ...(rules === undefined ? {} : { rules }),
  };
}

/** Which steps fail, where that is asked for. */
function rulesOf(rules: unknown): FailureRules | undefined {
  if (rules === undefined || rules === null) return undefined;
  if (rules === "auto" || rules === "dipg") return rules;
  if (typeof rules === "object" && Object.keys(rules).join() === "root_below") {
    const limit = "root_below" in rules ? numberOf(rules.root_below) : undefined;
    if (limit !== undefined) return { root_below: limit };
  }
  throw new TypeError(`rules is ${shown(rules)}; use "auto", "dipg" or { root_below: number }`);
}

/** The id that is named, if one is. Cut, it would name another run: one that is too long is refused. */
function runId(id: unknown): string | null {
  if (id === undefined || id === null || id === "") return null;
  if (typeof id !== "string") throw strange("id", id, "a text");
  const bytes = bytesOf(id.trim());
  if (bytes <= MAX_ID_BYTES) return idOf(id);
  const limit = `the id of a run has at most ${MAX_ID_BYTES} bytes`;
  throw new TypeError(`id is ${id.slice(0, 40)}..., ${bytes} bytes long; ${limit}`);
}

function strange(key: string, value: unknown, wanted: string): TypeError {
  return new TypeError(`${key} is ${typeof value === "object" ? "an object" : String(value)}; use ${wanted}`);
}
