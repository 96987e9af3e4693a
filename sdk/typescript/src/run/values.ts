// Parses any value of a training loop into what the wire format allows: numbers, rubric paths, steps, ids,
// texts.
//
// The SDKs share these rules: `sdk/contract/values.json` has their vectors.

import { setProperty, toJson, stringifyJson } from "../wire/json.js";
import { clipText, MAX_ID_BYTES, MAX_STEP, shortened } from "../wire/limits.js";
import { wellFormed } from "../wire/text.js";
import type { Scores } from "../wire/events.js";
import type { Ledger } from "./ledger.js";
import { pathsOf } from "./paths.js";

/** A score: `null`, NaN, an infinity and an empty text mean that a rubric was not evaluated. */
export type Value = number | boolean | bigint | string | null | undefined;

/** Numbers by name, in any depth: `{ safety: { grounding: 1 } }` is the path `safety.grounding`. */
export type Values = ReadonlyMap<string, Value> | { readonly [name: string]: Value | Values };

/**
 * `T` where it is {@link Values} or an interface of such fields, which has no index signature; else `never`.
 */
export type ValuesOf<T> =
  T extends ReadonlyMap<string, Value>
    ? T
    : T extends Value | NotValues
      ? never
      : { readonly [K in keyof T]: T[K] extends Value ? T[K] : EntryOf<T[K]> };

type EntryOf<V> = V extends Value ? V : ValuesOf<V>;

/** Objects that hold no numbers by name. */
type NotValues = Date | readonly unknown[] | ArrayBufferView | ((...args: never) => unknown);

const MAX_DEPTH = 8;
/** Numbers as JSON and CSV files write them. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** Texts that mean that there is no number. */
const NO_NUMBER = new Set(["", "nan", "inf", "infinity", "null", "none", "n/a", "na", "<na>", "#n/a"]);

/** The numbers of one call by rubric path, and the paths that were not evaluated. */
export interface ParsedScores {
  scores: Scores;
  notEvaluated: string[];
}

/**
 * The numbers among `values` by rubric path. Nested names join with a dot; names that meet in one path are
 * renamed so that none is lost. What is not a number is left out, counted as skipped and warned about once;
 * `undefined` is ignored.
 */
export function scoresOf(values: unknown, ledger: Ledger, prefix = ""): ParsedScores {
  const taken: ParsedScores = { scores: {}, notEvaluated: [] };
  if (!isNamedValues(values)) {
    if (values !== undefined) {
      skipValue("scores", values, ledger, "no object of names and numbers");
      ledger.recordLoss("the scores of a call were no object of names and numbers");
    }
    return taken;
  }
  const names: string[] = [];
  const numbers: number[] = [];
  const walk = (group: object, above: string, depth: number) => {
    for (const [key, value] of entriesOf(group)) {
      if (value === undefined) continue;
      const name = above === "" ? key : `${above}.${key}`;
      const number = parseNumber(value);
      if (number !== undefined) {
        names.push(name);
        numbers.push(number);
      } else if (depth < MAX_DEPTH && isNamedValues(value)) walk(value, name, depth + 1);
      else skipValue(name, value, ledger);
    }
  };
  walk(values, prefix, 0);
  pathsOf(names).forEach((path, i) => {
    const [name, number] = [names[i] ?? "", numbers[i] ?? Number.NaN];
    if (path === "") return skipValue(name, number, ledger, "a value without a name");
    if (path.includes("~") && !name.includes("~")) warnRenamed(name, path, ledger);
    if (path.includes("\ufffd") && !name.includes("\ufffd")) ledger.counts.repairedTexts += 1;
    if (Number.isFinite(number)) setProperty(taken.scores, path, number);
    else {
      ledger.counts.notEvaluated += 1;
      taken.notEvaluated.push(path);
    }
  });
  return taken;
}

/** Renames the score `reward` to `root`, where there is no `root`. */
export function withRoot({ scores, notEvaluated }: ParsedScores): ParsedScores {
  if (Object.hasOwn(scores, "root") || notEvaluated.includes("root")) return { scores, notEvaluated };
  const renamed = (path: string) => (path === "reward" ? "root" : path);
  const made: Scores = {};
  for (const [path, value] of Object.entries(scores)) setProperty(made, renamed(path), value);
  return { scores: made, notEvaluated: notEvaluated.map(renamed) };
}

/** The finite number that `value` is, if it is one. */
export function numberOf(value: unknown): number | undefined {
  const number = parseNumber(value);
  return number !== undefined && Number.isFinite(number) ? number : undefined;
}

/**
 * The number that a value is: a number, a boolean, a big integer, a text such as `"0.8"`, or an object that
 * represents one of them (a boxed number, a decimal). NaN where it means that there is none, `undefined`
 * where it is something else.
 */
export function parseNumber(value: unknown): number | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? value : Number.NaN;
    case "boolean":
    case "bigint":
      return parseNumber(Number(value));
    case "string":
      return parseNumberText(value.trim());
    case "object":
      if (value === null) return Number.NaN;
      return value instanceof Date ? undefined : parseNumberObject(value);
    default:
      return undefined;
  }
}

function parseNumberText(text: string): number | undefined {
  if (NUMBER.test(text)) return parseNumber(Number(text));
  const word = text.toLowerCase();
  if (word === "true" || word === "false") return Number(word === "true");
  const unsigned = word.replace(/^[+-](?=.)/, "");
  return text === "-" || NO_NUMBER.has(unsigned) ? Number.NaN : undefined;
}

function parseNumberObject(value: object): number | undefined {
  try {
    // Plain objects and lists are used as they are.
    const primitive: unknown = typeof value.valueOf === "function" ? value.valueOf() : value;
    return typeof primitive === "object" || typeof primitive === "function"
      ? undefined
      : parseNumber(primitive);
  } catch {
    return undefined;
  }
}

/** Whether it is names and values, and not something that only looks like them. */
function isNamedValues(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
    return false;
  return !(value instanceof Date) && !(value instanceof Set);
}

function entriesOf(group: object): (readonly [string, unknown])[] {
  return group instanceof Map
    ? [...group].map(([key, value]) => [String(key), value])
    : Object.entries(group);
}

function skipValue(name: string, value: unknown, ledger: Ledger, why = "not a number"): void {
  ledger.counts.skipped += 1;
  ledger.warn(`value ${name}`, `${name} is ${preview(value)}, ${why}; it is left out (warned once)`);
}

function warnRenamed(name: string, path: string, ledger: Ledger): void {
  ledger.counts.renamedScores += 1;
  const why = "is too long for a path, or another one of the call means the same";
  ledger.warn(`renamed ${path}`, `the name ${preview(name)} ${why}; it is logged as ${path} (warned once)`);
}

/** A value as text for a warning, at most 40 characters. */
export function preview(value: unknown): string {
  return value === null ? "null" : toText(value).slice(0, 40);
}

/** A step number from 0 to 2^53 - 1, if it is one: a number, a big integer, a text as well. */
export function stepOf(step: unknown): number | undefined {
  const number = typeof step === "number" ? step : numberOf(step);
  if (number === undefined || !Number.isInteger(number) || number < 0 || number > MAX_STEP) return undefined;
  // A big integer beyond 2^53 may be rounded to a number below it.
  return typeof step === "bigint" && BigInt(number) !== step ? undefined : number;
}

/**
 * The id of an episode: one line without slashes. Longer than 200 bytes, it is cut and ends in a hash, so
 * that two long ids stay two.
 */
export function idOf(text: unknown, ledger?: Ledger): string {
  const original = String(text);
  const repaired = wellFormed(original);
  if (repaired !== original && ledger !== undefined) ledger.counts.repairedTexts += 1;
  const line = repaired
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ")
    .replace(/[/\\]/g, "_")
    .trim();
  return line === "." || line === ".." || line === "" ? "_" : shortened(line, MAX_ID_BYTES);
}

/** A text of any value: a text unchanged, everything else as JSON; cut at the limit, which is counted. */
export function textOf(value: unknown, ledger: Ledger): string {
  const full = toText(value);
  const text = clipText(full);
  if (text !== full) {
    ledger.counts.cut += 1;
    ledger.warn(
      "cut",
      `a text of ${full.length} characters was cut to 1 MiB (warned once; see run.stats.cut)`,
    );
  }
  return text;
}

/** A list of names as texts; a single text is one name. */
export function namesOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === "string") return [value];
  const isList = typeof value === "object" && Symbol.iterator in value;
  return (isList ? [...(value as Iterable<unknown>)] : [value]).map(toText);
}

function toText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (value instanceof Error) return value.message;
  const made = typeof value === "string" ? value : toJson(value);
  return typeof made === "string" ? made : made === undefined ? unserializable(value) : stringifyJson(made);
}

/** What `toJson` leaves out (a function, a symbol) as a text. */
function unserializable(value: unknown): string {
  return typeof value === "symbol" ? value.toString() : typeof value;
}
