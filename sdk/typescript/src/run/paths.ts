// Converts the names that a program uses to rubric paths, and resolves names of a call that are equal as
// paths.
//
// The SDKs share this rule: `sdk/contract/paths.json` has its vectors.

import { bytesOf, cut, MAX_PATH_BYTES, shortened } from "../wire/limits.js";
import { compareText, wellFormed } from "../wire/text.js";

/** Cache: a program uses few names, many times. */
const paths = new Map<string, string>();
const MAX_PATHS = 65_536;

/**
 * The rubric path of a name: `a/b` becomes `a.b`, empty segments and control characters are removed. A path
 * longer than 256 bytes is cut and ends in `~` and 8 hex digits of its SHA-256. May be empty.
 */
export function pathOf(name: string): string {
  const known = paths.get(name);
  if (known !== undefined) return known;
  const clean = wellFormed(name)
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, "")
    .replace(/\//g, ".");
  const path = shortened(clean.split(".").filter(Boolean).join("."), MAX_PATH_BYTES);
  if (paths.size < MAX_PATHS) paths.set(name, path);
  return path;
}

/**
 * The paths of the names of one call, in their order, all different; empty for a name without a path.
 *
 * Where names are equal as paths, the name that is spelled like the path gets it, else the first by the bytes
 * of the names. The others get `~2`, `~3` and so on, in that order, without those that another name has.
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
