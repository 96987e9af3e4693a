// Small charts above the list of runs: one a rubric or measurement, drawn when it comes near the window. The page
// names the runs in `data-runs`; the library is loaded when the charts are first shown.

import { byConfig } from "./groups.js";
import { Plot } from "./plot.js";
import { readSeries } from "./source.js";
import { readView } from "./state.js";
import { groupOf } from "./values.js";

/** @typedef {import("./source.js").Run} Run */
/** @typedef {import("./source.js").Columns} Columns */

/** Points of a small chart. */
const POINTS = 300;
/** Charts that are offered at most; the page of charts has all. */
const MAX_CHARTS = 60;
/** The least time between two reads of the same charts, milliseconds. */
const PACE_MS = 2000;

/** @type {Promise<void> | null} */
let library = null;

/** Loads uPlot and its style once. */
function loadLibrary() {
  const base = new URL("../uplot/", import.meta.url);
  library ??= new Promise((resolve, reject) => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = new URL("uPlot.min.css", base).href;
    const script = document.createElement("script");
    script.src = new URL("uPlot.iife.min.js", base).href;
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => {
      library = null;
      reject(new Error("what draws the charts could not be loaded"));
    });
    document.head.append(style, script);
  });
  return library;
}

/** The address of the comparison of runs. @param {Run[]} runs */
function comparison(runs) {
  const ids = runs.map((run) => encodeURIComponent(run.id.replaceAll("%", "%25").replaceAll(",", "%2C")));
  return `/compare?runs=${ids.join(",")}`;
}

/** A small chart. */
class Small {
  element = document.createElement("figure");
  box = document.createElement("div");
  /** @type {Map<string, Columns>} */
  columns = new Map();
  isVisible = false;
  isFresh = false;
  /** @type {Plot | null} */
  #plot = null;

  /** @param {string} path @param {Run[]} runs */
  constructor(path, runs) {
    this.path = path;
    const caption = document.createElement("figcaption");
    const link = document.createElement("a");
    link.href = `${comparison(runs)}&q=${encodeURIComponent(path)}`;
    link.rel = "external";
    link.textContent = path.replace(/^metrics\./, "");
    caption.append(link);
    this.element.className = "run-chart list-chart";
    this.box.className = "chart-plot";
    this.element.append(caption, this.box);
  }

  /** @param {Run[]} runs */
  draw(runs) {
    const view = readView("");
    const [key = ""] = Object.keys(runs[0]?.config ?? {});
    const histories = byConfig(runs, this.columns, key, key === "" ? "none" : "std");
    if (this.#plot?.update(histories, view) === true) return;
    this.#plot?.destroy();
    this.box.replaceChildren();
    const ignore = () => {};
    this.#plot = new Plot(this.box, histories, view, {
      onZoom: ignore,
      onRange: ignore,
      onRead: ignore,
      onOpen: (run, step, isNewTab) => {
        const address = `/runs/${encodeURIComponent(run)}?step=${step}`;
        if (isNewTab) window.open(address, "_blank", "noopener");
        else location.href = address;
      },
    });
  }

  destroy() {
    this.#plot?.destroy();
  }
}

/**
 * The charts of the runs in `data-runs`: `[[id, name, head, color, dash, value], ...]`. The page changes it when the server says
 * that runs have changed: where only heads are others, the charts stay and read on. Where `data-group` names a key, a line is the
 * mean of the runs that have the same value of it, with one standard deviation around it.
 */
class ListCharts extends HTMLElement {
  static observedAttributes = ["data-runs", "data-group"];
  /** @type {Run[]} */
  #runs = [];
  /** @type {Small[]} */
  #charts = [];
  #reading = new AbortController();
  #timer = 0;
  #isSeen = false;
  #isFilling = false;
  #shown = "";
  /** @type {IntersectionObserver | null} */
  #observer = null;

  connectedCallback() {
    this.#observer = new IntersectionObserver((entries) => this.#onSeen(entries), { rootMargin: "200px" });
    this.#observer.observe(this);
  }

  disconnectedCallback() {
    this.#observer?.disconnect();
    this.#clear();
    this.#shown = "";
    this.#isSeen = false;
  }

  attributeChangedCallback() {
    if (this.#isSeen) void this.#show();
  }

  /** The charts have values that are not drawn yet. */
  #refresh() {
    this.#charts.forEach((chart) => (chart.isFresh = false));
    void this.#fill();
  }

  #clear() {
    this.#reading.abort();
    clearTimeout(this.#timer);
    this.#isFilling = false;
    this.#charts.forEach((chart) => chart.destroy());
    this.#charts = [];
    this.replaceChildren();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #onSeen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (target === this) {
        if (isIntersecting && !this.#isSeen) {
          this.#isSeen = true;
          void this.#show();
        }
        continue;
      }
      const chart = this.#charts.find((it) => it.element === target);
      if (chart !== undefined) chart.isVisible = isIntersecting;
    }
    void this.#fill();
  }

  /** Makes a place for each path of the runs. */
  async #show() {
    /** @type {[string, string, number, number, number, string][]} */
    const runs = JSON.parse(this.dataset["runs"] ?? "[]");
    const key = this.dataset["group"] ?? "";
    const looks = runs.map(([id, name, , color, dash, value]) => [id, name, color, dash, value]);
    const asked = JSON.stringify([key, looks]);
    // Without charts yet there may be some now.
    if (asked === this.#shown && this.#charts.length > 0) return this.#refresh();
    this.#shown = asked;
    this.#clear();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    this.#runs = runs.map(([id, name, , color, dash, value]) => ({
      id,
      name,
      live: false,
      color,
      dash,
      config: key === "" ? {} : { [key]: value },
    }));
    if (runs.length === 0) return;
    try {
      await loadLibrary();
      const batch = await readSeries({ ...this.#asked([]) }, signal);
      const paths = [...new Set(batch.runs.flatMap((run) => run.paths))];
      const isMeasured = (/** @type {string} */ path) => path.startsWith("metrics.");
      paths.sort((a, b) => Number(isMeasured(a)) - Number(isMeasured(b)));
      /** @type {Map<string, string[]>} */
      const groups = new Map();
      for (const path of paths.slice(0, MAX_CHARTS)) {
        groups.set(groupOf(path), [...(groups.get(groupOf(path)) ?? []), path]);
      }
      groups.forEach((members, name) => this.#place(name, members));
      if (paths.length > MAX_CHARTS) this.#mention(paths.length);
      if (paths.length === 0) this.#say("None of these runs has a score or a measurement.");
    } catch (error) {
      if (!signal.aborted) this.#say(error instanceof Error ? error.message : String(error));
    }
  }

  /** Makes the places of a group of charts. @param {string} name @param {string[]} paths */
  #place(name, paths) {
    const section = document.createElement("section");
    section.style.setProperty("--charts", String(paths.length));
    const heading = document.createElement("h2");
    heading.textContent = name;
    const grid = document.createElement("div");
    for (const path of paths) {
      const chart = new Small(path, this.#runs);
      this.#charts.push(chart);
      grid.append(chart.element);
      this.#observer?.observe(chart.element);
    }
    section.append(heading, grid);
    this.append(section);
  }

  /** Says that there are more charts, and leads to them. @param {number} all */
  #mention(all) {
    const note = document.createElement("p");
    note.className = "note";
    const link = document.createElement("a");
    link.href = comparison(this.#runs);
    link.rel = "external";
    link.textContent = `Show all ${all} charts`;
    note.append(`The first ${MAX_CHARTS} of ${all} charts. `, link);
    this.append(note);
  }

  /** @param {string} words */
  #say(words) {
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = words;
    this.replaceChildren(note);
  }

  /** @param {string[]} paths */
  #asked(paths) {
    return { runs: this.#runs.map((run) => run.id), paths, axis: "step", points: POINTS, smoothing: 0 };
  }

  /** Reads and draws what is near the window and not drawn yet. What comes while it reads follows after a while. */
  async #fill() {
    if (this.#isFilling) return;
    const due = this.#charts.filter((chart) => chart.isVisible && !chart.isFresh);
    if (due.length === 0) return;
    this.#isFilling = true;
    due.forEach((chart) => (chart.isFresh = true));
    const { signal } = this.#reading;
    try {
      const batch = await readSeries(this.#asked(due.map((chart) => chart.path)), signal);
      for (const columns of batch.series) {
        const chart = due.find((it) => it.path === columns.path);
        chart?.columns.set(columns.run, columns);
      }
      due.forEach((chart) => chart.draw(this.#runs));
      const known = new Set(this.#charts.map((chart) => chart.path));
      const paths = batch.runs.flatMap((run) => run.paths);
      if (this.#charts.length < MAX_CHARTS && paths.some((path) => !known.has(path))) {
        this.#shown = "";
        return void this.#show();
      }
    } catch {
      // The next look reads them again.
      due.forEach((chart) => (chart.isFresh = false));
    }
    if (signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#isFilling = false;
      void this.#fill();
    }, PACE_MS);
  }
}

customElements.define("list-charts", ListCharts);
