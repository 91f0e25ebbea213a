// The header parser against bytes that nobody wrote on purpose.

import fc from "fast-check";
import { RingfoldError } from "../../src/errors.js";
import { npyOffset, parseNpyHeader } from "../../src/input/npy/header.js";
import { assert, fcOptions, test } from "../harness.js";

/** The outcome of parsing: a header, or the code of the error; anything else is thrown. */
function outcome(bytes: Uint8Array): string {
  try {
    const offset = npyOffset("x.npy", bytes);
    const { length, dtype, shape } = parseNpyHeader("x.npy", bytes);
    assert.ok(offset <= 12 + 65_536);
    assert.ok(Number.isSafeInteger(length * dtype.size) && length >= 0);
    assert.is(
      shape.reduce((product, n) => product * n, 1),
      length,
    );
    return "parsed";
  } catch (error) {
    if (error instanceof RingfoldError) return error.code;
    throw error;
  }
}

function file(header: Uint8Array, version: number, claimed = header.length): Uint8Array {
  const prefix = Buffer.alloc(version === 1 ? 10 : 12);
  prefix.write("\x93NUMPY", "latin1");
  prefix[6] = version;
  if (version === 1) prefix.writeUInt16LE(claimed & 0xffff, 8);
  else prefix.writeUInt32LE(claimed, 8);
  return Buffer.concat([prefix, header]);
}

const GOOD = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }          \n";
const CODES = ["parsed", "ERR_FORMAT", "ERR_DTYPE"];

test("any bytes behind the magic give a header or a coded error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(1, 2, 3), (bytes, version) => {
      assert.ok(CODES.includes(outcome(file(bytes, version))));
    }),
    fcOptions(1000),
  );
});

test("any length that is claimed gives a coded error or a header within the bytes", () => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.constantFrom(1, 2, 3), (claimed, version) => {
      assert.ok(CODES.includes(outcome(file(Buffer.from(GOOD), version, claimed))));
    }),
    fcOptions(500),
  );
});

test("a header with characters replaced, removed or doubled never gives anything else", () => {
  const edit = fc.record({
    at: fc.nat(GOOD.length - 1),
    remove: fc.nat(8),
    insert: fc.oneof(
      fc.string({
        maxLength: 6,
        unit: fc.constantFrom(...Array.from("{}()[],:'\"\\0129LTrue<>f8\n")),
      }),
      fc.constantFrom("True", "'shape':", "(9,)", "99999999999999999999", "-", "'descr': '|O',"),
    ),
  });
  let parsed = 0;
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 3 }), fc.constantFrom(1, 2, 3), (edits, version) => {
      let text = GOOD;
      for (const { at, remove, insert } of edits) {
        text = text.slice(0, at) + insert + text.slice(at + remove);
      }
      const result = outcome(file(Buffer.from(text), version));
      assert.ok(CODES.includes(result), result);
      if (result === "parsed") parsed++;
    }),
    fcOptions(2000),
  );
  assert.ok(parsed > 0, "some are still headers");
});

test("a header that is all one bracket, quote or digit takes no time and no memory", () => {
  const before = process.memoryUsage().heapTotal;
  const start = performance.now();
  for (const text of ["(", "{", "'", '"', "9", "[", "{'shape': (", " ", "{'shape': (1,"]) {
    const bytes = Buffer.from(text.repeat(Math.floor(65_000 / text.length)));
    assert.is(outcome(file(bytes, 2)), "ERR_FORMAT", text);
  }
  assert.ok(performance.now() - start < 2000);
  assert.ok(process.memoryUsage().heapTotal - before < 64e6);
});
