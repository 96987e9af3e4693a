// JSON that can always be written: what a program hands over, made into what JSON can hold.

import { bytesOf, cut } from "./limits.js";
import { wellFormed } from "./text.js";

/** An object of JSON values, as `metadata`, `config` and `payload` are. */
export type JsonObject = Record<string, unknown>;

/** Deeper than this is cut: the server refuses documents nested deeper than 128. */
const MAX_DEPTH = 64;
/**
 * Most bytes of one value, names and texts together: one text of the longest, and well within an event's 8
 * MiB.
 */
const MAX_BYTES = 5 << 18;
/** Longest list of a typed array; a longer one is bytes rather than numbers to look at. */
const MAX_TYPED = 1024;
/** What stands where something was cut. */
const CUT = "[cut]";

/**
 * A copy of `value` that `JSON.stringify` writes without throwing and without silently turning numbers into
 * `null`: numbers that are not finite become their names, big integers texts, dates RFC 3339, maps objects,
 * sets and typed arrays lists, errors `{type, message}`; what refers to itself becomes `"[circular]"`. What
 * JSON has no word for (functions, symbols, `undefined`) is left out of objects and is `null` in lists. What
 * is longer than about a megabyte is cut, with a mark. Keys that read alike, such as `1` and `"1"` of a map,
 * are all kept.
 */
export function toJson(value: unknown): unknown {
  return new Copy().of(value, 0);
}

/** {@link toJson} of an object; anything else is put under the key `value`. */
export function toJsonObject(value: unknown): JsonObject {
  const made = toJson(value);
  if (made === undefined || made === null) return {};
  return isPlain(made) ? made : { value: made };
}

/**
 * `JSON.stringify` of plain data, whose texts and keys UTF-8 can hold afterwards; `onRepair` is told how many
 * were repaired. For what {@link toJson} or the SDK itself made, and for what a program hands to the API.
 */
export function written(value: unknown, onRepair: (count: number) => void = () => undefined): string {
  const text = JSON.stringify(value);
  // Pairs are written as they are: an escape of that kind is half of one, or a text that looks like it.
  if (text === undefined || !text.includes("\\ud")) return text;
  const repaired = new Repaired();
  const whole = repaired.of(JSON.parse(text));
  if (repaired.count === 0) return text;
  onRepair(repaired.count);
  return JSON.stringify(whole);
}

/** Plain data without halves of surrogate pairs. Keys that are alike afterwards are all kept. */
class Repaired {
  count = 0;

  of(value: unknown): unknown {
    if (typeof value === "string") return this.#text(value);
    if (Array.isArray(value)) return value.map((item) => this.of(item));
    if (!isPlain(value)) return value;
    const made: JsonObject = {};
    for (const [key, item] of Object.entries(value)) put(made, freeKey(this.#text(key), made), this.of(item));
    return made;
  }

  #text(text: string): string {
    const whole = wellFormed(text);
    if (whole !== text) this.count += 1;
    return whole;
  }
}

/** The key, or with `~2`, `~3` and so on behind it where it is taken. */
function freeKey(key: string, taken: JsonObject): string {
  let name = key;
  for (let number = 2; Object.hasOwn(taken, name); number += 1) name = `${key}~${number}`;
  return name;
}

/** Whether two JSON values are the same, whatever the order of their keys. */
export function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), b as JsonObject];
  if (Array.isArray(a) !== Array.isArray(b) || left.length !== Object.keys(b).length) return false;
  return left.every(([key, value]) => Object.hasOwn(right, key) && isSame(value, right[key]));
}

/** A JSON value as a message shows it, cut. */
export function shortly(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length <= 80 ? text : `${text.slice(0, 80)}...`;
}

/** An object of entries, whatever their names. */
export function objectOf<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  const made: Record<string, T> = {};
  for (const [key, value] of entries) put(made, key, value);
  return made;
}

/** Sets an own property of any name, `__proto__` included. */
export function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

function isPlain(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One copy while it is made. */
class Copy {
  /** Bytes it may still have. */
  #left = MAX_BYTES;
  /** The objects that the current one is inside of. */
  readonly #above = new Set<object>();

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
    this.#left -= 8;
    return value;
  }

  #text(text: string): string {
    const bytes = bytesOf(text);
    const kept = bytes <= this.#left ? text : `${cut(text, this.#left)}${CUT}`;
    this.#left -= bytes + 2;
    return kept;
  }

  #object(value: object, depth: number): unknown {
    if (this.#above.has(value)) return "[circular]";
    if (depth >= MAX_DEPTH) return "[too deep]";
    this.#above.add(value);
    try {
      return this.#converted(value, depth + 1);
    } catch (error) {
      // A getter or a `toJSON` of the caller's may throw; that must not reach its loop.
      return `[unreadable: ${error instanceof Error ? error.message : String(error)}]`;
    } finally {
      this.#above.delete(value);
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
    const own = value as { toJSON?: unknown };
    if (typeof own.toJSON === "function") return this.of(own.toJSON(), depth);
    return this.#fields(Object.entries(value), depth);
  }

  #list(items: Iterable<unknown>, depth: number): unknown[] {
    const made: unknown[] = [];
    for (const item of items) {
      if (this.#left <= 0) {
        made.push(CUT);
        break;
      }
      this.#left -= 1;
      made.push(this.of(item, depth) ?? null);
    }
    return made;
  }

  #fields(entries: Iterable<readonly [unknown, unknown]>, depth: number): JsonObject {
    const made: JsonObject = {};
    for (const [key, item] of entries) {
      if (this.#left <= 0) {
        put(made, CUT, true);
        break;
      }
      const name = this.#text(String(key));
      const kept = this.of(item, depth);
      // `made[key] = ...` would set the prototype where the key is `__proto__`.
      if (kept !== undefined) put(made, freeKey(name, made), kept);
    }
    return made;
  }
}
