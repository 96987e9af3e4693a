// People reach Gauntlet through the nginx of deploy/: with TLS and a session, in a frame, through a forwarded
// port.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMALL, story, until } from "./harness.mjs";

const deployed = (name) => readFileSync(new URL(`../deploy/${name}`, import.meta.url), "utf8");

/** A port that is free now. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A certificate for localhost in a folder of its own. */
function certificate() {
  const folder = mkdtempSync(join(tmpdir(), "gauntlet-proxy-"));
  const files = { key: join(folder, "key.pem"), cert: join(folder, "fullchain.pem") };
  const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", [...kind, "-keyout", files.key, "-out", files.cert, ...subject], {
    stdio: "ignore",
  });
  return { folder, ...files };
}

/** nginx with the configuration of deploy/ in front of a server. Resolves to its port and how to stop it. */
async function nginx(upstream, { folder }) {
  const [secure, plain] = [await freePort(), await freePort()];
  const replaced = {
    "127.0.0.1:4600": upstream,
    "listen 443": `listen 127.0.0.1:${secure}`,
    "listen 80": `listen 127.0.0.1:${plain}`,
    "/etc/gauntlet/tls": folder,
    "/var/log/nginx": folder,
  };
  let site = deployed("nginx/gauntlet.conf");
  for (const [from, to] of Object.entries(replaced)) {
    assert.ok(site.includes(from), `the configuration has ${from}`);
    site = site.replaceAll(from, to);
  }
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const paths = temporary.map((name) => `${name}_temp_path ${join(folder, name)};`).join("\n");
  const main = `daemon off; pid ${join(folder, "pid")}; error_log stderr warn; events {}`;
  const around = `${main}\nhttp {\n${paths}\n`;
  const file = join(folder, "nginx.conf");
  writeFileSync(file, `${around}${site}}\n`);
  const program = process.env.NGINX ?? "/usr/sbin/nginx";
  execFileSync(program, ["-t", "-q", "-c", file], { stdio: ["ignore", "ignore", "inherit"] });
  const child = spawn(program, ["-c", file], { stdio: ["ignore", "ignore", "inherit"] });
  const answers = () =>
    new Promise((resolve) => {
      const socket = connect(secure, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
    });
  await until("nginx listens", answers);
  const stop = async () => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  return { port: secure, stop };
}

const scored = (step, action) => ({
  id: `01920000-0000-7000-8000-${String(step).padStart(12, "0")}`,
  at: "2026-11-21T00:00:00Z",
  kind: "snapshot.scored",
  v: 1,
  step,
  body: { scores: { root: 1 }, action },
});

story(
  "behind nginx a page logs in, lives in a frame and through a forwarded port",
  async ({ server, page }) => {
    const tls = certificate();
    const open = [];
    const notebookPort = await freePort();
    const notebook = `https://localhost:${notebookPort}`;
    try {
      await server.post("/api/v1/runs", { id: "r", name: "a shared run" });
      await server.stop();
      const settings = `trusted_proxies = ["127.0.0.1"]\nframe_ancestors = ["${notebook}"]\n`;
      writeFileSync(join(server.dataDir, "gauntlet.toml"), settings);
      const key = (await server.run("keys", "create", "ada", "--role", "admin")).trim();
      await server.start();
      const proxy = await nginx(new URL(server.url).host, tls);
      open.push(proxy.stop);
      const url = `https://localhost:${proxy.port}`;
      const add = async (step, action) => {
        const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
        const body = JSON.stringify([scored(step, action)]);
        const answer = await fetch(`${server.url}/api/v1/runs/r/events`, { method: "POST", headers, body });
        assert.equal(answer.status, 200);
      };
      const shows = (place, text) =>
        until(`"${text}" is shown`, async () => (await place.locator("body").innerText()).includes(text));

      const browser = await page({ ...SMALL, ignoreHTTPSErrors: true });
      await browser.goto(`${url}/runs/r`);
      assert.equal(new URL(browser.url()).pathname, "/login");
      await browser.getByLabel("API key").fill(key);
      await browser.getByRole("button", { name: "Log in" }).click();
      await shows(browser, "a shared run");
      const [cookie] = await browser.context().cookies();
      assert.deepEqual([cookie.name, cookie.secure, cookie.httpOnly], ["gauntlet_session", true, true]);
      await add(1, "delivered through TLS");
      await shows(browser, "delivered through TLS");

      const html = `<iframe src="${url}/runs/r" width="940" height="560"></iframe>`;
      const files = { key: readFileSync(tls.key), cert: readFileSync(tls.cert) };
      const host = createSecureServer(files, (_, response) => {
        response.writeHead(200, { "content-type": "text/html" }).end(html);
      });
      host.listen(notebookPort, "localhost");
      await once(host, "listening");
      open.push(() => host.closeAllConnections() ?? host.close());
      await browser.goto(notebook);
      await add(2, "shown in a frame");
      await shows(browser.frameLocator("iframe"), "shown in a frame");

      const sockets = new Set();
      const forward = createServer((socket) => {
        const inner = connect(proxy.port, "127.0.0.1");
        for (const end of [socket, inner]) sockets.add(end.on("error", () => undefined));
        socket.pipe(inner).pipe(socket);
      });
      forward.listen(0, "localhost");
      await once(forward, "listening");
      open.push(() => {
        for (const socket of sockets) socket.destroy();
        forward.close();
      });
      await browser.goto(`https://localhost:${forward.address().port}/runs/r`);
      await shows(browser, "a shared run");
      await add(3, "forwarded to another port");
      await shows(browser, "forwarded to another port");

      const log = readFileSync(join(tls.folder, "gauntlet.log"), "utf8");
      assert.ok(log.includes('"GET /runs/r"') && !log.includes(key), "nginx logs no key");
      assert.ok(!server.log.includes(key), "the server logs no key");
    } finally {
      for (const close of open.reverse()) await close();
      rmSync(tls.folder, { recursive: true, force: true });
    }
  },
);

story("the unit of systemd is well formed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gauntlet-unit-"));
  try {
    mkdirSync(join(folder, "unit"));
    const file = join(folder, "unit", "gauntlet.service");
    const unit = deployed("systemd/gauntlet.service");
    // The program is not installed on the machine of the tests.
    writeFileSync(file, unit.replace("ExecStart=/usr/local/bin/gauntlet", `ExecStart=${process.execPath}`));
    execFileSync("systemd-analyze", ["verify", file], { stdio: ["ignore", "inherit", "inherit"] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
