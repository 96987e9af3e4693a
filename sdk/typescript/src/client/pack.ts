// Compression of request bodies.

import type { Body } from "./http.js";

/** Shorter texts are not compressed: it would cost more than it saves. Characters. */
const MIN_GZIP_CHARS = 1400;

/** The text, gzipped where it is long enough and the platform supports it. */
export async function gzipIfWorthwhile(
  text: string,
): Promise<{ body: Body; headers: Record<string, string> }> {
  if (text.length < MIN_GZIP_CHARS || typeof CompressionStream === "undefined")
    return { body: text, headers: {} };
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  const body = new Uint8Array(await new Response(stream).arrayBuffer());
  return { body, headers: { "content-encoding": "gzip" } };
}
