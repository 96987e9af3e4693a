// Runs that share a value of their configuration as one line: the mean over the runs, and a band around it.

/** @typedef {import("./source.js").Run} Run */
/** @typedef {import("./source.js").Columns} Columns */
/** @typedef {import("./state.js").Band} Band */
/** A line of a chart; `hasBand`: its range is drawn behind it; `isFaint`: it is one of those that another is the mean of. */
/** @typedef {{ run: Run, columns: Columns, hasBand: boolean, isFaint?: boolean }} History */

/** The 0.975 quantile of Student's t distribution for 1 to 30 degrees of freedom. */
const T_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
/** The same for more than 30, that of the normal distribution. */
const Z_975 = 1.96;
/** Colours of runs and patterns of dashes, as in app/src/ui/look.rs. */
const [COLORS, DASHES] = [8, 4];

/**
 * The runs that share a value of `key`, in the order of their first runs; a run without the key is in the group
 * `not set`. A group's look follows from the place of its value among all: no two of the first eight have one colour, and
 * it is the same in every chart, whichever runs a chart has and however they are sorted.
 *
 * @param {Run[]} runs
 * @param {string} key
 * @returns {{ look: Run, value: string, runs: Run[] }[]}
 */
export function groupsOf(runs, key) {
  /** @type {Map<string, Run[]>} */
  const groups = new Map();
  for (const run of runs) {
    const value = run.config[key] ?? "not set";
    groups.set(value, [...(groups.get(value) ?? []), run]);
  }
  const values = [...groups.keys()].sort(byValue);
  return [...groups].map(([value, members]) => {
    const place = values.indexOf(value);
    const dash = (place + Math.floor(place / COLORS)) % DASHES;
    return { look: { ...members[0], color: place % COLORS, dash }, value, runs: members };
  });
}

/** Numbers by their size, behind them texts. @param {string} a @param {string} b */
function byValue(a, b) {
  const [left, right] = [Number(a), Number(b)];
  if (Number.isNaN(left) || Number.isNaN(right)) {
    return Number(Number.isNaN(left)) - Number(Number.isNaN(right)) || (a < b ? -1 : 1);
  }
  return left - right;
}

/**
 * The name of a group: its value, and how many runs its line is the mean of.
 *
 * @param {string} key
 * @param {string} value
 * @param {number} count
 */
export function groupName(key, value, count) {
  return `${key} = ${value} (${count === 1 ? "1 run" : `${count} runs`})`;
}

/**
 * The histories of the groups of `runs` that a chart has. Without a key every run is its own line.
 *
 * @param {Run[]} runs
 * @param {Map<string, Columns>} columns Histories by the id of their run.
 * @param {string} key
 * @param {Band} band
 * @returns {History[]}
 */
export function byConfig(runs, columns, key, band) {
  const hasBand = band !== "none" && band !== "runs";
  const known = (/** @type {Run} */ run) => {
    const found = columns.get(run.id);
    return found === undefined ? [] : [found];
  };
  if (key === "") {
    return runs.flatMap((run) => known(run).map((it) => ({ run, columns: overRollouts(it, band), hasBand })));
  }
  /** @type {History[]} */
  const faint = [];
  const means = groupsOf(runs, key).flatMap(({ look, value, runs: members }) => {
    const histories = members.flatMap(known);
    if (histories.length === 0) return [];
    const { color } = look;
    if (band === "runs" && histories.length > 1) {
      const single = (/** @type {Run} */ run) => ({ ...run, color, dash: 0 });
      const alone = (/** @type {Run} */ run) => known(run).map((it) => ({ run: single(run), columns: it }));
      faint.push(...members.flatMap(alone).map((it) => ({ ...it, hasBand: false, isFaint: true })));
    }
    const run = { ...look, name: groupName(key, value, histories.length) };
    return [{ run, columns: meanOf(histories, band), hasBand }];
  });
  // Behind all means.
  return [...faint, ...means];
}

/**
 * A history of one run with the band over the rollouts of each step as its range.
 *
 * @param {Columns} columns
 * @param {Band} band
 * @returns {Columns}
 */
export function overRollouts(columns, band) {
  const { mean, std, count } = columns;
  if ((band !== "std" && band !== "interval") || std === undefined || count === undefined) return columns;
  const widths = std.map((deviation, i) => halfWidth(deviation, count[i] ?? 1, band));
  return {
    ...columns,
    low: mean.map((value, i) => value - (widths[i] ?? 0)),
    high: mean.map((value, i) => value + (widths[i] ?? 0)),
  };
}

/**
 * Half the width of a band around the mean of `count` values.
 *
 * @param {number} deviation
 * @param {number} count
 * @param {"std" | "interval"} band
 */
function halfWidth(deviation, count, band) {
  if (count < 2) return 0;
  return band === "std" ? deviation : (deviation * (T_975[count - 2] ?? Z_975)) / Math.sqrt(count);
}

/**
 * The mean of several histories at every position that one of them has. Between two of its positions a history is
 * linear; before its first and after its last one it does not count.
 *
 * @param {Columns[]} members
 * @param {Band} band
 * @returns {Columns}
 */
export function meanOf(members, band) {
  const axis = (/** @type {Columns} */ it) => it.x ?? it.step;
  const xs = [...new Set(members.flatMap(axis))].sort((a, b) => a - b);
  /** @type {Columns} */
  const mean = { run: members[0].run, path: members[0].path, steps: xs.length, step: [], x: xs, mean: [] };
  /** @type {number[]} */
  const low = [];
  /** @type {number[]} */
  const high = [];
  /** @type {number[]} */
  const smooth = [];
  const isSmooth = members.some((it) => it.smooth !== undefined);
  const readers = members.map((it) => reader(axis(it)));
  for (const x of xs) {
    const places = readers.map((read) => read(x));
    const at = (/** @type {(columns: Columns) => number[]} */ column) =>
      places.flatMap((place, i) => (place === null ? [] : [between(column(members[i]), place)]));
    const values = at((it) => it.mean);
    const center = average(values);
    const [below, above] = range(values, center, band);
    mean.mean.push(center);
    mean.step.push(Math.round(average(at((it) => it.step))));
    low.push(below);
    high.push(above);
    if (isSmooth) smooth.push(average(at((it) => it.smooth ?? it.mean)));
  }
  Object.assign(mean, { low, high });
  if (isSmooth) mean.smooth = smooth;
  return mean;
}

/**
 * What the band covers at one position.
 *
 * @param {number[]} values
 * @param {number} center
 * @param {Band} band
 * @returns {[number, number]}
 */
function range(values, center, band) {
  if (band !== "std" && band !== "interval") return [Math.min(...values), Math.max(...values)];
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  const width = halfWidth(Math.sqrt(squares / Math.max(1, values.length - 1)), values.length, band);
  return [center - width, center + width];
}

/** @param {number[]} values */
function average(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Finds places among rising positions, asked for in rising order: the index before one, and the share of the way to the
 * next. `null` outside of them.
 *
 * @param {number[]} xs
 * @returns {(x: number) => { index: number, share: number } | null}
 */
function reader(xs) {
  let index = 0;
  return (x) => {
    if (xs.length === 0 || x < xs[0] || x > xs[xs.length - 1]) return null;
    while (index + 1 < xs.length && xs[index + 1] <= x) index += 1;
    const width = (xs[index + 1] ?? x) - xs[index];
    return { index, share: width > 0 ? (x - xs[index]) / width : 0 };
  };
}

/** @param {number[]} values @param {{ index: number, share: number }} place */
function between(values, { index, share }) {
  const value = values[index];
  return share === 0 ? value : value + ((values[index + 1] ?? value) - value) * share;
}
