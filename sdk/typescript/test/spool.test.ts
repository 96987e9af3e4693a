// `gauntlet-sdk/node`: what the server does not take in time waits on disk, survives its process, and is sent
// by the next.

import assert from "node:assert/strict";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ArtifactRow } from "gauntlet-sdk";
import * as node from "gauntlet-sdk/node";
import {
  begun,
  closeNow,
  eventsOf,
  runNode,
  started,
  stepsOf,
  until,
  upTo,
  type ProgramEnd,
  type Server,
  type TestContext,
} from "./support.js";

const here = fileURLToPath(new URL("..", import.meta.url));

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "gauntlet-spool-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** For programs: `await stored("text", 3)` waits until the spool contains the text three times. */
const STORED = `
    import { readdirSync, readFileSync } from "node:fs";
    const read = () => {
      try {
        const folder = process.env.GAUNTLET_SPOOL + "/js/";
        const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
        return files.map((name) => readFileSync(folder + name, "utf8")).join("");
      } catch {
        return "";
      }
    };
    const stored = async (text, count) => {
      while (read().split(text).length <= count) await new Promise((resolve) => setTimeout(resolve, 10));
    };`;

/** Runs a program that logs to `server`. */
function program(
  script: string,
  server: Server,
  spool: string,
  more: Record<string, string> = {},
): Promise<ProgramEnd> {
  const env = { ...process.env, GAUNTLET_ENDPOINT: server.url, GAUNTLET_SPOOL: spool, ...more };
  return runNode(["--input-type=module", "-e", script], { cwd: here, env });
}

test("more than memory holds waits on disk, in order, and the file goes when it is sent", async (t) => {
  const { server, client } = await started(t);
  const spoolFolder = folder(t);
  await server.kill();
  const run = await begun(server, { queueEvents: 20, spoolFolder }, node.init);
  for (let step = 0; step < 1_000; step += 1) run.log({ root: step, text: 1 }, { step });
  run.log({ later: 1 }, { step: 999 });
  assert.deepEqual([run.stats.lost, run.stats.queued], [0, 1_001]);
  assert.equal(readdirSync(spoolFolder).filter((name) => name.endsWith(".jsonl")).length, 1);
  await server.start();
  const stats = await run.finish();
  assert.deepEqual([stats.sent, stats.lost, stats.queued], [1_001, 0, 0]);
  const events = await eventsOf(client, run);
  assert.deepEqual(stepsOf(events), upTo(1_000));
  assert.equal(events.at(-2)!.body.path, "later");
  assert.deepEqual(readdirSync(spoolFolder), []);
});

test("what a process could not send, the next one sends; a cut-off line goes", async (t) => {
  const { server, client } = await started(t);
  const spool = folder(t);
  await server.kill();
  const script = `
    import { init } from "gauntlet-sdk/node";
    const run = await init({ id: "left/behind", name: "left", finishMs: 200, config: { lr: 1 } });
    for (let step = 0; step < 50; step += 1) run.log({ root: step }, { step });
    await run.finish();
    console.log(JSON.stringify(run.stats));`;
  const { code, out, err } = await program(script, server, spool);
  assert.equal(code, 0, err);
  assert.deepEqual([JSON.parse(out).spooled, JSON.parse(out).lost], [51, 0]);
  assert.match(err, /51 events are stored in .*left_behind.*jsonl; sync\(\) sends them/);
  const [file] = readdirSync(join(spool, "js")).filter((name) => name.endsWith(".jsonl"));
  // As a power cut leaves it: a line that is none, and one that was cut off.
  writeFileSync(join(spool, "js", file), '\0\0"kind":"artifact.added"\n{"id":"cut', { flag: "a" });
  writeFileSync(join(spool, "js", "0.jsonl"), "no file of ours");
  await server.start();
  const done = await node.sync({ endpoint: server.url, folder: join(spool, "js") });
  assert.deepEqual(done, { runs: 1, sent: 51, refused: 1, left: 0, setAside: 0 });
  const info = await client.runs.get("left_behind");
  assert.deepEqual(
    [info.name, info.config, info.status, info.metadata],
    ["left", { lr: 1 }, "completed", {}],
  );
  assert.deepEqual(stepsOf(await eventsOf(client, "left_behind")), upTo(50));
  assert.deepEqual(readdirSync(join(spool, "js")), ["0.jsonl"], "what is not ours stays as it is");
});

test("a program that ends without finish completes its run; one that throws fails it", async (t) => {
  const { server, client } = await started(t);
  const spool = folder(t);
  const script = (id: string, end: string) => `
    import { init } from "gauntlet-sdk/node";
    const run = await init({ id: "${id}", name: "n" });
    run.log({ root: 1 });
    ${end}`;
  const good = await program(script("natural", ""), server, spool);
  assert.equal(good.code, 0, good.err);
  assert.equal((await client.runs.get("natural")).status, "completed");
  // Neither runs any more then: what waits is sent all the same.
  const thrown = await program(script("thrown", 'throw new RangeError("too far");'), server, spool);
  assert.notEqual(thrown.code, 0);
  assert.match(thrown.err, /RangeError: too far/);
  const exited = await program(script("exited", "process.exit(3);"), server, spool);
  assert.equal(exited.code, 3);
  const done = await node.sync({ endpoint: server.url, folder: join(spool, "js") });
  assert.deepEqual([done.runs, done.left], [0, 0], "nothing was left on disk");
  const end = (await eventsOf(client, "thrown")).at(-1)!;
  assert.deepEqual(
    [end.kind, end.body.status, (end.body.summary.error as { type: string }).type],
    ["run.finished", "failed", "RangeError"],
  );
  assert.deepEqual(stepsOf(await eventsOf(client, "exited")), [0]);
});

test("what can never be delivered is set aside and counted, and does not delay the rest", async (t) => {
  const { server, client } = await started(t);
  const spool = folder(t);
  const script = (id: string, more = "") => `
    import { init } from "gauntlet-sdk/node";
    const run = await init({ id: "${id}", name: "${id}", finishMs: 200 });
    run.log({ root: 1 });
    ${more}
    await run.finish();`;
  await program(script("deleted").replace("finishMs: 200", "finishMs: 20_000"), server, spool);
  await server.kill();
  await program(script("deleted"), server, spool);
  await program(script("zeros"), server, spool);
  await program(script("refused"), server, spool);
  await program(script("good"), server, spool);
  const home = join(spool, "js");
  const files = readdirSync(home).filter((name) => name.endsWith(".jsonl"));
  const of = (run: string) =>
    join(
      home,
      files.find((name) => name.startsWith(`${run}.`))!,
    );
  assert.equal(files.length, 4);
  writeFileSync(of("zeros"), "\0".repeat(5000));
  // As another version, or a hand, may have written it: the server takes no such name.
  writeFileSync(of("refused"), readFileSync(of("refused"), "utf8").replace('"name":"refused"', '"name":""'));
  await server.start();
  await client.runs.delete("deleted", { name: "deleted" });
  const begunAt = Date.now();
  const next = await program(script("next").replace("finishMs: 200", "finishMs: 20_000"), server, spool);
  // Less than `finishMs`, which a program that waits for a leftover would take.
  assert.ok(Date.now() - begunAt < 15_000, `it took ${Date.now() - begunAt} ms`);
  assert.deepEqual([next.code, (await client.runs.get("next")).status], [0, "completed"]);
  const done = await node.sync({ endpoint: server.url, folder: home });
  assert.equal(done.left, 0);
  assert.equal((await client.runs.get("good")).steps, 1);
  await assert.rejects(client.runs.get("deleted"), { status: 404 }, "it does not come back");
  const aside = readdirSync(join(home, "undeliverable")).filter((name) => name.endsWith(".jsonl"));
  assert.deepEqual(aside.map((name) => name.split(".")[0]).sort(), ["deleted", "refused", "zeros"]);
  const later = await program(script("later").replace("finishMs: 200", "finishMs: 20_000"), server, spool);
  assert.deepEqual([later.code, later.err], [0, ""], "nobody tries them again");
  assert.deepEqual(readdirSync(home), ["undeliverable"]);
});

test("a leftover for a server that never answers does not delay a program", async (t) => {
  const { server } = await started(t);
  const spool = folder(t);
  await server.kill();
  const script = `
    import { init } from "gauntlet-sdk/node";
    const run = await init({ finishMs: 200 });
    run.log({ root: 1 });
    await run.finish();`;
  await program(script, server, spool);
  const silent = createServer(() => undefined).listen(Number(new URL(server.url).port), "127.0.0.1");
  await once(silent, "listening");
  t.after(() => closeNow(silent));
  const begunAt = Date.now();
  const { code, err } = await program(script, server, spool);
  assert.equal(code, 0, err);
  // Less than the time after which a request fails, 30 s.
  assert.ok(Date.now() - begunAt < 20_000, `it took ${Date.now() - begunAt} ms`);
});

test("a folder that is removed while events wait in it is made again", async (t) => {
  const { server, client } = await started(t);
  const spoolFolder = folder(t);
  await server.kill();
  const run = await begun(server, { queueEvents: 5, spoolFolder, finishMs: 100 }, node.init);
  for (let step = 0; step < 20; step += 1) run.log({ root: step }, { step });
  await until(() => readdirSync(spoolFolder).length > 0, "they are on disk");
  rmSync(spoolFolder, { recursive: true });
  for (let step = 20; step < 40; step += 1) run.log({ root: step }, { step });
  const stats = await run.finish();
  assert.deepEqual([stats.spooled, stats.lost], [41, 0]);
  await server.start();
  const done = await node.sync({ endpoint: server.url, folder: spoolFolder });
  assert.deepEqual([done.sent, done.left], [41, 0]);
  assert.deepEqual(stepsOf(await eventsOf(client, run)), upTo(40));
});

test("what cannot be read from disk any more is counted, and the rest is delivered", async (t) => {
  const { server, client } = await started(t);
  const spoolFolder = folder(t);
  await server.kill();
  const run = await begun(server, { queueEvents: 5, spoolFolder }, node.init);
  for (let step = 0; step < 20; step += 1) run.log({ root: step }, { step });
  const [file] = readdirSync(spoolFolder).filter((name) => name.endsWith(".jsonl"));
  truncateSync(join(spoolFolder, file), 0);
  await server.start();
  run.log({ root: 20 }, { step: 20 });
  assert.equal(await run.flush(), false);
  await run.finish();
  const lost = run.losses.reduce((sum, { count }) => sum + count, 0);
  assert.ok(
    run.losses.some(({ reason }) => reason === "what waited on disk cannot be read"),
    JSON.stringify(run.losses),
  );
  assert.equal(lost + stepsOf(await eventsOf(client, run)).length, 21);
});

test("offline keeps everything on disk, where the server's own import reads it", async (t) => {
  const { server, client } = await started(t);
  const spoolFolder = folder(t);
  const run = await begun(
    server,
    { mode: "offline", spoolFolder, name: "offline", rules: { root_below: 3 } },
    node.init,
  );
  for (let step = 0; step < 30; step += 1) run.log({ root: step }, { step });
  const stats = await run.finish();
  assert.deepEqual([stats.spooled, stats.queued, stats.lost], [31, 0, 0]);
  const [file] = readdirSync(spoolFolder);
  const imported = await server.import(join(spoolFolder, file));
  assert.deepEqual(stepsOf(await eventsOf(client, imported)), upTo(30));
  const { name, rules, failing } = await client.runs.get(imported);
  assert.deepEqual([name, rules, failing], ["offline", { root_below: 3 }, 3]);
});

test("a run that waits on disk is gone on with after its last step", async (t) => {
  const { server, client } = await started(t);
  const spoolFolder = folder(t);
  for (const mode of ["offline", "offline", "online"] as const) {
    const run = await begun(server, { id: "again", mode, spoolFolder }, node.init);
    run.rollout({ scores: { root: 1 }, action: '{"step":99}', metadata: { step: 99 } });
    run.log({ root: 2 });
    await run.finish();
  }
  const done = await node.sync({ endpoint: server.url, folder: spoolFolder });
  assert.equal(done.left, 0);
  const film = await client.film("again");
  assert.deepEqual(
    film.steps.map(({ step }) => step).sort(),
    [0, 0, 1, 1, 2, 3],
    "online nothing is known of what is offline",
  );
});

test("a file that is in use by a living process is left alone", async (t) => {
  const { server } = await started(t);
  const spoolFolder = folder(t);
  await server.kill();
  const run = await begun(server, { queueEvents: 5, spoolFolder, finishMs: 100 }, node.init);
  for (let step = 0; step < 20; step += 1) run.log({ root: step }, { step });
  assert.deepEqual(await node.sync({ endpoint: server.url, folder: spoolFolder }), {
    runs: 0,
    sent: 0,
    refused: 0,
    left: 0,
    setAside: 0,
  });
  await run.finish();
  assert.equal(readdirSync(spoolFolder).length, 1);
});

test("a folder that cannot be written is warned about once, and events are queued in memory", async (t) => {
  const { server } = await started(t);
  const spoolFolder = folder(t);
  writeFileSync(join(spoolFolder, "file"), "");
  await server.kill();
  const run = await begun(
    server,
    { queueEvents: 5, spoolFolder: join(spoolFolder, "file"), finishMs: 50 },
    node.init,
  );
  for (let step = 0; step < 20; step += 1) run.log({ root: step }, { step });
  assert.deepEqual([run.stats.queued, run.stats.lost], [5, 15]);
  assert.equal(
    run.warnings.filter((text) => text.includes("cannot be stored in")).length,
    1,
    run.warnings.join("\n"),
  );
  await run.finish();
  assert.equal(existsSync(join(spoolFolder, "file")), true);
});

test("the content of an artifact is queued with its event, in memory and on disk", async (t) => {
  const { server, client } = await started(t);
  const spool = folder(t);
  await server.kill();
  const script = `${STORED}
    import { init } from "gauntlet-sdk";
    const run = await init({ id: "files", name: "files" });
    run.log({ root: 0 }, { step: 0 });
    run.artifact("text.txt", "hello", { step: 0 });
    run.artifact("again.txt", "hello", { step: 0 });
    run.artifact("blob.html", new Blob(["<p>"], { type: "text/html" }));
    await stored('"artifact.added"', 3);
    run.artifact("late.bin", new Uint8Array(3_000_000).fill(7));
    process.exit(3);`;
  const { code, err } = await program(script, server, spool);
  assert.equal(code, 3, err);
  const home = join(spool, "js");
  assert.equal(readdirSync(home).filter((name) => name.endsWith(".jsonl")).length, 1);
  await server.start();
  const done = await node.sync({ folder: home });
  assert.deepEqual(
    done,
    { runs: 1, sent: 6, refused: 0, left: 0, setAside: 0 },
    "sent to the server it was meant for, with its end",
  );
  const rows: ArtifactRow[] = [];
  for await (const row of client.artifacts("files")) rows.push(row);
  assert.deepEqual(
    rows.map(({ name, stored, mime_type }) => [name, stored, mime_type]),
    [
      ["text.txt", true, "text/plain; charset=utf-8"],
      ["again.txt", true, "text/plain; charset=utf-8"],
      ["blob.html", true, "text/html"],
      ["late.bin", true, "application/octet-stream"],
    ],
  );
  assert.deepEqual(await client.artifact("files", rows[3].sha256), new Uint8Array(3_000_000).fill(7));
  assert.deepEqual(readdirSync(home), []);
});

test("an outage while artifacts are sent loses none", async (t) => {
  const { server, client } = await started(t);
  const run = await begun(server, { spoolFolder: folder(t) }, node.init);
  const bytes = (i: number) => new Uint8Array(200_000).fill(i);
  for (let i = 0; i < 30; i += 1) {
    run.artifact(`${i}.bin`, bytes(i), { step: i });
    run.log({ root: i }, { step: i });
    if (i === 10) {
      await until(() => run.stats.sent > 0, "some are sent");
      await server.kill();
    }
    if (i === 20) await until(() => run.warnings.length > 0, "it is missed");
  }
  await server.start();
  const stats = await run.finish();
  assert.deepEqual([stats.lost, stats.refused, stats.spooled, stats.sent], [0, 0, 0, 60]);
  const rows: ArtifactRow[] = [];
  for await (const row of client.artifacts(run.id)) rows.push(row);
  assert.deepEqual(
    rows.map(({ name, stored }) => [name, stored]),
    upTo(30).map((i) => [`${i}.bin`, true]),
  );
  for (const i of [0, 11, 29]) assert.deepEqual(await client.artifact(run.id, rows[i].sha256), bytes(i));
});

test("a process that is killed while the server is down loses only the last moment", async (t) => {
  const { server, client } = await started(t);
  const spool = folder(t);
  await server.kill();
  const script = `${STORED}
    import { init } from "gauntlet-sdk";
    const run = await init({ id: "killed", name: "killed" });
    for (let step = 0; step < 100; step += 1) {
      run.log({ root: step }, { step });
      // Lets the spool write between two events, so that it writes more than one batch.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await stored('"snapshot.scored"', Number(process.env.STORED));
    process.kill(process.pid, "SIGKILL");`;
  await program(script, server, spool, { GAUNTLET_MODE: "online", STORED: "100" });
  await program(script, server, spool, { GAUNTLET_MODE: "offline", STORED: "200" });
  await server.start();
  const done = await node.sync({ endpoint: server.url, folder: join(spool, "js") });
  assert.deepEqual([done.sent, done.left], [200, 0]);
  assert.deepEqual(stepsOf(await eventsOf(client, "killed")), [...upTo(100), ...upTo(100)]);
});

test("Ctrl-C ends a run as cancelled; a program that handles the signal itself is left to it", async (t) => {
  const { server, client } = await started(t);
  const spool = folder(t);
  const script = (id: string, more: string) => `
    import { init } from "gauntlet-sdk";
    ${more}
    const run = await init({ id: "${id}", name: "n" });
    run.log({ root: 1 });
    await run.flush();
    process.kill(process.pid, "SIGINT");
    setInterval(() => undefined, 1000);`;
  const stopped = await program(script("stopped", ""), server, spool);
  assert.equal(stopped.signal, "SIGINT");
  const handler =
    'process.on("SIGINT", async () => { await run.finish({ status: "failed" }); process.exit(4); });';
  const handled = await program(script("handled", handler), server, spool);
  assert.equal(handled.code, 4, handled.err);
  assert.deepEqual(
    [(await client.runs.get("stopped")).status, (await client.runs.get("handled")).status],
    ["cancelled", "failed"],
  );
  assert.deepEqual((await eventsOf(client, "stopped")).at(-1)!.body.summary, { signal: "SIGINT" });
});

test("what is left goes to the server it was meant for, before what the same run logs later", async (t) => {
  const [{ server, client }, other] = [await started(t), await started(t)];
  const spool = folder(t);
  const script = (id: string, ...at: number[]) => `
    import { init } from "gauntlet-sdk";
    const run = await init({ id: "${id}", name: "n", finishMs: 200 });
    for (const step of [${at.join()}]) run.log({ root: step }, { step });
    await run.finish();`;
  await server.kill();
  await program(script("resumed", 0, 1), server, spool);
  await program(script("resumed", 2, 3), server, spool);
  await program(script("waits", 0), server, spool);
  await program(script("offline", 0), server, spool, { GAUNTLET_MODE: "offline" });
  const elsewhere = await program(script("elsewhere", 0), other.server, spool);
  assert.equal(elsewhere.code, 0);
  await assert.rejects(other.client.runs.get("waits"), { code: "not_found" });
  await server.start();
  const last = await program(script("resumed", 4, 5).replace("finishMs: 200", ""), server, spool);
  assert.equal(last.code, 0, last.err);
  assert.deepEqual(stepsOf(await eventsOf(client, "resumed")), upTo(6));
  assert.equal((await client.runs.get("resumed")).status, "completed");
  const [offline, ...more] = readdirSync(join(spool, "js")).filter((name) => /^offline\..*jsonl$/.test(name));
  assert.equal(more.length, 0);
  rmSync(join(spool, "js", offline));
  // The other run's is sent meanwhile, or by the next.
  await node.sync({ folder: join(spool, "js") });
  assert.deepEqual(stepsOf(await eventsOf(client, "waits")), [0]);
  assert.deepEqual(readdirSync(join(spool, "js")), []);
});

test("the key may be in a file", async (t) => {
  const home = folder(t);
  const file = join(home, "key");
  const keys: (string | undefined)[] = [];
  const stub = createServer((request, response) => {
    keys.push(request.headers.authorization);
    request.resume().on("end", () => response.writeHead(201).end("{}"));
  });
  stub.listen(0, "127.0.0.1");
  await once(stub, "listening");
  process.env["GAUNTLET_API_KEY_FILE"] = file;
  t.after(() => {
    delete process.env["GAUNTLET_API_KEY_FILE"];
    stub.close();
  });
  const { port } = stub.address() as { port: number };
  const options = { endpoint: `http://127.0.0.1:${port}`, spoolFolder: home };
  writeFileSync(file, "\n");
  await assert.rejects(node.init(options), {
    name: "TypeError",
    message: /^GAUNTLET_API_KEY_FILE is .*empty$/,
  });
  writeFileSync(file, "gk_file\n");
  const run = await node.init(options);
  run.log({ root: 1 }, { step: 1 });
  await run.finish();
  assert.ok(keys.length > 1);
  assert.ok(keys.every((key) => key === "Bearer gk_file"));
});
