// Every page without a violation that axe-core finds, in both themes and on a phone.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertAccessible } from "./axe.mjs";
import { event, scored } from "./events.mjs";
import { SMALL, story } from "./harness.mjs";
import { RunPage, stepsOf } from "./runpage.mjs";

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

/** Twelve runs of two learning rates, one of them with an alert, and a monitor of their project. */
async function sweep(server) {
  const ids = Array.from({ length: 12 }, (_, n) => `sweep-${n}`);
  for (const [n, id] of ids.entries()) {
    const config = { lr: n < 6 ? 1e-5 : 3e-5, seed: n % 6 };
    const tags = n % 3 ? [] : ["baseline"];
    await server.post("/api/v1/runs", { id, name: `long-sweep-${id}`, project: "sweep", tags, config });
    const values = (step) => ({ root: step - n, grounding: -n, "metrics.loss": 1 / (step + 1) });
    const steps = [0, 1, 2, 3].map((step) => scored(step, values(step)));
    const alert = { severity: "error", text: "reward collapsed" };
    const more = n === 0 ? [event("alert.raised", alert, { step: 3 })] : [];
    const finished = event("run.finished", { status: n === 1 ? "failed" : "completed" });
    await server.post(`/api/v1/runs/${id}/events`, [...steps, ...more, finished]);
  }
  const monitor = { rule: "last(root) < -5", severity: "warning", webhook: "http://127.0.0.1:9/hook" };
  await server.put("/api/v1/projects/sweep/monitors/low%20reward", monitor);
  return ids;
}

for (const theme of ["dark", "light"]) {
  story(`no menu or dialog of the list has a violation in the ${theme} theme`, async ({ server, page }) => {
    await sweep(server);
    const list = await themed(page, server, "/projects/sweep", theme, { width: 1280, height: 720 });
    const check = (what) => assertAccessible(list, `${what}, ${theme}`);
    const press = (name) => list.getByRole("button", { name, exact: true }).click();
    await list.getByText("Columns", { exact: true }).click();
    await list.getByLabel("Add a column").waitFor();
    await check("the columns");
    await list.keyboard.press("Escape");
    await list.getByText("Views", { exact: true }).click();
    await list.getByLabel("Save this list as").fill("all");
    await list.keyboard.press("Enter");
    await list.getByRole("button", { name: "Delete all" }).click();
    await list.getByText("all is deleted.").waitFor();
    await list.getByRole("link", { name: "all", exact: true }).waitFor({ state: "detached" });
    await check("the views");
    await list.keyboard.press("Escape");
    await list.getByLabel("Save this list as").waitFor({ state: "hidden" });
    await press("Charts");
    await list.locator("list-charts canvas").first().waitFor();
    await check("the charts above the list");
    await press("Charts");
    const pick = (n) => list.getByRole("checkbox", { name: `Select long-sweep-sweep-${n}`, exact: true });
    await pick(3).check();
    await press("Rename, tag, note");
    await list.getByRole("dialog", { name: "Name, tags and notes" }).waitFor();
    await check("the dialog of the name");
    await list.getByRole("textbox", { name: "Notes" }).fill("kept");
    await press("Save");
    await list.getByText("Changed: long-sweep-sweep-3").waitFor();
    await check("the notice with the way back");
    await press("Dismiss");
    await pick(4).check();
    for (const [name, title] of [
      ["Tag", "Tags"],
      ["Export", "Export"],
      ["Delete", "Delete?"],
    ]) {
      await press(name);
      await list.getByRole("dialog", { name: title }).waitFor();
      await check(`the dialog ${title}`);
      await list.keyboard.press("Escape");
    }
    await press("Pin");
    await list.getByRole("link", { name: "Unpin long-sweep-sweep-4" }).waitFor();
    await check("pinned runs");
    await list.goto(`${server.url}/projects/sweep?group=config:lr&columns=status,tags,last:root,created`);
    await list.waitForLoadState("networkidle");
    await check("a list in groups");
    for (const path of ["/projects/sweep", "/projects/sweep?q=nothing", "/projects/none"]) {
      const phone = await themed(page, server, path, theme, PHONE);
      await assertAccessible(phone, `${path} on a phone, ${theme}`);
      await phone.close();
    }
  });

  story(`no page without a bundle has a violation in the ${theme} theme`, async ({ server, page }) => {
    const ids = await sweep(server);
    await groups(server);
    for (const path of [
      "/compare",
      `/compare?runs=${ids}&group=setup&band=runs`,
      `/compare?runs=${ids.slice(0, 3)}&against=sweep-1`,
      "/compare?runs=none",
      "/projects/sweep/monitors",
      "/projects/sweep/monitors?edit=low%20reward",
      "/runs/grouped/groups?step=1&diff=1&layout=list&failing=1",
      "/runs/sweep-0/groups",
      "/search?q=nothing-has-this",
      "/status",
    ]) {
      for (const size of [{ width: 1280, height: 720 }, PHONE]) {
        const opened = await themed(page, server, path, theme, size);
        await assertAccessible(opened, `${path} at ${size.width} px, ${theme}`);
        await opened.close();
      }
    }
    // Behind a proxy the server asks for a key.
    await server.stop();
    writeFileSync(join(server.dataDir, "gauntlet.toml"), 'trusted_proxies = ["127.0.0.1"]\n');
    const key = (await server.run("keys", "create", "ada", "--role", "admin")).trim();
    await server.start();
    const login = await themed(page, server, "/login", theme, { width: 1280, height: 720 });
    login.expected.push(/status of 401/);
    await assertAccessible(login, `the login, ${theme}`);
    await login.getByLabel("API key").fill("wrong");
    await login.keyboard.press("Enter");
    await login.getByRole("alert").waitFor();
    await assertAccessible(login, `a login that is refused, ${theme}`);
    await login.getByLabel("API key").fill(key);
    await login.keyboard.press("Enter");
    await login.waitForURL((url) => url.pathname === "/");
  });
}
