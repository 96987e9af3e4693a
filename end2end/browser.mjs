// Headless Chromium for the stories, with pages that collect the errors of the browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";

// WebGL2 in software: slow, with the same result on every machine.
const FLAGS = [
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--ignore-gpu-blocklist",
  "--disable-background-networking",
  "--disable-sync",
  "--no-first-run",
];

/** A browser with the pages of a story. */
export class Browser {
  #browser;
  #pages = [];

  /** Starts the browser; `flags` are additional ones, for a story about a browser without some feature. */
  static async launch({ flags = [] } = {}) {
    const browser = new Browser();
    browser.#browser = await chromium.launch({
      executablePath: process.env.CHROMIUM || findChromium(),
      args: [...FLAGS, ...flags],
    });
    return browser;
  }

  /**
   * Opens a page in a new context. Its errors fail the story at the end, except those that match a pattern of
   * `page.expected`, for stories that cause errors.
   */
  async page({ width = 1280, height = 720, ...context } = {}) {
    const page = await this.#browser
      .newContext({ viewport: { width, height }, colorScheme: "dark", ...context })
      .then((it) => it.newPage());
    page.messages = [];
    page.expected = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) {
        page.messages.push({ kind: message.type(), text: `${message.text()} (${message.location().url})` });
      }
    });
    page.on("pageerror", (error) => page.messages.push({ kind: "error", text: error.stack ?? `${error}` }));
    page.on("crash", () => page.messages.push({ kind: "error", text: "the page crashed" }));
    this.#pages.push(page);
    return page;
  }

  /** The pages opened so far. */
  get pages() {
    return this.#pages;
  }

  /** Fails if any page logged an error that its story did not expect. */
  assertNoErrors() {
    for (const page of this.#pages) {
      const errors = page.messages.filter(({ kind }) => kind === "error").map(({ text }) => text);
      const unexpected = errors.filter((text) => !page.expected.some((pattern) => pattern.test(text)));
      assert.deepEqual(unexpected, [], `the browser logged errors at ${page.url()}`);
    }
  }

  /** Ends the browser. */
  async close() {
    await this.#browser.close();
  }
}

/** Finds the browser as scripts/lib.sh does, where CHROMIUM is not set. */
function findChromium() {
  const script = '. "$0" && find_chromium';
  const lib = new URL("../scripts/lib.sh", import.meta.url).pathname;
  const found = execFileSync("bash", ["-c", script, lib], { encoding: "utf8" }).trim();
  if (!found)
    throw new Error("There is no Chromium: run `scripts/setup.sh --tests`, or name one with CHROMIUM=...");
  return found;
}
