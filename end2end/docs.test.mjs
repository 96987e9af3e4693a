// The documentation, served by the binary: from the list of runs to the guides and the API reference.
import assert from "node:assert/strict";

import { story } from "./harness.mjs";

story("the documentation is one click away, and complete", async ({ page, screenshot }) => {
  const docs = await page({ path: "/", width: 1280, height: 800 });
  await docs.getByRole("link", { name: "Docs" }).click();
  await docs.getByRole("heading", { level: 1, name: "Point something at it" }).waitFor();
  await screenshot(docs, "docs-start");
  const guides = await docs.locator(".docs-list a").allTextContents();
  assert.ok(guides.length >= 9, guides.join(", "));
  for (const name of guides) {
    await docs.locator(".docs-list").getByRole("link", { name, exact: true }).click();
    await docs.locator(".docs-list a[aria-current]", { hasText: name }).waitFor();
    const wide = await docs.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${name} is ${wide} pixels too wide`);
  }
  await docs.getByText("/api/v1/runs/{run}/events").first().waitFor();
  await screenshot(docs, "docs-api");
});

story("code is copied, and the theme switched, on a page without a bundle", async ({ server, page }) => {
  const docs = await page({ path: "/docs/start", width: 1280, height: 800 });
  await docs.evaluate(() => {
    navigator.clipboard.writeText = async (text) => void (window.copied = text);
  });
  const block = docs.locator(".code").first();
  await block.hover();
  await block.getByRole("button", { name: "Copy this code" }).click();
  await block.getByText("Copied").waitFor();
  assert.equal(
    await docs.evaluate(() => window.copied),
    await block.locator("code").evaluate((code) => code.textContent),
  );
  const theme = () => docs.evaluate(() => document.documentElement.dataset.theme ?? "dark");
  const before = await theme();
  await docs.getByRole("button", { name: "Switch between dark and light" }).click();
  const after = await theme();
  assert.notEqual(after, before);
  await docs.goto(`${server.url}/search`);
  assert.equal(await theme(), after, "the choice holds on the next page");
  await docs.getByRole("button", { name: "Switch between dark and light" }).waitFor();

  const list = await page({ path: "/", width: 1280, height: 800 });
  await list.waitForLoadState("networkidle");
  await list.evaluate(() => {
    navigator.clipboard.writeText = async (text) => void (window.copied = text);
  });
  await list.getByRole("button", { name: "Copy this code" }).first().click();
  await list.getByText("Copied").waitFor();
  assert.match(await list.evaluate(() => window.copied), /gauntlet demo$/);
});
