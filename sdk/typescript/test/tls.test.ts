// A server behind TLS: everything that goes over HTTP, and the live stream over a secure WebSocket and over
// events.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createServer } from "node:tls";
import { fileURLToPath } from "node:url";
import { addressOf, runNode, started, type Server, type TestContext } from "./support.js";

const here = fileURLToPath(new URL("..", import.meta.url));

/** TLS in front of a server, as a proxy does it: its address, and the certificate to trust. */
async function secured(
  t: TestContext,
  server: Server,
): Promise<{ url: string; cert: string; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "gauntlet-tls-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
  ];
  execFileSync("openssl", [...kind, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
  const sockets = new Set<Socket>();
  const proxy = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
    const inner = connect(Number(new URL(server.url).port), "127.0.0.1");
    for (const end of [socket, inner]) {
      sockets.add(end);
      end.on("error", () => undefined).on("close", () => sockets.delete(end));
    }
    socket.pipe(inner).pipe(socket);
  });
  proxy.on("tlsClientError", () => undefined);
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  return { url: `https://${addressOf(proxy)}`, cert, folder };
}

test("everything works over TLS; without the certificate there is a warning", async (t) => {
  const { server, client } = await started(t);
  const { url, cert, folder } = await secured(t, server);
  const script = `
    import { Client, init } from "gauntlet-sdk";
    import WebSocketOfNpm from "ws";
    const run = await init({ id: "secured", name: "secured", finishMs: Number(process.env.FINISH_MS) });
    run.log({ reward: 1 }, { step: 0 });
    run.artifact("a.txt", "text");
    const stats = await run.finish();
    const client = new Client();
    const seen = {};
    for (const [how, WebSocket] of [["socket", globalThis.WebSocket ?? WebSocketOfNpm], ["events", null]]) {
      seen[how] = [];
      if (stats.sent === 0) continue;
      for await (const fact of client.live("secured", { WebSocket })) {
        if (seen[how].push(fact.what) === 4) break;
      }
    }
    const film = stats.sent === 0 ? null : await client.film("secured");
    const { sent, spooled } = stats;
    console.log(JSON.stringify({ url: run.url, sent, spooled, seen, steps: film?.length }));`;
  const environment = { GAUNTLET_ENDPOINT: url, GAUNTLET_SPOOL: join(folder, "spool") };
  const program = async (finishMs: number, more: Record<string, string> = {}) => {
    const env = { ...process.env, ...environment, FINISH_MS: `${finishMs}`, ...more };
    const { out, err } = await runNode(["--input-type=module", "-e", script], { cwd: here, env });
    return { result: JSON.parse(out || "null"), err };
  };
  const stranger = await program(1_000);
  assert.match(stranger.err, /https:.* cannot be reached \(self-signed certificate.*\); events are queued/);
  assert.deepEqual([stranger.result.sent, stranger.result.spooled], [0, 3]);

  const { result, err } = await program(20_000, { NODE_EXTRA_CA_CERTS: cert });
  const facts = ["run_started", "scored", "artifact", "status"];
  assert.deepEqual(result?.seen, { socket: facts, events: facts }, err);
  // The stranger's step, which waited on disk, and this program's: neither replaces the other.
  assert.deepEqual([result.steps, result.url.startsWith("https://127.0.0.1:")], [2, true]);
  for await (const file of client.artifacts("secured")) assert.ok(file.stored);
});
