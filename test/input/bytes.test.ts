// Files and streams as the readers see them: exact reads, what is held back,
// and descriptors that outlive the reads under way.

import * as fs from "node:fs";
import { ByteStream, FileBytes, readBytes } from "../../src/input/bytes.js";
import { openNpy } from "../../src/input/npy.js";
import { assert, test } from "../harness.js";
import { collect, dataset, inFolder, openFiles, put, readColumn } from "./support.js";

/** A stream that gives these chunks. */
async function* chunksOf(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test("a file that is closed while it is read keeps its descriptor until the read is over", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x", new Uint8Array(4 << 20).fill(7));
    const before = openFiles();
    const file = new FileBytes(path, fs.openSync(path, "r"), 4 << 20);
    const reading = readBytes(file, 0, 4 << 20);
    file.close();
    assert.is(openFiles(), before + 1, "the read still has it");
    const outcome = await reading.then(
      (bytes) => bytes.every((byte) => byte === 7),
      (error: { code: string }) => error.code === "ERR_CLOSED",
    );
    assert.ok(outcome);
    assert.is(openFiles(), before);
    await assert.rejects(readBytes(file, 0, 1), "ERR_CLOSED");
    file.close();
  }));

test("a length past the end is refused before memory is taken for it", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x", "0123456789");
    const file = new FileBytes(path, fs.openSync(path, "r"), 10);
    assert.is(text(await readBytes(file, 7, 3)), "789");
    for (const [position, length] of [
      [0, 2 ** 50],
      [8, 3],
      [-1, 2],
      [2 ** 53, 1],
      [0, NaN],
    ] as const) {
      const error = await assert.rejects(readBytes(file, position, length), "ERR_FORMAT");
      assert.match(error.message, "truncated");
    }
    file.close();
  }));

test("what is peeked at stays, what is taken is gone, in whatever chunks it comes", async () => {
  const stream = new ByteStream("s", chunksOf("ab", "", "cde", "f"));
  assert.is(text(await stream.peek(1)), "a");
  assert.is(text(await stream.peek(4)), "abcd");
  assert.is(text(await stream.take(3)), "abc");
  assert.is(text(await stream.peek(100)), "def");
  assert.is(text(await stream.take(1)), "d");
  const error = await assert.rejects(stream.take(3), "ERR_FORMAT");
  assert.match(error.message, "s: truncated: 3 bytes are expected, but it ends after 2");
  assert.is(text(await stream.rest()), "ef");
  assert.is((await stream.peek(1)).length, 0);
});

test("chunks begin with what was peeked at", async () => {
  const stream = new ByteStream("s", chunksOf("ab", "cd", "ef"));
  await stream.peek(3);
  const chunks: string[] = [];
  for await (const chunk of stream.chunks()) chunks.push(text(chunk));
  assert.equal(chunks, ["abcd", "ef"]);
});

test("what goes wrong below a stream is ERR_FILE with its cause, and ERR_CLOSED once closed", async () => {
  const cause = new Error("the disk is gone");
  const broken = new ByteStream("s", {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(cause) }),
  });
  const error = await assert.rejects(broken.peek(1), "ERR_FILE");
  assert.match(error.message, "s: cannot be read: the disk is gone");
  assert.is(error.cause, cause);
  let closed = 0;
  const stream = new ByteStream("s", chunksOf("ab"), () => closed++);
  stream.close();
  stream.close();
  assert.is(closed, 1);
  await assert.rejects(stream.peek(1), "ERR_CLOSED");
});

const NONE = { columns: [], dtype: undefined };

test("a big-endian array in a stream is swapped, wherever its chunks end", async () => {
  const header = "{'descr': '>i4', 'fortran_order': False, 'shape': (3,), }\n";
  const prefix = `\x93NUMPY\x01\0${String.fromCharCode(header.length)}\0`;
  const numbers = Buffer.from([0, 0, 0, 1, 0, 0, 1, 0, 255, 255, 255, 254]);
  const file = Buffer.concat([Buffer.from(prefix, "latin1"), Buffer.from(header), numbers]);
  for (let cut = 1; cut < file.length; cut++) {
    const chunks = chunksOf(file.subarray(0, cut), file.subarray(cut));
    const { columns } = await collect(await openNpy(new ByteStream("s", chunks), NONE));
    assert.equal(columns[0]!.values, [1, 256, -2], `cut at ${cut}`);
  }
});

test("a file that is named raw is, though it could pass for an Arrow stream", () =>
  inFolder(async (folder) => {
    // An Arrow file without its magic is a stream.
    const stream = fs.readFileSync(dataset("flights-200k.arrow")).subarray(8, 1000);
    const path = put(folder, "x.bin", stream);
    assert.equal(await readColumn(path, { dtype: "uint8" }), [...stream]);
  }));
