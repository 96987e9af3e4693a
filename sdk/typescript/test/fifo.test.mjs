// The queue: what waits in memory and on disk stays in order, and contents of artifacts stay with their
// events.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fifo } from "../dist/run/fifo.js";

const bounds = { events: 4, bytes: 1000, contentBytes: 10 };
const content = (hash, size) => ({ hash, bytes: new Uint8Array(size) });

/** A disk with so much room for contents; one that is `broken` takes nothing. */
function disk({ room = Infinity, lines = [], broken = false } = {}) {
  const kept = new Map();
  return {
    kept,
    lines,
    place: "here",
    isClosed: false,
    tries: 0,
    get left() {
      return lines.length;
    },
    append(more) {
      this.tries += 1;
      return !broken && lines.push(...more) > 0;
    },
    peek: (most) => lines.slice(0, most),
    advance: (count) => void lines.splice(0, count),
    keep: (hash, bytes) => !broken && bytes.length <= room && Boolean(kept.set(hash, bytes)),
    content: (hash) => kept.get(hash) ?? null,
    forget: (hash) => void kept.delete(hash),
    setAside() {
      lines.length = 0;
      return "aside";
    },
    close() {
      this.isClosed = true;
    },
  };
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
  assert.deepEqual([fifo.left, fifo.content("a").length, fifo.content("b"), fifo.place], [3, 50, null, null]);
  fifo.release("a");
  assert.equal(fifo.push("second", content("b", 50)), true);
  assert.equal(fifo.clear(), 4 + 1);
});

test("what others left comes first, then the disk, then memory; a file that was sent is closed", () => {
  const older = disk({ lines: ["1", "2"] });
  const own = disk();
  const fifo = new Fifo(bounds, () => own, [older]);
  for (const line of ["3", "4", "5", "6"]) fifo.push(line);
  assert.equal(fifo.push("7", content("c", 5)), true);
  assert.deepEqual(
    [older.lines, own.lines],
    [
      ["1", "2"],
      ["3", "4", "5", "6"],
    ],
  );
  const taken = [];
  while (fifo.left > 0) {
    taken.push(...fifo.peek(2, 100));
    fifo.drop(taken.length % 2 === 0 ? 2 : 1);
  }
  assert.deepEqual(taken, ["1", "2", "3", "4", "5", "6", "7"]);
  assert.deepEqual([older.isClosed, own.isClosed], [true, false]);
  fifo.close();
  assert.equal(own.isClosed, true);
});

test("lines that are on their way may go to disk meanwhile, with their contents; what is too large stays in memory", () => {
  const own = disk({ room: 10 });
  const fifo = new Fifo(bounds, () => own);
  fifo.push("1", content("small", 5));
  fifo.push("2", content("large", 50));
  const sending = fifo.peek(1, 100);
  assert.equal(fifo.spill(), true);
  assert.deepEqual([...own.kept.keys()], ["small"]);
  assert.deepEqual([fifo.content("small").length, fifo.content("large").length], [5, 50]);
  fifo.release("small");
  fifo.drop(sending.length);
  assert.deepEqual([fifo.peek(9, 100), own.kept.size, fifo.clear()], [["2"], 0, 1]);
});

test("a disk that refuses is not asked with every event", () => {
  const own = disk({ broken: true });
  const fifo = new Fifo(bounds, () => own);
  const taken = Array.from({ length: 100 }, (_, i) => fifo.push(`${i}`)).filter(Boolean).length;
  assert.deepEqual([taken, own.tries], [4, 1]);
});

test("what is on disk and cannot be read is given up, oldest first, and the rest goes on", () => {
  const older = disk({ lines: ["1", "2"] });
  const own = disk();
  const fifo = new Fifo(bounds, () => own, [older]);
  for (const line of ["3", "4", "5", "6", "7"]) fifo.push(line);
  assert.deepEqual(fifo.setAsideFirst("it cannot be read"), { lines: 2, place: "aside" });
  assert.deepEqual(fifo.setAsideFirst("it cannot be read"), { lines: 4, place: "aside" });
  assert.deepEqual(fifo.setAsideFirst("nothing is left there"), { lines: 0, place: "" });
  assert.deepEqual(fifo.peek(9, 100), ["7"]);
  assert.equal(fifo.spill(), true, "a new place is opened");
});
