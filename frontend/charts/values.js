// Numbers and times as text, and the ranges of axes.

/**
 * A number as text with about four significant digits.
 *
 * @param {number} value
 */
export function quantity(value) {
  const size = Math.abs(value);
  if (size >= 1e7 || (size > 0 && size < 0.001)) return value.toExponential(2).replace("e+", "e");
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

/**
 * Seconds since a start as text: `12 s`, `3 min 20 s`, `2.5 h`.
 *
 * @param {number} seconds
 */
export function elapsed(seconds) {
  if (Math.abs(seconds) < 120) return `${Number(seconds.toFixed(1))} s`;
  if (Math.abs(seconds) < 7200) {
    const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)];
    return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  }
  return `${Number((seconds / 3600).toFixed(2))} h`;
}

/**
 * The group of charts that a path belongs to: the first part of its name, of a measurement without `metrics.`, as in
 * `eval/pass@1`. Paths of one part are in `scores`, and in `metrics` where they are measurements.
 *
 * @param {string} path
 */
export function groupOf(path) {
  const name = path.replace(/^metrics\./, "");
  const end = name.search(/[./]/);
  if (end > 0) return name.slice(0, end);
  return name === path ? "scores" : "metrics";
}

/**
 * A position on an axis as text.
 *
 * @param {import("./state.js").Axis} axis
 * @param {number} x
 */
export function position(axis, x) {
  if (axis === "step") return `step ${Math.round(x).toLocaleString("en-US")}`;
  return axis === "elapsed" ? elapsed(x) : new Date(x * 1000).toLocaleString();
}

/**
 * The lowest and the highest of some values, and the range that is drawn: the 1st to the 99th percentile where
 * outliers would flatten everything else. `isRobust` says whether values are outside of it.
 *
 * @param {number[]} values
 * @param {boolean} isFull
 * @returns {{ low: number, high: number, isRobust: boolean } | null}
 */
export function drawnRange(values, isFull) {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (/** @type {number} */ share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const [low, high] = [at(0), at(1)];
  const [inner, outer] = [at(0.01), at(0.99)];
  const isRobust = !isFull && sorted.length >= 20 && high - low > 3 * (outer - inner) && outer > inner;
  return isRobust ? { low: inner, high: outer, isRobust } : { low, high, isRobust: false };
}

/**
 * A range with some room around it; one of no length gets one.
 *
 * @param {number} low
 * @param {number} high
 * @returns {[number, number]}
 */
export function padded(low, high) {
  const room = high > low ? (high - low) * 0.06 : Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}
