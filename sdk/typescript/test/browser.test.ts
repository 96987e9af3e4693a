// The same build in a real browser, nothing bundled: a page of the server's own origin imports it as it is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import {
  chromiumPath,
  eventsOf,
  started,
  stepsOf,
  until,
  upTo,
  type Server,
  type TestContext,
} from "./support.js";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
let browser: Browser;

/** What the tests put on the `window` of their page. */
interface TestWindow {
  sdk: typeof import("../dist/index.js");
  opened: number;
  seen: Record<"binary" | "json", number[]>;
  following: Promise<unknown>;
  WebSocket: typeof WebSocket;
}
// Functions that run in the page read it under this name.
declare const window: TestWindow;

before(async () => {
  browser = await chromium.launch({ executablePath: chromiumPath(), args: ["--no-first-run"] });
});
after(() => browser.close());

/**
 * A page of that server's origin with the SDK in `window.sdk`. What the browser complains about fails the
 * test.
 */
async function pageOf(t: TestContext, server: Server): Promise<Page> {
  // The server's answers allow no scripts but its own; this page runs the SDK's build in one of them.
  const page = await (await browser.newContext({ bypassCSP: true })).newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${message.text()} ${message.location().url}`);
  });
  // A browser asks for the icon of a page that has none; Playwright hides that while a page has routes.
  const expected = /ERR_CONNECTION|ERR_EMPTY|WebSocket|ERR_INCOMPLETE|ERR_SOCKET|\/favicon\.ico$/;
  t.after(async () => {
    await page.context().close();
    assert.deepEqual(
      complaints.filter((text) => !expected.test(text)),
      [],
    );
  });
  await page.route(`${server.url}/sdk/**`, (route) => {
    return route.fulfill({ path: join(dist, new URL(route.request().url()).pathname.slice("/sdk".length)) });
  });
  // A page that the server itself serves: a made-up one would count as of another network, which may open no
  // sockets.
  await page.goto(`${server.url}/healthz`);
  await page.evaluate(async () => {
    // Not a literal: TypeScript would look for the module.
    const address = "/sdk/index.js";
    window.sdk = (await import(address)) as TestWindow["sdk"];
  });
  return page;
}

test("a page logs a run, with tool calls and a file, to its own origin", async (t) => {
  const { server, client } = await started(t);
  const page = await pageOf(t, server);
  const { id, stats } = await page.evaluate(async () => {
    const run = await window.sdk.init({ project: "web", name: "in a page" });
    for (let step = 0; step < 1_200; step += 1) run.log({ reward: step, a: { b: 1 } }, { step });
    await run.episode({ task: "t" }, (episode) => episode.toolCall("f", { x: 1 }, async () => "done"));
    run.artifact("page.txt", new Blob(["hello"], { type: "text/plain" }));
    const stats = await run.finish();
    return { id: run.id, stats };
  });
  assert.deepEqual([stats.lost, stats.refused, stats.queued], [0, 0, 0]);
  const events = await eventsOf(client, id);
  assert.deepEqual(stepsOf(events), upTo(1_201), "the last is the episode that nobody scored");
  assert.deepEqual(
    events.filter(({ kind }) => kind === "step.recorded").map(({ body }) => body.step_kind),
    ["tool_call", "tool_result"],
  );
  assert.equal(events.at(-2)!.body.name, "page.txt");
});

test("a page follows a run over WebSockets while the server is killed twice, without gaps", async (t) => {
  const { server, client } = await started(t);
  await client.runs.create({ id: "stormy", name: "stormy" });
  const page = await pageOf(t, server);
  await page.evaluate(() => {
    window.opened = 0;
    const Original = window.WebSocket;
    window.WebSocket = class extends Original {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        window.opened += 1;
      }
    };
    window.seen = { binary: [], json: [] };
    const client = new window.sdk.Client();
    const follow = async (format: "binary" | "json") => {
      for await (const item of client.live("stormy", { format } as { format: "binary" })) {
        if (window.seen[format].push(item.seq) === 1_501) return;
      }
    };
    window.following = Promise.all([follow("binary"), follow("json")]);
  });
  const at = "2026-11-21T00:00:00Z";
  for (let step = 0; step < 1_500; step += 50) {
    const events = upTo(50).map((i) => ({
      id: crypto.randomUUID(),
      at,
      kind: "snapshot.scored" as const,
      v: 1 as const,
      step: step + i,
      body: { scores: { root: i } },
    }));
    await client.events.append("stormy", events);
    if (step === 500 || step === 1_000) {
      await until(
        () => page.evaluate((n) => window.seen.binary.length > n && window.seen.json.length > n, step),
        "the page follows",
      );
      const opened = await page.evaluate(() => window.opened);
      await server.kill();
      await until(() => page.evaluate((n) => window.opened > n, opened), "the page connects again");
      await server.start();
    }
  }
  await page.evaluate(() => window.following);
  const { binary, json } = await page.evaluate(() => window.seen);
  assert.deepEqual(binary, upTo(1_501));
  assert.deepEqual(json, upTo(1_501));
  assert.ok((await page.evaluate(() => window.opened)) >= 6, "over more than one connection each");
});

test("a page reads a film whose chunks come compressed as they are stored", async (t) => {
  const { server, client } = await started(t);
  await client.runs.create({ id: "film", name: "film" });
  const at = "2026-11-21T00:00:00Z";
  for (let first = 0; first < 9_000; first += 1_500) {
    const events = upTo(1_500).map((i) => {
      const step = first + i;
      return {
        id: crypto.randomUUID(),
        at,
        kind: "snapshot.scored" as const,
        v: 1 as const,
        step,
        body: { scores: { root: step / 3, format: step % 7 } },
      };
    });
    await client.events.append("film", events);
  }
  const page = await pageOf(t, server);
  const chunks: (string | undefined)[] = [];
  page.on("response", (response) => {
    if (/\/film\/0\//.test(response.url())) chunks.push(response.headers()["content-encoding"]);
  });
  const film = await page.evaluate(async () => {
    const film = await new window.sdk.Client().film("film");
    return {
      head: film.head,
      length: film.length,
      at: film.at(4_321)!.root,
      points: film.series("format", { points: 100 }),
      failing: film.failing,
    };
  });
  assert.deepEqual(chunks, ["zstd", "zstd"]);
  const here = await client.film("film");
  assert.deepEqual(film, {
    head: 9_001,
    length: 9_000,
    at: 4_321 / 3,
    points: here.series("format", { points: 100 }),
    failing: here.failing,
  });
});

test("what a page logged just before it was left still arrives, once", async (t) => {
  const { server, client } = await started(t);
  const page = await pageOf(t, server);
  // Playwright holds every request of a page with routes until it has seen which page sent it, and a page
  // that is gone no longer reports it: its last request would wait forever.
  await page.unrouteAll();
  await page
    .evaluate(async () => {
      const run = await window.sdk.init({ id: "left", name: "left" });
      await run.flush();
      // In one go with leaving: no timer of the SDK has fired yet.
      for (let step = 0; step < 40; step += 1) run.log({ root: step }, { step });
      // A browser takes 64 KiB of such a request: what is longer than that must not cost the others.
      run.rollout({ scores: { root: 40 }, step: 40, action: "\u8a55".repeat(21_000) });
      location.href = "/readyz";
    })
    .catch((error: unknown) => assert.match(String(error), /destroyed|navigation/i));
  await page.waitForURL(`${server.url}/readyz`);
  await until(async () => stepsOf(await eventsOf(client, "left")).length >= 40, "the events have arrived");
  // The long one may have arrived as well, with a request that was under way.
  assert.deepEqual(stepsOf(await eventsOf(client, "left")).slice(0, 40), upTo(40));
});
