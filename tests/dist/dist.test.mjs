// What `make dist` made, installed as a person would into environments that hold nothing else, and used.
//
// DIST names the folder with the packages, BARE_PYTHON a new Python environment with pip alone. Both are made
// by scripts/dist-test.sh.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Server } from "../../end2end/server.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const { DIST, BARE_PYTHON } = process.env;
const work = mkdtempSync(join(tmpdir(), "gauntlet-dist-"));
const version = /^version = "(.+)"/m.exec(readFileSync(join(ROOT, "Cargo.toml"), "utf8"))[1];
const gauntlet = join(BARE_PYTHON, "bin/gauntlet");
const python = join(BARE_PYTHON, "bin/python");

/** The one package with this ending; `find` fails where there is none, or several. */
function find(ending) {
  const found = readdirSync(DIST).filter((name) => name.endsWith(ending));
  assert.equal(found.length, 1, `one ${ending} in ${readdirSync(DIST).join(", ")}`);
  return join(DIST, found[0]);
}

/** Runs a program with nothing of this repository in its environment; returns what it prints. */
function run(program, args, { cwd = work, env = {} } = {}) {
  const PATH = [join(BARE_PYTHON, "bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(":");
  const environment = { PATH, HOME: work, LANG: "C.UTF-8", npm_config_update_notifier: "false", ...env };
  return execFileSync(program, args, { cwd, env: environment, encoding: "utf8", maxBuffer: 1 << 28 });
}

/** A folder of its own for one test. */
function folder(name) {
  const path = join(work, name);
  mkdirSync(path);
  return path;
}

/** Unpacks the archive; returns the folder in it. */
function unpacked(name) {
  const into = folder(name);
  run("tar", ["-xzf", find(".tar.gz"), "-C", into]);
  return join(into, readdirSync(into)[0]);
}

before(() => {
  run(join(BARE_PYTHON, "bin/pip"), ["install", "--quiet", "--no-index", find(".whl")]);
});

after(() => rmSync(work, { recursive: true, force: true }));

test("the checksums are those of the packages", () => {
  run("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: DIST });
  const listed = readFileSync(join(DIST, "SHA256SUMS"), "utf8").trim().split("\n");
  assert.equal(listed.length, readdirSync(DIST).length - 1, "every file but the list itself");
});

test("the wheel is the SDK and the command, and offers the SDK's extras", () => {
  assert.equal(run(gauntlet, ["--version"]).trim(), `gauntlet ${version}`);
  const code = `
import importlib.metadata, json, pathlib, sys, tomllib
project = tomllib.loads(pathlib.Path(sys.argv[1]).read_text())["project"]
metadata = importlib.metadata.metadata(project["name"])
import gauntlet
print(json.dumps({
    "version": metadata["Version"],
    "module": gauntlet.__version__,
    "place": gauntlet.__file__,
    "extras": sorted(metadata.get_all("Provides-Extra", [])),
    "declared": sorted(project["optional-dependencies"]),
    "always": [r for r in metadata.get_all("Requires-Dist", []) if "extra ==" not in r],
}))`;
  const facts = JSON.parse(run(python, ["-c", code, join(ROOT, "sdk/python/pyproject.toml")]));
  assert.equal(facts.version, version);
  assert.equal(facts.module, version);
  assert.ok(facts.place.startsWith(BARE_PYTHON), facts.place);
  assert.ok(facts.declared.length > 1, `${facts.declared}`);
  assert.deepEqual(facts.extras, facts.declared);
  assert.deepEqual(facts.always, [], "the wheel needs no other package");
});

test("the names say the glibc that the program needs", () => {
  const symbols = run("objdump", ["-T", gauntlet]).matchAll(/GLIBC_(\d+)\.(\d+)/g);
  const newest = Math.max(...[...symbols].map(([, major, minor]) => Number(major) * 1000 + Number(minor)));
  const [, major, minor] = /manylinux_(\d+)_(\d+)_/.exec(find(".whl"));
  assert.equal(Number(major) * 1000 + Number(minor), newest);
  assert.ok(find(".tar.gz").includes(`-glibc${major}.${minor}.`), find(".tar.gz"));
});

test("the demo trains without a server, and the next server has its run", async () => {
  const home = folder("demo");
  // No other server of this machine is asked.
  const env = { GAUNTLET_LISTEN: "127.0.0.1:0" };
  run(gauntlet, ["demo", "--steps", "60", "--run", "demo"], { cwd: home, env });
  const shown = JSON.parse(run(gauntlet, ["show", "demo", "--json"], { cwd: home, env }));
  assert.equal(shown.status, "completed");
  assert.equal(shown.id, "demo");
});

test("Python and TypeScript log to the installed server and read each other's run back", async () => {
  const home = folder("npm");
  writeFileSync(join(home, "package.json"), '{ "name": "bare", "private": true, "type": "module" }');
  run("npm", ["install", "--offline", "--loglevel=error", "--no-audit", "--no-fund", find(".tgz")], {
    cwd: home,
  });
  const server = await Server.start({ program: gauntlet });
  try {
    const env = { GAUNTLET_ENDPOINT: server.url };
    writeFileSync(
      join(home, "log.py"),
      `
import gauntlet

with gauntlet.init(id="from-python", project="dist") as run:
    for step in range(3):
        run.log({"reward": step / 4, "grounding": 1.0}, step=step)
`,
    );
    run(python, ["log.py"], { cwd: home, env });
    writeFileSync(
      join(home, "log.mjs"),
      `
import { Client, init } from "gauntlet-sdk";

const run = await init({ id: "from-typescript", project: "dist" });
run.log({ reward: 0.75 }, { step: 1 });
await run.finish();
const rewards = [];
for await (const event of new Client().events.read("from-python", { kinds: ["snapshot.scored"] })) {
  rewards.push(event.body.scores.root ?? event.body.scores.reward);
}
console.log(JSON.stringify(rewards));
`,
    );
    assert.deepEqual(JSON.parse(run(process.execPath, ["log.mjs"], { cwd: home, env })), [0, 0.25, 0.5]);
    const step = run(gauntlet, ["show", "from-typescript", "1", "--json"], { cwd: home, env });
    assert.ok(step.includes("0.75"), step);
  } finally {
    await server.close();
  }
});

test("the archive's program serves its pages and its documentation", async () => {
  const archive = unpacked("archive");
  const server = await Server.start({ program: join(archive, "gauntlet") });
  try {
    const page = await (await fetch(server.url)).text();
    const script = /\/pkg\/gauntlet[^"]*\.js/.exec(page);
    assert.ok(script, "the page names its script");
    for (const path of [script[0], "/pkg/gauntlet.css", "/docs"]) {
      const answer = await fetch(server.url + path);
      assert.equal(answer.status, 200, path);
      assert.ok((await answer.text()).length > 1000, path);
    }
  } finally {
    await server.close();
  }
});

test("the bill of materials and the licences name what Cargo.lock has", () => {
  const bom = JSON.parse(readFileSync(find(".cdx.json"), "utf8"));
  assert.equal(bom.bomFormat, "CycloneDX");
  assert.equal(bom.metadata.component.version, version);
  const archive = unpacked("licences");
  const licences = readFileSync(join(archive, "THIRD-PARTY-LICENSES.txt"), "utf8");
  const lock = readFileSync(join(ROOT, "Cargo.lock"), "utf8");
  // One of the server, one of the page, one that others bring along.
  for (const name of ["axum", "three-d", "libsqlite3-sys"]) {
    const locked = new RegExp(`name = "${name}"\nversion = "(.+)"`).exec(lock)[1];
    assert.ok(
      bom.components.some((c) => c.purl === `pkg:cargo/${name}@${locked}` && c.licenses.length > 0),
      name,
    );
    assert.ok(licences.includes(`\n${name} ${locked}: `), name);
  }
  const code = `
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
(name,) = (n for n in wheel.namelist() if ".dist-info/sboms/" in n and n.endswith(".json"))
sys.stdout.write(wheel.read(name).decode())
`;
  const packaged = run(python, ["-c", code, find(".whl")]);
  assert.equal(packaged, readFileSync(find(".cdx.json"), "utf8"), "the wheel carries the same");
});
