// From whatever a training loop holds to what the wire allows: numbers under rubric paths.

import { put, toJson } from "../wire/json.js";
import { bytesOf, clipLabel, clipText, MAX_ID_BYTES, MAX_PATH_BYTES, MAX_SCORES, MAX_STEP } from "../wire/limits.js";
import type { Scores } from "../wire/events.js";
import type { Ledger } from "./ledger.js";

/** Numbers by name, nested as deep as is useful: `{ safety: { grounding: 1 } }` is the path `safety.grounding`. */
export interface Values {
  readonly [name: string]: number | boolean | bigint | null | undefined | Values;
}

const MAX_DEPTH = 8;

/**
 * The finite numbers among `values` by rubric path. Nested names join with a dot; booleans are 1 and 0. What is no
 * finite number is left out, counted as skipped and named once; `undefined` is as if it were not there.
 */
export function scoresOf(values: Values, ledger: Ledger, prefix = ""): Scores {
  const scores: Scores = {};
  let found = 0;
  const walk = (part: object, above: string, depth: number) => {
    for (const [name, value] of Object.entries(part) as [string, unknown][]) {
      if (value === undefined) continue;
      const path = pathOf(above ? `${above}.${name}` : name);
      const number = numberOf(value);
      if (depth < MAX_DEPTH && isGroup(value)) walk(value, path, depth + 1);
      else if (number === undefined || path === "") skip(path || name, value, ledger);
      else if (found < MAX_SCORES || Object.hasOwn(scores, path)) {
        if (!Object.hasOwn(scores, path)) found += 1;
        put(scores, path, number);
      } else skip(path, value, ledger, `beyond the ${MAX_SCORES} scores of a snapshot`);
    }
  };
  walk(values, prefix, 0);
  return scores;
}

/** The scores of a judged step: `reward` is the whole, `root`, where nothing else is. */
export function withRoot(scores: Scores): Scores {
  if (!Object.hasOwn(scores, "reward") || Object.hasOwn(scores, "root")) return scores;
  return Object.fromEntries(Object.entries(scores).map(([path, value]) => [path === "reward" ? "root" : path, value]));
}

/** The finite number that `value` is, if it is one. */
export function numberOf(value: unknown): number | undefined {
  const number =
    typeof value === "boolean" || typeof value === "bigint" || isNumeric(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** Whether it is names and values, and not something that only looks like them. */
function isGroup(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isNumeric(value)) return false;
  return Object.keys(value).length > 0 && !ArrayBuffer.isView(value);
}

function isNumeric(value: unknown): boolean {
  return value instanceof Number || value instanceof Boolean;
}

function skip(name: string, value: unknown, ledger: Ledger, why = "not a finite number"): void {
  ledger.counts.skipped += 1;
  const shown = value === null ? "null" : said(value).slice(0, 40);
  ledger.warn(`value ${name}`, `${name} is ${shown}, ${why}; it is left out (told once)`);
}

/** Names are few and come again and again. */
const paths = new Map<string, string>();
const MOST_PATHS = 65_536;

/** The rubric path of a name: `a/b` becomes `a.b`, empty segments and control characters go, at most 256 bytes stay. */
export function pathOf(name: string): string {
  const known = paths.get(name);
  if (known !== undefined) return known;
  // Control characters are what is looked for.
  const clean = name.replace(/[\u0000-\u001f\u007f-\u009f]/g, "").replace(/\//g, ".");
  const whole = clean.split(".").filter(Boolean).join(".");
  const path = bytesOf(whole) <= MAX_PATH_BYTES ? whole : clipLabel(whole, MAX_PATH_BYTES).replace(/\.+…?$/, "");
  if (paths.size < MOST_PATHS) paths.set(name, path);
  return path;
}

/** A step number, if it is one. */
export function stepOf(step: number): number | undefined {
  return Number.isInteger(step) && step >= 0 && step <= MAX_STEP ? step : undefined;
}

/** The id of a run or an episode: what may not stand in a path is replaced. */
export function idOf(text: string): string {
  const line = clipLabel(String(text), MAX_ID_BYTES).replace(/[/\\]/g, "_");
  return line === "." || line === ".." || line === "" ? "_" : line;
}

/** Free text of anything: texts as they are, everything else as JSON; cut at the limit and counted. */
export function textOf(value: unknown, ledger: Ledger): string {
  const whole = said(value);
  const text = clipText(whole);
  if (text !== whole) {
    ledger.counts.cut += 1;
    ledger.warn("cut", `a text of ${whole.length} characters was cut to 1 MiB (told once; see run.stats.cut)`);
  }
  return text;
}

function said(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (value instanceof Error) return String(value.message);
  const made = typeof value === "string" ? value : toJson(value);
  return typeof made === "string" ? made : (JSON.stringify(made) ?? String(value));
}
