// The published package: it installs into an empty folder without dependencies, and works in Node as an ES
// module and from CommonJS, with types, and bundled for a browser.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { chromiumPath, eventsOf, runNode, started, type Client, type Server } from "./support.js";

const here = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "gauntlet-pack-"));
/** The folder that the package is installed in. */
const home = join(folder, "home");
const command = promisify(execFile);
const LOGGED = ["run.started", "snapshot.scored", "run.finished"];

interface Packed {
  filename: string;
  files: { path: string }[];
  size: number;
}
let packed: Packed;

before(async () => {
  const { stdout } = await command("npm", ["pack", "--json", "--pack-destination", folder], { cwd: here });
  [packed] = JSON.parse(stdout.slice(stdout.indexOf("[\n"))) as [Packed];
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), '{"name":"home","private":true,"type":"module"}');
  const install = ["install", "--offline", "--no-audit", "--no-fund", join(folder, packed.filename)];
  await command("npm", install, { cwd: home });
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program beside the installed package, and checks that it logged the run of that id. */
async function checkLogs(
  server: Server,
  client: Client,
  name: string,
  text: string,
  id: string,
): Promise<void> {
  writeFileSync(join(home, name), text);
  const env = { ...process.env, GAUNTLET_ENDPOINT: server.url, GAUNTLET_SPOOL: join(folder, "spool") };
  const { code, err } = await runNode([name], { cwd: home, env });
  assert.equal(code, 0, err);
  assert.deepEqual(
    (await eventsOf(client, id)).map(({ kind }) => kind),
    LOGGED,
  );
}

/** Compiles files beside the installed package; what the compiler reports. */
async function compile(texts: Record<string, string>, ...flags: string[]): Promise<string> {
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(home, name), text);
  const tsc = join(here, "node_modules/typescript/bin/tsc");
  const strict = "--ignoreConfig --noEmit --strict --target es2022".split(" ");
  const { out } = await runNode([tsc, ...strict, ...flags, ...Object.keys(texts)], { cwd: home });
  return out;
}

test("the package has the build, the sources and the licences, and no dependencies", () => {
  const names = packed.files.map(({ path }) => path);
  for (const name of [
    "dist/index.js",
    "dist/index.d.ts",
    "dist/node/index.js",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
  ]) {
    assert.ok(names.includes(name), `${name} is in the package`);
  }
  const isExpected = (name: string) => /^(dist|src)\/|^(package\.json|README\.md|LICENSE-\w+)$/.test(name);
  assert.deepEqual(
    names.filter((name) => !isExpected(name)),
    [],
  );
  // Half of it are the types of the API, which grow with it.
  assert.ok(packed.size < 250_000, `${packed.size} bytes`);
  const installed = JSON.parse(readFileSync(join(home, "package-lock.json"), "utf8")).packages;
  assert.deepEqual(Object.keys(installed), ["", "node_modules/gauntlet-sdk"]);
});

test("an ES module logs with it", async (t) => {
  const { server, client } = await started(t);
  const text = `
    import { init, Client } from "gauntlet-sdk";
    import * as node from "gauntlet-sdk/node";
    if (node.Client !== Client) throw new Error("two copies");
    const run = await init({ id: "esm", name: "esm" });
    run.log({ reward: 1 }, { step: 1 });
    await run.finish();`;
  await checkLogs(server, client, "program.mjs", text, "esm");
});

test("CommonJS logs with it, by require where Node supports that, else by import", async (t) => {
  const { server, client } = await started(t);
  const text = `
    const canRequire = process.features.require_module;
    const loaded = canRequire ? Promise.resolve(require("gauntlet-sdk")) : import("gauntlet-sdk");
    loaded.then(async ({ init }) => {
      const run = await init({ id: "cjs", name: "cjs" });
      run.log({ reward: 1 }, { step: 1 });
      await run.finish();
    });`;
  await checkLogs(server, client, "program.cjs", text, "cjs");
});

test("its types fit Node and bundlers, and accept objects and maps of scores only", async () => {
  const text = `
    import { init, type Fact, type RunStats } from "gauntlet-sdk";
    interface Scores { reward: number; grounding?: number; safety: { refusal: boolean } }
    declare const scores: Scores;
    const run = await init({ name: "n", config: { lr: 1 } });
    run.log(scores, { step: 1 });
    run.log({ reward: null, tone: "0.8" });
    run.log(new Map([["reward", 1]]));
    run.rollout({ scores, action: "a" });
    run.episode({ task: "t" }).log(scores);
    const stats: RunStats = await run.finish();
    export const sent: number = stats.sent;
    export const what: Fact["what"] = "scored";`;
  const refused = `
    import { init } from "gauntlet-sdk";
    const run = await init();
    run.log({ reward: new Date() });
    run.log({ rubrics: [1] });
    run.log({ a: { b: () => 1 } });
    run.log(5);
    run.rollout({ scores: { rubrics: [1] } });`;
  const commonJs = `import sdk = require("gauntlet-sdk");\nexport const run: Promise<sdk.Run> = sdk.init();`;
  const types = ["--types", "node", "--typeRoots", join(here, "node_modules/@types")];
  const files = { "types.mts": text, "types.cts": commonJs, "refused.mts": refused };
  const errors = (await compile(files, "--module", "nodenext", ...types)).match(/^\S+\(\d+/gm);
  assert.deepEqual(
    errors,
    [4, 5, 6, 7, 8].map((line) => `refused.mts(${line}`),
  );
  const bundler = "--module esnext --moduleResolution bundler --lib es2022,dom,dom.asynciterable".split(" ");
  assert.equal(await compile({ "types.ts": text }, ...bundler), "");
});

test("a page logs with it, bundled", async (t) => {
  const { server, client } = await started(t);
  writeFileSync(
    join(home, "page.js"),
    `import { init } from "gauntlet-sdk";
    const run = await init({ id: "bundled", name: "bundled" });
    run.log({ reward: 1 }, { step: 1 });
    window.stats = await run.finish();`,
  );
  const { outputFiles, warnings } = await build({
    absWorkingDir: home,
    entryPoints: ["page.js"],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  const [{ text }] = outputFiles;
  assert.deepEqual(warnings, []);
  assert.ok(text.length < 100_000, `${text.length} characters`);
  assert.doesNotMatch(text, /node:(fs|worker_threads|os)/);

  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ["--no-first-run"] });
  t.after(() => browser.close());
  // The server allows no scripts but its own.
  const page = await (await browser.newContext({ bypassCSP: true })).newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(`${server.url}/healthz`);
  await page.addScriptTag({ content: text, type: "module" });
  await page.waitForFunction(() => "stats" in window);
  assert.deepEqual(errors, []);
  assert.deepEqual(
    (await eventsOf(client, "bundled")).map(({ kind }) => kind),
    LOGGED,
  );
});
