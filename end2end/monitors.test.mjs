// A monitor is tried on what was recorded, saved, and raises an alert that the list, the film and a webhook
// show.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { atSecond, scored } from "./events.mjs";
import { SMALL, story, until } from "./harness.mjs";

/** A run of the project `watched`; logs the roots as steps from `from` on. */
async function log(server, id, roots, from = 0) {
  await server.post("/api/v1/runs", { id, name: `${id} run`, project: "watched" });
  const events = roots.map((root, i) =>
    scored(from + i, { root }, { at: atSecond(from + i), episode: `e${from + i}` }),
  );
  await server.post(`/api/v1/runs/${id}/events`, events);
}

/** A server that takes calls of webhooks. */
async function receiver() {
  const bodies = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      bodies.push(JSON.parse(body));
      response.writeHead(200).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { bodies, url: `http://127.0.0.1:${server.address().port}/hook`, close: () => server.close() };
}

story("a rule is tried, saved, and its alert is seen", async ({ server, page, screenshot }) => {
  const hook = await receiver();
  try {
    await log(server, "before", [1, 1, -5, -5, 1, -9]);
    const opened = await page({ path: "/projects/watched", ...SMALL, timezoneId: "Asia/Tokyo" });
    await opened.getByRole("link", { name: "Monitors" }).click();
    await opened.getByRole("heading", { name: "Monitors" }).waitFor();

    const rule = opened.getByRole("textbox", { name: /^Rule/ });
    opened.expected.push(/status of 422/);
    await rule.fill("last(root < 0");
    await opened.getByRole("button", { name: "Try on recorded runs" }).click();
    await opened.getByRole("alert").filter({ hasText: "at character 11" }).waitFor();
    assert.equal(await rule.inputValue(), "last(root < 0", "what was typed stays");
    assert.equal(await rule.getAttribute("aria-invalid"), "true");

    await rule.fill("last(root) < 0");
    await opened.getByLabel("Cooldown, seconds").fill("0");
    await opened.getByRole("button", { name: "Try on recorded runs" }).click();
    const trial = opened.getByRole("region", { name: "Trial" });
    await trial.getByText("It would have fired 2 times, in 1 of 1 runs").waitFor();
    const places = trial.getByRole("link", { name: /step/ });
    assert.deepEqual(await places.evaluateAll((all) => all.map((it) => it.getAttribute("href"))), [
      "/runs/before?step=2",
      "/runs/before?step=5",
    ]);

    await opened.getByRole("textbox", { name: "Name" }).fill("reward below 0");
    await opened.getByRole("combobox", { name: "Severity" }).selectOption("error");
    await opened.getByRole("combobox", { name: "Action" }).selectOption({ label: "Pause the run" });
    await opened.getByLabel("Webhook (optional)").fill(hook.url);
    await opened.getByRole("button", { name: "Save" }).click();
    await opened.getByText("reward below 0 is saved.").waitFor();

    await log(server, "after", [1, -3, 1]);
    const [call] = await until("the webhook is called", () => hook.bodies.length > 0 && hook.bodies);
    assert.deepEqual(
      [call.monitor, call.severity, call.run, call.step],
      ["reward below 0", "error", "after", 1],
    );
    assert.match(call.text, /^\[error\] reward below 0: last\(root\) < 0/);
    await opened.reload();
    const alerts = opened.getByRole("region", { name: "Alerts" });
    await alerts.getByRole("link", { name: "after run, step 1" }).waitFor();
    // When it was raised is written in the viewer's zone, which is not UTC here.
    const when = alerts.locator("time");
    const [local, utc] = [await when.innerText(), await when.getAttribute("title")];
    assert.match(utc, /^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
    const hours = (Date.parse(`${local.replace(" ", "T")}Z`) - Date.parse(utc.replace(" UTC", "Z"))) / 3.6e6;
    assert.equal(hours, 9, `${local} is not nine hours ahead of ${utc}`);
    await opened
      .getByRole("row", { name: /reward below 0/ })
      .getByText("pause the run")
      .waitFor();
    const pending = await (await fetch(`${server.url}/api/v1/runs/after/commands`)).json();
    assert.deepEqual(
      pending.commands.map((command) => [command.action, command.author]),
      [["pause", "monitor reward below 0"]],
    );
    await screenshot(opened, "monitors");
    await opened.setViewportSize({ width: 390, height: 844 });
    const wide = await opened.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} px wider than the phone`);

    const list = await page({ path: "/projects/watched", ...SMALL });
    const row = list.getByRole("row", { name: /after run/ });
    await row.getByText("1 alert", { exact: true }).waitFor();
    assert.equal(
      await list
        .getByRole("row", { name: /before run/ })
        .locator(".alert-badge")
        .count(),
      0,
    );

    await list.goto(`${server.url}/runs/after`);
    await list.getByRole("link", { name: "1 alert" }).waitFor();

    await opened.getByLabel("Delete reward below 0").click();
    await opened.getByRole("button", { name: "Delete reward below 0 for good" }).click();
    await opened.getByText("reward below 0 is deleted.").waitFor();
    await opened.getByText("No monitor watches this project yet.").waitFor();
  } finally {
    hook.close();
  }
});
