// Converts any value of a program to JSON, without throwing.

import { bytesOf, cut } from "./limits.js";
import { wellFormed } from "./text.js";

/** An object of JSON values, as `metadata`, `config` and `payload` are. */
export type JsonObject = Record<string, unknown>;

/** Deeper values are cut: the server refuses documents that are nested deeper than 128. */
const MAX_DEPTH = 64;
/**
 * Most bytes of one value, keys and texts together: more than the longest text, less than an event's 8 MiB.
 */
const MAX_BYTES = 5 << 18;
/** Longest typed array that becomes a list; of a longer one only the length is logged. */
const MAX_TYPED = 1024;
/** Marks where something was cut. */
const CUT = "[cut]";

/**
 * A copy of `value` that `JSON.stringify` accepts without throwing and without replacing numbers by `null`:
 * numbers that are not finite become their names, big integers texts, dates RFC 3339, maps objects, sets and
 * typed arrays lists, errors `{type, message}`; a circular reference becomes `"[circular]"`. Functions,
 * symbols and `undefined` are left out of objects and are `null` in lists. What is longer than about a
 * megabyte is cut, with a mark. Keys that are equal as texts, such as `1` and `"1"` of a map, get different
 * names.
 */
export function toJson(value: unknown): unknown {
  return new JsonCopy().of(value, 0);
}

/** {@link toJson} of an object; anything else becomes the field `value`. */
export function toJsonObject(value: unknown): JsonObject {
  const made = toJson(value);
  if (made === undefined || made === null) return {};
  return isJsonObject(made) ? made : { value: made };
}

/**
 * `JSON.stringify` of plain data, with lone surrogates replaced, which UTF-8 cannot encode; `onRepair` gets
 * their number. For values of {@link toJson}, of the SDK, and of calls of the API.
 */
export function stringifyJson(value: unknown, onRepair: (count: number) => void = () => undefined): string {
  const text = JSON.stringify(value) as string | undefined;
  // `JSON.stringify` escapes lone surrogates only; the text may also contain such an escape itself.
  // `undefined` has no JSON, and is left out of a request.
  if (!text?.includes("\\ud")) return text as string;
  const repaired = new SurrogateRepair();
  const clean = repaired.of(JSON.parse(text));
  if (repaired.count === 0) return text;
  onRepair(repaired.count);
  return JSON.stringify(clean);
}

/** Replaces lone surrogates in plain data. Keys that are equal afterwards get different names. */
class SurrogateRepair {
  count = 0;

  of(value: unknown): unknown {
    if (typeof value === "string") return this.#repair(value);
    if (Array.isArray(value)) return value.map((item) => this.of(item));
    if (!isJsonObject(value)) return value;
    const made: JsonObject = {};
    for (const [key, item] of Object.entries(value))
      setProperty(made, freeKey(this.#repair(key), made), this.of(item));
    return made;
  }

  #repair(text: string): string {
    const repaired = wellFormed(text);
    if (repaired !== text) this.count += 1;
    return repaired;
  }
}

/** The key, followed by `~2`, `~3` and so on where it is used already. */
function freeKey(key: string, taken: JsonObject): string {
  let name = key;
  for (let number = 2; Object.hasOwn(taken, name); number += 1) name = `${key}~${number}`;
  return name;
}

/** Whether two JSON values are equal, in any order of their keys. */
export function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), b as JsonObject];
  if (Array.isArray(a) !== Array.isArray(b) || left.length !== Object.keys(b).length) return false;
  return left.every(([key, value]) => Object.hasOwn(right, key) && isSame(value, right[key]));
}

/** A JSON value as text for a message, at most 80 characters. */
export function previewJson(value: unknown): string {
  const text = (JSON.stringify(value) as string | undefined) ?? "";
  return text.length <= 80 ? text : `${text.slice(0, 80)}...`;
}

/** An object of entries with any keys. */
export function fromEntries<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  const made: Record<string, T> = {};
  for (const [key, value] of entries) setProperty(made, key, value);
  return made;
}

/** Sets a property of any name, also `__proto__`. */
export function setProperty(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The state of one conversion. */
class JsonCopy {
  /** Bytes left of {@link MAX_BYTES}. */
  #remaining = MAX_BYTES;
  /** The objects that contain the current one. */
  readonly #ancestors = new Set<object>();

  of(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "boolean":
        return this.#counted(value);
      case "number":
        return this.#counted(Number.isFinite(value) ? value : String(value));
      case "bigint":
        return this.#counted(Number.isSafeInteger(Number(value)) ? Number(value) : this.#text(String(value)));
      case "object":
        return value === null ? null : this.#object(value, depth);
      default:
        return undefined;
    }
  }

  #counted<T>(value: T): T {
    this.#remaining -= 8;
    return value;
  }

  #text(text: string): string {
    const bytes = bytesOf(text);
    const fitting = bytes <= this.#remaining ? text : `${cut(text, this.#remaining)}${CUT}`;
    this.#remaining -= bytes + 2;
    return fitting;
  }

  #object(value: object, depth: number): unknown {
    if (this.#ancestors.has(value)) return "[circular]";
    if (depth >= MAX_DEPTH) return "[too deep]";
    this.#ancestors.add(value);
    try {
      return this.#converted(value, depth + 1);
    } catch (error) {
      // A getter or a `toJSON` of the caller may throw.
      return `[unreadable: ${error instanceof Error ? error.message : String(error)}]`;
    } finally {
      this.#ancestors.delete(value);
    }
  }

  #converted(value: object, depth: number): unknown {
    if (Array.isArray(value) || value instanceof Set) return this.#list(value, depth);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
    if (value instanceof Error) return { type: this.#text(value.name), message: this.#text(value.message) };
    if (value instanceof Map) return this.#fields(value, depth);
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      const items = value as unknown as Iterable<unknown> & { length: number };
      return items.length <= MAX_TYPED
        ? this.#list(items, depth)
        : `[${value.constructor.name} of ${items.length}]`;
    }
    const custom = value as { toJSON?: () => unknown };
    if (typeof custom.toJSON === "function") return this.of(custom.toJSON(), depth);
    return this.#fields(Object.entries(value), depth);
  }

  #list(items: Iterable<unknown>, depth: number): unknown[] {
    const made: unknown[] = [];
    for (const item of items) {
      if (this.#remaining <= 0) {
        made.push(CUT);
        break;
      }
      this.#remaining -= 1;
      made.push(this.of(item, depth) ?? null);
    }
    return made;
  }

  #fields(entries: Iterable<readonly [unknown, unknown]>, depth: number): JsonObject {
    const made: JsonObject = {};
    for (const [key, item] of entries) {
      if (this.#remaining <= 0) {
        setProperty(made, CUT, true);
        break;
      }
      const name = this.#text(String(key));
      const copy = this.of(item, depth);
      // `made[key] = ...` would set the prototype where the key is `__proto__`.
      if (copy !== undefined) setProperty(made, freeKey(name, made), copy);
    }
    return made;
  }
}
