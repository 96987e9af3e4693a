// How the charts are drawn: read from the address when the page opens, written to it at every change, so that a
// copied link shows exactly this.

/** @typedef {"step" | "elapsed" | "time"} Axis */
/**
 * What is drawn around a line: nothing, lowest to highest, one standard deviation, the 95 % interval of the mean; or the
 * lines of the runs that it is the mean of.
 *
 * @typedef {"none" | "range" | "std" | "interval" | "runs"} Band
 */
/**
 * `group` is the key of the configuration whose values make one line each; empty: a line a run. `band` is `null` until
 * one is chosen.
 *
 * @typedef {{ axis: Axis, isLog: boolean, smoothing: number, isFull: boolean, zoom: [number, number] | null,
 *   words: string, group: string, band: Band | null }} View
 */

/** The names of what the charts add to the address; everything else there is the server's. */
const NAMES = ["x", "y", "smooth", "range", "from", "to", "q", "group", "band"];
const BANDS = /** @type {const} */ (["none", "range", "std", "interval", "runs"]);

/**
 * Reads the view from the query of an address. What makes no sense there is left out.
 *
 * @param {string} query
 * @returns {View}
 */
export function readView(query) {
  const asked = new URLSearchParams(query);
  const number = (/** @type {string} */ name) => {
    const text = asked.get(name);
    return text === null || text.trim() === "" || !Number.isFinite(Number(text)) ? null : Number(text);
  };
  const axis = asked.get("x");
  const smoothing = number("smooth") ?? 0;
  const [from, to] = [number("from"), number("to")];
  return {
    axis: axis === "elapsed" || axis === "time" ? axis : "step",
    isLog: asked.get("y") === "log",
    smoothing: Math.min(Math.max(smoothing, 0), 0.99),
    isFull: asked.get("range") === "full",
    zoom: from !== null && to !== null && from < to ? [from, to] : null,
    words: asked.get("q") ?? "",
    group: asked.get("group") ?? "",
    band: BANDS.find((band) => band === asked.get("band")) ?? null,
  };
}

/**
 * The query of an address with this view instead of the one in it.
 *
 * @param {string} query
 * @param {View} view
 */
export function writeView(query, view) {
  const asked = new URLSearchParams(query);
  NAMES.forEach((name) => asked.delete(name));
  const set = (/** @type {string} */ name, /** @type {string | number | false} */ value) => {
    if (value !== false && value !== "") asked.set(name, String(value));
  };
  set("x", view.axis !== "step" && view.axis);
  set("y", view.isLog && "log");
  set("smooth", view.smoothing > 0 && view.smoothing);
  set("range", view.isFull && "full");
  set("from", view.zoom !== null && view.zoom[0]);
  set("to", view.zoom !== null && view.zoom[1]);
  set("q", view.words);
  set("group", view.group);
  set("band", view.band ?? "");
  // Commas between ids stay readable.
  const text = asked.toString().replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}

/**
 * The band that is drawn: the chosen one, else the range, except over the rollouts of several runs, where the ranges would
 * overlap and hide the lines.
 *
 * @param {View} view
 * @param {number} runs
 * @returns {Band}
 */
export function bandOf(view, runs) {
  return view.band ?? (view.group === "" && runs > 1 ? "none" : "range");
}
