// Lists of the API: every item, page by page.

import type { Call, Http } from "./http.js";
import type { Page } from "./types.js";

/** The items of a list, in order; pages are fetched on demand. */
export async function* items<T>(
  http: Http,
  path: string,
  { query, signal }: Pick<Call, "query" | "signal"> = {},
): AsyncGenerator<T, void, undefined> {
  let cursor: string | null = null;
  do {
    const page: Page<T> = await http.json("GET", path, { query: { ...query, cursor }, signal });
    yield* page.items;
    cursor = page.next_cursor;
  } while (cursor !== null);
}
