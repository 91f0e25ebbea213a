// Receipts: every number of them, on data made by hand.

import { assert, test } from "../harness.js";
import { doubles, inFolder, npy, put, reduce, run } from "./run.js";

/** The exact sum is 4; from left to right, 1e16 swallows the first 1 and leaves 3. */
const CANCELS = [1e16, 1, -1e16, 3];

/** Five blocks, of which each needs something else. */
const BLOCKS = [1, 0, 2 ** 90, 2 ** 140, 2 ** 600].flatMap((other) =>
  Array.from({ length: 8192 }, (_, i) => (i % 2 === 0 ? 1 : other)),
);

const NONE = { nans: 0, positiveInfinities: 0, negativeInfinities: 0, nulls: 0 };

test("people read a receipt under the results, indented by column", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.npy", npy("<f8", "(4,)", doubles(CANCELS)));
    const { out, code } = await run(["reduce", path, "--op", "sum,max", "--receipt"]);
    assert.is(code, 0);
    assert.is(
      out,
      `sum  4
max  10000000000000000
  elements    4
  NaN         0
  infinities  0 positive, 0 negative
  nulls       0
  sum         naive differs: 2,251,799,813,685,248 ulps (3)
  max         same bits
  blocks      1 wide
  tree        version 2
`,
    );
    const table = put(folder, "t.csv", "a,b\n1,2\n,Infinity\n3,NaN\n");
    const columns = ["--column", "a", "--column", "b", "--dtype", "float64"];
    const two = await run(["reduce", table, ...columns, "--receipt"]);
    assert.is(
      two.out,
      `a (float64)
  sum  4
    elements    2
    NaN         0
    infinities  0 positive, 0 negative
    nulls       1
    sum         same bits
    blocks      1 window
    tree        version 2
b (float64)
  sum  NaN
    elements    3
    NaN         1
    infinities  1 positive, 0 negative
    nulls       0
    sum         same bits
    blocks      1 cells
    tree        version 2
`,
    );
    const huge = put(folder, "h.npy", npy("<f8", "(3,)", doubles([1e308, 1e308, -1e308])));
    const far = await run(["reduce", huge, "--receipt"]);
    assert.match(far.out, "sum  1e+308\n");
    assert.match(far.out, "  sum         naive differs (Infinity)\n");
    const none = await run(["reduce", "--generate", "0", "--receipt"]);
    assert.match(none.out, "  elements    0\n");
  }));

test("--json has the receipt beside the results, with strings for what JSON cannot hold", () =>
  inFolder(async (folder) => {
    const values = [1e308, 1e308, -1e308];
    const path = put(folder, "x.npy", npy("<f8", "(3,)", doubles(values)));
    const { columns } = await reduce([path, "--op", "sum,count", "--receipt"]);
    // Their exponents are the highest there are: such numbers go to cells.
    assert.equal(columns, [
      {
        name: null,
        dtype: "float64",
        nulls: 0,
        results: { sum: 1e308, count: 3 },
        receipt: {
          elements: 3,
          ...NONE,
          naive: {
            sum: { value: "Infinity", differs: true, ulps: "Infinity" },
            count: { value: 3, differs: false, ulps: 0 },
          },
          modes: { window: 0, zeros: 0, wide: 0, wider: 0, cells: 1 },
          tree: 2,
        },
      },
    ]);
    const long = new Uint8Array(BigInt64Array.of(2n ** 62n, 2n ** 62n).buffer);
    const ints = await reduce([put(folder, "i.npy", npy("<i8", "(2,)", long)), "--receipt"]);
    assert.equal(ints.columns[0]!.receipt, {
      elements: 2,
      ...NONE,
      naive: { sum: { value: String(2n ** 63n), differs: false, ulps: 0 } },
      modes: null,
      tree: 2,
    });
  }));

test(
  "a receipt is the same from a file, from a stream, from text, and for generated numbers",
  () =>
    inFolder(async (folder) => {
      const values = BLOCKS.concat([Number.NaN, Infinity, -Infinity, -Infinity, Number.NaN]);
      const data = npy("<f8", `(${values.length},)`, doubles(values));
      const path = put(folder, "x.npy", data);
      const text = put(folder, "x.csv", values.join("\n"));
      const wanted = {
        elements: values.length,
        nans: 2,
        positiveInfinities: 1,
        negativeInfinities: 2,
        nulls: 0,
        naive: { count: { value: values.length, differs: false, ulps: 0 } },
        modes: { window: 1, zeros: 1, wide: 1, wider: 1, cells: 2 },
        tree: 2,
      };
      const args = ["--op", "count", "--receipt"];
      const receipt = async (more: readonly string[], input?: Uint8Array) =>
        (await reduce([...more, ...args], input === undefined ? {} : { input })).columns[0]!
          .receipt;
      assert.equal(await receipt([path]), wanted);
      assert.equal(await receipt([path, "--threads", "1"]), wanted);
      assert.equal(await receipt(["-"], data), wanted);
      assert.equal(await receipt([text, "--dtype", "float64"]), wanted);
      // The rounds know no blocks.
      const pairwise = await receipt([path, "--schedule", "pairwise"]);
      assert.equal(pairwise, { ...wanted, modes: null });
      const made = (await receipt(["--generate", "100000"]))!;
      assert.equal([made["elements"], made["nans"]], [100_000, 0]);
    }),
  { deadline: 120_000 },
);
