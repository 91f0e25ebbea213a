// What workers call: exact reads into shared memory, and byte order.

import * as fs from "node:fs";
import { join } from "node:path";
import { decodeFloat16 } from "../../src/input/float16.js";
import { type ReadSync, readSegmentInto, swapBytes } from "../../src/input/read.js";
import { assert, seeded, test } from "../harness.js";
import { inFolder, numpy, open, put } from "./support.js";

test("a part of a segment fills the start of shared memory, and not a byte more", () =>
  inFolder((folder) => {
    const path = put(
      folder,
      "x.bin",
      Uint8Array.from({ length: 100 }, (_, i) => i),
    );
    const fd = fs.openSync(path, "r");
    try {
      const segment = { path, fd, offset: 10, length: 20, swap: false };
      const bytes = new Uint8Array(new SharedArrayBuffer(20)).fill(255);
      readSegmentInto(segment, 3, 4, 4, bytes, fs);
      const expected = Array.from({ length: 20 }, (_, i) => (i < 16 ? 22 + i : 255));
      assert.equal([...bytes], expected);
      readSegmentInto({ ...segment, swap: true }, 3, 4, 4, bytes, fs);
      assert.equal([...bytes.subarray(0, 8)], [25, 24, 23, 22, 29, 28, 27, 26]);
      assert.equal([...bytes.subarray(16)], [255, 255, 255, 255]);
      readSegmentInto(segment, 0, 0, 4, bytes.subarray(0, 0), fs);
    } finally {
      fs.closeSync(fd);
    }
  }));

test("reads that come back short are continued where they ended", () => {
  const calls: number[][] = [];
  const trickle: ReadSync = {
    readSync(_fd, buffer, offset, length, position) {
      calls.push([offset, length, position]);
      const n = Math.min(3, length);
      for (let i = 0; i < n; i++) buffer[offset + i] = position + i;
      return n;
    },
  };
  const bytes = new Uint8Array(8);
  const segment = { path: "x", fd: 9, offset: 100, length: 10, swap: false };
  readSegmentInto(segment, 2, 4, 2, bytes, trickle);
  assert.equal([...bytes], [104, 105, 106, 107, 108, 109, 110, 111]);
  assert.equal(calls, [
    [0, 8, 104],
    [3, 5, 107],
    [6, 2, 110],
  ]);
});

test("a file that has shrunk since is told by its path, what was expected and what came", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.bin", new Uint8Array(800));
    const source = await open(path, { dtype: "float64" });
    try {
      assert.ok(source.kind === "segments");
      fs.truncateSync(path, 100);
      const read = () => readSegmentInto(source.segments[0]!, 10, 90, 8, new Uint8Array(720), fs);
      const error = assert.code(read, "ERR_INPUT_CHANGED");
      assert.match(error.message, /x\.bin: shrank .*expected 720 bytes at 80, got 20/);
    } finally {
      source.close();
    }
  }));

test("a descriptor that cannot be read is ERR_FILE with its cause", () => {
  const segment = { path: "gone.bin", fd: 1_000_000, offset: 0, length: 1, swap: false };
  const read = () => readSegmentInto(segment, 0, 1, 8, new Uint8Array(8), fs);
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

test("each of the 65,536 float16 becomes the float32 that NumPy makes of it", () =>
  inFolder((folder) => {
    numpy(
      folder,
      `
np.arange(65536, dtype='u2').view('f2').astype('f4').tofile('f4.bin')
print(0)`,
    );
    const expected = new Uint32Array(fs.readFileSync(join(folder, "f4.bin")).buffer.slice(0));
    const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const singles = decodeFloat16(halves);
    const bits = new Uint32Array(singles.buffer);
    for (let i = 0; i < 65536; i++) {
      if (Number.isNaN(singles[i])) assert.ok((i & 0x7c00) === 0x7c00 && (i & 1023) !== 0);
      else assert.is(bits[i], expected[i], `float16 ${i.toString(16)}`);
    }
  }));
