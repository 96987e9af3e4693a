// The rubric paths a film knows, in the order of their tree.

import { compareText } from "../wire/text.js";

/** Where a path first appeared: the lowest step, then the position in that step's snapshot. */
type First = readonly [step: number, position: number];

const NEVER: First = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];

/** Every path named, and the groups above them. */
export class Paths {
  /** `null` for a group nothing has scored. */
  readonly #first = new Map<string, First | null>();
  #ordered: readonly string[] | null = null;

  /** Records that a snapshot of `step` has `path` at `position`; a later score comes after all others. */
  note(path: string, step: number, position: number = Number.POSITIVE_INFINITY): void {
    const known = this.#first.get(path);
    if (known && compare(known, [step, position]) <= 0) return;
    this.#first.set(path, [step, position]);
    for (let above = parent(path); above !== null && !this.#first.has(above); above = parent(above)) {
      this.#first.set(above, null);
    }
    this.#ordered = null;
  }

  /** `root` first, siblings by first appearance, children below their parent. */
  get ordered(): readonly string[] {
    return (this.#ordered ??= this.#inOrder());
  }

  #inOrder(): string[] {
    // A group appears where the first of its descendants does.
    const first = new Map<string, First>();
    const children = new Map<string | null, string[]>();
    for (const [path, rank] of this.#first) {
      for (let at: string | null = path; rank !== null && at !== null; at = parent(at)) {
        if (compare(rank, first.get(at) ?? NEVER) < 0) first.set(at, rank);
      }
      const siblings = children.get(parent(path));
      if (siblings) siblings.push(path);
      else children.set(parent(path), [path]);
    }
    const before = (a: string, b: string) =>
      Number(b === "root") - Number(a === "root") ||
      compare(first.get(a) ?? NEVER, first.get(b) ?? NEVER) ||
      compareText(a, b);
    const listed: string[] = [];
    const waiting = (children.get(null) ?? []).sort(before).reverse();
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      listed.push(path);
      waiting.push(...(children.get(path) ?? []).sort(before).reverse());
    }
    return listed;
  }
}

function parent(path: string): string | null {
  const end = path.lastIndexOf(".");
  return end < 0 ? null : path.slice(0, end);
}

function compare(a: First, b: First): number {
  // Two infinities are equal; their difference is not a number.
  return a[0] !== b[0] ? (a[0] < b[0] ? -1 : 1) : a[1] !== b[1] ? (a[1] < b[1] ? -1 : 1) : 0;
}
