// The server lives, says so, and comes back with the same face after it was killed.

import assert from "node:assert/strict";
import { story } from "./harness.mjs";

story("the server says that it lives and is ready, again after kill -9", async ({ server }) => {
  assert.equal((await server.get("/healthz")).status, "ok");
  assert.equal((await server.get("/readyz")).status, "ready");
  const before = server.url;

  await server.restart({ kill: true });

  assert.equal(server.url, before);
  assert.equal((await server.get("/healthz")).status, "ok");
  assert.equal(await server.stop(), 0, "SIGTERM is a request, so ending is a success");
});
