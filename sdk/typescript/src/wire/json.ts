// JSON that can always be written: what a program hands over, made into what JSON can hold.

/** An object of JSON values, as `metadata`, `config` and `payload` are. */
export type JsonObject = Record<string, unknown>;

/** Deeper than this is cut: the server refuses documents nested deeper than 128. */
const MAX_DEPTH = 64;

/**
 * A copy of `value` that `JSON.stringify` writes without throwing and without silently turning numbers into `null`:
 * numbers that are not finite become their names, big integers texts, dates RFC 3339, maps objects, sets and typed
 * arrays lists, errors `{type, message}`; what refers to itself becomes `"[circular]"`. What JSON has no word for
 * (functions, symbols, `undefined`) is left out of objects and is `null` in lists.
 */
export function toJson(value: unknown): unknown {
  return copy(value, new Set(), 0);
}

/** {@link toJson} of an object; anything else is put under the key `value`. */
export function toJsonObject(value: unknown): JsonObject {
  const made = toJson(value);
  if (made === undefined || made === null) return {};
  return isPlain(made) ? made : { value: made };
}

function isPlain(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function copy(value: unknown, above: Set<object>, depth: number): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case "object":
      return value === null ? null : copyObject(value, above, depth);
    default:
      return undefined;
  }
}

function copyObject(value: object, above: Set<object>, depth: number): unknown {
  if (above.has(value)) return "[circular]";
  if (depth >= MAX_DEPTH) return "[too deep]";
  above.add(value);
  try {
    return converted(value, above, depth + 1);
  } catch (error) {
    // A getter or a `toJSON` of the caller's may throw; that must not reach its loop.
    return `[unreadable: ${error instanceof Error ? error.message : String(error)}]`;
  } finally {
    above.delete(value);
  }
}

function converted(value: object, above: Set<object>, depth: number): unknown {
  const list = (items: Iterable<unknown>) => Array.from(items, (item) => copy(item, above, depth) ?? null);
  const object = (entries: Iterable<readonly [unknown, unknown]>) => {
    const made: JsonObject = {};
    for (const [key, item] of entries) {
      const kept = copy(item, above, depth);
      // `made[key] = ...` would set the prototype where the key is `__proto__`.
      if (kept !== undefined) put(made, String(key), kept);
    }
    return made;
  };
  if (Array.isArray(value)) return list(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
  if (value instanceof Error) return { type: value.name, message: value.message };
  if (value instanceof Map) return object(value);
  if (value instanceof Set) return list(value);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return list(value as unknown as Iterable<unknown>);
  const own = value as { toJSON?: unknown };
  if (typeof own.toJSON === "function") return copy(own.toJSON(), above, depth);
  return object(Object.entries(value));
}

/** Sets an own property of any name, `__proto__` included. */
export function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
