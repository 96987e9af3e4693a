// The decoder's building blocks: numbers, texts, values and positions, each validated.

import { fromMicros } from "../wire/time.js";

/** The most text one chunk may unfold to, UTF-16 units: references to one text are cheap in the input. */
const MAX_TEXT = 1 << 28;

/** The greatest difference of two steps, and more than that of anything else that must be exact. */
const WIDEST = 2n ** 53n;

/** A number from one whose lowest bit is its sign. */
function unfolded(number: bigint): bigint {
  return number & 1n ? -((number + 1n) >> 1n) : number >> 1n;
}

/** Why bytes are not facts: which part, where, and what was expected and found. */
export class CodecError extends Error {
  /** Which part of the format. */
  readonly what: string;
  /** Offset in the input, bytes. */
  readonly at: number;
  override readonly name = "CodecError";
  constructor(what: string, at: number, problem: string) {
    super(`${what} at byte ${at}: ${problem}`);
    this.what = what;
    this.at = at;
  }
}

/** The input, and how far it is read. */
export class Input {
  readonly bytes: Uint8Array;
  #at = 0;
  #texts: string[] = [];
  #textLeft = MAX_TEXT;
  readonly #view: DataView;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.#at;
  }

  wrong(what: string, problem: string): CodecError {
    return new CodecError(what, this.#at, problem);
  }

  /** Reads the string table. */
  strings(): void {
    const texts = this.count("number of strings", 1);
    for (let i = 0; i < texts; i += 1) this.#texts.push(this.#inline("string"));
  }

  take(what: string, count: number): Uint8Array {
    const at = this.#skip(what, count);
    return this.bytes.subarray(at, this.#at);
  }

  /** A base-128 number, low bits first. Above 2^53 it is no longer exact, which only losses may be. */
  number(what: string): number {
    const { bytes } = this;
    let number = 0;
    let scale = 1;
    for (let i = 0; i < 10; i += 1) {
      const byte = bytes[this.#at];
      if (byte === undefined) throw this.wrong(what, "needs 1 bytes, 0 are left");
      this.#at += 1;
      if (i === 9 && byte > 1) break;
      number += (byte & 0x7f) * scale;
      if (byte < 0x80) return number;
      scale *= 128;
    }
    throw this.wrong(what, "is a number of more than 64 bits");
  }

  /** A number that must be exact. */
  exact(what: string): number {
    const number = this.number(what);
    if (!Number.isSafeInteger(number)) throw this.wrong(what, `${number} is more than 53 bits`);
    return number;
  }

  /** A number whose lowest bit is its sign: up to 2^53 either way. */
  signed(what: string): number {
    const begun = this.#at;
    const number = this.number(what);
    if (Number.isSafeInteger(number)) return number % 2 === 0 ? number / 2 : -(number + 1) / 2;
    const signed = unfolded(this.#exactly(begun));
    if (signed > WIDEST || signed < -WIDEST) throw this.wrong(what, `${signed} is more than 53 bits`);
    return Number(signed);
  }

  small(what: string): number {
    const number = this.number(what);
    if (number > 0xffff_ffff) throw this.wrong(what, `${number} is more than 32 bits`);
    return number;
  }

  flag(what: string): boolean {
    const number = this.number(what);
    if (number > 1) throw this.wrong(what, `is ${number}; 0 or 1 was expected`);
    return number === 1;
  }

  word<W extends string>(what: string, words: readonly W[]): W {
    const code = this.number(what);
    const word = words[code];
    if (word === undefined) throw this.wrong(what, `${code} is the number of no such word`);
    return word;
  }

  /** A count of items of at least `size` bytes each, checked against the bytes left. */
  count(what: string, size: number): number {
    return this.fits(what, this.number(what), size);
  }

  fits(what: string, count: number, size: number): number {
    if (count * size <= this.left) return count;
    throw this.wrong(what, `${count} of at least ${size} bytes each do not fit in ${this.left}`);
  }

  #inline(what: string): string {
    const bytes = this.take(what, this.count(what, 1));
    try {
      return this.#utf8.decode(bytes);
    } catch {
      throw this.wrong(what, "is not UTF-8");
    }
  }

  text(what: string): string {
    const id = this.number(what);
    const text = id === 0 ? this.#inline(what) : this.#texts[id - 1];
    if (text === undefined) throw this.wrong(what, `is string ${id - 1} of ${this.#texts.length}`);
    this.#textLeft -= text.length + 8;
    if (this.#textLeft < 0) throw this.wrong(what, `unfolds to more than ${MAX_TEXT} characters of text`);
    return text;
  }

  optional(what: string): string | null {
    return this.flag(what) ? this.text(what) : null;
  }

  double(what: string): number {
    return this.#view.getFloat64(this.#skip(what, 8), true);
  }

  /** Skips bytes; returns where they begin. */
  #skip(what: string, count: number): number {
    if (count > this.left) throw this.wrong(what, `needs ${count} bytes, ${this.left} are left`);
    this.#at += count;
    return this.#at - count;
  }

  score(what: string): number {
    const value = this.double(what);
    if (!Number.isFinite(value)) throw this.wrong(what, `is ${value}; a score is a finite number`);
    return value;
  }

  deltas(what: string, count: number): number[] {
    const numbers = new Array<number>(this.fits(what, count, 1));
    let before = 0;
    for (let i = 0; i < count; i += 1) {
      before += this.signed(what);
      numbers[i] = before;
    }
    return numbers;
  }

  /** Differences of microseconds: the years 1 to 9999 need more than 53 bits. */
  times(what: string, count: number): string[] {
    const times = new Array<string>(this.fits(what, count, 1));
    let before = 0n;
    for (let i = 0; i < count; i += 1) {
      before += unfolded(this.#wide(what));
      if (before < -62_135_596_800_000_000n || before >= 253_402_207_200_000_000n) {
        throw this.wrong(what, `${before} microseconds are outside the years 1 to 9999`);
      }
      times[i] = fromMicros(before);
    }
    return times;
  }

  #wide(what: string): bigint {
    const begun = this.#at;
    const number = this.number(what);
    return Number.isSafeInteger(number) ? BigInt(number) : this.#exactly(begun);
  }

  /** The number that was read since `begun`, which may be of more than 53 bits. */
  #exactly(begun: number): bigint {
    let exact = 0n;
    this.bytes
      .subarray(begun, this.#at)
      .forEach((byte, i) => (exact |= BigInt(byte & 0x7f) << BigInt(7 * i)));
    return exact;
  }

  /** Runs that together are `count` items; the caller has held `count` against the input. */
  runs<T>(what: string, count: number, read: () => T): T[] {
    const items: T[] = [];
    while (items.length < count) {
      const item = read();
      const length = this.number(what);
      const room = count - items.length;
      if (length < 1 || length > room) throw this.wrong(what, `a run must be 1 to ${room} long`);
      for (let i = 0; i < length; i += 1) items.push(item);
    }
    return items;
  }

  values(what: string, count: number): number[] {
    const written = this.number(what);
    const size = [1, 4, 8][written];
    if (size === undefined) throw this.wrong(what, `${written} is not a way to write values`);
    const values = new Array<number>(this.fits(what, count, size));
    for (let i = 0; i < count; i += 1) values[i] = this.#value(what, written);
    return values;
  }

  #value(what: string, written: number): number {
    if (written === 2) return this.double(what);
    if (written === 1) return this.#view.getFloat32(this.#skip(what, 4), true);
    const value = this.signed(what);
    if (value < -0x8000 || value > 0x7fff) throw this.wrong(what, `${value} exceeds 16 bits`);
    return value;
  }

  /** Ascending positions below `all`. */
  places(what: string, all: number, mayBeEverywhere: boolean): number[] {
    const every = () => Array.from({ length: all }, (_, place) => place);
    const way = this.number(what);
    if (way === 0) return [];
    if (way === 1 && mayBeEverywhere) {
      this.fits(what, all, 1);
      return every();
    }
    if (way === 2) {
      const bitmap = this.take(what, Math.ceil(all / 8));
      return every().filter((place) => ((bitmap[place >> 3] ?? 0) >> (place & 7)) & 1);
    }
    if (way === 3) {
      const list = this.deltas(what, this.count(what, 1));
      const isAscending = list.every((place, i) => place > (list[i - 1] ?? -1) && place < all);
      if (!isAscending) throw this.wrong(what, `are not ascending positions below ${all}`);
      return list;
    }
    throw this.wrong(what, `${way} is not a way to say where`);
  }
}
