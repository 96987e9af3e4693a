// The examples: the agent's loop logs what it does, and the dashboard shows a run as it happens.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { begun, chromiumPath, started, type Server, type TestContext } from "./support.js";

const here = fileURLToPath(new URL("..", import.meta.url));

function example(t: TestContext, server: Server, ...args: string[]) {
  const spool = mkdtempSync(join(tmpdir(), "gauntlet-spool-"));
  t.after(() => rmSync(spool, { recursive: true, force: true }));
  const env = { ...process.env, GAUNTLET_ENDPOINT: server.url, GAUNTLET_SPOOL: spool };
  const child = spawn(process.execPath, args, { cwd: here, env, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  return child;
}

test("the agent's episodes, tool calls and rewards are in the run", async (t) => {
  const { server, client } = await started(t);
  const agent = example(t, server, "examples/agent.mjs", "12", "0");
  const output = { out: "", err: "" };
  agent.stdout.on("data", (text) => (output.out += text));
  agent.stderr.on("data", (text) => (output.err += text));
  const [code] = await once(agent, "close");
  assert.equal(code, 0, output.err);
  assert.match(output.out, /events sent, 0 lost/);
  const { items } = await client.runs.page();
  assert.deepEqual(
    items.map((run) => [run.name, run.status, run.steps, run.episodes]),
    [["bisection agent", "completed", 12, 12]],
  );
  const film = await client.film(items[0].id);
  assert.deepEqual(film.series("metrics.calls").length, 12);
  assert.ok(film.paths.includes("tools.reliability"));
});

test("the dashboard shows a run, and follows it through the server's death", async (t) => {
  const { server } = await started(t);
  const run = await begun(server, { name: "watched" });
  for (let step = 1; step <= 20; step += 1) run.log({ reward: step % 5 ? 1 : -1, format: step }, { step });
  await run.flush();
  const dashboard = example(t, server, "examples/dashboard.mjs", run.id, "0");
  const [url] = (await once(dashboard.stdout, "data")) as [string];
  const settings = `allowed_origins = ["${new URL(url).origin}"]\n`;
  writeFileSync(join(server.dataDir, "gauntlet.toml"), settings);
  await server.restart();
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ["--no-first-run"],
  });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  const shows = (id: string, text: string) =>
    page.waitForFunction(([id, text]) => document.getElementById(id)?.textContent === text, [
      id,
      text,
    ] as const);
  await page.goto(url.trim());
  await shows("name", "watched");
  await shows("steps", "20");
  await shows("failing", "4");
  assert.equal(await page.locator("svg").count(), 2);
  run.log({ reward: 1 }, { step: 21 });
  await shows("steps", "21");
  assert.deepEqual(complaints, []);
  await server.kill();
  await shows("state", "the server is away; trying again");
  await server.start();
  run.log({ reward: 1 }, { step: 22 });
  await run.finish();
  await shows("steps", "22");
  await shows("state", "completed");
});
