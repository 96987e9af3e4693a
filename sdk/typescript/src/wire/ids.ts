// Ids that the client makes: UUIDv7 for events and runs, hex for traces and spans.

/** The Web Crypto API, where the platform has one. Node 18 has it in a module instead of a global. */
let source = (globalThis as { crypto?: Crypto }).crypto;

/** Loads the Web Crypto API in Node 18; `init` waits for it. Ids made before come from `Math.random`. */
export const randomReady: Promise<void> = source
  ? Promise.resolve()
  : import(/* @vite-ignore */ nodeModule("crypto")).then(
      (module: { webcrypto?: Crypto }) => void (source = module.webcrypto),
      () => undefined,
    );

/** Not a literal: bundlers for browsers would try to resolve the module. */
function nodeModule(name: string): string {
  return `node:${name}`;
}

/** A pool of random bytes: one call of `getRandomValues` costs as much as making an event. */
const pool = new Uint8Array(4096);
let taken = pool.length;

function randomBytes(count: number): Uint8Array {
  if (taken + count > pool.length) {
    if (source) source.getRandomValues(pool);
    else for (let i = 0; i < pool.length; i += 1) pool[i] = Math.floor(Math.random() * 256);
    taken = 0;
  }
  taken += count;
  return pool.subarray(taken - count, taken);
}

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += DIGITS[byte] ?? "";
  return text;
}

let lastMillis = 0;
let counter = 0;

/**
 * A UUIDv7 (RFC 9562): milliseconds since the Unix epoch, then a counter that grows within a millisecond,
 * then 62 random bits. Ids of one process sort in the order they were made, also when its clock steps back.
 */
export function uuidv7(now: number = Date.now()): string {
  const bytes = randomBytes(16);
  if (now > lastMillis) {
    lastMillis = now;
    // 11 of 12 bits, so that the counter can grow.
    counter = (((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0)) & 0x7ff;
  } else if ((counter += 1) > 0xfff) {
    lastMillis += 1;
    counter = 0;
  }
  const millis = lastMillis;
  for (let i = 0; i < 6; i += 1) bytes[i] = Math.floor(millis / 2 ** (8 * (5 - i))) & 0xff;
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const text = hex(bytes);
  const part = (from: number, to: number) => text.slice(from, to);
  return [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
}

/** A span id: 8 random bytes, hex. */
export function spanId(): string {
  return hex(randomBytes(8));
}

/** A trace id, which is an episode's: 16 random bytes, hex. */
export function traceId(): string {
  return hex(randomBytes(16));
}

/** The id of one run handle of one process: 6 random bytes, hex. */
export function writerId(): string {
  return hex(randomBytes(6));
}

/** SHA-256 of bytes, lowercase hex. `undefined` in a page that is not a secure context. */
export async function sha256(bytes: Uint8Array): Promise<string | undefined> {
  await randomReady;
  if (!source?.subtle) return undefined;
  return hex(new Uint8Array(await source.subtle.digest("SHA-256", bytes as BufferSource)));
}
