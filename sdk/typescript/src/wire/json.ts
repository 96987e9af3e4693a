// JSON that can always be written: what a program hands over, made into what JSON can hold.

/** An object of JSON values, as `metadata`, `config` and `payload` are. */
export type JsonObject = Record<string, unknown>;

/** Deeper than this is cut: the server refuses documents nested deeper than 128. */
const MAX_DEPTH = 64;
/** Most characters of one value, names and texts together: one text of the longest, and the server's 8 MiB an event. */
const MAX_CHARACTERS = 5 << 18;
/** Longest list of a typed array; a longer one is bytes rather than numbers to look at. */
const MAX_TYPED = 1024;
/** What stands where something was cut. */
const CUT = "[cut]";

/**
 * A copy of `value` that `JSON.stringify` writes without throwing and without silently turning numbers into `null`:
 * numbers that are not finite become their names, big integers texts, dates RFC 3339, maps objects, sets and typed
 * arrays lists, errors `{type, message}`; what refers to itself becomes `"[circular]"`. What JSON has no word for
 * (functions, symbols, `undefined`) is left out of objects and is `null` in lists. What is longer than about a million
 * characters is cut, with a mark.
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
 * `JSON.stringify`, except that half characters become U+FFFD: texts that were cut in the middle of an emoji have them,
 * and the server refuses them, as every parser of UTF-8 does. For what {@link toJson} or the SDK itself made.
 */
export function written(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes("\\ud")) return text;
  // Pairs are written as they are: an escape of that kind is a half character. Other escapes stay.
  return text.replace(/\\(ud[89a-f][0-9a-f]{2}|.)/g, (all, escape: string) => (escape.length > 1 ? "\ufffd" : all));
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
  /** Characters it may still have. */
  #left = MAX_CHARACTERS;
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
    const kept = text.length <= this.#left ? text : `${text.slice(0, Math.max(0, this.#left))}${CUT}`;
    this.#left -= text.length + 2;
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
      return items.length <= MAX_TYPED ? this.#list(items, depth) : `[${value.constructor.name} of ${items.length}]`;
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
      if (kept !== undefined) put(made, name, kept);
    }
    return made;
  }
}
