// Without WebGL2 the page shows a notice, and everything but the 3D picture works.

import assert from "node:assert/strict";
import { SMALL, story } from "./harness.mjs";
import { FAILURES, RunPage, stepsOf } from "./runpage.mjs";

const WITHOUT_WEBGL = { flags: ["--disable-gpu", "--disable-3d-apis"] };

story(
  "without WebGL2 the flat path says so, and is stepped and picked like the other",
  async ({ server, page, screenshot }) => {
    await server.demo({ steps: 240 }).done;
    const steps = (await stepsOf(server, "demo")).map((step) => step.step);
    const failing = await stepsOf(server, "demo", { failing: "any" });
    const middle = failing.find(({ step }) => step > steps[100]);
    const run = await RunPage.open(page, `/runs/demo?step=${middle.step}`, {
      ...SMALL,
      width: 1280,
      height: 720,
    });
    await run.selected(middle.step);

    const facts = await run.facts();
    assert.equal(facts.renderer, "2d");
    assert.equal(facts.nodes, steps.length);
    assert.equal(facts.effect, FAILURES[middle.failure].effect);
    assert.match(await run.page.getByRole("note").innerText(), /This is the flat view: 3D needs WebGL2/);
    const drawn = await run.stage.locator("canvas:not([hidden])").evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value > 0);
    });
    assert.ok(drawn, "something is drawn");
    await screenshot(run.page, "flat");

    await run.page.keyboard.press("ArrowRight");
    await run.selected(middle.step + 1);
    const picked = await run.pickAnother();
    await run.selected(picked);
    for (const shape of ["Wormhole", "Sphere", "Linear"]) {
      await run.page.getByRole("button", { name: shape }).click();
      await run.until(`the path is a ${shape}`, ({ geometry }) => geometry === shape.toLowerCase());
    }
  },
  WITHOUT_WEBGL,
);
