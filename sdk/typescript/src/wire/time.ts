// Times in the wire format: RFC 3339 in UTC, in microseconds.

const MICROS = 1000n;

let lastMillis = 0;
let lastText = "";

/** Now, by the wall clock. */
export function now(): string {
  const millis = Date.now();
  if (millis !== lastMillis) {
    lastMillis = millis;
    lastText = fromMillis(millis);
  }
  return lastText;
}

/** An instant from milliseconds since the Unix epoch, as RFC 3339 with six digits. */
export function fromMillis(millis: number): string {
  const floored = Math.floor(millis);
  const micros = Math.floor((millis - floored) * 1000);
  return text(floored, micros);
}

/** An instant from microseconds since the Unix epoch, as RFC 3339 with six digits. */
export function fromMicros(micros: bigint): string {
  const rest = ((micros % MICROS) + MICROS) % MICROS;
  return text(Number((micros - rest) / MICROS), Number(rest));
}

function text(millis: number, micros: number): string {
  const date = new Date(millis).toISOString();
  return `${date.slice(0, -1)}${String(micros).padStart(3, "0")}Z`;
}

/** Milliseconds since the Unix epoch of an RFC 3339 time, to the millisecond. `NaN` where it is none. */
export function toMillis(at: string): number {
  return Date.parse(at);
}
