// LZ4 against a plain encoder of blocks, and lengths that are lies.

import fc from "fast-check";
import { decodeLz4Block, decodeLz4Frame } from "../../src/input/lz4.js";
import { assert, fcOptions, test } from "../harness.js";

type Sequence = {
  readonly literals: Uint8Array;
  readonly match?: { offset: number; length: number };
};

const more = (length: number): number[] =>
  length < 15 ? [] : [...Array(Math.floor((length - 15) / 255)).fill(255), (length - 15) % 255];

/** An LZ4 block of these sequences, and what it says after `history`. */
function encodeBlock(sequences: readonly Sequence[], history: readonly number[]) {
  const block: number[] = [];
  const out = [...history];
  for (const { literals, match } of sequences) {
    const length = match === undefined ? 0 : match.length - 4;
    block.push((Math.min(15, literals.length) << 4) | Math.min(15, length));
    block.push(...more(literals.length), ...literals);
    out.push(...literals);
    if (match === undefined) continue;
    block.push(match.offset & 255, match.offset >> 8, ...more(length));
    for (let k = 0; k < match.length; k++) out.push(out[out.length - match.offset]!);
  }
  return { block: Uint8Array.from(block), out: out.slice(history.length) };
}

const sequences = fc
  .tuple(
    fc.array(
      fc.record({
        literals: fc.uint8Array({ minLength: 1, maxLength: 300 }),
        back: fc.nat(),
        length: fc.integer({ min: 4, max: 600 }),
      }),
      { maxLength: 6 },
    ),
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
  )
  .map(([parts, last]) => {
    let written = 0;
    const made: Sequence[] = parts.map(({ literals, back, length }) => {
      written += literals.length;
      const offset = 1 + (back % Math.min(written, 65_535));
      written += length;
      return { literals, match: { offset, length } };
    });
    return [...made, { literals: last }];
  });

test("LZ4 blocks with matches of any offset and length are decoded", () => {
  fc.assert(
    fc.property(sequences, (made) => {
      const { block, out } = encodeBlock(made, []);
      const output = new Uint8Array(out.length);
      assert.is(decodeLz4Block(block, output), out.length);
      assert.equal([...output], out);
    }),
    fcOptions(300),
  );
});

test("an LZ4 block that lies about its lengths is refused, and writes nothing outside", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(200), (block, size) => {
      const memory = new Uint8Array(size + 50).fill(171);
      const output = memory.subarray(0, size);
      try {
        assert.ok(decodeLz4Block(block, output) <= size);
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
      assert.ok(memory.subarray(size).every((byte) => byte === 171));
    }),
    fcOptions(2000),
  );
});

const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];

test("LZ4 frames with stored and linked blocks, sizes and checksums are decoded", () => {
  const first = encodeBlock([{ literals: Buffer.from("abcdef") }], []);
  const linked = encodeBlock(
    [
      { literals: Buffer.from("x"), match: { offset: 7, length: 9 } },
      { literals: Buffer.from("!") },
    ],
    first.out,
  );
  const stored = Buffer.from("as it is");
  const expected = "abcdefxabcdefxab!as it is";
  for (const flags of [0x40, 0x48, 0x50, 0x44, 0x5c, 0x60]) {
    const check = flags & 16 ? u32(0x12345678) : [];
    const frame = Uint8Array.from([
      ...u32(0x184d2204),
      flags,
      0x40,
      ...(flags & 8 ? [...u32(expected.length), ...u32(0)] : []),
      0,
      ...u32(first.block.length),
      ...first.block,
      ...check,
      ...u32(linked.block.length),
      ...linked.block,
      ...check,
      ...u32(stored.length | 0x80000000),
      ...stored,
      ...check,
      ...u32(0),
      ...(flags & 4 ? u32(0) : []),
    ]);
    const decoded = decodeLz4Frame(frame, expected.length);
    assert.is(Buffer.from(decoded).toString(), expected);
    for (const length of [expected.length - 1, expected.length + 1, 0]) {
      assert.throws(
        () => decodeLz4Frame(frame, length),
        (error: unknown) => error instanceof RangeError,
      );
    }
    for (let cut = 0; cut < frame.length - (flags & 4 ? 4 : 0); cut++) {
      assert.throws(() => decodeLz4Frame(frame.subarray(0, cut), expected.length));
    }
  }
});
