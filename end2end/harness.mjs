// How a story is told: `story(name, async ({ server, page, ... }) => { ... })`.
//
// Every story gets a server of its own and, when it asks for a page, a browser of its own. A story fails if
// any of its pages logged an error. What is left behind by a failed one (pictures, the server's log) lies in
// `test-results/`.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Browser } from "./browser.mjs";
import { Server } from "./server.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const SCREENSHOTS = join(HERE, "screenshots");
const RESULTS = join(HERE, "test-results");
const ENDS_WITHIN_MS = 180_000;

/**
 * A window with every panel, few pixels, and no motion that only decorates: WebGL2 in software draws every
 * frame of it on the same cores that the server runs on.
 */
export const SMALL = { width: 960, height: 600, reducedMotion: "reduce" };

/**
 * One story. The teller gets:
 * - `server`: a running Server (server.mjs);
 * - `page(options)`: a new browser page; `path` in the options is opened on the server;
 * - `screenshot(page, name)`: keeps a picture, see below.
 *
 * `options.flags` go to Chromium; `options.timeout` is in milliseconds.
 */
export function story(name, tell, { flags = [], timeout = ENDS_WITHIN_MS } = {}) {
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
      await tell({ server, page, screenshot });
      browser?.assertNoComplaints();
    } catch (error) {
      await keepEvidence(name, server, browser);
      throw error;
    } finally {
      await browser?.close();
      await server.close();
    }
  });
}

/**
 * Keeps a picture of the page. The ones in `screenshots/` belong to the repository: they are written when
 * they are missing or when SCREENSHOTS=1 asks for new ones; any other run writes to `test-results/`, so that
 * it changes nothing.
 */
async function screenshot(page, name) {
  const reference = join(SCREENSHOTS, `${name}.png`);
  const asked = process.env.SCREENSHOTS === "1" || !existsSync(reference);
  const path = asked ? reference : join(RESULTS, `${name}.png`);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
}

/**
 * Waits until `probe` resolves to something true, asking every 50 ms; resolves to that, or fails with `what`.
 */
export async function until(what, probe, { within = 15_000 } = {}) {
  const last = Date.now() + within;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > last) throw new Error(`waited ${within} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What helps to understand a failure: the server's log, each page's picture and complaints. */
async function keepEvidence(name, server, browser) {
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${slug}.server.log`), server.log);
  for (const [index, page] of (browser?.pages ?? []).entries()) {
    const at = join(RESULTS, `${slug}.${index}`);
    writeFileSync(
      `${at}.console.log`,
      page.complaints.map(({ kind, text }) => `${kind}: ${text}\n`).join(""),
    );
    // The picture is a help, not the verdict: a page that is already gone must not hide why the story failed.
    await page.screenshot({ path: `${at}.png` }).catch(() => {});
  }
}
