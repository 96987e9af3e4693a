// Bodies as they go over the network.

import type { Body } from "./http.js";

/** Below this, packing costs more than it saves. Bytes. */
const WORTH_PACKING = 1400;

/** The text, gzipped where that pays and the platform can. */
export async function packed(text: string): Promise<{ body: Body; headers: Record<string, string> }> {
  if (text.length < WORTH_PACKING || typeof CompressionStream === "undefined")
    return { body: text, headers: {} };
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  const body = new Uint8Array(await new Response(stream).arrayBuffer());
  return { body, headers: { "content-encoding": "gzip" } };
}
