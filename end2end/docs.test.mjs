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
