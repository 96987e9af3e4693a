// Through a finished run: by key, by button, by the curve, by the list, in 3D; one selection, which the
// address follows.

import assert from "node:assert/strict";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage, stepsOf } from "./runpage.mjs";

const STEPS = 300;

/** A finished demo: its steps and those that fail, by number. */
async function trained(server) {
  await server.demo({ steps: STEPS }).done;
  const steps = await stepsOf(server, "demo");
  assert.equal(steps.length, STEPS);
  return { steps: steps.map((s) => s.step), failing: steps.filter((s) => s.failure).map((s) => s.step) };
}

story("every way of moving through a run ends at the same selection", async ({ server, page }) => {
  const { steps, failing } = await trained(server);
  const run = await RunPage.open(page, "/runs/demo");
  const keys = run.page.keyboard;
  const opened = await run.until("it opens at its end", ({ step }) => step === steps.at(-1));
  assert.ok(opened.following);
  assert.equal(run.inAddress(), null, "an address without a step means the newest");

  await keys.press("Home");
  await run.selected(steps[0]);
  assert.equal((await run.facts()).following, false);
  await keys.press("ArrowRight");
  await run.selected(steps[1]);
  await keys.press("Shift+ArrowRight");
  await run.selected(steps[11]);
  await run.press("One step back");
  await run.selected(steps[10]);
  await run.press("One step on");
  await run.selected(steps[11]);

  const after = failing.find((step) => step > steps[11]);
  await run.press("Next failure");
  await run.selected(after);
  await keys.press("n");
  await run.selected(failing[failing.indexOf(after) + 1]);
  await run.press("Previous failure");
  await run.selected(after);

  const box = await run.slider.boundingBox();
  const at = (share) => [box.x + box.width * share, box.y + box.height / 2];
  await run.page.mouse.move(...at(0.2));
  await run.page.mouse.down();
  await run.page.mouse.move(...at(0.4), { steps: 4 });
  await run.page.mouse.move(...at(0.5), { steps: 4 });
  await run.page.mouse.up();
  const { step: dragged } = await run.until("the curve was dragged to its middle", ({ step }) => {
    return Math.abs(steps.indexOf(step) - STEPS / 2) <= 2;
  });
  await run.selected(dragged);

  await run.list.getByText(`${dragged + 2}`, { exact: true }).click();
  await run.selected(dragged + 2);

  await keys.press("l");
  await run.until("it is at its end again", ({ step, following }) => following && step === steps.at(-1));
  await until("the address names no step", async () => run.inAddress() === null);
});

story("a node picked in the picture is selected in the list and in the address", async ({ server, page }) => {
  const { steps } = await trained(server);
  const run = await RunPage.open(page, `/runs/demo?step=${steps[150]}`);
  await run.selected(steps[150]);
  const picked = await run.pickAnother();
  await run.selected(picked);
});

story("play moves the agent, hold stops it, and the end is live", async ({ server, page }) => {
  const { steps } = await trained(server);
  const run = await RunPage.open(page, `/runs/demo?step=${steps[40]}`);
  await run.selected(steps[40]);

  await run.press("Play");
  await run.until("it plays", ({ playing, step }) => playing && step > steps[42]);
  await run.press("Hold");
  const { step: held } = await run.until("it holds", ({ playing }) => !playing);
  // The address follows a selection only once that has settled.
  await run.selected(held);

  await run.press("Faster");
  await run.page.getByRole("button", { name: "2x" }).waitFor();
  await run.choose(steps.at(-4));
  await run.page.keyboard.press("Space");
  await run.until("playing ends at the newest step, and follows", ({ step, playing, following }) => {
    return step === steps.at(-1) && !playing && following;
  });
  await run.press("Jump to end");
  assert.ok((await run.facts()).following);
});

story(
  "reload comes back to the step; back and forward are the list and the run",
  async ({ server, page }) => {
    const { steps } = await trained(server);
    const browser = await page({ path: "/", ...SMALL });
    await browser.getByRole("link", { name: "dipg grpo demo" }).click();
    const run = new RunPage(browser);
    await run.opened();
    await run.choose(steps[77]);

    await browser.reload();
    await run.opened();
    await run.selected(steps[77]);
    assert.equal((await run.facts()).following, false);

    await browser.goBack();
    await browser.getByRole("heading", { name: "Runs", exact: true }).waitFor();
    assert.equal(new URL(browser.url()).pathname, "/");
    await browser.goForward();
    await run.opened();
    await run.selected(steps[77]);
  },
);
