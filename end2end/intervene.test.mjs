// A person intervenes in a real training from the page: pauses, resumes, tweaks, stops. The answers of the
// training are shown in every browser, and as flags over the curve.

import assert from "node:assert/strict";
import { event, scored } from "./events.mjs";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

/** Two live pages at once: without WebGL2, which would be drawn on the cores that the server uses. */
const WITHOUT_WEBGL = { flags: ["--disable-gpu", "--disable-3d-apis"] };

/** The controls of the training, and the line with the result of the last command. */
function controlsOf(run) {
  const group = run.page.getByRole("group", { name: "Training" });
  const line = run.page.locator(".command-line");
  const flags = run.page.getByRole("list", { name: "Interventions, notes and alerts" });
  return {
    button: (name) => group.getByRole("button", { name, exact: true }),
    shows: (words) => until(`the line shows ${words}`, async () => words.test(await line.innerText())),
    flag: (name) => flags.getByRole("button", { name }).first(),
  };
}

story(
  "pause, resume, tweak and stop reach a real training, in two browsers",
  async ({ server, page }) => {
    const demo = server.demo({ steps: 4000, rate: 20 });
    const first = await until("the run is there", async () => {
      const { items } = await server.get("/api/v1/runs");
      return items.find((run) => run.steps > 0);
    });
    assert.equal(first.id, "demo");
    const run = await RunPage.open(page, "/runs/demo");
    const other = await RunPage.open(page, "/runs/demo");
    const [one, two] = [controlsOf(run), controlsOf(other)];

    // The recording's button says what it does; the training has buttons of its own.
    await run.page.getByRole("button", { name: "Hold", exact: true }).waitFor();
    await one.button("Pause training").click();
    await one.shows(/browser asked to pause. Applied: paused/);
    await two.shows(/browser asked to pause. Applied: paused/);
    await until("the header shows paused", async () => {
      return (await run.page.locator(".connection").innerText()) === "Paused";
    });
    const { nodes } = await run.facts();
    await one.flag(/^Pause by browser at .*, applied: paused$/).waitFor();

    await two.button("Tweak").click();
    const dialog = other.page.getByRole("dialog", { name: "Change parameters of the training" });
    await dialog
      .getByRole("row", { name: /max_words|penalty|weight/ })
      .first()
      .waitFor();
    const declared = (await server.get("/api/v1/runs/demo")).metadata.tweakable;
    const [name, { value, min, max }] =
      Object.entries(declared).find(
        ([, entry]) => typeof entry.value === "number" && entry.max !== undefined,
      ) ?? Object.entries(declared).find(([, entry]) => typeof entry.value === "number");
    const field = dialog.getByRole("textbox", { name: `New value of ${name}`, exact: true });
    await field.fill("much");
    await dialog.getByRole("alert").waitFor();
    assert.ok(await dialog.getByRole("button", { name: "Send" }).isDisabled(), "a text is not a number");
    const tweaked = max === undefined ? value + 1 : value === max ? min : max;
    await field.fill(`${tweaked}`);
    await dialog.getByRole("button", { name: "Send" }).click();
    await dialog.waitFor({ state: "hidden" });
    await two.shows(/asked to tweak. Applied: set /);
    await one.shows(/asked to tweak. Applied: set /);
    // Opened again, it knows the value that was set.
    await one.button("Tweak").click();
    const again = run.page.getByRole("dialog", { name: "Change parameters of the training" });
    const row = again.getByRole("row", { name: new RegExp(`^${name.replace(/\./g, "\\.")} `) }).first();
    await until("the table has the new value", async () => {
      return Number(await row.locator("td.num").innerText()) === tweaked;
    });
    await run.page.keyboard.press("Escape");
    await again.waitFor({ state: "hidden" });

    assert.equal((await run.facts()).nodes, nodes, "a paused training makes no steps");
    await one.button("Resume training").click();
    await two.shows(/asked to resume. Applied: resumed/);
    await run.until("the training goes on", (facts) => facts.nodes > nodes);

    await one.button("Stop").click();
    const question = run.page.getByRole("dialog", { name: "Stop the training?" });
    await question.getByRole("button", { name: "Keep training" }).click();
    await question.waitFor({ state: "hidden" });
    await one.button("Stop").click();
    await question.getByRole("button", { name: "Stop training" }).click();
    await demo.done;
    await until("the header shows that it was cancelled", async () => {
      return (await other.page.locator(".connection").innerText()) === "Cancelled";
    });
    await until("a run that has ended has no controls", async () => !(await two.button("Stop").isVisible()));
    await two.flag(/^Stop by browser at .*, applied: stopping$/).waitFor();

    const { events } = await server.get(
      "/api/v1/runs/demo/events?kind=command.issued,command.applied&limit=50",
    );
    const issued = events.filter((event) => event.kind === "command.issued").map((event) => event.body);
    assert.deepEqual(
      issued.map((command) => command.action),
      ["pause", "tweak", "resume", "stop"],
    );
    assert.ok(issued.every((command) => command.author === "browser"));
    assert.deepEqual(issued[1].parameters, { [name]: tweaked }, "one command with what was changed");
  },
  WITHOUT_WEBGL,
);

story("what the trainer refuses is said in its own words", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "loop", name: "loop" });
  await server.post("/api/v1/runs/loop/events", [scored(1, { root: 1 }), scored(2, { root: 1 })]);
  const run = await RunPage.open(page, "/runs/loop", SMALL);
  const controls = controlsOf(run);
  await controls.button("Tweak").click();
  const dialog = run.page.getByRole("dialog", { name: "Change parameters of the training" });
  await dialog.getByText("declares no parameters").waitFor();
  await dialog.getByRole("textbox", { name: "Parameter" }).fill("learning_rate");
  await dialog.getByRole("textbox", { name: "New value" }).fill("0.5");
  await dialog.getByRole("button", { name: "Send" }).click();
  await controls.shows(/asked to tweak. Waiting for the training side/);
  const [command] = (await server.get("/api/v1/runs/loop/commands")).commands;
  assert.deepEqual(command.parameters, { learning_rate: 0.5 });
  await server.post(`/api/v1/runs/loop/commands/${command.command_id}/ack`, {
    result: "refused: there is no parameter 'learning_rate'; there are beta",
  });
  await controls.shows(/Refused: there is no parameter 'learning_rate'; there are beta/);
  await controls.flag(/^Tweak by browser .*, refused: there is no parameter/).waitFor();
});

story(
  "a question is answered in the page, which never learns the expected answer",
  async ({ server, page }) => {
    const SECRET = "the-expected-answer";
    await server.post("/api/v1/runs", { id: "asks", name: "asks" });
    const challenge = {
      type: "SAFETY",
      question: "Go on?",
      options: ["yes", "no"],
      expected_answer: SECRET,
    };
    const asked = scored(1, { root: -1 }, { is_paused: true, challenge });
    const paused = event("run.status", { status: "paused" });
    await server.post("/api/v1/runs/asks/events", [asked, paused]);

    const browser = await page(SMALL);
    const seen = [];
    browser.on("response", (response) => seen.push(response.text().catch(() => "")));
    browser.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => seen.push(`${payload}`)));
    await browser.goto(`${server.url}/runs/asks`);
    const run = new RunPage(browser);
    await run.opened();
    const card = run.diagnostics.getByRole("region", { name: "The run waits for an answer" });
    await card.getByText("Go on?").waitFor();
    await run.inspected(1);

    // Instead of an answer, the training can be changed.
    await card.getByRole("button", { name: "Tweak" }).click();
    const tweaks = run.page.getByRole("dialog", { name: "Change parameters of the training" });
    await tweaks.getByRole("button", { name: "Cancel" }).click();
    await tweaks.waitFor({ state: "hidden" });

    const refused = await fetch(`${server.url}/api/v1/runs/asks/commands`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ action: "answer", parameters: { answer: "perhaps" } }),
    });
    assert.equal(refused.status, 422);
    assert.match(await refused.text(), /perhaps.*is not one of: yes, no/);

    await card.getByRole("button", { name: "yes" }).click();
    await card.waitFor({ state: "hidden" });
    await run.page.getByText("Alignment restored").waitFor();
    const { commands } = await server.get("/api/v1/runs/asks/commands");
    assert.deepEqual(
      commands.map(({ action, parameters, author }) => ({ action, parameters, author })),
      [{ action: "answer", parameters: { answer: "yes" }, author: "browser" }],
    );
    const texts = await Promise.all(seen);
    assert.ok(
      texts.some((text) => text.includes("Go on?")),
      "the question was sent",
    );
    assert.ok(!texts.some((text) => text.includes(SECRET)), "the expected answer was not");
  },
);
