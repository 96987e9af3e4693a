// The API client: each resource once, with its pages, against a real server.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { SearchHit, StepEvents } from "gauntlet-sdk";
import { Client } from "../dist/index.js";
import { all, begun, eventsOf, first, started, until } from "./support.js";

test("nothing goes to another machine in the clear, unless that is allowed", () => {
  for (const endpoint of [
    "http://gauntlet.example",
    "http://10.0.0.1:4600",
    "http://localhost.evil.example",
  ]) {
    assert.throws(() => new Client({ endpoint }), /is another machine, and http:\/\/ is not encrypted/);
    assert.equal(new Client({ endpoint, insecure: true }).endpoint, endpoint);
  }
  for (const endpoint of [
    "https://gauntlet.example",
    "http://127.0.0.9:1",
    "http://[::1]:1",
    "http://a.localhost",
  ]) {
    assert.equal(new Client({ endpoint }).endpoint, endpoint);
  }
});

test("runs: create, list in pages, read, change, delete", async (t) => {
  const { client } = await started(t);
  const spec = {
    id: "a b/ö".replace("/", "-"),
    name: "odd id",
    project: "p",
    tags: ["x"],
    config: { lr: 1 },
  };
  const made = await client.runs.create(spec);
  assert.deepEqual([made.id, made.status, made.head], [spec.id, "pending", 1]);
  assert.equal((await client.runs.create(spec)).id, spec.id);
  await assert.rejects(client.runs.create({ ...spec, name: "other" }), { code: "conflict", status: 409 });
  for (let i = 0; i < 25; i += 1) await client.runs.create({ name: `run ${i}`, project: i % 2 ? "p" : "q" });
  assert.equal((await all(client.runs.list({ limit: 4 }))).length, 26);
  const odd = await all(client.runs.list({ project: "p", limit: 5 }));
  assert.equal(odd.length, 13);
  assert.equal(new Set(odd.map(({ id }) => id)).size, 13);
  assert.deepEqual(
    (await all(client.runs.list({ q: "odd", tag: "x" }))).map(({ id }) => id),
    [spec.id],
  );
  assert.equal((await client.runs.page({ limit: 2 })).items.length, 2);
  const changed = await client.runs.patch(spec.id, { notes: "n", tags: ["y"], status: "cancelled" });
  assert.deepEqual([changed.notes, changed.tags, changed.status], ["n", ["y"], "cancelled"]);
  await assert.rejects(client.runs.delete(spec.id, { name: "wrong" }), { code: "name_mismatch" });
  await client.runs.delete(spec.id, { name: spec.name });
  await assert.rejects(client.runs.get(spec.id), { code: "not_found" });
});

test("events are read in pages, from anywhere, by kind", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  for (let step = 0; step < 100; step += 1) {
    run.log({ root: step }, { step });
    run.log({ more: 1 }, { step });
  }
  await run.finish();
  assert.equal((await eventsOf(client, run, { pageSize: 7 })).length, 202);
  const added = await eventsOf(client, run, {
    kinds: ["score.added", "run.finished"],
    pageSize: 9,
    after: 100,
  });
  assert.ok(added.every(({ kind, seq }) => (kind as string) !== "snapshot.scored" && seq > 100));
  assert.equal(added.at(-1)!.kind, "run.finished");
  assert.equal(added.length, 51);
});

test("groups of rollouts, and tasks of two runs", async (t) => {
  const { server, client } = await started(t);
  const ids: string[] = [];
  for (const reward of [1, -1]) {
    const run = await begun(server, {});
    for (const root of [reward, reward - 1])
      run.rollout({ scores: { root }, step: 3, action: `${root}`, observation: "2 + 2" });
    await run.finish();
    ids.push(run.id);
  }
  const [group] = (await client.steps.groups(ids[0], 3)).groups;
  assert.deepEqual(
    group.rollouts.map(({ root, advantage }) => [root, advantage]),
    [
      [1, 1],
      [0, -1],
    ],
  );
  assert.deepEqual((await client.runs.groups(ids[0])).tied, [0]);
  const together = await client.runs.correlations(ids[0], { from: 3 });
  assert.deepEqual([together.nodes, together.paths], [2, ["root"]]);
  const tasks = await client.runs.compareTasks(ids[0], ids[1]);
  assert.deepEqual([tasks.shared, tasks.solved_by_a_alone, tasks.only_a[0].prompt], [1, 1, "2 + 2"]);
});

test("several runs at once: histories and comparison", async (t) => {
  const { server, client } = await started(t);
  const ids: string[] = [];
  for (const lr of [1, 2]) {
    const run = await begun(server, { config: { lr } });
    for (let step = 0; step < 10; step += 1) run.log({ root: step * lr }, { step });
    await run.finish();
    ids.push(run.id);
  }
  const { runs, series } = await client.runs.series({ runs: ids, paths: ["root"], smoothing: 0.5 });
  assert.deepEqual(
    runs.map(({ run, paths }) => [run, paths]),
    ids.map((id) => [id, ["root"]]),
  );
  assert.deepEqual(series[1].mean, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  assert.equal(series[1].smooth![0], 0);
  const compared = await client.runs.compare(ids, { baseline: ids[1] });
  assert.deepEqual(compared.config, [{ key: "lr", values: [1, 2] }]);
  assert.equal(compared.paths[0].runs[0]!.difference, -4.5);
  await assert.rejects(client.runs.series({ runs: ids, paths: ["nothing"] }), {
    code: "invalid",
    status: 422,
  });
});

test("steps, series and episodes", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server, { rules: "dipg" });
  for (let step = 0; step < 60; step += 1)
    run.rollout({
      scores: { root: step % 3 ? 1 : -1, grounding: step % 20 ? 0 : -30 },
      step,
      action: `act ${step}`,
    });
  for (let i = 0; i < 5; i += 1) run.episode({ id: `e${i}`, task: "t" }).finish({ return: i });
  await run.finish();
  assert.deepEqual(
    (await all(client.steps.list(run.id, { failing: "hallucination", pageSize: 1 }))).map(({ step }) => step),
    [0, 20, 40],
  );
  assert.equal((await all(client.steps.list(run.id, { pageSize: 7, after: 9 }))).length, 50);
  const {
    events,
    episodes: [made],
  } = (await client.steps.get(run.id, 20)) as Required<StepEvents>;
  assert.ok(events[0].kind === "snapshot.scored");
  assert.equal(events[0].body.action, "act 20");
  assert.deepEqual(await client.steps.get(run.id, 20, { episode: made.episode }), {
    step: 20,
    total: 1,
    episodes_total: 1,
    episodes: [made],
    events,
    next_cursor: null,
  });
  await assert.rejects(client.steps.get(run.id, 20, { episode: null }), { code: "not_found", status: 404 });
  const series = await client.series(run.id, "grounding", { from: 10, to: 50 });
  assert.deepEqual(
    series.points.filter(({ failed }) => failed).map(({ step }) => step),
    [20, 40],
  );
  await assert.rejects(client.series(run.id, "nothing"), { code: "invalid", status: 422 });
  const episodes = await all(client.steps.episodes(run.id, { pageSize: 2 }));
  const steps = async (episode: string | null | undefined) =>
    (
      await all(client.steps.list(run.id, { ...(episode === undefined ? {} : { episode }), pageSize: 1 }))
    ).map(({ step }) => step);
  assert.deepEqual(
    [await steps(made.episode), await steps(null), (await steps(undefined)).length],
    [[20], [], 60],
  );
  assert.deepEqual(
    (await eventsOf(client, run, { episode: "e3", pageSize: 1 })).map(({ kind }) => kind),
    ["episode.started", "episode.finished"],
  );
  const outside = await eventsOf(client, run, { episode: null });
  assert.deepEqual([...new Set(outside.map(({ kind }) => kind))], ["run.started", "run.finished"]);
  // A log without an episode has one of the SDK's own making.
  assert.deepEqual(
    episodes.filter(({ task }) => task).map((it) => [it.episode, it.task, it.return]),
    [0, 1, 2, 3, 4].map((i) => [`e${i}`, "t", i]),
  );
});

test("commands are issued, waited for, and acknowledged", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server);
  await run.flush();
  assert.deepEqual(await client.commands.pending(run.id), []);
  const begunAt = Date.now();
  const waiting = client.commands.pending(run.id, { waitSecs: 20 });
  const id = await client.commands.issue(run.id, "tweak", { parameters: { lr: 1e-6 }, author: "dana" });
  const [command] = await waiting;
  assert.ok(Date.now() - begunAt < 10_000, "the long poll ends with the command");
  assert.deepEqual(
    [command.command_id, command.action, command.parameters, command.author],
    [id, "tweak", { lr: 1e-6 }, "dana"],
  );
  await client.commands.ack(run.id, id, "lr is 1e-6");
  await client.commands.ack(run.id, id, "lr is 1e-6");
  assert.deepEqual(await client.commands.pending(run.id), []);
  await assert.rejects(client.commands.issue(run.id, "tweak", {}), { code: "invalid", status: 422 });
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("stopped waiting")), 50);
  await assert.rejects(client.commands.pending(run.id, { waitSecs: 30, signal: stop.signal }), {
    message: "stopped waiting",
  });
  const film = await client.film(run.id);
  assert.deepEqual(
    film.commands.map((it) => [it.action, it.applied?.result]),
    [["tweak", "lr is 1e-6"]],
  );
  await run.finish();
});

test("a run goes out as a file and comes in again", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server, { name: "round trip" });
  for (let step = 1; step <= 20; step += 1)
    run.rollout({ scores: { root: step, format: 1 }, step, action: "é" });
  await run.finish();
  const lines = await new Response(await client.export(run.id, "jsonl")).text();
  assert.equal(lines.trim().split("\n").length, 22);
  const file = await new Response(await client.export(run.id)).arrayBuffer();
  const back = await client.import(file, { name: "again.json" });
  assert.equal(back.steps, 20);
  const film = await client.film(back.run);
  assert.deepEqual(
    film.series("root").map(({ value }) => value),
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
  await assert.rejects(client.import("{}"), { code: "unreadable_file", status: 422 });
});

test("a search finds texts and pages through them", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server, { name: "searched", rules: "dipg" });
  for (let step = 0; step < 12; step += 1) {
    run.rollout({
      scores: { root: 1, grounding: step < 3 ? -30 : 1 },
      step,
      action: `the marmot number ${step}`,
      observation: "a field",
    });
  }
  await run.finish();
  const hits: SearchHit[] = [];
  await until(async () => {
    hits.length = 0;
    hits.push(...(await all(client.search({ q: "marmot", run: run.id, limit: 5 }))));
    return hits.length === 12;
  }, "the index has followed");
  assert.ok(
    hits.every(
      (hit) => hit.run === run.id && hit.snippet.some(({ hit: is, text }) => is && text === "marmot"),
    ),
  );
  const failing = await all(client.search({ q: "marmot", failing: "hallucination" }));
  assert.deepEqual(failing.map(({ step }) => step).sort(), [0, 1, 2]);
});

test("a film stays up to date with the live stream", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server, { project: "p", rules: "dipg" });
  run.log({ root: 1 }, { step: 1 });
  await run.flush();
  const film = await client.film(run.id);
  const { head } = film;
  run.log({ root: 2, format: -1 }, { step: 2 });
  await run.finish();
  for (const fact of await first(2, client.live(run.id, { after: head - 1 }))) film.apply(fact);
  assert.deepEqual(
    film.steps.map(({ step, root, failure }) => [step, root, failure]),
    [
      [1, 1, null],
      [2, 2, "format"],
    ],
  );
  assert.deepEqual(
    [film.run.status, film.run.project, film.failing, film.meanRoot],
    ["completed", "p", 1, 1.5],
  );
  const package_ = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  assert.equal(package_.dependencies, undefined, "the SDK brings nothing else along");
});
