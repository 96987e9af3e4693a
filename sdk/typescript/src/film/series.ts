// A history as few points, without losing an extreme.

/** One point of a history. */
export interface Point {
  step: number;
  value: number;
  /** Whether the rules fail it. */
  failed: boolean;
}

/**
 * About `points` of the points there are, in order. Where there are more, the range is cut into `points / 2`
 * equal parts (at least one) and each part's lowest and highest point stay. `null` is a place without a
 * score.
 */
export function decimate(places: readonly (Point | null)[], points: number): Point[] {
  const all = places.filter((point) => point !== null);
  if (all.length <= points) return all;
  const parts = Math.max(1, Math.floor(points / 2));
  const selected: Point[] = [];
  for (let part = 0; part < parts; part += 1) {
    const end = (index: number) => Math.floor((index * places.length) / parts);
    selected.push(...extremes(places.slice(end(part), end(part + 1)).filter((point) => point !== null)));
  }
  return selected;
}

/**
 * The items of the lowest and of the highest value, in their order; one where they are the same item. Of
 * equal values the first one counts.
 */
export function extremes<T extends { value: number }>(items: readonly T[]): T[] {
  let [low, high] = [0, 0];
  const value = (i: number) => items[i]?.value ?? Number.NaN;
  items.forEach((item, i) => {
    if (item.value < value(low)) low = i;
    if (item.value > value(high)) high = i;
  });
  const ends = low === high ? [low] : [Math.min(low, high), Math.max(low, high)];
  return ends.flatMap((i) => items[i] ?? []);
}
