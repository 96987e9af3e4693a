// The rollouts of one prompt side by side, and the tasks that one run solves and another fails.

import assert from "node:assert/strict";
import { atSecond, scored } from "./events.mjs";
import { SMALL, story } from "./harness.mjs";

/** A run of four steps: at each one prompt with four rollouts, whose rewards tie at the odd steps. */
async function record(server, id, best) {
  await server.post("/api/v1/runs", { id, name: `${id} run`, project: "groups" });
  const rollout = (step, number) =>
    scored(
      step,
      { root: step % 2 === 1 ? best : best - number, brevity: 0.5 },
      {
        at: atSecond(0),
        episode: `${step}-${number}`,
        action: `The answer is ${number === 0 ? "four" : `${number}, I think <b>`}.`,
        observation: `What is ${step} + ${step}?`,
      },
    );
  const events = [0, 1, 2, 3].flatMap((step) => [0, 1, 2, 3].map((number) => rollout(step, number)));
  await server.post(`/api/v1/runs/${id}/events`, events);
}

story("the completions of a prompt are read side by side", async ({ server, page, screenshot }) => {
  await record(server, "grpo", 3);
  const opened = await page({ path: "/runs/grpo/groups?step=2", ...SMALL, width: 1280, height: 720 });
  await opened.getByRole("heading", { name: "Step 2" }).waitFor();
  const tied = opened.getByRole("figure", { name: "Tied rewards: 50 % over all groups" });
  assert.equal(await tied.getByRole("link").count(), 4, "a bar for each step");
  const group = opened.getByRole("article");
  assert.match(await group.innerText(), /What is 2 \+ 2\?/);
  const rollouts = group.locator(".group-rollout");
  assert.deepEqual(await rollouts.locator(".group-root").allInnerTexts(), ["+3.0", "+2.0", "+1.0", "0.0"]);
  assert.match(await rollouts.nth(1).innerText(), /advantage \+0\.45[\s\S]*differs from character 15/);
  assert.match(await rollouts.nth(1).innerText(), /1, I think <b>/, "texts are shown to the letter");
  const film = rollouts.nth(3).locator(".group-root");
  assert.equal(await film.getAttribute("href"), "/runs/grpo?step=2&episode=2-3");
  await screenshot(opened, "groups");

  await opened.getByRole("link", { name: "Compare with the best" }).click();
  const changed = rollouts.nth(1).locator("pre");
  assert.equal(await changed.innerText(), "The answer is four.1, I think <b>.");
  assert.equal(await changed.locator("del").innerText(), "four.");
  assert.equal((await changed.locator("ins").allInnerTexts()).join(""), "1, I think <b>.");
  assert.equal(await rollouts.nth(0).locator("pre").innerText(), "The answer is four.");
  assert.match(await opened.getByRole("link", { name: "3 ›" }).getAttribute("href"), /diff=1/);

  await opened.getByRole("link", { name: "As a list" }).click();
  const lefts = await rollouts.evaluateAll((all) => all.map((it) => it.getBoundingClientRect().left));
  assert.equal(new Set(lefts).size, 1, `all below each other: ${lefts}`);
  assert.match(opened.url(), /diff=1&layout=list$/);

  await opened.getByLabel("Go to step").fill("0");
  await opened.getByLabel("Go to step").press("Enter");
  await opened.getByRole("heading", { name: "Step 0" }).waitFor();
  assert.match(opened.url(), /diff=1&layout=list&step=0#step$/);
  await opened.goBack();
  await opened.getByRole("link", { name: "3 ›" }).click();
  await opened.getByText("all rewards are the same: no gradient").waitFor();
  await opened.setViewportSize({ width: 390, height: 844 });
  const wide = await opened.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `the page is ${wide} px wider than the phone`);
});

story("the rubrics that move together are seen over a range of steps", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "pairs", name: "pairs" });
  const scores = (step) => ({ root: step, length: step * step, quality: step < 5 ? step : -step, format: 1 });
  await server.post(
    "/api/v1/runs/pairs/events",
    Array.from({ length: 20 }, (_, step) => scored(step, scores(step), { at: atSecond(step) })),
  );
  const opened = await page({ path: "/runs/pairs/groups", ...SMALL, width: 1280, height: 720 });
  const section = opened.getByRole("region", { name: "Which rubrics move together" });
  await section.getByText("20 rollouts").waitFor();
  const row = section.getByRole("row", { name: /^quality/ }).getByRole("cell");
  const ofAll = await row.nth(1).innerText();
  assert.match(ofAll, /^-0\.\d\d$/);
  await section.getByLabel("From step").fill("5");
  await section.getByRole("button", { name: "Show" }).click();
  await section.getByText("15 rollouts").waitFor();
  assert.equal(await row.nth(1).innerText(), "-1.00", "in this range one falls as the other rises");
  assert.match(
    await section.innerText(),
    /One falls as the other rises: root and quality, length and quality/,
  );
  assert.match(await section.innerText(), /Saturated: nearly all scores are the same: format/);
  await opened.goto(`${server.url}/runs/pairs/groups?from=nine`);
  await opened.getByRole("alert").getByText('"from": "nine" is not a step.').waitFor();
});

story("what one run solves and another fails is listed with links into both", async ({ server, page }) => {
  await record(server, "before", 3);
  await record(server, "after", -1);
  const opened = await page({ path: "/compare?runs=before,after", ...SMALL });
  const section = opened.getByRole("region", { name: "Regressions" });
  await section.getByText("4 tasks in common").waitFor();
  await section.getByRole("heading", { name: "Solved by before run, failed by after run" }).waitFor();
  const row = section.getByRole("row", { name: /What is 1 \+ 1/ });
  const links = await row.getByRole("link").evaluateAll((all) => all.map((it) => it.getAttribute("href")));
  assert.deepEqual(links, ["/runs/before?step=1&episode=1-0", "/runs/after?step=1&episode=1-0"]);
});

story("one task before and after training is read step by step", async ({ server, page }) => {
  for (const [id, run_type, roots] of [
    ["sft", "sft", [-1, -2, 3]],
    ["rl", "grpo", [5, 1, 2.5]],
  ]) {
    await server.post("/api/v1/runs", { id, name: `${id} run`, kind: "training" });
    const snapshot = (root, step) =>
      scored(step, { root }, { action: `it is ${run_type}`, metadata: { task_id: "sums", run_type } });
    await server.post(`/api/v1/runs/${id}/events`, roots.map(snapshot));
  }
  const opened = await page({ path: "/evolution", ...SMALL });
  await opened.getByRole("textbox", { name: "Task" }).fill("sums");
  await opened.getByRole("button", { name: "Compare SFT with GRPO" }).click();
  assert.match(await opened.getByRole("article", { name: "before" }).innerText(), /UNSAFE 33\s+SFT\s+LIVE/i);
  assert.match(await opened.getByRole("article", { name: "after" }).innerText(), /SAFE 100\s+GRPO/i);
  const rows = opened.getByRole("region", { name: "Steps of both runs" }).locator("tbody tr");
  const gains = () => rows.locator("td:nth-of-type(3)").allInnerTexts();
  assert.deepEqual(await gains(), ["+6.0", "+3.0", "-0.5"]);
  const answers = rows.first().locator("pre");
  assert.deepEqual(await answers.allInnerTexts(), ["it is sft", "it is grpo"]);
  await opened.getByRole("link", { name: "Lost most first" }).click();
  assert.deepEqual(await gains(), ["-0.5", "+3.0", "+6.0"]);
});

story("a prompt is learnt, forgotten or never solved", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "prompts", name: "prompts" });
  const roots = { learnt: [-1, -1, 1], lost: [1, 1, -1], hard: [-1, -1, -1] };
  const snapshots = Object.entries(roots).flatMap(([task_id, all]) =>
    all.map((root, step) =>
      scored(step, { root }, { episode: `${task_id}-${step}`, observation: task_id, metadata: { task_id } }),
    ),
  );
  await server.post("/api/v1/runs/prompts/events", snapshots);
  const opened = await page({ path: "/runs/prompts/groups", ...SMALL });
  const section = opened.getByRole("region", { name: "Prompts over training" });
  await section.getByText("3 prompts: 1 forgotten, 1 never solved, 1 learnt, 0 known").waitFor();
  const rows = section.getByRole("listitem");
  assert.deepEqual(await rows.locator(".prompt-outcome").allInnerTexts(), [
    "forgotten",
    "never solved",
    "learnt",
  ]);
  const last = rows.first().getByRole("link", { name: "step 2", exact: true });
  assert.equal(await last.getAttribute("href"), "/runs/prompts?step=2");
});
