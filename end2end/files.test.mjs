// Results files: dropped or picked, they open as runs; a broken one is refused with the reason, and leaves
// no run.

import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage, stepsOf } from "./runpage.mjs";

/** Answers with their metrics and without rubric scores, as evaluation reports carry them. */
const DETAILED = [35, -50, 12].map((reward, index) => ({
  index,
  reward,
  metrics: { refusal: 0, hallucination: reward < 0 ? 1 : 0, inconsistency: 0, safe: 1, format_error: 0 },
  response: `answer ${index}`,
}));
const SUMMARY = { total_responses: 3, mean_reward: -1, rewards: [35, -50, 12] };
const NESTED = { results: [{ results: [{ summary: SUMMARY, detailed_results: DETAILED }] }] };

/** One file of each shape that opens, for checkouts without recorded ones: name -> text. */
const SHAPES = {
  "nested.json": NESTED,
  "half-nested.json": { results: [{ summary: SUMMARY, detailed_results: DETAILED }] },
  "summary.json": { summary: SUMMARY, detailed_results: DETAILED },
  "flat.json": {
    total_responses: 3,
    mean_reward: -1,
    rewards: [35, -50, 12],
    refusal_rate: 0,
    model_name: "m",
  },
  "snapshots.json": { snapshots: [{ timestamp: 1, scores: { root: 2 }, action: "a", observation: "o" }] },
};

/**
 * Files to open, as Playwright takes them: the recorded ones beside a folder above, else one of each shape.
 */
function files() {
  const found = samples();
  if (found)
    return readdirSync(found)
      .filter((name) => name.endsWith(".json"))
      .sort()
      .map((name) => join(found, name));
  return Object.entries(SHAPES).map(([name, value]) => ({
    name,
    mimeType: "application/json",
    buffer: Buffer.from(JSON.stringify(value)),
  }));
}

/** The folder with recorded result files, found as crates/results' tests find it. */
function samples() {
  const named = process.env.GAUNTLET_DATA_SAMPLES;
  const candidates = named ? [named] : [];
  for (
    let folder = dirname(fileURLToPath(import.meta.url));
    folder !== dirname(folder);
    folder = dirname(folder)
  ) {
    candidates.push(join(folder, "shared/data"));
  }
  return candidates.map((folder) => join(folder, "results")).find((folder) => existsSync(folder));
}

/** Drops a file on the page. */
async function drop(page, name, text) {
  const make = ({ name, text }) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name, { type: "application/json" }));
    return transfer;
  };
  const dataTransfer = await page.evaluateHandle(make, { name, text });
  await page.dispatchEvent("main", "dragenter", { dataTransfer });
  await page.getByText("Drop results files to open them").waitFor();
  await page.dispatchEvent("main", "dragover", { dataTransfer });
  await page.dispatchEvent("main", "drop", { dataTransfer });
}

/** Resolves once the list answers to keys and files. */
async function listed(page) {
  const chip = page.getByRole("button", { name: "All", exact: true });
  await until("the list has come alive", () =>
    chip.evaluate((it) => it.getAttribute("aria-pressed") === "true"),
  );
  await page.waitForLoadState("networkidle");
}

story("a dropped file opens as a run, on the list and on a run's page", async ({ server, page }) => {
  const browser = await page({ path: "/", ...SMALL });
  await listed(browser);
  await drop(browser, "evening.json", JSON.stringify(NESTED));
  await browser.waitForURL("**/runs/*");
  const run = new RunPage(browser);
  const facts = await run.opened();
  assert.equal(facts.nodes, 3);
  assert.equal(facts.effects.hallucination, 1);
  await browser.getByRole("heading", { name: /evening/ }).waitFor();

  await browser.keyboard.press("Home");
  const first = (await stepsOf(server, (await server.get("/api/v1/runs")).items[0].id))[0].step;
  await run.selected(first);
  const before = new URL(browser.url()).pathname;
  await drop(
    browser,
    "morning.json",
    JSON.stringify({ ...NESTED, results: [{ results: [{ summary: SUMMARY }] }] }),
  );
  await browser.waitForURL((url) => url.pathname.startsWith("/runs/") && url.pathname !== before);
  await browser.getByRole("heading", { name: /morning/ }).waitFor();
  const other = await run.opened();
  assert.equal(other.nodes, 3);
  assert.ok(other.following, "another run opens at its own end, not at the step of the last one");
  assert.equal((await server.get("/api/v1/runs")).items.length, 2);
});

story(
  "an invalid file is refused with the position of the error, and nothing is stored",
  async ({ server, page }) => {
    const text = JSON.stringify(NESTED, null, 1).replace('"reward": -50', '"reward": "minus fifty"');
    const asked = await fetch(`${server.url}/api/v1/import?name=broken.json`, { method: "POST", body: text });
    assert.equal(asked.status, 422);
    const { error } = await asked.json();
    assert.match(error.message, /reward/);

    const browser = await page({ path: "/", ...SMALL });
    await listed(browser);
    await drop(browser, "broken.json", text);
    const alert = browser.getByRole("alert");
    await alert.waitFor();
    assert.ok((await alert.innerText()).includes(error.message), "the page gives the server's own sentence");
    assert.equal(new URL(browser.url()).pathname, "/");
    assert.deepEqual((await server.get("/api/v1/runs")).items, []);

    await alert.getByRole("button", { name: "Dismiss" }).click();
    await until("the words are gone", async () => (await alert.count()) === 0);
    await drop(browser, "mended.json", JSON.stringify(NESTED));
    await browser.waitForURL("**/runs/*");
    assert.equal((await new RunPage(browser).opened()).nodes, 3);
  },
);

story("every sample results file opens through the page", async ({ server, page }) => {
  const browser = await page({ path: "/", ...SMALL });
  const run = new RunPage(browser);
  for (const file of files()) {
    const name = typeof file === "string" ? basename(file) : file.name;
    const content = typeof file === "string" ? readFileSync(file) : file.buffer;
    await listed(browser);
    await browser.locator("input[type=file]").first().setInputFiles(file);
    await browser.waitForURL("**/runs/*");
    const id = decodeURIComponent(new URL(browser.url()).pathname.split("/").at(-1));
    const steps = await stepsOf(server, id);
    assert.ok(steps.length > 0, `${name} has steps`);
    const facts = await run.opened();
    assert.equal(facts.nodes, steps.length, `every step of ${name} is on the path`);
    const failing = steps.filter((step) => step.failure).length;
    assert.equal(
      Object.values(facts.effects).reduce((sum, count) => sum + count, 0),
      failing,
      name,
    );

    const again = await fetch(`${server.url}/api/v1/import?name=${name}`, { method: "POST", body: content });
    const other = (await again.json()).run;
    assert.deepEqual(
      (await stepsOf(server, other)).map(({ root }) => root),
      steps.map(({ root }) => root),
      name,
    );
    await browser.getByRole("link", { name: "Gauntlet" }).click();
  }
});

/** Lines of scored steps, about that many bytes of them. */
function lines(bytes) {
  const action = "the scan suggests a pontine lesion, ".repeat(20);
  const count = Math.ceil(bytes / 800);
  const line = (step) => JSON.stringify({ step, scores: { root: (step % 90) - 40, format: 1 }, action });
  return { count, text: Array.from({ length: count }, (_, i) => line(i + 1)).join("\n") };
}

story(
  "a large file shows how far it is, survives a server that is away, and ends at its run",
  async ({ server, page }) => {
    const browser = await page({ path: "/", ...SMALL });
    // What is sent while the server is away fails, and is sent again.
    browser.expected.push(/ERR_CONNECTION|ERR_EMPTY_RESPONSE|Failed to fetch|Failed to load resource/);
    await listed(browser);
    const { count, text } = lines(30_000_000);
    const seen = [];
    await browser.exposeFunction("tellProgress", (progress) => seen.push(progress));
    await browser.evaluate(() => {
      new MutationObserver(() => {
        const phase = document.querySelector(".phases .is-on");
        if (!phase) return;
        const numbers = document.querySelector(".notice-numbers").innerText;
        const hint = document.querySelector(".notice-hint").innerText;
        window.tellProgress({
          phase: phase.innerText,
          share: phase.querySelector("progress").value,
          numbers,
          hint,
        });
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    const file = { name: "large.jsonl", mimeType: "application/x-ndjson", buffer: Buffer.from(text) };
    await browser.locator("input[type=file]").first().setInputFiles(file);
    await browser.getByRole("progressbar").waitFor();
    await until("a part of it has arrived", async () => {
      const { items } = await server.get("/api/v1/imports");
      return items[0]?.received_bytes > 0;
    });
    await server.restart({ kill: true });
    await browser.waitForURL("**/runs/*", { timeout: 120_000 });
    await browser.getByRole("heading", { name: /large/ }).waitFor();
    const [run] = (await server.get("/api/v1/runs")).items;
    assert.deepEqual([run.name, run.status, run.steps], ["large", "completed", count]);
    assert.deepEqual((await server.get("/api/v1/imports")).items, [], "nothing of the file itself is left");
    for (const phase of ["Sending", "Checking", "Adding"]) {
      assert.ok(
        seen.some((progress) => progress.phase === phase && progress.share > 0 && progress.share < 1),
        `${phase} has moved`,
      );
    }
    const numbers = seen.map((progress) => progress.numbers.replace(/\s+/g, " ")).join("|");
    assert.match(numbers, /\d MB of \d+\.\d MB \d+ %/);
    assert.match(numbers, /\d+ %, \d[\d.]* [kM]B\/s, \d+ s left/);
    const hints = seen.map((progress) => progress.hint).join("|");
    assert.match(hints, /The server cannot be reached; asking again every second/);
    assert.match(hints, /this page may be closed/);
  },
);

story("a file can be given up, and leaves nothing", async ({ server, page }) => {
  const browser = await page({ path: "/", ...SMALL });
  await listed(browser);
  const file = {
    name: "unwanted.jsonl",
    mimeType: "application/x-ndjson",
    buffer: Buffer.from(lines(12_000_000).text),
  };
  await browser.locator("input[type=file]").first().setInputFiles(file);
  const status = async () => (await server.get("/api/v1/runs")).items[0]?.status;
  await until("its run is under way", async () => (await status()) === "running", { within: 60_000 });
  await browser.getByRole("button", { name: "Cancel", exact: true }).click();
  await until("the bar is gone", async () => (await browser.getByRole("progressbar").count()) === 0);
  await until("the run is gone", async () => (await server.get("/api/v1/runs")).items.length === 0);
  await until("the file is gone", async () => (await server.get("/api/v1/imports")).items.length === 0);
  assert.equal(new URL(browser.url()).pathname, "/");
  await drop(browser, "small.json", JSON.stringify(NESTED));
  await browser.waitForURL("**/runs/*");
});

story("several files at once: each shows its result, and links to its run", async ({ server, page }) => {
  const browser = await page({ path: "/", ...SMALL });
  await listed(browser);
  const file = (name, text) => ({ name, mimeType: "application/json", buffer: Buffer.from(text) });
  const files = [
    file("first.json", JSON.stringify(NESTED)),
    file("broken.json", "{"),
    file("last.jsonl", lines(20_000).text),
  ];
  await browser.locator("input[type=file]").first().setInputFiles(files);
  const alert = browser.getByRole("alert").filter({ hasText: "broken.json did not open" });
  await alert.waitFor();
  const done = browser.getByRole("status").filter({ hasText: "is a run now" });
  await until("two are runs", async () => (await done.count()) === 2);
  assert.equal(new URL(browser.url()).pathname, "/", "nobody is taken away from the list");
  assert.equal((await server.get("/api/v1/runs")).items.length, 2);
  await done.filter({ hasText: "last.jsonl" }).getByRole("link", { name: "Open it" }).click();
  assert.equal((await new RunPage(browser).opened()).nodes, lines(20_000).count);
});
