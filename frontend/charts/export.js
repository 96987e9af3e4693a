// A chart as a file: its numbers as CSV, its picture as SVG or PNG.

/** @typedef {import("./source.js").Run} Run */
/** @typedef {import("./source.js").Columns} Columns */

/** Dashes of the runs in a picture; as in plot.js. */
const DASHES = ["", "12 3", "6 2", "16 2 4 2"];
const SIZE = { width: 960, height: 420, left: 64, right: 16, top: 40, bottom: 32 };

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
 * The chart as a standalone picture: a title, a legend, axes with their ends, a line a run.
 *
 * @param {string} title
 * @param {import("./groups.js").History[]} histories
 * @param {{ x: [number, number], y: [number, number] }} ranges
 * @param {{ color: (index: number) => string, text: string, line: string, background: string, isLog: boolean,
 *   label: (x: number) => string, number: (y: number) => string }} look
 */
export function svg(title, histories, ranges, look) {
  const { width, height, left, right, top, bottom } = SIZE;
  const scaled = look.isLog && ranges.y[0] > 0 ? Math.log : (/** @type {number} */ y) => y;
  const [low, high] = ranges.y.map(scaled);
  const xOf = (/** @type {number} */ x) =>
    left + ((x - ranges.x[0]) / (ranges.x[1] - ranges.x[0])) * (width - left - right);
  const yOf = (/** @type {number} */ y) =>
    top + (1 - (scaled(y) - low) / (high - low)) * (height - top - bottom);
  const lines = histories.map(({ run, columns }) => {
    const xs = columns.x ?? columns.step;
    const points = (columns.smooth ?? columns.mean)
      .map((y, i) => [xs[i], y])
      .filter(([x, y]) => x >= ranges.x[0] && x <= ranges.x[1] && Number.isFinite(scaled(y)))
      .map(([x, y]) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`);
    const dash = DASHES[run.dash] === "" ? "" : ` stroke-dasharray="${DASHES[run.dash]}"`;
    return `<polyline points="${points.join(" ")}" stroke="${look.color(run.color)}"${dash}/>`;
  });
  let at = left;
  const legend = histories.map(({ run }) => {
    const begin = at;
    at += 40 + run.name.length * 7;
    return (
      `<path d="M${begin} 26h22" stroke="${look.color(run.color)}" stroke-width="2" stroke-dasharray="${DASHES[run.dash]}"/>` +
      `<text x="${begin + 28}" y="30">${escaped(run.name)}</text>`
    );
  });
  const edge = (
    /** @type {number} */ x,
    /** @type {number} */ y,
    /** @type {string} */ anchor,
    /** @type {string} */ text,
  ) => `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(text)}</text>`;
  const frame = `M${left} ${top}V${height - bottom}H${width - right}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    ` font-family="sans-serif" font-size="12" fill="${look.text}">`,
    `<rect width="100%" height="100%" fill="${look.background}"/>`,
    `<text x="${left}" y="15" font-weight="bold">${escaped(title)}</text>`,
    `<path d="${frame}" fill="none" stroke="${look.line}"/>`,
    `<clipPath id="c"><rect x="${left}" y="${top}" width="${width - left - right}" height="${height - top - bottom}"/></clipPath>`,
    `<g fill="none" stroke-width="1.6" stroke-linejoin="round" clip-path="url(#c)">${lines.join("")}</g>`,
    `<g>${legend.join("")}</g>`,
    edge(left - 6, height - bottom, "end", look.number(ranges.y[0])),
    edge(left - 6, top + 10, "end", look.number(ranges.y[1])),
    edge(left, height - 10, "start", look.label(ranges.x[0])),
    edge(width - right, height - 10, "end", look.label(ranges.x[1])),
    "</svg>",
  ].join("");
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
  const head = 44 * ratio;
  const picture = document.createElement("canvas");
  picture.width = chart.width;
  picture.height = chart.height + head;
  const context = picture.getContext("2d");
  if (context === null) return Promise.resolve(null);
  context.fillStyle = look.background;
  context.fillRect(0, 0, picture.width, picture.height);
  context.fillStyle = look.text;
  context.font = `bold ${13 * ratio}px sans-serif`;
  context.fillText(title, 8 * ratio, 16 * ratio);
  context.font = `${11 * ratio}px sans-serif`;
  let at = 8 * ratio;
  for (const run of runs) {
    context.strokeStyle = look.color(run.color);
    context.lineWidth = 2 * ratio;
    context.setLineDash(
      DASHES[run.dash]
        .split(" ")
        .filter(Boolean)
        .map((part) => Number(part) * ratio),
    );
    context.beginPath();
    context.moveTo(at, 32 * ratio);
    context.lineTo(at + 20 * ratio, 32 * ratio);
    context.stroke();
    context.fillText(run.name, at + 26 * ratio, 36 * ratio);
    at += 42 * ratio + context.measureText(run.name).width;
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
