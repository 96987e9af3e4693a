// Compresses what a browser downloads, prints the sizes, and fails when the wasm is over its budget.
//
//   node scripts/sizes.mjs FOLDER BUDGET_BYTES
//
// Brotli at its best takes seconds, so it runs here once, not in the server: each file gets a `.br` beside
// it, which build.sh removes when the file changes.

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

// How brotli codes distances: wasm repeats itself at distances that follow no pattern, so coding the short
// ones directly saves 0.3 %.
const DISTANCES = { [constants.BROTLI_PARAM_NPOSTFIX]: 0, [constants.BROTLI_PARAM_NDIRECT]: 15 };

const [folder, budgetBytes] = process.argv.slice(2);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`.padStart(10);

let wasmBytes = 0;
for (const name of ["gauntlet_bg.wasm", "gauntlet.js", "gauntlet.css"]) {
  const plain = join(folder, name);
  const packed = `${plain}.br`;
  if (!existsSync(packed)) {
    writeFileSync(packed, brotliCompressSync(readFileSync(plain), { params: DISTANCES }));
  }
  const [raw, brotli] = [statSync(plain).size, statSync(packed).size];
  console.log(`  ${name.padEnd(18)}${kilobytes(raw)} ${kilobytes(brotli)} brotli`);
  if (name.endsWith(".wasm")) wasmBytes = brotli;
}

if (wasmBytes > Number(budgetBytes)) {
  console.error(`\nerror: the wasm is ${wasmBytes} bytes of brotli; its budget is ${budgetBytes}.`);
  process.exit(1);
}
