// What workers call: exact reads into shared memory, and byte order.

import * as fs from "node:fs";
import { type FileRun, type ReadSync, readRun, swapBytes } from "../../src/engine/fetch.js";
import { assert, seeded, test } from "../harness.js";
import { inFolder, put } from "../input/support.js";

test("a part of a run fills the start of shared memory, and not a byte more", () =>
  inFolder((folder) => {
    const path = put(
      folder,
      "x.bin",
      Uint8Array.from({ length: 100 }, (_, i) => i),
    );
    const fd = fs.openSync(path, "r");
    try {
      const run = { path, fd, offset: 10, length: 20, swap: false };
      const bytes = new Uint8Array(new SharedArrayBuffer(20)).fill(255);
      readRun(run, 3, 4, 4, bytes);
      const expected = Array.from({ length: 20 }, (_, i) => (i < 16 ? 22 + i : 255));
      assert.equal([...bytes], expected);
      readRun({ ...run, swap: true }, 3, 4, 4, bytes);
      assert.equal([...bytes.subarray(0, 8)], [25, 24, 23, 22, 29, 28, 27, 26]);
      assert.equal([...bytes.subarray(16)], [255, 255, 255, 255]);
      readRun(run, 0, 0, 4, bytes.subarray(0, 0));
    } finally {
      fs.closeSync(fd);
    }
  }));

test("reads that come back short are continued where they ended", () => {
  const calls: number[][] = [];
  const trickle: ReadSync = (_fd, buffer, offset, length, position) => {
    calls.push([offset, length, position]);
    const n = Math.min(3, length);
    for (let i = 0; i < n; i++) buffer[offset + i] = position + i;
    return n;
  };
  const bytes = new Uint8Array(8);
  const run = { path: "x", fd: 9, offset: 100, length: 10, swap: false };
  readRun(run, 2, 4, 2, bytes, trickle);
  assert.equal([...bytes], [104, 105, 106, 107, 108, 109, 110, 111]);
  assert.equal(calls, [
    [0, 8, 104],
    [3, 5, 107],
    [6, 2, 110],
  ]);
});

test("a file that has shrunk since is told by its path, what was expected and what came", () =>
  inFolder((folder) => {
    const path = put(folder, "x.bin", new Uint8Array(800));
    const fd = fs.openSync(path, "r");
    try {
      const run: FileRun = { path, fd, offset: 0, length: 100, swap: false };
      fs.truncateSync(path, 100);
      const read = () => readRun(run, 10, 90, 8, new Uint8Array(720));
      const error = assert.code(read, "ERR_INPUT_CHANGED");
      assert.match(error.message, /x\.bin: shrank .*expected 720 bytes at 80, got 20/);
    } finally {
      fs.closeSync(fd);
    }
  }));

test("a descriptor that cannot be read is ERR_FILE with its cause", () => {
  const run = { path: "gone.bin", fd: 1_000_000, offset: 0, length: 1, swap: false };
  const read = () => readRun(run, 0, 1, 8, new Uint8Array(8));
  const error = assert.code(read, "ERR_FILE");
  assert.match(error.message, /gone\.bin.*EBADF/);
  assert.is((error.cause as NodeJS.ErrnoException).code, "EBADF");
});

test("bytes are swapped in shared memory at any offset, and swapped twice are as before", () => {
  const random = seeded("swap");
  for (const size of [1, 2, 4, 8]) {
    for (const offset of [0, 1, 4, 8]) {
      const count = 1 + random.int(300);
      const shared = new Uint8Array(new SharedArrayBuffer(offset + size * count + 5));
      for (let i = 0; i < shared.length; i++) shared[i] = random.int(256);
      const before = [...shared];
      const part = shared.subarray(offset, offset + size * count);
      swapBytes(part, size);
      for (let i = 0; i < count; i++) {
        for (let k = 0; k < size; k++) {
          assert.is(part[i * size + k], before[offset + i * size + size - 1 - k]);
        }
      }
      swapBytes(part, size);
      assert.equal([...shared], before);
    }
  }
});
