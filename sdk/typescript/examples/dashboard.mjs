// A live page of one run, and the small proxy it needs: a Gauntlet server answers pages of its own origin only, so this
// passes /api through, WebSockets included, from an origin where the page may be.
//
//   node examples/dashboard.mjs [run] [port]     the newest run, unless one is named

import { createReadStream } from "node:fs";
import { createServer, request } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "gauntlet-sdk";

const client = new Client();
const server = new URL(client.endpoint);
const run = process.argv[2] ?? (await client.runs.page({ limit: 1 })).items[0]?.id;
const port = Number(process.argv[3] ?? 4680);
if (run === undefined) throw new Error(`${client.endpoint} has no runs; start one: node examples/agent.mjs`);

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".map": "application/json" };

/** The same request, to the server. */
function passedOn({ url, method, headers }, options = {}) {
  const { host, origin, ...others } = headers;
  return request(new URL(url, server), { method, headers: { ...others, host: server.host }, ...options });
}

const proxy = createServer((incoming, outgoing) => {
  const { pathname } = new URL(incoming.url, "http://localhost");
  if (pathname.startsWith("/api/")) {
    const onward = passedOn(incoming);
    onward.on("response", (response) => {
      outgoing.writeHead(response.statusCode, response.headers);
      response.pipe(outgoing);
    });
    onward.on("error", () => outgoing.writeHead(502).end());
    return incoming.pipe(onward);
  }
  const isPage = pathname === "/";
  const file = new URL(isPage ? "dashboard.html" : `../dist${pathname.replace("/sdk", "")}`, import.meta.url);
  const isOurs = isPage || /^\/sdk(\/[\w-]+)+\.js(\.map)?$/.test(pathname);
  if (!isOurs) return outgoing.writeHead(404).end();
  outgoing.writeHead(200, { "content-type": TYPES[extname(file.pathname)] });
  return createReadStream(fileURLToPath(file)).on("error", () => outgoing.destroy()).pipe(outgoing);
});

proxy.on("upgrade", (incoming, socket, head) => {
  const onward = passedOn(incoming);
  onward.on("upgrade", (response, upstream, rest) => {
    const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${value}`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
    socket.write(rest);
    upstream.write(head);
    upstream.pipe(socket).on("error", () => upstream.destroy());
    socket.pipe(upstream).on("error", () => socket.destroy());
  });
  onward.on("response", () => socket.destroy());
  onward.on("error", () => socket.destroy());
  onward.end();
});

proxy.listen(port, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${proxy.address().port}/?run=${encodeURIComponent(run)}`);
});
