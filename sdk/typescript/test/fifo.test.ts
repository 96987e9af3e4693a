// The queue: what waits in memory and on disk stays in order, and contents of artifacts stay with their
// events.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fifo, type Spool } from "../dist/run/fifo.js";

const bounds = { events: 4, bytes: 1000, contentBytes: 10 };
const content = (hash: string, size: number) => ({ hash, bytes: new Uint8Array(size) });

/** A spool in memory, with `room` for contents; a `broken` one stores nothing. */
class TestSpool implements Spool {
  readonly place = "here";
  readonly contents = new Map<string, Uint8Array>();
  isClosed = false;
  attempts = 0;
  readonly lines: string[];
  readonly #room: number;
  readonly #isBroken: boolean;

  constructor({ room = Infinity, lines = [] as string[], broken = false } = {}) {
    this.lines = lines;
    this.#room = room;
    this.#isBroken = broken;
  }

  get left(): number {
    return this.lines.length;
  }

  append(more: readonly string[]): boolean {
    this.attempts += 1;
    return !this.#isBroken && this.lines.push(...more) > 0;
  }

  peek(most: number): string[] {
    return this.lines.slice(0, most);
  }

  advance(count: number): void {
    this.lines.splice(0, count);
  }

  keep(hash: string, bytes: Uint8Array): boolean {
    if (this.#isBroken || bytes.length > this.#room) return false;
    this.contents.set(hash, bytes);
    return true;
  }

  content(hash: string): Uint8Array | null {
    return this.contents.get(hash) ?? null;
  }

  forget(hash: string): void {
    this.contents.delete(hash);
  }

  setAside(): string {
    this.lines.length = 0;
    return "aside";
  }

  close(): void {
    this.isClosed = true;
  }
}

test("without a disk the newest is refused when memory is full; one file has room always", () => {
  const fifo = new Fifo(bounds, null);
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((n) => fifo.push(`${n}`)),
    [true, true, true, true, false],
  );
  fifo.drop(3);
  assert.equal(fifo.push("x".repeat(2000)), false, "too long beside the other");
  assert.equal(fifo.push("file", content("a", 50)), true);
  assert.equal(fifo.push("second", content("b", 50)), false);
  assert.equal(fifo.push("the same", content("a", 50)), true);
  assert.deepEqual(
    [fifo.left, fifo.content("a")?.length, fifo.content("b"), fifo.place],
    [3, 50, null, null],
  );
  fifo.release("a");
  assert.equal(fifo.push("second", content("b", 50)), true);
  assert.equal(fifo.clear(), 4 + 1);
});

test("what others left comes first, then the disk, then memory; a file that was sent is closed", () => {
  const older = new TestSpool({ lines: ["1", "2"] });
  const current = new TestSpool();
  const fifo = new Fifo(bounds, () => current, [older]);
  for (const line of ["3", "4", "5", "6"]) fifo.push(line);
  assert.equal(fifo.push("7", content("c", 5)), true);
  assert.deepEqual(
    [older.lines, current.lines],
    [
      ["1", "2"],
      ["3", "4", "5", "6"],
    ],
  );
  const taken: string[] = [];
  while (fifo.left > 0) {
    taken.push(...fifo.peek(2, 100));
    fifo.drop(taken.length % 2 === 0 ? 2 : 1);
  }
  assert.deepEqual(taken, ["1", "2", "3", "4", "5", "6", "7"]);
  assert.deepEqual([older.isClosed, current.isClosed], [true, false]);
  fifo.close();
  assert.equal(current.isClosed, true);
});

test("lines that are being sent may be moved to disk, with their contents; what is too large stays", () => {
  const current = new TestSpool({ room: 10 });
  const fifo = new Fifo(bounds, () => current);
  fifo.push("1", content("small", 5));
  fifo.push("2", content("large", 50));
  const sending = fifo.peek(1, 100);
  assert.equal(fifo.spill(), true);
  assert.deepEqual([...current.contents.keys()], ["small"]);
  assert.deepEqual([fifo.content("small")?.length, fifo.content("large")?.length], [5, 50]);
  fifo.release("small");
  fifo.drop(sending.length);
  assert.deepEqual([fifo.peek(9, 100), current.contents.size, fifo.clear()], [["2"], 0, 1]);
});

test("a disk that refuses is not asked with every event", () => {
  const current = new TestSpool({ broken: true });
  const fifo = new Fifo(bounds, () => current);
  const taken = Array.from({ length: 100 }, (_, i) => fifo.push(`${i}`)).filter(Boolean).length;
  assert.deepEqual([taken, current.attempts], [4, 1]);
});

test("what cannot be read from disk is dropped, oldest first, and the rest is delivered", () => {
  const older = new TestSpool({ lines: ["1", "2"] });
  const current = new TestSpool();
  const fifo = new Fifo(bounds, () => current, [older]);
  for (const line of ["3", "4", "5", "6", "7"]) fifo.push(line);
  assert.deepEqual(fifo.setAsideFirst("it cannot be read"), { lines: 2, place: "aside" });
  assert.deepEqual(fifo.setAsideFirst("it cannot be read"), { lines: 4, place: "aside" });
  assert.deepEqual(fifo.setAsideFirst("nothing is left there"), { lines: 0, place: "" });
  assert.deepEqual(fifo.peek(9, 100), ["7"]);
  assert.equal(fifo.spill(), true, "a new place is opened");
});
