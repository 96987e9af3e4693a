// The columns of the list of runs: any setting and any score, chosen, ordered, sorted and filtered; all of it in
// the address.

import assert from "node:assert/strict";
import { event, scored } from "./events.mjs";
import { story, until } from "./harness.mjs";

/** Six runs of two optimizers whose rewards rise with the learning rate. */
async function sweep(server) {
  for (let n = 0; n < 6; n += 1) {
    const config = { lr: 10 ** (n - 6), opt: { name: n % 2 ? "adam" : "sgd" } };
    await server.post("/api/v1/runs", { id: `run-${n}`, name: `run ${n}`, project: "sweep", config });
    const steps = Array.from({ length: 12 }, (_, step) => scored(step, { root: (n * step) / 12 }));
    const finished = event("run.finished", { status: "completed" });
    await server.post(`/api/v1/runs/run-${n}/events`, [...steps, finished]);
  }
}

/** The names of the rows, from the first. */
const names = async (list) =>
  (await list.locator("tr.run-row .run-name > a:first-child").allInnerTexts()).join();

/** The heads of the columns, from the left. */
const heads = async (list) => (await list.getByRole("columnheader").getByRole("link").allInnerTexts()).join();

story("columns are chosen, sorted and filtered, and the address has it", async ({ server, page }) => {
  await sweep(server);
  const list = await page({ path: "/projects/sweep", width: 1280, height: 720 });
  await list.waitForLoadState("networkidle");
  await list.getByText("6 runs", { exact: true }).waitFor();
  assert.equal(await heads(list), "Run,Project,Status,Steps,Failing,Mean reward,Updated");

  await list.getByText("Columns", { exact: true }).click();
  const add = list.getByLabel("Add a column");
  await add.fill("config:lr");
  await add.press("Enter");
  await list.waitForURL(/columns=/);
  await until("the column is the last", async () => (await heads(list)).endsWith("Updated,lr"));
  await list.getByRole("link", { name: "Remove Project" }).click();
  await list.getByRole("link", { name: "Move lr to the left" }).click();
  await until("it moved", async () => (await heads(list)).endsWith("Mean reward,lr,Updated"));
  await list.getByText("Columns", { exact: true }).click();

  await list.getByRole("columnheader", { name: "lr" }).getByRole("link").click();
  await list.waitForURL(/sort=config/);
  await until("the least is first", async () => (await names(list)).startsWith("run 0,run 1"));
  await list.getByRole("cell", { name: "1e-6" }).waitFor();

  const filter = list.getByLabel("Filter by columns");
  await filter.fill("lr > 1e-5 and opt.name = adam");
  await filter.press("Enter");
  await until("two are left", async () => (await names(list)) === "run 3,run 5");
  await list.reload();
  await list.waitForLoadState("networkidle");
  assert.equal(await names(list), "run 3,run 5");
  await filter.fill("lr >");
  await filter.press("Enter");
  await list.getByText("filter: the end where the value of config:lr is needed").waitFor();

  // What the scores came to follows in the background.
  const best = `${server.url}/projects/sweep?columns=high:root&sort=high:root&filter=high:root+%3E+2`;
  await until("the values are there", async () => {
    await list.goto(best);
    return (await names(list)) === "run 5,run 4,run 3";
  });
  await list.getByRole("columnheader", { name: "root high" }).waitFor();
  await list.goto(`${server.url}/projects/sweep`);
  const lines = list.locator(".sparkline polyline");
  assert.equal(await lines.count(), 6);
  assert.match(await lines.first().getAttribute("points"), /^0\.0,.* 60\.0,/);

  const wrong = await list.goto(`${server.url}/?columns=colour`);
  assert.equal(wrong.status(), 200);
  await list.getByText('columns[0]: "colour" is no column').waitFor();
});

story("chosen columns fit a phone", async ({ server, page }) => {
  await sweep(server);
  const list = await page({ path: "/?columns=status,mean,config:lr", width: 390, height: 844 });
  await list.waitForLoadState("networkidle");
  await list.locator(".run-cell").first().waitFor();
  const overflow = await list.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `${overflow} px too wide`);
});
