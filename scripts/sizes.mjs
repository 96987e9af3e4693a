// Compresses what a browser downloads, prints the sizes, and fails when the wasm of a bundle is over its
// budget.
//
//   node scripts/sizes.mjs FOLDER BUNDLE=BUDGET_BYTES...
//
// Brotli at its best takes seconds, so it runs here once, not in the server: each file gets a `.br` beside
// it, which build.sh removes when the file changes.

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

// How brotli codes distances: wasm repeats itself at distances that follow no pattern, so coding the short
// ones directly saves 0.3 %.
const DISTANCES = { [constants.BROTLI_PARAM_NPOSTFIX]: 0, [constants.BROTLI_PARAM_NDIRECT]: 15 };

const [folder, ...bundles] = process.argv.slice(2);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`.padStart(10);

/** Compresses a file unless that is done, prints its sizes, and returns its bytes of brotli. */
function compressed(name) {
  const plain = join(folder, name);
  const packed = `${plain}.br`;
  if (!existsSync(packed)) {
    writeFileSync(packed, brotliCompressSync(readFileSync(plain), { params: DISTANCES }));
  }
  const [raw, brotli] = [statSync(plain).size, statSync(packed).size];
  console.log(`  ${name.padEnd(22)}${kilobytes(raw)} ${kilobytes(brotli)} brotli`);
  return brotli;
}

compressed("gauntlet.css");
for (const [bundle, budgetBytes] of bundles.map((words) => words.split("="))) {
  compressed(`${bundle}.js`);
  const wasmBytes = compressed(`${bundle}_bg.wasm`);
  if (wasmBytes > Number(budgetBytes)) {
    console.error(`\nerror: ${bundle} is ${wasmBytes} bytes of brotli; its budget is ${budgetBytes}.`);
    process.exitCode = 1;
  }
}
