// Rubric paths from the names that a program uses, and what happens where two names of a call meet in one
// path.
//
// The rule is shared by the SDKs: `sdk/contract/paths.json` holds its vectors.

import { bytesOf, cut, MAX_PATH_BYTES, shortened } from "../wire/limits.js";
import { compareText, wellFormed } from "../wire/text.js";

/** Names are few and come again and again. */
const paths = new Map<string, string>();
const MOST_PATHS = 65_536;

/**
 * The rubric path of a name: `a/b` becomes `a.b`, empty segments and control characters go. Longer than 256
 * bytes, it is cut and ends in `~` and 8 hex digits of its SHA-256. Empty where nothing is left.
 */
export function pathOf(name: string): string {
  const known = paths.get(name);
  if (known !== undefined) return known;
  // Control characters are what is looked for.
  const clean = wellFormed(name)
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, "")
    .replace(/\//g, ".");
  const path = shortened(clean.split(".").filter(Boolean).join("."), MAX_PATH_BYTES);
  if (paths.size < MOST_PATHS) paths.set(name, path);
  return path;
}

/**
 * The paths of the names of one call, in their order, no two alike; empty for a name of which nothing is
 * left.
 *
 * Where names meet in one path, the one that is spelled like it keeps it, then the first by the bytes of the
 * names does; the others get `~2`, `~3` and so on, in that order, leaving out what another name of the call
 * has.
 */
export function pathsOf(names: readonly string[]): string[] {
  const found = names.map(pathOf);
  const taken = new Set(found);
  if (taken.size === found.length) return found;
  const groups = new Map<string, number[]>();
  found.forEach((path, i) => {
    const members = groups.get(path);
    if (members) members.push(i);
    else groups.set(path, [i]);
  });
  groups.delete("");
  for (const [path, members] of groups) {
    const name = (i: number) => names[i] ?? "";
    members.sort((a, b) => {
      const spelled = Number(name(a) !== path) - Number(name(b) !== path);
      return spelled || compareText(wellFormed(name(a)), wellFormed(name(b))) || a - b;
    });
    let number = 1;
    for (const i of members.slice(1)) {
      let other: string;
      do {
        number += 1;
        other = withEnd(path, `~${number}`);
      } while (taken.has(other));
      taken.add(other);
      found[i] = other;
    }
  }
  return found;
}

function withEnd(path: string, end: string): string {
  return cut(path, MAX_PATH_BYTES - bytesOf(end)).replace(/\.+$/, "") + end;
}
