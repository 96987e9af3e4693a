// The histories of the runs: read from the server, kept up to date by the live streams of runs that go on.

/** `config` holds the values of the keys that differ between the runs, as text. */
/** @typedef {{ id: string, name: string, color: number, dash: number, live: boolean, config: Record<string, string> }} Run */
/** @typedef {{ run: string, path: string, steps: number, step: number[], x?: number[], mean: number[], low?: number[], high?: number[],
 *   std?: number[], count?: number[], smooth?: number[] }} Columns */
/** @typedef {{ runs: { run: string, head: number, paths: string[] }[], series: Columns[] }} Batch */

/** The most points that one request may ask for. */
const MAX_POINTS = 1_000_000;
/** The longest wait before a lost stream is opened again, milliseconds. */
const LONGEST_WAIT_MS = 8000;
/** The least time between two reads of what a stream announced, milliseconds. */
const PACE_MS = 500;
/** The stream's closing code for a deleted run. */
const CLOSED_GONE = 4410;

/**
 * Reads histories, in as many requests as the limit of the server asks for.
 *
 * @param {{ runs: string[], paths: string[], axis: string, points: number, smoothing: number, from?: number, to?: number }} asked
 * @param {AbortSignal} [signal]
 * @returns {Promise<Batch>}
 */
export async function readSeries(asked, signal) {
  const most = Math.max(1, Math.floor(MAX_POINTS / asked.points / Math.max(1, asked.runs.length)));
  /** @type {Batch} */
  const all = { runs: [], series: [] };
  for (let at = 0; at === 0 || at < asked.paths.length; at += most) {
    const response = await fetch("/api/v1/series", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...asked, paths: asked.paths.slice(at, at + most) }),
      signal,
    }).catch((error) => {
      // Browsers have words of their own for it.
      throw error instanceof TypeError ? new Error("the server does not answer") : error;
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error?.message ?? `the server answered ${response.status}`);
    all.runs = answer.runs;
    all.series.push(...answer.series);
  }
  return all;
}

/**
 * Puts the newer part of a history in the place of what it covers: everything from its first step on.
 *
 * @param {Columns} old
 * @param {Columns} part
 * @returns {Columns}
 */
export function merged(old, part) {
  const first = part.step[0];
  if (first === undefined) return old;
  let end = old.step.length;
  while (end > 0 && old.step[end - 1] >= first) end -= 1;
  /**
   * @param {"x" | "low" | "high" | "std" | "count" | "smooth"} name
   * @param {(columns: Columns) => number[]} single What it is where every step has one value.
   */
  const column = (name, single = (it) => it.mean) => {
    const has = old[name] ?? part[name];
    if (has === undefined) return undefined;
    return [...(old[name] ?? single(old)).slice(0, end), ...(part[name] ?? single(part))];
  };
  return {
    run: old.run,
    path: old.path,
    steps: end + part.steps,
    step: [...old.step.slice(0, end), ...part.step],
    mean: [...old.mean.slice(0, end), ...part.mean],
    x: column("x"),
    low: column("low"),
    high: column("high"),
    std: column("std", (it) => it.step.map(() => 0)),
    count: column("count", (it) => it.step.map(() => 1)),
    smooth: column("smooth"),
  };
}

/**
 * Watches the live streams of runs. `onNews` is called with the runs that have new events, at most twice a second and
 * never while the last call has not ended; it resolves to the heads that it has read up to.
 *
 * @param {string[]} runs
 * @param {(runs: string[]) => Promise<Map<string, number>>} onNews
 * @param {Map<string, number>} heads
 */
export function watch(runs, onNews, heads) {
  /** @type {Set<string>} */
  const changed = new Set();
  let isBusy = false;
  const tell = async () => {
    if (isBusy || changed.size === 0 || document.hidden) return;
    isBusy = true;
    const news = [...changed];
    changed.clear();
    try {
      for (const [run, head] of await onNews(news)) heads.set(run, head);
    } catch {
      // The stream of a server that is gone ends as well, and begins again with what was missed.
      news.forEach((run) => changed.add(run));
    }
    setTimeout(() => {
      isBusy = false;
      void tell();
    }, PACE_MS);
  };
  document.addEventListener("visibilitychange", () => void tell());
  for (const run of runs) follow(run, heads, () => void (changed.add(run), tell()));
}

/**
 * Follows the live stream of one run, again and again until the run is gone.
 *
 * @param {string} run
 * @param {Map<string, number>} heads
 * @param {() => void} onNews
 * @param {number} failures
 */
function follow(run, heads, onNews, failures = 0) {
  const url = new URL(`/api/v1/runs/${encodeURIComponent(run)}/live?format=binary`, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const head = heads.get(run) ?? 0;
  if (head > 0) url.searchParams.set("after", String(head - 1));
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  let hasSpoken = false;
  socket.addEventListener("message", ({ data }) => {
    hasSpoken = true;
    // Texts are signs of life; facts come in binary frames. What they say is read with the next request.
    if (typeof data !== "string") onNews();
  });
  socket.addEventListener("close", ({ code }) => {
    if (code === CLOSED_GONE) return;
    const attempts = hasSpoken ? 1 : failures + 1;
    const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** attempts);
    setTimeout(() => follow(run, heads, onNews, attempts), wait);
  });
}
