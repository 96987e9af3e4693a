// The health endpoints, and the same answers after the server was killed and started again.

import assert from "node:assert/strict";
import { story } from "./harness.mjs";

story("the server reports that it is live and ready, also after kill -9", async ({ server }) => {
  assert.equal((await server.get("/healthz")).status, "ok");
  assert.equal((await server.get("/readyz")).status, "ready");
  const before = server.url;

  await server.restart({ kill: true });

  assert.equal(server.url, before);
  assert.equal((await server.get("/healthz")).status, "ok");
  assert.equal(await server.stop(), 0, "SIGTERM is a request, so ending is a success");
});
