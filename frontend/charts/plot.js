// One chart as uPlot draws it: a line a run, its range behind it, the crosshair with every value.

import { drawnRange, elapsed, padded, position, quantity } from "./values.js";

/** @typedef {import("./source.js").Run} Run */
/** @typedef {import("./source.js").Columns} Columns */
/** @typedef {import("./groups.js").History} History */
/** @typedef {import("./state.js").View} View */

/** Dashes of the runs, in CSS pixels; as `.run-dash-*` in the style. */
const DASHES = [[], [12, 3], [6, 2], [16, 2, 4, 2]];
/** Runs that the crosshair names at most, the nearest ones. */
const MAX_NAMED = 9;
/** How far a pointer may move between press and release for a click, CSS pixels. */
const CLICK_PX = 4;
/** How long a click may be the first half of a double click, milliseconds. */
const DOUBLE_CLICK_MS = 300;
/** Distances of the marks on an axis of elapsed time, seconds. */
export const TIME_STEPS = [
  0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400, 604800,
];
/** The cursors of all charts move together. */
const SYNC = "charts";

/** @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {string} color @param {number} alpha */
const faded = (color, alpha) =>
  `${color}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, "0")}`;

/**
 * What a chart tells its owner.
 *
 * @typedef {{ onZoom: (range: [number, number] | null) => void, onRange: (isRobust: boolean) => void,
 *   onOpen: (run: string, step: number, isNewTab: boolean) => void, onRead: (text: string) => void }} Listener
 */

/** A drawn chart. */
export class Plot {
  #box;
  #view;
  #listener;
  /** @type {History[]} */
  #lines = [];
  /** @type {any} */
  #plot = null;
  /** What lines and scales there are; another one needs another plot. */
  #shape = "";
  /** @type {{ x: [number, number], y: [number, number] }} */
  #ranges = { x: [0, 1], y: [0, 1] };
  #tip = document.createElement("div");

  /**
   * @param {HTMLElement} box
   * @param {History[]} histories
   * @param {View} view
   * @param {Listener} listener
   */
  constructor(box, histories, view, listener) {
    this.#box = box;
    this.#view = view;
    this.#listener = listener;
    this.#tip.className = "chart-tip";
    this.#tip.hidden = true;
    this.#draw(histories);
  }

  /** Ends it. */
  destroy() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  /** Fits it to its box. */
  resize() {
    this.#plot?.setSize(this.#size());
  }

  /** The picture as it is, for export. @returns {HTMLCanvasElement} */
  get canvas() {
    return this.#plot.ctx.canvas;
  }

  /** The vertical scale as drawn. @returns {import("./export.js").Scale} */
  get scale() {
    const { distr, asinh } = this.#plot.scales.y;
    return { kind: distr === 3 ? "log" : distr === 4 ? "asinh" : "linear", linear: asinh };
  }

  /** The ranges of both axes as drawn. */
  get ranges() {
    return this.#ranges;
  }

  /**
   * Moves the crosshair by points of the chart, from the keyboard.
   *
   * @param {number} by
   */
  move(by) {
    const xs = this.#plot.data[0];
    const at = this.#plot.cursor.idx ?? (by > 0 ? -1 : xs.length);
    const index = Math.min(Math.max(at + by, 0), xs.length - 1);
    const left = this.#plot.valToPos(xs[index], "x");
    const nearest = this.#valuesAt(index)[0];
    const top = nearest === undefined ? 10 : this.#plot.valToPos(nearest.value, "y");
    this.#plot.setCursor({ left, top });
    this.#show();
    const values = this.#valuesAt(index).map(({ run, value }) => `${run.name} ${quantity(value)}`);
    this.#listener.onRead(`${position(this.#view.axis, xs[index])}: ${values.join(", ")}`);
  }

  /** Opens the film at the crosshair. @param {boolean} isNewTab */
  open(isNewTab) {
    const index = this.#plot.cursor.idx;
    const nearest = index === null || index === undefined ? undefined : this.#valuesAt(index)[0];
    if (nearest !== undefined) this.#listener.onOpen(nearest.run.id, nearest.step, isNewTab);
  }

  /** Hides the crosshair. */
  leave() {
    this.#plot?.setCursor({ left: -10, top: -10 });
    this.#tip.hidden = true;
  }

  #size() {
    return { width: Math.max(this.#box.clientWidth, 120), height: Math.max(this.#box.clientHeight, 100) };
  }

  /**
   * Shows other values or another range, where that needs no other lines and scales; returns whether it did. The
   * crosshair and a selection that is being dragged stay.
   *
   * @param {History[]} histories
   * @param {View} view
   */
  update(histories, view) {
    const prepared = prepare(histories, view);
    if (this.#plot === null || prepared.shape !== this.#shape) return false;
    this.#view = view;
    this.#take(prepared);
    this.#plot.setData(prepared.data, true);
    return true;
  }

  /** @param {ReturnType<typeof prepare>} prepared */
  #take({ lines, data, values, shape, isPositive }) {
    this.#lines = lines;
    this.#shape = shape;
    const range = drawnRange(values, this.#view.isFull);
    this.#ranges = { x: xRange(data[0], this.#view.zoom), y: yRange(this.#view.isLog, isPositive, range) };
    this.#listener.onRange(range?.isRobust ?? false);
  }

  /** @param {History[]} histories */
  #draw(histories) {
    const { uPlot } = /** @type {any} */ (globalThis);
    const view = this.#view;
    const prepared = prepare(histories, view);
    this.#take(prepared);
    const { series, bands, data, values, isPositive } = prepared;
    this.#plot = new uPlot(
      {
        ...this.#size(),
        series: series.map((it) => ({ ...it, spanGaps: true })),
        bands,
        legend: { show: false },
        padding: [8, 16, 0, 0],
        scales: {
          x: { time: view.axis === "time", range: () => this.#ranges.x },
          y: { ...yScale(view.isLog, isPositive, values), range: () => this.#ranges.y },
        },
        axes: this.#axes(),
        focus: { alpha: 0.25 },
        cursor: {
          sync: { key: SYNC, scales: ["x", null] },
          drag: { x: true, y: false, setScale: false },
          points: { show: false },
          // Of many lines the one at the pointer stands out.
          focus: { prox: histories.length > 2 ? 12 : -1 },
          bind: { dblclick: () => () => this.#listener.onZoom(null) },
        },
        hooks: {
          setSelect: [(/** @type {any} */ plot) => this.#select(plot)],
          setCursor: [() => this.#box.matches(":hover") && this.#show()],
        },
      },
      data,
      this.#box,
    );
    this.#plot.over.append(this.#tip);
    this.#listen(this.#plot.over);
  }

  #axes() {
    const look = {
      stroke: token("--text-3"),
      font: `11px ${token("--mono")}`,
      grid: { stroke: token("--line"), width: 1 },
      ticks: { show: false },
    };
    const x = {
      step: { values: (/** @type {any} */ _, /** @type {number[]} */ at) => at.map(short) },
      elapsed: {
        incrs: TIME_STEPS,
        values: (/** @type {any} */ _, /** @type {number[]} */ at) => at.map(elapsed),
      },
      time: {},
    }[this.#view.axis];
    const y = { values: (/** @type {any} */ _, /** @type {(number | null)[]} */ at) => at.map(short) };
    return [
      {
        ...look,
        ...x,
        size: this.#view.axis === "time" ? 40 : 26,
        space: this.#view.axis === "step" ? 70 : 90,
      },
      { ...look, ...y, size: 52, space: 28 },
    ];
  }

  /** @param {any} plot */
  #select(plot) {
    const { left, width } = plot.select;
    if (width <= CLICK_PX) return;
    const range = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.#listener.onZoom(/** @type {[number, number]} */ (range));
  }

  /** A click, as opposed to a drag, opens the film. @param {HTMLElement} over */
  #listen(over) {
    let [from, timer] = [0, 0];
    over.addEventListener("mousedown", (event) => (from = event.clientX));
    over.addEventListener("click", (event) => {
      clearTimeout(timer);
      if (Math.abs(event.clientX - from) > CLICK_PX || event.detail > 1) return;
      const isNewTab = event.ctrlKey || event.metaKey;
      // In a zoomed chart it may be the first half of a double click.
      timer = setTimeout(() => this.open(isNewTab), this.#view.zoom === null ? 0 : DOUBLE_CLICK_MS);
    });
    over.addEventListener("mouseleave", () => (this.#tip.hidden = true));
  }

  /**
   * The value of each run at or nearest to a point, the one nearest to the crosshair first.
   *
   * @param {number} index
   */
  #valuesAt(index) {
    const plot = this.#plot;
    const x = plot.data[0][index];
    const found = this.#lines.flatMap(({ run, columns }) => {
      const at = nearestIndex(columns.x ?? columns.step, x);
      const value =
        at === null ? undefined : ((this.#view.smoothing > 0 && columns.smooth) || columns.mean)[at];
      if (at === null || value === undefined) return [];
      const range = [columns.low?.[at] ?? value, columns.high?.[at] ?? value];
      const distance = Math.abs(plot.valToPos(value, "y") - (plot.cursor.top ?? 0));
      return [{ run, value, range, step: columns.step[at] ?? 0, distance }];
    });
    return found.sort((a, b) => a.distance - b.distance);
  }

  /** Shows every value at the crosshair. */
  #show() {
    const { idx, left } = this.#plot.cursor;
    const tip = this.#tip;
    tip.hidden = idx === null || idx === undefined || left < 0;
    if (tip.hidden) return;
    const head = document.createElement("b");
    head.textContent = position(this.#view.axis, this.#plot.data[0][idx]);
    const found = this.#valuesAt(idx);
    const rows = found.slice(0, MAX_NAMED).map(({ run, value, range, step }) => {
      const row = document.createElement("div");
      const mark = document.createElement("i");
      mark.style.background = token(`--run-${run.color}`);
      const name = document.createElement("span");
      name.textContent = run.name;
      const number = document.createElement("em");
      number.textContent = quantity(value);
      if (range[0] !== range[1]) {
        number.textContent += ` (${quantity(range[0])} to ${quantity(range[1])})`;
      }
      row.title = `step ${step}`;
      row.append(mark, name, number);
      return row;
    });
    const more = document.createElement("div");
    more.textContent = found.length > MAX_NAMED ? `and ${found.length - MAX_NAMED} more` : "";
    tip.replaceChildren(head, ...rows, more);
    const isRight = left > this.#plot.over.clientWidth / 2;
    tip.style.left = isRight ? "auto" : `${left + 12}px`;
    tip.style.right = isRight ? `${this.#plot.over.clientWidth - left + 12}px` : "auto";
  }
}

/**
 * The lines of histories as uPlot takes them: columns over one list of positions, a look for each.
 *
 * @param {History[]} histories
 * @param {View} view
 */
function prepare(histories, view) {
  const { uPlot } = /** @type {any} */ (globalThis);
  const isSmooth = view.smoothing > 0;
  const tables = [];
  /** @type {object[]} */
  const series = [{}];
  const bands = [];
  const drawn = [];
  const hasFaint = histories.some(({ isFaint }) => isFaint);
  for (const { run, columns, hasBand, isFaint } of histories) {
    const color = token(`--run-${run.color}`);
    const table = [columns.x ?? columns.step, (isSmooth && columns.smooth) || columns.mean];
    const isPoint = columns.step.length === 1;
    if (isFaint) {
      series.push({ stroke: faded(color, 0.4), width: 1, points: { show: isPoint } });
      drawn.push(table[1]);
      tables.push(table);
      continue;
    }
    if (isSmooth) {
      // In front of it in the list, so that it is drawn behind.
      table.splice(1, 0, columns.mean);
      series.push({ stroke: faded(color, 0.3), width: 1, points: { show: false } });
      drawn.push(columns.mean);
    }
    series.push({
      stroke: color,
      width: hasFaint ? 2.4 : 1.6,
      dash: DASHES[run.dash],
      points: { show: isPoint },
    });
    drawn.push((isSmooth && columns.smooth) || columns.mean);
    if (hasBand && columns.low !== undefined && columns.high !== undefined) {
      bands.push({ series: [series.length, series.length + 1], fill: faded(color, 0.14) });
      table.push(columns.high, columns.low);
      const edge = { stroke: faded(color, 0), width: 0, points: { show: false } };
      series.push({ ...edge }, { ...edge });
      drawn.push(columns.low, columns.high);
    }
    tables.push(table);
  }
  const data = tables.length === 1 ? tables[0] : uPlot.join(tables);
  const values = drawn.flat().filter((value) => Number.isFinite(value));
  const isPositive = values.every((value) => value > 0);
  const shape = JSON.stringify([view.axis, view.isLog, view.isLog && isPositive, series, bands]);
  return { lines: histories, series, bands, data, values, isPositive, shape };
}

/**
 * The index of the value nearest to `x` in rising values; `null` without values.
 *
 * @param {number[]} xs
 * @param {number} x
 */
export function nearestIndex(xs, x) {
  if (xs.length === 0) return null;
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  return Math.abs(xs[high] - x) < Math.abs(xs[low] - x) ? high : low;
}

/** @param {number | null} value */
export function short(value) {
  if (value === null) return "";
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`;
  if (size > 0 && size < 1e-3) return value.toExponential(0).replace("e+", "e");
  return String(Number(value.toPrecision(4)));
}

/**
 * @param {number[]} xs
 * @param {[number, number] | null} zoom
 * @returns {[number, number]}
 */
function xRange(xs, zoom) {
  if (zoom !== null) return zoom;
  const [first, last] = [xs[0] ?? 0, xs[xs.length - 1] ?? 1];
  return last > first ? [first, last] : [first - 1, first + 1];
}

/**
 * The vertical scale: logarithmic where every value is positive, else symmetric about zero: linear between the
 * smallest sizes and logarithmic beyond.
 *
 * @param {boolean} isLog
 * @param {boolean} isPositive
 * @param {number[]} values
 */
function yScale(isLog, isPositive, values) {
  if (!isLog) return {};
  if (isPositive) return { distr: 3 };
  const sizes = values.map(Math.abs).filter((size) => size > 0);
  sizes.sort((a, b) => a - b);
  const small = sizes[Math.floor(sizes.length / 10)] ?? 1;
  return { distr: 4, asinh: 10 ** Math.floor(Math.log10(small)) };
}

/**
 * @param {boolean} isLog
 * @param {boolean} isPositive
 * @param {{ low: number, high: number } | null} range
 * @returns {[number, number]}
 */
function yRange(isLog, isPositive, range) {
  if (range === null) return [0, 1];
  const { low, high } = range;
  return isLog && isPositive ? [low / 1.15, high * 1.15] : padded(low, high);
}
