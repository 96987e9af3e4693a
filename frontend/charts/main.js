// The charts of the page: reads what is near the window, draws it, keeps it up to date, and keeps the address.

import { Chart } from "./chart.js";
import { groupName, groupsOf } from "./groups.js";
import { sortTables } from "./sort.js";
import { merged, readSeries, watch } from "./source.js";
import { bandOf, readView, writeView } from "./state.js";
import { groupOf } from "./values.js";

/** @typedef {import("./source.js").Run} Run */

/** How long typing and dragging may go on before anything is read again, milliseconds. */
const CALM_MS = 120;

/** The page. */
class Page {
  #section;
  /** @type {Run[]} */
  runs;
  view = readView(location.search);
  /** @type {Chart[]} */
  #charts = [];
  #observer;
  /** Events of each run that the page has read. @type {Map<string, number>} */
  #heads = new Map();
  #timer = 0;
  #reading = new AbortController();

  /** @param {HTMLElement} section */
  constructor(section) {
    this.#section = section;
    this.runs = JSON.parse(section.dataset["runs"] ?? "[]");
    this.#observer = new IntersectionObserver((entries) => this.#onSeen(entries), { rootMargin: "300px" });
    const page = this;
    this.#handle = {
      runs: this.runs,
      get view() {
        return page.view;
      },
      zoom: (/** @type {[number, number] | null} */ range) => this.#change({ zoom: range }),
      showAll: () => this.#change({ isFull: true }),
      refresh: () => this.#later(CALM_MS),
    };
    for (const figure of section.querySelectorAll("figure")) this.#add(figure);
    this.#controls();
    this.#filter();
    void this.#begin();
  }

  #handle;

  /** Reads what the charts cannot wait for, then follows the runs that go on. */
  async #begin() {
    const batch = await readSeries({ ...this.#asked([], 4) });
    this.#note(batch);
    const live = this.runs.filter((run) => run.live).map((run) => run.id);
    watch(live, (runs) => this.#update(runs), this.#heads);
  }

  /** @param {HTMLElement} figure */
  #add(figure) {
    const chart = new Chart(figure, this.#handle);
    this.#charts.push(chart);
    this.#observer.observe(figure);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #onSeen(entries) {
    for (const { target, isIntersecting } of entries) {
      const chart = this.#charts.find((it) => it.element === target);
      if (chart !== undefined) chart.isVisible = isIntersecting;
    }
    this.#later(0);
  }

  /** @param {Partial<import("./state.js").View>} change */
  #change(change) {
    this.view = { ...this.view, ...change };
    history.replaceState(
      history.state,
      "",
      location.pathname + writeView(location.search, this.view) + location.hash,
    );
    this.#show();
    this.#filter();
    for (const chart of this.#charts) {
      chart.isFresh = false;
      // At once from what is there; exactly, as soon as it is read.
      if (chart.isVisible && !("axis" in change) && !("smoothing" in change)) chart.draw();
    }
    this.#later(CALM_MS);
  }

  /** @param {number} millis */
  #later(millis) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(), millis);
  }

  /**
   * @param {string[]} paths
   * @param {number} points
   */
  #asked(paths, points) {
    const { axis, smoothing } = this.view;
    return { runs: this.runs.map((run) => run.id), paths, axis, points, smoothing, ...this.#steps() };
  }

  /** The steps that the zoom shows, with one more on either side. */
  #steps() {
    const { zoom, axis } = this.view;
    if (zoom === null) return {};
    if (axis === "step")
      return { from: Math.max(0, Math.floor(zoom[0]) - 1), to: Math.max(0, Math.ceil(zoom[1]) + 1) };
    let [from, to] = [Infinity, -Infinity];
    for (const columns of this.#charts.flatMap((chart) => [...chart.columns.values()])) {
      columns.x?.forEach((x, i) => {
        if (x < zoom[0] || x > zoom[1]) return;
        from = Math.min(from, columns.step[i - 1] ?? columns.step[i] ?? 0);
        to = Math.max(to, columns.step[i + 1] ?? columns.step[i] ?? 0);
      });
    }
    return from <= to ? { from, to } : {};
  }

  /** Reads the charts that are near the window and not up to date with the view. */
  async #read() {
    const charts = this.#charts.filter((chart) => chart.isVisible && !chart.isFresh && !chart.element.hidden);
    if (charts.length === 0) return;
    this.#reading.abort();
    const reading = (this.#reading = new AbortController());
    const points = Math.max(...charts.map((chart) => chart.points));
    try {
      const batch = await readSeries(
        this.#asked(
          charts.map((chart) => chart.path),
          points,
        ),
        reading.signal,
      );
      this.#note(batch);
      for (const chart of charts) {
        chart.columns = new Map(
          batch.series.filter((it) => it.path === chart.path).map((it) => [it.run, it]),
        );
        chart.isFresh = true;
        chart.draw();
        // Many lines take long on a slow processor: the page answers between two charts.
        await new Promise((resolve) => setTimeout(resolve));
        if (reading.signal.aborted) return;
      }
      this.#fail("");
    } catch (error) {
      if (!reading.signal.aborted) this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * Reads what is new of some runs: from the last step of each chart on, which may have got more rollouts.
   *
   * @param {string[]} runs
   * @returns {Promise<Map<string, number>>}
   */
  async #update(runs) {
    const charts = this.#charts.filter((chart) => chart.isVisible && chart.isFresh && !chart.element.hidden);
    this.#charts.filter((chart) => !chart.isVisible).forEach((chart) => (chart.isFresh = false));
    const lasts = charts.flatMap((chart) => runs.map((run) => chart.columns.get(run)?.step.at(-1) ?? 0));
    const from = Math.min(...lasts);
    const points = Math.max(4, ...charts.map((chart) => chart.points));
    const asked = {
      ...this.#asked(
        charts.map((chart) => chart.path),
        points,
      ),
      runs,
    };
    if (Number.isFinite(from)) asked.from = Math.max(from, asked.from ?? 0);
    const isEmpty = asked.to !== undefined && asked.from !== undefined && asked.from > asked.to;
    const batch = await readSeries(isEmpty ? { ...asked, from: undefined, to: undefined, paths: [] } : asked);
    for (const chart of charts) {
      for (const part of batch.series.filter((it) => it.path === chart.path)) {
        const old = chart.columns.get(part.run);
        const columns = old === undefined ? part : merged(old, part);
        chart.columns.set(part.run, columns);
        // Too many to tell apart: read again, thinned over the full range.
        if (columns.step.length > 2 * chart.points) chart.isFresh = false;
      }
      if (batch.series.some((it) => it.path === chart.path)) chart.draw();
    }
    const known = new Set(this.#charts.map((chart) => chart.path));
    for (const path of batch.runs.flatMap((run) => run.paths)) {
      if (!known.has(path)) this.#place(path);
      known.add(path);
    }
    if (this.#charts.some((chart) => chart.isVisible && !chart.isFresh)) this.#later(CALM_MS);
    return new Map(batch.runs.map((run) => [run.run, run.head]));
  }

  /** Makes a place for a path that is new. @param {string} path */
  #place(path) {
    const name = groupOf(path);
    const groups = [...this.#section.querySelectorAll("section")];
    let group = groups.find((it) => it.dataset["group"] === name);
    if (group === undefined) {
      group = document.createElement("section");
      group.className = "chart-group";
      group.dataset["group"] = name;
      const head = document.createElement("h3");
      head.textContent = name;
      const grid = document.createElement("div");
      grid.className = "chart-grid";
      group.append(head, grid);
      this.#section.querySelector(".chart-groups")?.append(group);
    }
    const figure = document.createElement("figure");
    figure.className = "run-chart";
    figure.dataset["path"] = path;
    const caption = document.createElement("figcaption");
    const words = document.createElement("bdi");
    words.textContent = path;
    caption.append(words);
    figure.append(caption);
    group.querySelector(".chart-grid")?.append(figure);
    this.#section.querySelector(".charts-empty")?.remove();
    this.#add(figure);
    this.#filter();
  }

  /** @param {import("./source.js").Batch} batch */
  #note(batch) {
    for (const { run, head } of batch.runs) this.#heads.set(run, Math.max(head, this.#heads.get(run) ?? 0));
  }

  /** Hides the charts whose path lacks one of the words. */
  #filter() {
    const words = this.view.words.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { element, path } of this.#charts) {
      element.hidden = !words.every((word) => path.toLowerCase().includes(word));
    }
    for (const group of this.#section.querySelectorAll("section")) {
      const count = group.querySelectorAll("figure:not([hidden])").length;
      group.hidden = count === 0;
      group.style.setProperty("--charts", String(count));
    }
  }

  /** Says why the charts cannot be read, or that they can. @param {string} words */
  #fail(words) {
    let note = this.#section.querySelector(".charts-error");
    if (note === null) {
      note = document.createElement("p");
      note.className = "note charts-error";
      note.setAttribute("role", "alert");
      this.#section.prepend(note);
    }
    note.textContent = words === "" ? "" : `The charts could not be read: ${words}`;
    note.toggleAttribute("hidden", words === "");
  }

  #controls() {
    const form = this.#section.querySelector("form");
    if (form === null) return;
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", ({ target }) => {
      if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
      const { name, value } = target;
      if (name === "q") this.#change({ words: value });
      // Another axis has other positions.
      if (name === "x") this.#change({ axis: /** @type {import("./state.js").Axis} */ (value), zoom: null });
      if (name === "y") this.#change({ isLog: value === "log" });
      if (name === "smooth") this.#change({ smoothing: Number(value) });
      if (name === "group") this.#change({ group: value });
      if (name === "band") this.#change({ band: /** @type {import("./state.js").Band} */ (value) });
    });
    const link = form.querySelector("[name=link]");
    link?.addEventListener("click", () => void copyAddress(link));
    form.querySelector("[name=reset]")?.addEventListener("click", () => this.#change({ zoom: null }));
    form
      .querySelector("[name=robust]")
      ?.addEventListener("click", () => this.#change({ isFull: !this.view.isFull }));
    this.#show();
    // Colours are those of the theme.
    new MutationObserver(() =>
      this.#charts.filter((chart) => chart.isVisible).forEach((chart) => chart.draw()),
    ).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  /** Shows the view in the controls. */
  #show() {
    const form = this.#section.querySelector("form");
    if (form === null) return;
    const field = (/** @type {string} */ name) =>
      /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
    const { words, axis, isLog, smoothing, zoom, isFull, group } = this.view;
    if (field("q").value !== words) field("q").value = words;
    field("x").value = axis;
    field("y").value = isLog ? "log" : "linear";
    field("smooth").value = String(smoothing);
    field("group").value = group;
    field("band").value = bandOf(this.view, this.runs.length);
    const output = form.querySelector("output");
    if (output !== null) output.textContent = smoothing.toFixed(2);
    field("reset").hidden = zoom === null;
    field("robust").hidden = !isFull;
    this.#legend();
  }

  /** The legend of the groups, while runs are grouped: the line of each, its name, and its runs. */
  #legend() {
    const legend = this.#section.querySelector(".chart-legend");
    if (legend === null) return;
    const { group } = this.view;
    const groups = group === "" ? [] : groupsOf(this.runs, group);
    legend.toggleAttribute("hidden", groups.length === 0);
    legend.replaceChildren(
      ...groups.map(({ look, value, runs }) => {
        const item = document.createElement("li");
        item.className = "compare-run";
        item.title = runs.map((run) => run.name).join(", ");
        const line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        line.setAttribute("class", `run-swatch run-color-${look.color} run-dash-${look.dash}`);
        line.setAttribute("viewBox", "0 0 28 8");
        line.setAttribute("aria-hidden", "true");
        const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
        path.setAttribute("d", "M1 4H27");
        line.append(path);
        const name = document.createElement("bdi");
        name.textContent = groupName(group, value, runs.length);
        item.append(line, name);
        return item;
      }),
    );
  }
}

/**
 * Copies the address, which shows exactly what is seen, and says so on the button.
 *
 * @param {Element} button
 */
async function copyAddress(button) {
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  } catch {
    // A browser that gives no clipboard, as on a page without TLS.
    button.textContent = "Copy it from the address bar";
  }
  setTimeout(() => (button.textContent = words), 2000);
}

/** The switch of the theme, as on the other pages. */
function themeSwitch() {
  const button = document.getElementById("theme");
  if (button === null) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const theme = root.dataset["theme"] === "light" ? "dark" : "light";
    root.dataset["theme"] = theme;
    try {
      localStorage.setItem("gauntlet.theme", theme);
    } catch {
      // A browser that stores nothing: the choice lasts as long as the page.
    }
  });
}

themeSwitch();
sortTables(document);
const section = document.getElementById("charts");
if (section !== null) new Page(section);
