// The structure of the source: no two files import each other, also not through others or for types only; no
// file or line is too long; every file begins with what it is for; identifiers use standard terms.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SOURCE = join(ROOT, "sdk/typescript/src");
const FOLDERS = ["sdk/typescript/src", "sdk/typescript/test", "sdk/typescript/examples", "end2end"];
const MAX_LINES = 500;
const MAX_COLUMNS = 110;
/** Words that are banned from identifiers. */
const BANNED = new Set(
  (
    "whole lay lie lies stands told said says kept apart own give gives gave given fate witness halt " +
    "halted doomed blamed hardened wary gist trouble mishap happening wish piece"
  ).split(" "),
);

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|mjs)$/.test(name) && !/^(node_modules|build)\b|readme-|types-/.test(name))
    .filter((name) => name !== "client/schema.ts") // generated
    .map((name) => join(ROOT, folder, name)),
);
const parse = (file: string) =>
  ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
const shortName = (file: string) => relative(ROOT, file);

/** The files of the SDK that a file imports. */
function importsOf(file: string): string[] {
  return parse(file)
    .statements.filter((it) => ts.isImportDeclaration(it) || ts.isExportDeclaration(it))
    .map((it) => it.moduleSpecifier)
    .filter((it) => it !== undefined && ts.isStringLiteral(it))
    .map(({ text }) => text)
    .filter((text) => text.startsWith("."))
    .map((text) => normalize(join(dirname(file), text.replace(/\.js$/, ".ts"))));
}

/** The first circle of imports, as a path of files; `null` where there is none. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle !== null) return circle;
    }
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle !== null) return circle;
  }
  return null;
}

/** The words of the names that a file declares: `isToldTwice` has three. */
function wordsOf(source: ts.SourceFile): Map<string, string[]> {
  const words = new Map<string, string[]>();
  const visit = (node: ts.Node) => {
    const isName = ts.isIdentifier(node) || ts.isPrivateIdentifier(node);
    if (isName && (node.parent as Partial<ts.NamedDeclaration>).name === node) {
      const spaced = node.text.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[#_]/g, " ");
      words.set(node.text, spaced.trim().toLowerCase().split(" "));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  // Names of the platform, which other files declare.
  words.delete("hasOwn");
  return words;
}

test("no files of the SDK import each other, directly or through others", () => {
  const sources = files.filter((file) => file.startsWith(SOURCE));
  const graph = new Map(sources.map((file) => [file, importsOf(file)]));
  assert.ok([...graph.values()].flat().length > 100, "the imports are found");
  assert.equal(findCircle(graph)?.map(shortName).join(" -> "), undefined);
  const circular = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b"]],
  ]);
  assert.deepEqual(findCircle(circular), ["b", "c", "b"]);
});

test("identifiers use standard terms", () => {
  const found = files.flatMap((file) =>
    [...wordsOf(parse(file))]
      .filter(([, words]) => words.some((word) => BANNED.has(word)))
      .map(([name]) => `${shortName(file)}: ${name}`),
  );
  assert.deepEqual(found, []);
  const example = ts.createSourceFile("x.ts", "const isToldTwice = 1;", ts.ScriptTarget.Latest, true);
  assert.deepEqual([...wordsOf(example)], [["isToldTwice", ["is", "told", "twice"]]]);
});

test("files begin with what they are for, and are not too long", () => {
  const found = files.flatMap((file) => {
    const lines = readFileSync(file, "utf8").split("\n");
    return [
      ...(/^(\/\/|#!) /.test(lines[0]) ? [] : [`${shortName(file)} has no comment at the beginning`]),
      ...(lines.length > MAX_LINES + 1 ? [`${shortName(file)} has ${lines.length - 1} lines`] : []),
      ...lines.flatMap((line, i) =>
        line.length > MAX_COLUMNS ? [`${shortName(file)}:${i + 1} is too wide`] : [],
      ),
    ];
  });
  assert.deepEqual(found, []);
});
