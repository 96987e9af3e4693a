// Every example of the README compiles under the strictest settings, runs against a real server, and prints
// the documented output.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { begun, started } from "./support.js";

const here = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(here, "README.md"), "utf8");
const blocks = [...readme.matchAll(/^```(?:ts|js)\n(.*?)^```/gms)].map(([, text]) => text);
const heading = (text: string) =>
  readme
    .slice(0, readme.indexOf(text))
    .match(/^## .*$/gm)!
    .at(-1)!
    .slice(3);
const folder = mkdtempSync(join(here, "test", "readme-"));

before(() => {
  blocks.forEach((text, i) => writeFileSync(join(folder, `block${i}.mts`), text));
  const files = blocks.map((_, i) => join(folder, `block${i}.mts`));
  const flags = "--ignoreConfig --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess";
  const rest = "--noPropertyAccessFromIndexSignature --target es2022 --module nodenext";
  const tsc = join(here, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, ...flags.split(" "), ...rest.split(" "), ...files], {
    stdio: ["ignore", "inherit", "inherit"],
  });
});
after(() => rmSync(folder, { recursive: true, force: true }));

assert.ok(blocks.length >= 9, "the README has its examples");

for (const [i, text] of blocks.entries()) {
  test(`README, ${heading(text)}: example ${i + 1}`, async (t) => {
    const { server } = await started(t);
    const run = await begun(server, { id: "my-run", name: "my run" });
    run.log({ root: 0.5, grounding: 1 }, { step: 1 });
    run.log({ root: -20, grounding: -20 }, { step: 2 });
    run.log({ root: 1, grounding: 1 }, { step: 3 });
    await run.finish();
    const env = { ...process.env, GAUNTLET_ENDPOINT: server.url, GAUNTLET_SPOOL: join(folder, `spool${i}`) };
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, `block${i}.mjs`)], {
      env,
      timeout: 60_000,
    });
    const promised = [...text.matchAll(/\/\/> (.*)$/gm)].map(([, line]) => line);
    if (promised.length > 0) {
      // In a loop, the first turn's line is the promise.
      const printed = stdout.trim().split("\n");
      assert.deepEqual(printed.slice(0, promised.length), promised);
    }
  });
}
