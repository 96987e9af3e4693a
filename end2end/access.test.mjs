// Every page without a violation that axe-core finds, in both themes and on a phone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { SMALL, story } from "./harness.mjs";
import { RunPage, stepsOf } from "./runpage.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Fails with what axe finds on a page as it is now. */
async function assertAccessible(page, what) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (values) => globalThis.axe.run(document, { runOnly: { type: "tag", values } }),
    RULES,
  );
  const found = violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("\n  ")}`,
  );
  assert.deepEqual(found, [], what);
}

/** Opens a page in a theme, and hands it over once it is still. */
async function themed(open, server, path, theme, options) {
  const page = await open({ ...options });
  page.expected.push(/status of 404/);
  await page.addInitScript((it) => localStorage.setItem("gauntlet.theme", it), theme);
  await page.goto(server.url + path);
  await page.waitForLoadState("networkidle");
  return page;
}

/** A run of three steps, each with one prompt and four rollouts. */
async function groups(server) {
  await server.post("/api/v1/runs", { id: "grouped", name: "grouped" });
  const rollout = (step, number) => ({
    id: crypto.randomUUID(),
    at: new Date(Date.UTC(2026, 0, 1, 0, step)).toISOString(),
    kind: "snapshot.scored",
    v: 1,
    step,
    episode: `${step}-${number}`,
    body: {
      scores: { root: number - 1, brevity: (step + number) % 3 },
      action: `answer ${number}`,
      observation: `question ${step}`,
    },
  });
  const events = [0, 1, 2].flatMap((step) => [0, 1, 2, 3].map((number) => rollout(step, number)));
  await server.post("/api/v1/runs/grouped/events", events);
}

const PHONE = { ...SMALL, width: 390, height: 844, hasTouch: true, isMobile: true };

for (const theme of ["dark", "light"]) {
  story(`no page has a violation in the ${theme} theme`, async ({ server, page }) => {
    await server.post("/api/v1/runs", { id: "empty", name: "empty" });
    const demo = server.demo({ steps: 4000, rate: 30 });
    await server.demo({ run: "done", steps: 240, seed: 3 }).done;
    const [failing] = await stepsOf(server, "done", { failing: "any", limit: 1 });
    for (const path of [
      "/",
      "/projects/dipg",
      "/projects/dipg/monitors",
      "/search",
      "/search?q=question",
      "/docs/start",
      "/docs/python",
      "/docs/api",
      "/nowhere",
      "/docs/none",
    ]) {
      const opened = await themed(page, server, path, theme, { width: 1280, height: 720 });
      await assertAccessible(opened, `${path}, ${theme}`);
      await opened.close();
    }
    await groups(server);
    for (const path of [
      "/runs/grouped/groups",
      "/compare?runs=done,grouped",
      "/charts?runs=done,grouped",
      "/evolution",
      "/evolution?before=done&after=grouped",
      "/status",
    ]) {
      const opened = await themed(page, server, path, theme, { width: 1280, height: 720 });
      await assertAccessible(opened, `${path}, ${theme}`);
      await opened.close();
    }
    for (const options of [{ ...SMALL, width: 1280, height: 720 }, PHONE]) {
      const at = `${options.width} px, ${theme}`;
      const opened = await themed(page, server, `/runs/done?step=${failing.step}`, theme, options);
      const run = new RunPage(opened);
      await run.opened();
      await run.callout.waitFor();
      await assertAccessible(opened, `a failing step at ${at}`);
      await opened.locator(".run-menu > summary").click();
      await opened.getByRole("button", { name: "Recap" }).click();
      await opened.getByRole("dialog", { name: "Recap" }).waitFor();
      await assertAccessible(opened, `the recap at ${at}`);
      await opened.close();
      const empty = await themed(page, server, "/runs/empty", theme, options);
      await assertAccessible(empty, `a run without steps at ${at}`);
      await empty.close();
    }
    const live = await themed(page, server, "/runs/demo", theme, { ...SMALL, width: 1280, height: 720 });
    await new RunPage(live).opened();
    await live.getByRole("button", { name: "Tweak" }).click();
    await live
      .getByRole("dialog", { name: "Change parameters of the training" })
      .getByRole("table")
      .waitFor();
    await assertAccessible(live, `the tweak dialog, ${theme}`);
    demo.stop();
    await demo.done;
  });
}
