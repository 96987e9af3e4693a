// What would be published: a package that installs into a clean folder, imports, and logs.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { eventsOf, started } from "./support.js";

const here = fileURLToPath(new URL("..", import.meta.url));
const command = promisify(execFile);

test("npm pack makes a package that installs and works in a clean folder", async (t) => {
  const { server, client } = await started(t);
  const folder = mkdtempSync(join(tmpdir(), "gauntlet-pack-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { stdout } = await command("npm", ["pack", "--json", "--pack-destination", folder], { cwd: here });
  const [{ filename, files, size }] = JSON.parse(stdout.slice(stdout.indexOf("[\n")));
  const names = (files as { path: string }[]).map(({ path }) => path);
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
  assert.ok(
    names.every((name) => /^(dist|src)\/|^(package\.json|README\.md|LICENSE-\w+)$/.test(name)),
    names.join("\n"),
  );
  assert.ok(size < 200_000, `${size} bytes`);

  const home = join(folder, "home");
  await command("mkdir", [home]);
  writeFileSync(join(home, "package.json"), '{"name":"home","private":true,"type":"module"}');
  await command("npm", ["install", "--offline", "--no-audit", "--no-fund", join(folder, filename)], {
    cwd: home,
  });
  const installed = JSON.parse(readFileSync(join(home, "package-lock.json"), "utf8")).packages;
  assert.deepEqual(Object.keys(installed), ["", "node_modules/gauntlet-sdk"], "nothing else came along");
  const script = `
    import { init, Client } from "gauntlet-sdk";
    import * as node from "gauntlet-sdk/node";
    if (node.Client !== Client) throw new Error("two copies");
    const run = await init({ id: "packed", name: "packed" });
    run.log({ reward: 1 }, { step: 1 });
    await run.finish();`;
  const env = { ...process.env, GAUNTLET_ENDPOINT: server.url, GAUNTLET_SPOOL: join(folder, "spool") };
  await command(process.execPath, ["--input-type=module", "-e", script], { cwd: home, env });
  assert.deepEqual(
    (await eventsOf(client, "packed")).map(({ kind }) => kind),
    ["run.started", "snapshot.scored", "run.finished"],
  );
});
