// Replaces lone surrogates, and compares texts by code point.

const SURROGATE = /\p{Surrogate}/gu;

/**
 * The text with lone surrogates replaced by U+FFFD: UTF-8 cannot encode them, and the server refuses them.
 * Texts that were cut in the middle of an emoji have them. Unchanged where there are none.
 */
export function wellFormed(text: string): string {
  return text.replace(SURROGATE, "\ufffd");
}

/**
 * Compares by code point, which is the order of the bytes of UTF-8; `<` compares UTF-16 units instead.
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
