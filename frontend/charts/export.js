// A chart as a file: its numbers as CSV, its picture as SVG or PNG.

/** @typedef {import("./source.js").Run} Run */
/** @typedef {import("./source.js").Columns} Columns */

/** Dashes of the runs in a picture; as in plot.js. */
const DASHES = ["", "12 3", "6 2", "16 2 4 2"];
/** Of a picture whose legend has one row. */
const SIZE = { width: 960, height: 432, left: 64, right: 24, top: 42, bottom: 44 };

/**
 * The numbers that are drawn, one line a point.
 *
 * @param {import("./groups.js").History[]} histories
 */
export function csv(histories) {
  const lines = ["run,path,step,x,mean,low,high"];
  for (const { run, columns } of histories) {
    columns.step.forEach((step, i) => {
      const { x, mean, low, high } = columns;
      const numbers = [step, x?.[i] ?? step, mean[i], low?.[i] ?? mean[i], high?.[i] ?? mean[i]];
      lines.push([quoted(run.id), quoted(columns.path), ...numbers].join(","));
    });
  }
  return lines.join("\r\n") + "\r\n";
}

/** A text as a field of CSV (RFC 4180). @param {string} text */
function quoted(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The vertical scale as drawn: linear, logarithmic, or linear within `linear` of zero and logarithmic beyond.
 *
 * @typedef {{ kind: "linear" | "log" | "asinh", linear: number }} Scale
 */
/**
 * How a picture looks. `axis` has the words under the horizontal axis.
 *
 * @typedef {{ color: (index: number) => string, text: string, line: string, background: string, scale: Scale,
 *   axis: string, label: (x: number) => string, number: (y: number) => string, steps: number[] }} Look
 */

/**
 * The chart as a standalone picture: a title, a legend, axes with marks, the band and the line of each run.
 *
 * @param {string} title
 * @param {import("./groups.js").History[]} histories
 * @param {{ x: [number, number], y: [number, number] }} ranges
 * @param {Look} look
 */
export function svg(title, histories, ranges, look) {
  const { width, left, right, bottom } = SIZE;
  const runs = histories.filter(({ isFaint }) => !isFaint).map(({ run }) => run);
  const places = legend(runs, left, width - right, (text) => text.length * 7);
  const top = 24 + 18 * (1 + (places.at(-1)?.row ?? 0));
  const height = SIZE.height - SIZE.top + top;
  const scaled = scaleOf(look.scale);
  const [low, high] = ranges.y.map(scaled);
  const xOf = (/** @type {number} */ x) =>
    left + ((x - ranges.x[0]) / (ranges.x[1] - ranges.x[0])) * (width - left - right);
  const yOf = (/** @type {number} */ y) =>
    top + (1 - (scaled(y) - low) / (high - low)) * (height - top - bottom);
  const [xs, ys] = [
    ticks(ranges.x, 8, look.steps).map((x) => ({ at: xOf(x), text: look.label(x) })),
    scaleTicks(look.scale, ranges.y).map((y) => ({ at: yOf(y), text: look.number(y) })),
  ];
  const grid = [
    ...xs.map(({ at }) => `M${at.toFixed(1)} ${top}V${height - bottom}`),
    ...ys.map(({ at }) => `M${left} ${at.toFixed(1)}H${width - right}`),
  ].join("");
  const text = (
    /** @type {number} */ x,
    /** @type {number} */ y,
    /** @type {string} */ anchor,
    /** @type {string} */ words,
  ) => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped(words)}</text>`;
  const names = places.map(({ run, at, row }) => {
    const y = 34 + 18 * row;
    const line = `<path d="M${at} ${y - 4}h22" fill="none" stroke="${look.color(run.color)}" stroke-width="2"${dash(run)}/>`;
    return line + text(at + 28, y, "start", run.name);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    ` font-family="sans-serif" font-size="12" fill="${look.text}">`,
    `<rect width="100%" height="100%" fill="${look.background}"/>`,
    `<text x="${left}" y="15" font-weight="bold">${escaped(title)}</text>`,
    `<path d="${grid}" fill="none" stroke="${look.line}" stroke-opacity="0.4"/>`,
    `<path d="M${left} ${top}V${height - bottom}H${width - right}" fill="none" stroke="${look.line}"/>`,
    `<clipPath id="c"><rect x="${left}" y="${top}" width="${width - left - right}" height="${height - top - bottom}"/></clipPath>`,
    `<g clip-path="url(#c)">${histories.map((it) => drawing(it, xOf, yOf, look)).join("")}</g>`,
    ...names,
    ...xs.map(({ at, text: words }) => text(at, height - bottom + 16, "middle", words)),
    ...ys.map(({ at, text: words }) => text(left - 6, at + 4, "end", words)),
    text((left + width - right) / 2, height - 6, "middle", look.axis),
    "</svg>",
  ].join("");
}

/** @param {Run} run */
const dash = (run) => (DASHES[run.dash] === "" ? "" : ` stroke-dasharray="${DASHES[run.dash]}"`);

/**
 * The band, the unsmoothed line and the line of one run.
 *
 * @param {import("./groups.js").History} history
 * @param {(x: number) => number} xOf
 * @param {(y: number) => number} yOf
 * @param {Look} look
 */
function drawing({ run, columns, hasBand, isFaint }, xOf, yOf, look) {
  const xs = columns.x ?? columns.step;
  const color = look.color(run.color);
  const points = (/** @type {number[]} */ values) =>
    values.flatMap((y, i) => {
      const at = [xOf(xs[i] ?? 0), yOf(y)];
      return at.every(Number.isFinite) ? [at.map((it) => it.toFixed(1)).join(",")] : [];
    });
  const line = (/** @type {number[]} */ values, /** @type {string} */ look) =>
    `<polyline points="${points(values).join(" ")}" fill="none" stroke="${color}" stroke-linejoin="round" ${look}/>`;
  const { low, high, smooth } = columns;
  if (isFaint) return line(smooth ?? columns.mean, 'stroke-width="1" stroke-opacity="0.4"');
  const band =
    hasBand && low !== undefined && high !== undefined
      ? `<polygon points="${[...points(high), ...points(low).reverse()].join(" ")}" fill="${color}" fill-opacity="0.14"/>`
      : "";
  const raw = smooth === undefined ? "" : line(columns.mean, 'stroke-width="1" stroke-opacity="0.3"');
  return band + raw + line(smooth ?? columns.mean, `stroke-width="1.6"${dash(run)}`);
}

/** A value's place on a scale, in units of it. @param {Scale} scale @returns {(y: number) => number} */
function scaleOf({ kind, linear }) {
  if (kind === "log") return Math.log10;
  return kind === "asinh" ? (y) => Math.asinh(y / linear) : (y) => y;
}

/**
 * About `count` round positions within a range; where `steps` has distances, the first of them that is long enough.
 *
 * @param {[number, number]} range
 * @param {number} count
 * @param {number[]} steps
 */
export function ticks([low, high], count, steps = []) {
  const least = (high - low) / count;
  const size = 10 ** Math.floor(Math.log10(least));
  const step =
    steps.find((it) => it >= least) ?? [1, 2, 5, 10].map((it) => it * size).find((it) => it >= least);
  if (step === undefined || !(step > 0)) return [low];
  const first = Math.ceil(low / step);
  // Whole multiples, so that no error adds up.
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** The marks of a vertical scale. @param {Scale} scale @param {[number, number]} range */
export function scaleTicks(scale, range) {
  if (scale.kind === "linear") return ticks(range, 6);
  const inside = (/** @type {number} */ y) => y >= range[0] && y <= range[1];
  const largest = Math.max(...range.map(Math.abs));
  const smallest = scale.kind === "log" ? range[0] : scale.linear;
  const [from, to] = [Math.floor(Math.log10(smallest)), Math.ceil(Math.log10(largest))];
  const every = Math.max(1, Math.ceil((to - from) / 6));
  const powers = Array.from({ length: to - from + 1 }, (_, i) => from + i).filter(
    (it) => (it - from) % every === 0,
  );
  const sizes = powers.flatMap((it) =>
    (every === 1 && to - from < 3 ? [1, 2, 5] : [1]).map((by) => by * 10 ** it),
  );
  if (scale.kind === "log") return sizes.filter(inside);
  return [...sizes.map((it) => -it).reverse(), 0, ...sizes].filter(inside);
}

/**
 * The places of a legend's entries, in as many rows as they need.
 *
 * @param {Run[]} runs
 * @param {number} left
 * @param {number} right
 * @param {(text: string) => number} widthOf
 */
function legend(runs, left, right, widthOf) {
  let [at, row] = [left, 0];
  return runs.map((run) => {
    const width = 44 + widthOf(run.name);
    if (at > left && at + width > right) [at, row] = [left, row + 1];
    const place = { run, at, row };
    at += width;
    return place;
  });
}

/** A text within markup. @param {string} text */
function escaped(text) {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/**
 * A picture of the drawn chart with its title and legend.
 *
 * @param {string} title
 * @param {Run[]} runs
 * @param {HTMLCanvasElement} chart
 * @param {{ color: (index: number) => string, text: string, background: string }} look
 * @returns {Promise<Blob | null>}
 */
export function png(title, runs, chart, look) {
  const ratio = Math.max(1, chart.width / Math.max(1, chart.clientWidth || chart.width));
  const picture = document.createElement("canvas");
  const context = picture.getContext("2d");
  if (context === null) return Promise.resolve(null);
  const names = `${11 * ratio}px sans-serif`;
  context.font = names;
  const places = legend(runs, 8, chart.width / ratio - 8, (text) => context.measureText(text).width / ratio);
  const head = (26 + 18 * (1 + (places.at(-1)?.row ?? 0))) * ratio;
  picture.width = chart.width;
  picture.height = chart.height + head;
  context.fillStyle = look.background;
  context.fillRect(0, 0, picture.width, picture.height);
  context.fillStyle = look.text;
  context.font = `bold ${13 * ratio}px sans-serif`;
  context.fillText(title, 8 * ratio, 16 * ratio);
  context.font = names;
  for (const { run, at, row } of places) {
    const y = (32 + 18 * row) * ratio;
    context.strokeStyle = look.color(run.color);
    context.lineWidth = 2 * ratio;
    context.setLineDash(
      DASHES[run.dash]
        .split(" ")
        .filter(Boolean)
        .map((part) => Number(part) * ratio),
    );
    context.beginPath();
    context.moveTo(at * ratio, y);
    context.lineTo((at + 20) * ratio, y);
    context.stroke();
    context.fillText(run.name, (at + 26) * ratio, y + 4 * ratio);
  }
  context.drawImage(chart, 0, head);
  return new Promise((resolve) => picture.toBlob(resolve, "image/png"));
}

/**
 * Saves a file.
 *
 * @param {string} name
 * @param {Blob} blob
 */
export function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.replace(/[^\w.-]+/g, "-");
  link.click();
  // The download has read the address by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
