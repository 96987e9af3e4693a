// The address is the view: rubric, filter, folded panels, loop and camera survive a reload. Playback repeats
// a range at any speed; notes are flags; the worst steps are a list; failures are those of the chosen rubric.

import assert from "node:assert/strict";
import { event, scored } from "./events.mjs";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage, stepsOf } from "./runpage.mjs";

story("a reload shows the same view", async ({ server, page }) => {
  await server.demo({ steps: 240 }).done;
  const run = await RunPage.open(
    page,
    "/runs/demo?step=100&view=wormhole&rubric=grounding&fold=steps&loop=90-120",
  );
  await run.until("the shape is the one of the address", ({ geometry }) => geometry === "wormhole");
  const line = run.rubric("grounding").getByRole("button").first();
  await until("the rubric is chosen", async () => (await line.getAttribute("aria-pressed")) === "true");
  await run.page.getByRole("button", { name: "90 to 120 ×" }).waitFor();
  await run.page.getByRole("button", { name: "Unfold the steps" }).waitFor();

  await run.page.getByRole("button", { name: "Unfold the steps" }).click();
  await run.page.getByRole("button", { name: "Failing", exact: true }).click();
  await run.page.getByRole("searchbox", { name: "Search steps" }).fill("1");
  await run.rubric("format").getByRole("button").first().click();
  await until("the address follows", async () => {
    const query = new URL(run.page.url()).searchParams;
    return (
      query.get("rubric") === "format" &&
      query.get("list") === "failing" &&
      query.get("filter") === "1" &&
      !query.has("fold")
    );
  });
  await run.page.reload();
  await run.opened();
  await until("the filter is back", async () => {
    return (await run.page.getByRole("searchbox", { name: "Search steps" }).inputValue()) === "1";
  });
  const format = run.rubric("format").getByRole("button").first();
  await until("the rubric is back", async () => (await format.getAttribute("aria-pressed")) === "true");

  // Failures are those of the rubric, and the list shows its values.
  await run.page.getByRole("searchbox", { name: "Search steps" }).fill("");
  const failing = run.list.locator(".step-words");
  await until("the list says what became of the rubric", async () => {
    return (
      new Set(await failing.allInnerTexts()).size === 1 && (await failing.first().innerText()) === "failed"
    );
  });
  await run.page.getByRole("button", { name: "Next failure of format (N)" }).click();
  const { step: at } = await run.until("another step is selected", ({ step }) => step !== 100);
  const snapshots = await server.get(`/api/v1/runs/demo/steps/${at}`);
  const snapshot = snapshots.events.find((event) => event.kind === "snapshot.scored");
  assert.ok(snapshot.body.scores.format <= 0, `step ${at} fails format`);
});

story("playback repeats a range, and a note is a flag in every browser", async ({ server, page }) => {
  await server.demo({ steps: 240 }).done;
  const steps = (await stepsOf(server, "demo")).map(({ step }) => step);
  const run = await RunPage.open(page, `/runs/demo?step=${steps[50]}`, {
    ...SMALL,
    reducedMotion: "no-preference",
  });
  const transport = run.page.getByRole("region", { name: "Transport" });
  await run.selected(steps[50]);
  await transport.getByRole("button", { name: "Loop" }).click();
  await transport.getByRole("button", { name: `${steps[50]} to here` }).waitFor();
  await run.choose(steps[54]);
  await transport.getByRole("button", { name: `${steps[50]} to here` }).click();
  await transport.getByRole("button", { name: `${steps[50]} to ${steps[54]} ×` }).waitFor();
  await run.press("Play");
  for (const [what, is] of [
    ["its end", (step) => step >= steps[53]],
    ["its beginning", (step) => step <= steps[51]],
    ["its end again", (step) => step >= steps[53]],
  ]) {
    await run.until(`playback is at ${what}`, ({ step }) => is(step), { within: 30_000 });
  }
  await run.press("Hold");

  const other = await RunPage.open(page, "/runs/demo");
  await transport.getByRole("button", { name: "Mark" }).click();
  const note = run.page.getByRole("dialog", { name: "Note about this step" });
  await note.getByRole("textbox", { name: "Step" }).fill("look at this one");
  await note.getByRole("textbox", { name: "Author" }).fill("Ada");
  await note.getByRole("button", { name: "Save" }).click();
  await note.waitFor({ state: "hidden" });
  for (const each of [run, other]) {
    const flags = each.page.getByRole("list", { name: "Interventions, notes and alerts" });
    await flags.getByRole("button", { name: /^Note by Ada at .*: look at this one$/ }).waitFor();
  }

  // The worst steps, and the way to one of them by Enter.
  await other.page.getByRole("button", { name: "Worst 50" }).click();
  await until(
    "fifty steps",
    async () => (await other.page.locator(".steps .chips .panel-note").innerText()) === "50",
  );
  await other.page.getByRole("searchbox", { name: "Search steps" }).press("Enter");
  const worst = await until("one of them is selected", () => other.listed());
  await other.selected(worst);

  await other.page.getByRole("button", { name: "All", exact: true }).click();

  // Keys: a tenth of the run, the list of keys, and no letters where they are turned off.
  await other.page.getByRole("searchbox", { name: "Search steps" }).press("Escape");
  await other.page.keyboard.press("Home");
  await other.selected(steps[0]);
  await other.page.keyboard.press("PageDown");
  await other.selected(steps[Math.floor((steps.length - 1) / 10)]);
  await other.page.keyboard.press("?");
  await other.page.getByRole("checkbox", { name: "Ignore keys of one letter or sign" }).check();
  await other.page.keyboard.press("Escape");
  await other.page.locator(".diagnostics .panel-body").focus();
  await other.page.keyboard.press("2");
  await other.page.keyboard.press("End");
  await other.selected(steps.at(-1));
  assert.equal((await other.facts()).geometry, "linear", "a key of one sign does nothing");
});

story("the recap has the post-mortem as a file, and a missing step is reported", async ({ server, page }) => {
  await server.demo({ steps: 120 }).done;
  const run = await RunPage.open(page, "/runs/demo?step=99999");
  await run.page.getByText("This run has no step 99,999, which the address names.").waitFor();
  await run.page.locator(".run-menu > summary").click();
  await run.page.getByRole("button", { name: "Recap" }).click();
  const recap = run.page.getByRole("dialog", { name: "Recap" });
  const download = run.page.waitForEvent("download");
  await recap.getByRole("link", { name: /post-mortem/ }).click();
  const file = await download;
  assert.equal(file.suggestedFilename(), "demo-post-mortem.json");
  const chunks = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk);
  const mortem = JSON.parse(Buffer.concat(chunks).toString());
  const summary = await server.get("/api/v1/runs/demo");
  assert.deepEqual(
    [mortem.steps, mortem.failing, mortem.status],
    [summary.steps, summary.failing, "completed"],
  );
  assert.ok(mortem.worst.length > 0 && mortem.worst[0].interest >= mortem.worst.at(-1).interest);
});

story(
  "an episode reads as a conversation, and nothing that a model wrote becomes markup",
  async ({ server, page }) => {
    await server.post("/api/v1/runs", { id: "chat", name: "chat" });
    const [episode, at] = ["e1", new Date().toISOString()];
    const recorded = (n, step_kind, name, payload) =>
      event(
        "step.recorded",
        { step_kind, name, span_id: String(n).padStart(16, "0"), started_at: at, payload },
        { episode, step: 1, at },
      );
    await server.post("/api/v1/runs/chat/events", [
      event("episode.started", { task: "sums" }, { episode, at }),
      recorded(1, "message", null, { role: "user", content: "What is **2 + 2**?" }),
      recorded(2, "tool_call", "calculator", { arguments: { a: 2, b: 2 } }),
      recorded(3, "message", null, {
        role: "assistant",
        content:
          "# Answer\n\n```python\nprint(2 + 2)\n```\n\n" +
          "<img src=x onerror=alert(1)> [here](javascript:alert(1))",
      }),
      scored(1, { root: 1 }, { episode, at, action: "4" }),
    ]);
    const run = await RunPage.open(page, "/runs/chat?step=1", { ...SMALL, width: 1280 });
    const messageOf = (who) => run.diagnostics.locator(`.message.is-${who}`);
    await messageOf("user").locator("strong", { hasText: "2 + 2" }).waitFor();
    await messageOf("assistant").getByRole("heading", { name: "Answer" }).waitFor();
    await messageOf("assistant").locator("pre code", { hasText: "print(2 + 2)" }).waitFor();
    assert.equal(
      await messageOf("assistant").locator("img, a").count(),
      0,
      "no image, no link that runs something",
    );
    assert.match(await messageOf("assistant").innerText(), /<img src=x onerror=alert\(1\)>/);
    await messageOf("assistant")
      .getByRole("button", { name: "Switch between rendered and raw text" })
      .click();
    await messageOf("assistant").locator("pre.text", { hasText: "# Answer" }).waitFor();
    const call = run.diagnostics.locator(".timeline details", { hasText: "calculator" });
    await call.locator("summary").click();
    await call.locator(".tree-values li", { hasText: "a 2" }).waitFor();
    await call.getByRole("button", { name: "Switch between rendered and raw text" }).click();
    await call.locator("pre", { hasText: '"a": 2' }).waitFor();
  },
);
