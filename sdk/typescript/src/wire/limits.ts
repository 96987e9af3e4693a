// The server's limits, kept here so that what is over them is cut with a mark instead of refused.

/** The largest step number. */
export const MAX_STEP = 2 ** 31 - 1;
/** Longest rubric path, bytes of UTF-8. */
export const MAX_PATH_BYTES = 256;
/** Longest name, id, tag or other one-line text, bytes of UTF-8. */
export const MAX_LABEL_BYTES = 512;
/** Longest id of a run or episode, bytes of UTF-8. */
export const MAX_ID_BYTES = 200;
/** Longest action, observation, message or other free text, bytes of UTF-8. */
export const MAX_TEXT_BYTES = 1 << 20;
/** Most rubric scores in one snapshot. */
export const MAX_SCORES = 1024;

const encoder = new TextEncoder();

/** Length of a text as UTF-8, bytes. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** Free text within the limit; what is longer ends in a mark that says how long it was. */
export function clipText(text: string): string {
  // A UTF-16 unit is at most three bytes: most texts need no encoding to be known as short.
  if (text.length * 3 <= MAX_TEXT_BYTES) return text;
  const bytes = bytesOf(text);
  if (bytes <= MAX_TEXT_BYTES) return text;
  return cut(text, MAX_TEXT_BYTES, `\n[cut: ${bytes} bytes]`);
}

/**
 * One line within the limit: control characters become spaces, what is longer ends in an ellipsis. What is no text
 * (programs without types hand over anything) becomes one.
 */
export function clipLabel(text: unknown, maxBytes = MAX_LABEL_BYTES): string {
  // Control characters are what is looked for; half characters cannot be sent.
  const line = String(text)
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ")
    .replace(/\p{Surrogate}/gu, "\ufffd");
  return line.length * 3 <= maxBytes || bytesOf(line) <= maxBytes ? line : cut(line, maxBytes, "…");
}

/** The longest start of `text` that fits with `mark` behind it, never half a character. */
function cut(text: string, maxBytes: number, mark: string): string {
  const { read } = encoder.encodeInto(text, new Uint8Array(maxBytes - bytesOf(mark)));
  return text.slice(0, read) + mark;
}
