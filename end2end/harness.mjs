// A story is a test in a browser: `story(name, async ({ server, page, ... }) => { ... })`.
//
// Each story has a server and, when it opens a page, a browser of its own. It fails if one of its pages logs
// an error. Screenshots and the server's log of a failed story are in `test-results/`.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Browser } from "./browser.mjs";
import { Server } from "./server.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const SCREENSHOTS = join(HERE, "screenshots");
const RESULTS = join(HERE, "test-results");
const TIMEOUT_MS = 180_000;

/**
 * A window with every panel, few pixels, and without decorative motion: WebGL2 in software draws each frame
 * on the cores that the server uses.
 */
export const SMALL = { width: 960, height: 600, reducedMotion: "reduce" };

/**
 * Defines a story. Its body gets:
 * - `server`: a running Server (server.mjs);
 * - `page(options)`: a new browser page; `path` in the options is opened on the server;
 * - `screenshot(page, name)`: takes a screenshot, see below.
 *
 * `options.flags` go to Chromium; `options.timeout` is in milliseconds.
 */
export function story(name, body, { flags = [], timeout = TIMEOUT_MS } = {}) {
  test(name, { timeout }, async () => {
    const server = await Server.start();
    let browser = null;
    try {
      const page = async ({ path, ...options } = {}) => {
        browser ??= await Browser.launch({ flags });
        const opened = await browser.page(options);
        if (path !== undefined) await opened.goto(server.url + path);
        return opened;
      };
      await body({ server, page, screenshot });
      browser?.assertNoErrors();
    } catch (error) {
      await saveDiagnostics(name, server, browser);
      throw error;
    } finally {
      await browser?.close();
      await server.close();
    }
  });
}

/**
 * Takes a screenshot. Those in `screenshots/` belong to the repository: they are written when they are
 * missing, or with SCREENSHOTS=1. Every other run writes to `test-results/`.
 */
async function screenshot(page, name) {
  const reference = join(SCREENSHOTS, `${name}.png`);
  const isReference = process.env.SCREENSHOTS === "1" || !existsSync(reference);
  const path = isReference ? reference : join(RESULTS, `${name}.png`);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
}

/**
 * Waits until `probe` resolves to something truthy, and resolves to that; rejects with `what` after a time.
 */
export async function until(what, probe, { within = 15_000 } = {}) {
  const last = Date.now() + within;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > last) throw new Error(`timeout after ${within} ms: waited until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * Saves what helps to understand a failure: the server's log, and a screenshot and the errors of each page.
 */
async function saveDiagnostics(name, server, browser) {
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${slug}.server.log`), server.log);
  for (const [index, page] of (browser?.pages ?? []).entries()) {
    const at = join(RESULTS, `${slug}.${index}`);
    writeFileSync(`${at}.console.log`, page.messages.map(({ kind, text }) => `${kind}: ${text}\n`).join(""));
    // A page that is closed already must not hide why the story failed.
    await page.screenshot({ path: `${at}.png` }).catch(() => {});
  }
}
