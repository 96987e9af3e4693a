// Search for a text of an agent in all runs, and open the step it is in.

import assert from "node:assert/strict";
import { event, scored } from "./events.mjs";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage } from "./runpage.mjs";

/** A run whose steps have different texts, and some failures. */
async function recordTexts(server, id, texts) {
  await server.post("/api/v1/runs", { rules: "dipg", id, name: `${id} run`, project: "dipg" });
  const events = texts.map(([action, grounding], i) => {
    const scores = { root: grounding, grounding, format: 1 };
    return scored(i + 1, scores, { action, observation: "the radiology report" });
  });
  await server.post(`/api/v1/runs/${id}/events`, events);
}

const indexed = (server) =>
  until("all is indexed", async () => (await server.get("/api/v1/search?q=report")).complete);

story(
  "words that somebody remembers lead to the step that said them",
  async ({ server, page, screenshot }) => {
    await recordTexts(server, "first", [
      ["The tumour has shrunk since the last scan.", 5],
      ["A pontine lesion of 14 mm is described.", 5],
      ["The patient's lesion was <b>biopsied</b> in May, with H3K27M confirmed.", -20],
    ]);
    await recordTexts(server, "second", [
      ["No lesion is mentioned in the context.", 5],
      ["The lesion responded to 54 Gy, which the context never says.", -20],
    ]);
    await indexed(server);

    const list = await page({ path: "/", ...SMALL, width: 1280, height: 720 });
    await list.waitForLoadState("networkidle");
    const box = list.getByRole("searchbox", { name: "Search all texts" });
    await box.fill("lesion");
    await box.press("Enter");
    await list.waitForURL(/\/search\?q=lesion/);
    const results = list.getByRole("list", { name: "Results" });
    assert.equal(await results.getByRole("listitem").count(), 4);
    assert.deepEqual([...new Set(await results.locator("mark").allInnerTexts())], ["lesion"]);
    await screenshot(list, "search");

    // Only what fails.
    await list.getByRole("link", { name: "Ungrounded" }).click();
    await list.waitForURL(/failing=hallucination/);
    assert.equal(await results.getByRole("listitem").count(), 2);
    assert.equal(await results.getByText("Ungrounded claim").count(), 2);

    // A phrase, and without a word.
    const again = list.getByRole("searchbox", { name: "Search all texts" });
    assert.equal(await again.inputValue(), "lesion");
    await again.fill('lesion -"54 Gy" biops*');
    await again.press("Enter");
    await until("one result is left", async () => (await results.getByRole("listitem").count()) === 1);
    assert.match(await results.innerText(), /<b>biopsied<\/b>/);

    await results.getByRole("link").click();
    const run = new RunPage(list);
    await run.opened();
    await run.selected(3);
    assert.match(list.url(), /\/runs\/first\?step=3/);
    await until("the step's action is shown", async () =>
      (await run.part("Action").innerText()).includes("H3K27M"),
    );
  },
);

story("what an agent did on the way leads to the node of its episode", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "agent", name: "agent", project: "support" });
  const events = ["apple", "banana", "cherry"].flatMap((fruit, i) => [
    event("episode.started", { task: `buy a ${fruit}` }, { episode: fruit }),
    event(
      "step.recorded",
      {
        step_kind: "thought",
        span_id: `000000000000000${i + 1}`,
        started_at: new Date().toISOString(),
        payload: { text: `where are ${fruit} trees?` },
      },
      { episode: fruit, step: 1 },
    ),
    scored(10 * i, { root: i }, { episode: fruit, action: "bought", observation: "a report" }),
  ]);
  await server.post("/api/v1/runs/agent/events", events);
  await indexed(server);
  for (const word of ["buy", "trees"]) {
    const found = await page({ path: `/search?q=${word}+banana`, ...SMALL });
    await found.getByRole("list", { name: "Results" }).getByRole("link").click();
    const run = new RunPage(found);
    await run.opened();
    await run.selected(10);
    await found.close();
  }
});

story("no results and invalid queries are reported", async ({ server, page }) => {
  await recordTexts(server, "first", [["The tumour has shrunk.", 5]]);
  await indexed(server);
  const found = await page({ path: "/search?q=walrus", ...SMALL });
  await found.getByRole("heading", { name: "Nothing found" }).waitFor();
  await found.goto(`${server.url}/search?q=-tumour`);
  await found.getByRole("alert").getByText("add a word to look for").waitFor();
  await found.goto(`${server.url}/search`);
  await found.getByRole("list", { name: "Results" }).getByText("shrunk").waitFor();
  const wide = await found.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `the page is ${wide} px wider than its window`);
  await found.setViewportSize({ width: 390, height: 844 });
  const onPhone = await found.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(onPhone <= 0, `the page is ${onPhone} px wider than the phone`);
});
