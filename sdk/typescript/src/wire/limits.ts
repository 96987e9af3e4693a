// The limits of the server; lengths are bytes of UTF-8. What exceeds them is split, cut with a mark, or
// refused. `sdk/contract/limits.json` has the numbers of the server; a test compares them.

import { sha256Now } from "./sha256.js";

/** The largest step: the largest integer that a JSON number represents exactly in every language. */
export const MAX_STEP = Number.MAX_SAFE_INTEGER;
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
/** Most tags of a run. */
export const MAX_TAGS = 64;

const encoder = new TextEncoder();

/** Length of a text as UTF-8, bytes. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** Whether a text has at most `maxBytes`. A UTF-16 unit has at most three, so most texts are not encoded. */
export function fits(text: string, maxBytes: number): boolean {
  return text.length * 3 <= maxBytes || (text.length <= maxBytes && bytesOf(text) <= maxBytes);
}

/** Free text within the limit; a longer one is cut and ends in a mark with its length. */
export function clipText(text: string): string {
  if (fits(text, MAX_TEXT_BYTES)) return text;
  const mark = `\n[cut: ${bytesOf(text)} bytes]`;
  return cut(text, MAX_TEXT_BYTES - bytesOf(mark)) + mark;
}

/**
 * One line within the limit: control characters become spaces, what is longer ends in an ellipsis. What is no
 * text (programs without types hand over anything) becomes one.
 */
export function clipLabel(text: unknown): string {
  const line = String(text).replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
  return fits(line, MAX_LABEL_BYTES) ? line : `${cut(line, MAX_LABEL_BYTES - 3)}…`;
}

/**
 * A name of at most `maxBytes`. A longer one is cut and ends in `~` and 8 hex digits of its SHA-256, so
 * that two different names stay different.
 */
export function shortened(name: string, maxBytes: number): string {
  if (fits(name, maxBytes)) return name;
  const end = `~${sha256Now(encoder.encode(name)).slice(0, 8)}`;
  return cut(name, maxBytes - end.length).replace(/\.+$/, "") + end;
}

/** The longest prefix of `text` with at most `maxBytes`, in complete characters. */
export function cut(text: string, maxBytes: number): string {
  if (fits(text, maxBytes)) return text;
  const { read } = encoder.encodeInto(text, new Uint8Array(Math.max(0, maxBytes)));
  return text.slice(0, read);
}
