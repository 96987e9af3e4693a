// A live page of one run, on an address of its own, which the server's gauntlet.toml has to name:
//
//   allowed_origins = ["http://127.0.0.1:4680"]
//
//   node examples/dashboard.mjs [run] [port]     the newest run, unless one is named

import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "gauntlet-sdk";

const client = new Client();
const run = process.argv[2] ?? (await client.runs.page({ limit: 1 })).items[0]?.id;
const port = Number(process.argv[3] ?? 4680);
if (run === undefined) throw new Error(`${client.endpoint} has no runs; start one: node examples/agent.mjs`);

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".map": "application/json" };

/** The page, and the SDK's build as it is. */
const pages = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const isPage = pathname === "/";
  const file = new URL(isPage ? "dashboard.html" : `../dist${pathname.replace("/sdk", "")}`, import.meta.url);
  const isOurs = isPage || /^\/sdk(\/[\w-]+)+\.js(\.map)?$/.test(pathname);
  if (!isOurs) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(file.pathname)] });
  return createReadStream(fileURLToPath(file))
    .on("error", () => response.destroy())
    .pipe(response);
});

pages.listen(port, "127.0.0.1", () => {
  const asked = new URLSearchParams({ run, server: client.endpoint });
  console.log(`http://127.0.0.1:${pages.address().port}/?${asked}`);
});
