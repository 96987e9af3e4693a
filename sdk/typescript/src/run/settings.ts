// The settings of a run, from the call and from the environment; the call takes precedence.

import type { FailureRules, RunSpec } from "../client/types.js";
import { environment } from "../client/http.js";
import { toJsonObject, stringifyJson, type JsonObject } from "../wire/json.js";
import { bytesOf, clipLabel, MAX_ID_BYTES, MAX_TAGS } from "../wire/limits.js";
import { uuidv7 } from "../wire/ids.js";
import type { Spool } from "./fifo.js";
import type { ExitRequest } from "./exitRequests.js";
import { idOf, numberOf, preview } from "./values.js";

/** `online` sends, `offline` stores everything on disk for later, `disabled` does nothing. */
export type Mode = "online" | "offline" | "disabled";

/**
 * Sends requests synchronously, one after the other, up to the first that fails; returns how many succeeded.
 */
export type SendNow = (requests: readonly ExitRequest[], timeoutMs: number) => number;

/** Stores events that do not fit into memory. `endpoint` is the server of the run; offline `null`. */
export interface Spools {
  /** The spools that earlier processes left of the run for that server, oldest first. */
  leftOf: (run: RunSpec & { id: string }, endpoint: string | null) => Spool[];
  /** Opens a new spool for a run's events; `null` where there can be none. */
  open: (
    run: RunSpec & { id: string },
    endpoint: string | null,
    warn: (message: string) => void,
  ) => Spool | null;
  /** SHA-256 as lowercase hex, synchronously: for the exit of a process. */
  sha256: (bytes: Uint8Array) => string;
  /** For the exit of a process. */
  sendNow?: SendNow;
  /** Called when the last run of the process has ended: work for other runs must not delay its exit long. */
  ended?: () => void;
}

/** How a run begins. */
export interface InitOptions {
  /** Default `GAUNTLET_PROJECT`, else `default`. */
  project?: string;
  /** Shown to people. Default: the time. */
  name?: string;
  /** Continues the run of that id, if there is one. Default: a new run. */
  id?: string;
  /** What sort of run: `grpo`, `evaluation`, ... Default `training`. */
  kind?: string;
  agent?: string;
  task?: string;
  tags?: readonly string[];
  /** Hyperparameters and other configuration. */
  config?: object;
  metadata?: object;
  /** Which steps fail: `dipg` (the medical rules), or a bound of the root. Default `auto`: by the scores. */
  rules?: FailureRules;
  /** Default `GAUNTLET_ENDPOINT`; see {@link ClientOptions}. */
  endpoint?: string;
  /** Default `GAUNTLET_API_KEY`. */
  apiKey?: string;
  /** Default `GAUNTLET_MODE`, else `online`. */
  mode?: Mode;
  /** Receives warnings; default `console.warn`, or nothing where `GAUNTLET_QUIET` is set. */
  onWarning?: (message: string) => void;
  /** How long `finish` waits for the server, milliseconds. Default `GAUNTLET_FINISH_SECONDS`, else 30 s. */
  finishMs?: number;
  /** Most events that are queued in memory. Default 10,000. */
  queueEvents?: number;
  /** Stores events that do not fit into memory; `gauntlet-sdk/node` has one. */
  spool?: Spools;
}

/** {@link InitOptions} with all defaults. */
export interface Settings {
  spec: RunSpec & { id: string; project: string };
  /** The options that the program named: only these are compared with a run that exists. */
  named: readonly (keyof RunSpec)[];
  /** Number of texts with lone surrogates in it, which were replaced. */
  repairedTexts: number;
  mode: Mode;
  warn: (message: string) => void;
  finishMs: number;
  queueEvents: number;
  spool: Spools | null;
}

/** The options that are part of the run itself. */
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

/** The settings. Throws a `TypeError` for invalid options, naming the option and its value. */
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
  const warn = warningSink(options);
  const named = SPEC_KEYS.filter((key) => (options[key] ?? "") !== "");
  let repairedTexts = 0;
  const spec = JSON.parse(
    stringifyJson(specOf(options, warn), (count) => (repairedTexts = count)),
  ) as Settings["spec"];
  return { spec, named, repairedTexts, mode, warn, finishMs, queueEvents, spool: options.spool ?? null };
}

/** The function that receives the warnings of a run. */
export function warningSink({ onWarning }: Pick<InitOptions, "onWarning">): (message: string) => void {
  const isQuiet = ["1", "true", "yes"].includes(environment("GAUNTLET_QUIET") ?? "");
  return onWarning ?? (isQuiet ? () => undefined : (message: string) => console.warn(message));
}

function specOf(options: InitOptions, warn: (message: string) => void): Settings["spec"] {
  const label = (key: keyof InitOptions) => {
    const text: unknown = options[key];
    if (text !== undefined && text !== null && typeof text !== "string")
      throw invalidType(key, text, "a text");
    return clipLabel(text ?? "").trim();
  };
  const object = (key: "config" | "metadata"): JsonObject => {
    const value: unknown = options[key];
    if (value !== undefined && value !== null && typeof value !== "object")
      throw invalidType(key, value, "an object");
    return toJsonObject(value);
  };
  const optional = <K extends "kind" | "agent" | "task">(key: K): Partial<Record<K, string>> => {
    const text = label(key);
    return text === "" ? {} : ({ [key]: text } as Record<K, string>);
  };
  const tags: unknown = options.tags ?? [];
  if (!Array.isArray(tags)) throw invalidType("tags", tags, "a list of texts");
  const labels = tags.map((tag) => clipLabel(tag).trim()).filter(Boolean);
  const over = labels.length - MAX_TAGS;
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
    tags: labels.slice(0, MAX_TAGS),
    config: object("config"),
    metadata: object("metadata"),
    ...(rules === undefined ? {} : { rules }),
  };
}

/** The failure rules, where they are named. */
function rulesOf(rules: unknown): FailureRules | undefined {
  if (rules === undefined || rules === null) return undefined;
  if (rules === "auto" || rules === "dipg") return rules;
  if (typeof rules === "object" && Object.keys(rules).join() === "root_below") {
    const limit = "root_below" in rules ? numberOf(rules.root_below) : undefined;
    if (limit !== undefined) return { root_below: limit };
  }
  throw new TypeError(`rules is ${preview(rules)}; use "auto", "dipg" or { root_below: number }`);
}

/** The id, where one is named. Cut, it would name another run, so one that is too long is refused. */
function runId(id: unknown): string | null {
  if (id === undefined || id === null || id === "") return null;
  if (typeof id !== "string") throw invalidType("id", id, "a text");
  const bytes = bytesOf(id.trim());
  if (bytes <= MAX_ID_BYTES) return idOf(id);
  const limit = `the id of a run has at most ${MAX_ID_BYTES} bytes`;
  throw new TypeError(`id is ${id.slice(0, 40)}..., ${bytes} bytes long; ${limit}`);
}

function invalidType(key: string, value: unknown, wanted: string): TypeError {
  return new TypeError(`${key} is ${preview(value)}; use ${wanted}`);
}
