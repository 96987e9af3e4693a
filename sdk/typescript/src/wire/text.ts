// Texts that UTF-8 can hold, and their order.

const HALF = /\p{Surrogate}/gu;

/**
 * The text with halves of surrogate pairs, which no UTF-8 can hold, as U+FFFD: texts that were cut in the
 * middle of an emoji have them, and the server refuses them. The same text where there is nothing to repair.
 */
export function wellFormed(text: string): string {
  return text.replace(HALF, "\ufffd");
}

/**
 * By code points, which is also by the bytes of UTF-8; JavaScript's own order differs beyond the first 65536.
 */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  for (;;) {
    const [x, y] = [left.next(), right.next()];
    if (x.done || y.done) return Number(y.done ?? false) - Number(x.done ?? false);
    const difference = (x.value.codePointAt(0) ?? 0) - (y.value.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
}
