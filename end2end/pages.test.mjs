// Every page: a screenshot in `screenshots/`, and what must hold on each: names, focus, and the use by
// keyboard.

import assert from "node:assert/strict";
import { event, scored } from "./events.mjs";
import { SMALL, story, until } from "./harness.mjs";
import { RunPage, stepsOf } from "./runpage.mjs";

const TRAINED = { steps: 1200 };
/** Roles whose elements are operated, and so need a name to be called by. */
const OPERATED = "button|link|slider|searchbox|textbox|listbox|separator|application|tab|switch|checkbox";

/** Everything that can be operated has a name. Read from the tree that assistive technology gets. */
async function assertNamed(page) {
  const lines = (await page.locator("body").ariaSnapshot()).split("\n");
  const nameless = lines.filter((line) =>
    new RegExp(`^\\s*- (${OPERATED})(\\s*\\[[^\\]]*\\])*:?$`).test(line),
  );
  assert.deepEqual(nameless, [], `nameless at ${page.url()}`);
}

/** Goes through the page with Tab; everything that takes the focus shows it. */
async function assertFocusShows(page, { most = 60 } = {}) {
  for (let i = 0; i < most; i += 1) {
    await page.keyboard.press("Tab");
    const what = await page.evaluate(() => {
      const element = document.activeElement;
      return element && element !== document.body ? element.outerHTML.slice(0, 160) : null;
    });
    if (what === null) return;
    await until(`the focus shows at ${page.url()} on ${what}`, () => page.evaluate(showsFocus));
  }
}

/** Runs in the page: whether the focused element is visible and shows its focus. */
function showsFocus() {
  const element = document.activeElement;
  const { width, height } = element.getBoundingClientRect();
  const sample = document.body.appendChild(document.createElement("i"));
  sample.style.color = "var(--accent)";
  const accent = getComputedStyle(sample).color;
  sample.remove();
  // A field inside a box that is lit for it counts, and so does a line that is drawn beside it.
  const parts = [[element], [element, "::after"], [element.closest(".search") ?? element]];
  const shows = parts
    .map((part) => getComputedStyle(...part))
    .some(({ outlineStyle, outlineWidth, boxShadow, borderTopColor, backgroundColor }) => {
      const isOutlined = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
      return isOutlined || boxShadow !== "none" || borderTopColor === accent || backgroundColor === accent;
    });
  return width > 0 && height > 0 && shows;
}

/** A failing step near the middle of the run, of a kind that has a card and an effect. */
async function middle(server) {
  const steps = await stepsOf(server, "demo");
  const failing = await stepsOf(server, "demo", { failing: "hallucination" });
  return failing.find(({ step }) => step >= steps[Math.floor(steps.length * 0.3)].step) ?? failing.at(-1);
}

/** Runs in every state that a list shows, the newest a training that is running. */
async function several(server) {
  const others = [
    { id: "sft-baseline", name: "sft baseline", status: "completed" },
    { id: "grpo-high-kl", name: "grpo high kl", status: "failed" },
    { id: "grpo-no-format", name: "grpo without the format rubric", status: "cancelled" },
  ];
  for (const [i, { id, name, status }] of others.entries()) {
    const spec = {
      id,
      name,
      project: "dipg",
      kind: "grpo",
      agent: "qwen-2.5-7b",
      task: "medical safety questions",
    };
    await server.post("/api/v1/runs", spec);
    const snapshot = (step) => {
      const grounding = step % (i + 3) === 0 ? -20 : 10;
      return scored(step, { root: grounding + i, grounding, format: 1 });
    };
    const events = [...Array.from({ length: 40 * (i + 1) }, (_, step) => snapshot(step))];
    await server.post(`/api/v1/runs/${id}/events`, [...events, event("run.finished", { status })]);
  }
  await server.demo({ run: "seed-3", steps: 600, seed: 3 }).done;
  return server.demo({ run: "seed-7", steps: 2400, rate: 30 });
}

story("the list: empty, and with runs in every state", async ({ server, page, screenshot }) => {
  const list = await page({ path: "/", width: 1280, height: 720 });
  await list.getByRole("region", { name: "No runs yet" }).waitFor();
  await list.waitForLoadState("networkidle");
  await until("the page knows its own address", async () =>
    (await list.innerText("main")).includes(server.url),
  );
  await screenshot(list, "runs-empty");
  await assertNamed(list);

  const demo = await several(server);
  await list.getByRole("row", { name: /running/ }).waitFor();
  await until("some steps are counted", async () => {
    const { items } = await server.get("/api/v1/runs");
    return items.length === 5 && items.some((run) => run.status === "running" && run.steps > 60);
  });
  await list.reload();
  await list.waitForLoadState("networkidle");
  assert.equal(await list.locator("tr.run-row").count(), 5);
  await screenshot(list, "runs");
  await assertNamed(list);
  await assertFocusShows(list);

  await list.getByRole("searchbox", { name: "Search runs" }).fill("high kl");
  await until("the search leaves one run", async () => (await list.locator("tr.run-row").count()) === 1);
  assert.equal(new URL(list.url()).searchParams.get("q"), "high kl");
  await list.getByRole("searchbox", { name: "Search runs" }).fill("nothing like it");
  await list.getByRole("heading", { name: "No run matches" }).waitFor();
  await list.getByRole("link", { name: "Show all runs" }).click();
  await until("all runs are back", async () => (await list.locator("tr.run-row").count()) === 5);
  await list.getByRole("button", { name: "failed", exact: true }).click();
  await until("one run has failed", async () => (await list.locator("tr.run-row").count()) === 1);
  demo.stop();
});

story("the run page at every size, in every shape", async ({ server, page, screenshot }) => {
  await server.demo(TRAINED).done;
  const { step, seq } = await middle(server);
  const run = await RunPage.open(page, `/runs/demo?step=${step}`, { ...SMALL, width: 1440, height: 860 });
  const settled = async () => {
    await run.selected(step);
    await run.inspected(seq);
    await run.callout.waitFor();
    // The camera has arrived once the labels are over their nodes again.
    await until("the labels are placed", async () => {
      return run.page
        .locator(".labels .label")
        .evaluateAll((all) => all.some((it) => Number(it.style.opacity) > 0));
    });
  };
  await settled();
  await screenshot(run.page, "run");
  await assertNamed(run.page);

  await run.page.setViewportSize({ width: 1280, height: 720 });
  await settled();
  await screenshot(run.page, "run-1280");
  for (const shape of ["Wormhole", "Sphere"]) {
    await run.page.getByRole("button", { name: shape }).click();
    await run.until(`the path is a ${shape}`, ({ geometry }) => geometry === shape.toLowerCase());
    await settled();
    await screenshot(run.page, shape.toLowerCase());
  }
});

story(
  "the run page on a phone: the panels are sheets over the stage",
  async ({ server, page, screenshot }) => {
    await server.demo({ steps: 400 }).done;
    const { step } = await middle(server);
    const phone = { ...SMALL, width: 390, height: 844, hasTouch: true, isMobile: true };
    const run = await RunPage.open(page, `/runs/demo?step=${step}`, phone);
    await run.until("the step is selected", (facts) => facts.step === step);
    await run.callout.waitFor();
    await screenshot(run.page, "run-phone");
    await assertNamed(run.page);
    const wide = await run.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} px wider than the phone`);

    const tabs = run.page.getByRole("navigation", { name: "Panels" });
    await tabs.getByRole("button", { name: "Diagnostics" }).tap();
    await run.diagnostics.getByRole("list", { name: "Rubrics" }).waitFor();
    await tabs.getByRole("button", { name: "Steps" }).tap();
    await run.list
      .locator(".step-number")
      .getByText(`${step + 1}`, { exact: true })
      .tap();
    await run.until("the next step is selected", (facts) => facts.step === step + 1);
    await tabs.getByRole("button", { name: "Stage" }).tap();
    await until("the list is away", async () => !(await run.list.isVisible()));
  },
);

story("long names and numbers leave what is beside them its place", async ({ server, page }) => {
  const name = "a very long name of a run: sweep lr=1e-5 wd=0.1 warmup=0.03 seed=1234";
  await server.post("/api/v1/runs", { id: "long", name, project: "a project with a long name, too" });
  const steps = [0, 1, 2, 3].map((n) => scored(n * 1_000_003, { root: n % 2 ? 1 : -1 }));
  await server.post("/api/v1/runs/long/events", steps);
  const run = await RunPage.open(page, "/runs/long?step=3000009");
  for (const [width, height] of [
    [1280, 720],
    [720, 450],
    [390, 844],
  ]) {
    await run.page.setViewportSize({ width, height });
    const [step, ...others] = await run.page.evaluate(() => {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector(".crumb-step"));
      const shown = [...document.querySelectorAll(".top button, .top summary, .top .connection")];
      const areas = shown.map((it) => it.getBoundingClientRect()).filter((it) => it.width > 0);
      return [range.getBoundingClientRect(), ...areas].map(({ left, right, top, bottom }) => {
        return { left, right, top, bottom };
      });
    });
    const isOver = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    assert.ok(others.length > 3 && step.right > step.left);
    assert.deepEqual(
      others.filter((other) => isOver(step, other)),
      [],
      `at ${width} px`,
    );
  }
  await run.page.setViewportSize({ width: 1280, height: 720 });
  const lefts = () =>
    run.list.locator(".step-words").evaluateAll((all) => all.map((it) => it.getBoundingClientRect().left));
  assert.equal(new Set(await lefts()).size, 1, "the words of all rows begin at one place");
});

story("a run whose snapshots have measurements alone shows them", async ({ server, page }) => {
  await server.post("/api/v1/runs", { id: "m", name: "measured" });
  const steps = [0.5, 0.25, 0.125].map((loss, step) =>
    scored(step, { "metrics.loss": loss, "metrics.lr": 0.001 }),
  );
  await server.post("/api/v1/runs/m/events", steps);
  const run = await RunPage.open(page, "/runs/m?step=1");
  await run.selected(1);
  assert.match(await run.list.locator("[aria-selected=true]").innerText(), /^1\s+measured\s+0\.250$/);
  await run.diagnostics.getByText("loss, was 0.500 one step ago").waitFor();
  const chips = run.page.getByRole("group", { name: "Rubric of the curve" }).getByRole("button");
  assert.deepEqual(await chips.allInnerTexts(), ["loss", "lr"]);
});

story(
  "pages that are not there, and files that do not open, say what to do",
  async ({ server, page, screenshot }) => {
    const lost = await page({ width: 1280, height: 720 });
    lost.expected.push(/status of 404/);
    for (const [path, words] of [
      ["/nowhere", "There is no page here"],
      ["/runs/nobody", "There is no such run"],
    ]) {
      const answer = await lost.goto(server.url + path);
      assert.equal(answer.status(), 404);
      await lost.getByRole("heading", { name: words }).waitFor();
      await lost.waitForLoadState("networkidle");
      await assertNamed(lost);
    }
    await screenshot(lost, "not-found");

    // The page's script comes late: a file that is picked before it runs is opened once it does.
    let release;
    const released = new Promise((resolve) => (release = resolve));
    await lost.route("**/*.wasm", (route) => released.then(() => route.continue()));
    await lost.getByRole("link", { name: "All runs" }).click();
    await lost.getByRole("heading", { name: "Runs", exact: true }).waitFor();

    lost.expected.push(/status of 422/);
    const file = {
      name: "weights.json",
      mimeType: "application/json",
      buffer: Buffer.from('{"weights": [1, 2]}'),
    };
    await lost.locator("input[type=file]").first().setInputFiles(file);
    release();
    await lost.getByRole("alert").waitFor();
    await screenshot(lost, "import-error");
    await assertNamed(lost);
  },
);

story(
  "a page without a stage loads none, and every page is read without scripts",
  async ({ server, page }) => {
    await server.demo({ steps: 60 }).done;
    const modules = async (path) => {
      const names = new Set();
      const opened = await page(SMALL);
      opened.on("request", (request) => {
        const { pathname } = new URL(request.url());
        if (pathname.endsWith(".wasm")) names.add(pathname);
      });
      await opened.goto(server.url + path, { waitUntil: "networkidle" });
      return [...names];
    };
    assert.deepEqual(await modules("/"), ["/pkg/gauntlet-list_bg.wasm"]);
    assert.deepEqual(await modules("/projects/dipg"), ["/pkg/gauntlet-list_bg.wasm"]);
    assert.deepEqual(await modules("/runs/demo"), ["/pkg/gauntlet-run_bg.wasm"]);

    const plain = await page({ ...SMALL, javaScriptEnabled: false, path: "/" });
    const row = plain.getByRole("row", { name: /dipg grpo demo/ });
    assert.match(await row.innerText(), /completed[\s\S]*60/i);
    await row.getByRole("link", { name: "dipg grpo demo" }).click();
    await plain.waitForURL("**/runs/demo");
    assert.match(await plain.getByRole("heading", { level: 1 }).innerText(), /dipg grpo demo/);
    assert.match(await plain.locator(".facts").innerText(), /60/);
  },
);

story("by keyboard alone from the list to a step and its diagnostics", async ({ server, page }) => {
  await server.demo({ steps: 120 }).done;
  const steps = (await stepsOf(server, "demo")).map((step) => step.step);
  const browser = await page({ path: "/", ...SMALL });
  await browser.waitForLoadState("networkidle");
  const keys = browser.keyboard;
  /** Tabs on until the focus is on what `selector` names. */
  const tabTo = (selector) =>
    until(`Tab reaches ${selector}`, async () => {
      await keys.press("Tab");
      return browser.evaluate((it) => document.activeElement.matches(it), selector);
    });

  await tabTo('a[href="/runs/demo"]');
  await keys.press("Enter");
  const run = new RunPage(browser);
  await run.opened();
  await keys.press("Home");
  await run.selected(steps[0]);
  await tabTo('[role="listbox"]');
  await keys.press("ArrowDown");
  await keys.press("ArrowDown");
  await run.selected(steps[2]);
  await tabTo("li[data-path] button");
  await tabTo('li[data-path]:not([data-path="root"]) button');
  const path = await browser.evaluate(() => document.activeElement.closest("li").dataset.path);
  await keys.press("Enter");
  const line = run.rubric(path).getByRole("button").first();
  await until("the rubric is chosen", async () => (await line.getAttribute("aria-pressed")) === "true");
  assert.equal((await run.facts()).step, steps[2], "a key of a control moves nothing else");

  await keys.press("/");
  await keys.type(`${steps[50]}`);
  await until("the search is in the field", async () => {
    return (await run.page.getByRole("searchbox", { name: "Search steps" }).inputValue()) === `${steps[50]}`;
  });
  await run.page.getByRole("searchbox", { name: "Search steps" }).fill("");
  await assertFocusShows(browser);
});
