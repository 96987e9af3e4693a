// Headless Chromium for the stories, and pages that remember every complaint of the browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";

// WebGL2 in software: slow, and the same on every machine.
const FLAGS = [
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--ignore-gpu-blocklist",
  "--disable-background-networking",
  "--disable-sync",
  "--no-first-run",
];

export class Browser {
  #browser;
  #pages = [];

  /** `flags` are added to the usual ones, for a story about a browser that lacks something. */
  static async launch({ flags = [] } = {}) {
    const browser = new Browser();
    browser.#browser = await chromium.launch({
      executablePath: process.env.CHROMIUM || findChromium(),
      args: [...FLAGS, ...flags],
    });
    return browser;
  }

  /**
   * A page in a context of its own. Whatever the browser complains about is remembered and fails the story at
   * its end, save what matches one of `page.expected`, for stories that break things on purpose.
   */
  async page({ width = 1280, height = 720, ...context } = {}) {
    const page = await this.#browser
      .newContext({ viewport: { width, height }, colorScheme: "dark", ...context })
      .then((it) => it.newPage());
    page.complaints = [];
    page.expected = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) {
        page.complaints.push({ kind: message.type(), text: `${message.text()} (${message.location().url})` });
      }
    });
    page.on("pageerror", (error) => page.complaints.push({ kind: "error", text: error.stack ?? `${error}` }));
    page.on("crash", () => page.complaints.push({ kind: "error", text: "the page crashed" }));
    this.#pages.push(page);
    return page;
  }

  /** The pages opened so far. */
  get pages() {
    return this.#pages;
  }

  /** Fails if any page logged an error that its story did not expect. */
  assertNoComplaints() {
    for (const page of this.#pages) {
      const errors = page.complaints
        .filter((complaint) => complaint.kind === "error")
        .map(({ text }) => text);
      const unexpected = errors.filter((text) => !page.expected.some((pattern) => pattern.test(text)));
      assert.deepEqual(unexpected, [], `the browser logged errors at ${page.url()}`);
    }
  }

  async close() {
    await this.#browser.close();
  }
}

/** The same search as scripts/lib.sh, for `node --test` by hand. */
function findChromium() {
  const script = '. "$0" && find_chromium';
  const lib = new URL("../scripts/lib.sh", import.meta.url).pathname;
  const found = execFileSync("bash", ["-c", script, lib], { encoding: "utf8" }).trim();
  if (!found)
    throw new Error("There is no Chromium: run `scripts/setup.sh --tests`, or name one with CHROMIUM=...");
  return found;
}
