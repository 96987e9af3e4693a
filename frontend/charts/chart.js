// One chart of the page: its place, its plot, its buttons and its table.

import { csv, png, save, svg } from "./export.js";
import { byConfig } from "./groups.js";
import { Plot, TIME_STEPS, nearestIndex, short } from "./plot.js";
import { bandOf } from "./state.js";
import { position, quantity } from "./values.js";

/** @typedef {import("./source.js").Run} Run */
/** @typedef {import("./source.js").Columns} Columns */
/** @typedef {import("./state.js").View} View */

/** Rows of the table for people who cannot see the chart. */
const ROWS = 24;

/** A chart. */
export class Chart {
  #figure;
  #page;
  #box = document.createElement("div");
  #note = document.createElement("p");
  #spoken = document.createElement("p");
  #table = document.createElement("details");
  /** @type {Plot | null} */
  #plot = null;
  /** @type {Map<string, Columns>} */
  columns = new Map();
  /** Whether it is near the window, so that it must be drawn. */
  isVisible = false;
  /** Whether its histories are those of the view. */
  isFresh = false;

  /**
   * @param {HTMLElement} figure
   * @param {{ runs: Run[], view: View, zoom: (range: [number, number] | null) => void, showAll: () => void,
   *   refresh: () => void }} page
   */
  constructor(figure, page) {
    this.#figure = figure;
    this.#page = page;
    this.#build();
  }

  /** The rubric or measurement. */
  get path() {
    return this.#figure.dataset["path"] ?? "";
  }

  /** Its element. */
  get element() {
    return this.#figure;
  }

  /** Points that can be distinguished at this width. */
  get points() {
    return Math.min(3000, Math.max(300, Math.ceil(this.#box.clientWidth * 2)));
  }

  /** @returns {import("./groups.js").History[]} */
  get #histories() {
    const { runs, view } = this.#page;
    return byConfig(runs, this.columns, view.group, bandOf(view, runs.length));
  }

  #build() {
    const figure = this.#figure;
    this.#box.className = "chart-plot";
    this.#box.tabIndex = 0;
    this.#box.setAttribute("role", "group");
    this.#box.setAttribute("aria-roledescription", "chart");
    this.#box.setAttribute("aria-label", this.path);
    this.#note.className = "chart-note";
    this.#note.hidden = true;
    this.#spoken.className = "visually-hidden";
    this.#spoken.setAttribute("aria-live", "polite");
    this.#table.className = "chart-data";
    this.#table.innerHTML = "<summary>Table</summary>";
    this.#table.addEventListener("toggle", () => this.#fillTable());
    const buttons = document.createElement("span");
    buttons.className = "chart-buttons";
    for (const [words, label, act] of /** @type {[string, string, () => void][]} */ ([
      ["Wide", `Show ${this.path} wide`, () => this.#widen()],
      ["CSV", `Save ${this.path} as CSV`, () => this.#save("csv")],
      ["SVG", `Save ${this.path} as SVG`, () => this.#save("svg")],
      ["PNG", `Save ${this.path} as PNG`, () => this.#save("png")],
    ])) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words;
      button.title = label;
      button.setAttribute("aria-label", label);
      button.addEventListener("click", act);
      buttons.append(button);
    }
    figure.querySelector("figcaption")?.append(buttons);
    figure.append(this.#box, this.#note, this.#table, this.#spoken);
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    this.#box.addEventListener("blur", () => this.#plot?.leave());
    new ResizeObserver(() => this.#plot?.resize()).observe(this.#box);
  }

  /** Draws what was read. */
  draw() {
    const histories = this.#histories;
    this.#box.classList.toggle("is-empty", histories.length === 0);
    this.#figure.dataset["points"] = String(
      histories.reduce((sum, { columns }) => sum + columns.step.length, 0),
    );
    if (histories.length === 0 || this.#plot?.update(histories, this.#page.view) !== true) {
      this.#plot?.destroy();
      this.#plot = histories.length === 0 ? null : this.#newPlot(histories);
    }
    if (histories.length === 0) return;
    const means = histories.filter(({ isFaint }) => !isFaint);
    const last = means.map(({ run, columns }) => {
      const at = columns.mean.length - 1;
      return `${run.name} ${quantity(columns.mean[at] ?? 0)} at step ${columns.step[at]}`;
    });
    this.#box.setAttribute("aria-label", `${this.path}: ${last.join(", ")}. Arrow keys read the values.`);
    this.#fillTable();
  }

  /** @param {import("./groups.js").History[]} histories */
  #newPlot(histories) {
    return new Plot(this.#box, histories, this.#page.view, {
      onZoom: this.#page.zoom,
      onRange: (isRobust) => this.#say(isRobust),
      onOpen: (run, step, isNewTab) => {
        const address = `/runs/${encodeURIComponent(run)}?step=${step}`;
        if (isNewTab) window.open(address, "_blank", "noopener");
        else location.assign(address);
      },
      onRead: (text) => (this.#spoken.textContent = text),
    });
  }

  /** Says that outliers are outside of the range, and offers to show them. @param {boolean} isRobust */
  #say(isRobust) {
    this.#note.hidden = !isRobust;
    if (!isRobust) return;
    const all = document.createElement("button");
    all.type = "button";
    all.className = "link";
    all.textContent = "Show all";
    all.addEventListener("click", this.#page.showAll);
    this.#note.replaceChildren("1st to 99th percentile; outliers are cut off. ", all);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const plot = this.#plot;
    if (plot === null || event.altKey || event.metaKey) return;
    const far = event.shiftKey ? 10 : 1;
    const [from, to] = plot.ranges.x;
    const middle = (from + to) / 2;
    const around = (/** @type {number} */ by) =>
      this.#page.zoom([middle - (middle - from) * by, middle + (to - middle) * by]);
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => plot.move(-far),
      ArrowRight: () => plot.move(far),
      Home: () => plot.move(-Infinity),
      End: () => plot.move(Infinity),
      Enter: () => plot.open(event.ctrlKey),
      "+": () => around(0.5),
      "-": () => around(2),
      0: () => this.#page.zoom(null),
      Escape: () => plot.leave(),
    };
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  #widen() {
    this.#figure.classList.toggle("is-wide");
    // More points can be distinguished.
    this.isFresh = false;
    this.#page.refresh();
  }

  /** Fills the table, where it is open: evenly spaced steps, a column a run. */
  #fillTable() {
    if (!this.#table.open) return;
    const histories = this.#histories;
    const xs = [...new Set(histories.flatMap(({ columns }) => columns.x ?? columns.step))].sort(
      (a, b) => a - b,
    );
    const every = Math.max(1, Math.ceil(xs.length / ROWS));
    const shown = xs.filter((_, i) => i % every === 0 || i === xs.length - 1);
    const table = document.createElement("table");
    const row = (/** @type {string[]} */ cells, /** @type {"td" | "th"} */ kind) => {
      const tr = table.insertRow();
      cells.forEach((text, i) => {
        const cell = document.createElement(i === 0 ? "th" : kind);
        cell.scope = kind === "th" ? "col" : "row";
        cell.textContent = text;
        tr.append(cell);
      });
    };
    row(["", ...histories.map(({ run }) => run.name)], "th");
    for (const x of shown) {
      const values = histories.map(({ columns }) => {
        const at = nearestIndex(columns.x ?? columns.step, x);
        return at === null ? "" : quantity(columns.mean[at] ?? 0);
      });
      row([position(this.#page.view.axis, x), ...values], "td");
    }
    this.#table.querySelector("table")?.remove();
    this.#table.append(table);
  }

  /** @param {"csv" | "svg" | "png"} format */
  async #save(format) {
    const histories = this.#histories;
    const plot = this.#plot;
    if (plot === null) return;
    const style = getComputedStyle(document.documentElement);
    const token = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const { axis } = this.#page.view;
    const look = {
      color: (/** @type {number} */ index) => token(`--run-${index}`),
      text: token("--text"),
      line: token("--line-strong"),
      background: token("--bg"),
      scale: plot.scale,
      axis: { step: "step", elapsed: "time since start", time: "wall time" }[axis],
      label: (/** @type {number} */ x) => (axis === "step" ? short(x) : position(axis, x)),
      number: short,
      steps: axis === "elapsed" ? TIME_STEPS : [],
    };
    const name = `${this.path}.${format}`;
    if (format === "csv") save(name, new Blob([csv(histories)], { type: "text/csv" }));
    if (format === "svg") {
      save(name, new Blob([svg(this.path, histories, plot.ranges, look)], { type: "image/svg+xml" }));
    }
    if (format === "png") {
      const picture = await png(
        this.path,
        histories.filter(({ isFaint }) => !isFaint).map(({ run }) => run),
        plot.canvas,
        look,
      );
      if (picture !== null) save(name, picture);
    }
  }
}
