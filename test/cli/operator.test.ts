// Operators of the user's own, given by path; and the pairwise schedule with its trace.

import { join } from "node:path";
import { assert, seeded, test } from "../harness.js";
import { doubles, fails, inFolder, npy, put, reduce, results, run } from "./run.js";

/** Affine maps x → a·x + b modulo a prime under composition: associative, not commutative. */
const AFFINE = `
const P = 1000003;
export const identity = () => [1, 0];
export const accumulate = ([a, b], x) => combine([a, b], [x % P, (3 * x + 1) % P]);
export function combine([a, b], [c, d]) {
  return [(a * c) % P, (b * c + d) % P];
}
export const finish = ([a, b]) => ({ a, b });
`;

function affine(values: readonly number[]): { a: number; b: number } {
  const P = 1_000_003n;
  let [a, b] = [1n, 0n];
  for (const value of values) {
    const [c, d] = [BigInt(value) % P, (3n * BigInt(value) + 1n) % P];
    [a, b] = [(a * c) % P, (b * c + d) % P];
  }
  return { a: Number(a), b: Number(b) };
}

test(
  "a module's operator runs in order, under its base name, beside built-in ones",
  () =>
    inFolder(async (folder) => {
      const random = seeded("affine");
      const values = Array.from({ length: 70_001 }, () => 1 + random.int(1_000_000));
      put(folder, "affine.js", AFFINE);
      put(folder, "package.json", '{"type": "module"}');
      const data = npy("<f8", `(${values.length},)`, doubles(values));
      const path = put(folder, "x.npy", data);
      const csv = put(folder, "x.csv", `v\n${values.join("\n")}\n`);
      const want = { sum: values.reduce((a, b) => a + b), affine: affine(values), count: 70_001 };
      const ops = ["--op", "sum,./affine.js", "--op", "count"];
      for (const input of [path, csv]) {
        for (const threads of ["1", "3"]) {
          const found = await results([input, ...ops, "--threads", threads], { cwd: folder });
          assert.equal(found, want);
          assert.equal(Object.keys(found), ["sum", "affine", "count"]);
        }
      }
      assert.equal(await results(["-", ...ops], { cwd: folder, input: data }), want);
      const shown = await run(["reduce", path, "--op", join(folder, "affine.js")]);
      assert.is(shown.out, `affine  { a: ${want.affine.a}, b: ${want.affine.b} }\n`);
      const pairwise = ["--op", "affine.js", "--schedule", "pairwise", "--dtype", "float64"];
      const first = values.slice(0, 1001);
      const raw = put(folder, "first.bin", doubles(first));
      assert.equal(await results([raw, ...pairwise], { cwd: folder }), { affine: affine(first) });
    }),
  { deadline: 120_000 },
);

test("modules of one name are told apart, and any result is printed", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.npy", npy("<f8", "(2,)", doubles([3, 4])));
    const finish = (text: string) =>
      `export const combine = (a, b) => a + b; export const finish = (s) => ${text};`;
    put(folder, "sum.mjs", finish("10n ** 20n + BigInt(s)"));
    put(folder, "odd.mjs", finish("[NaN, -0, new Set([s]), undefined, 5n, { deep: Infinity }]"));
    const found = await results([path, "--op", "sum,./sum.mjs,./odd.mjs"], { cwd: folder });
    assert.equal(found, {
      sum: 7,
      "./sum.mjs": "100000000000000000007",
      odd: ["NaN", "-0", [7], null, 5, { deep: "Infinity" }],
    });
  }));

test("what a module throws is told with its message and place", () =>
  inFolder(async (folder) => {
    const values = Array.from({ length: 100_000 }, (_, i) => i);
    const path = put(folder, "x.npy", npy("<f8", "(100000,)", doubles(values)));
    const script = `
export const identity = 0;
export const accumulate = (state, x) => {
  if (x % 20000 === 19999) throw new TypeError("no room for " + x);
  return state + x;
};
export const combine = (a, b) => a + b;`;
    const op = put(folder, "fussy.mjs", script);
    // The lowest block's error, whoever came first.
    const texts = ["no room for 19999", "fussy.mjs:4"];
    await fails(["reduce", path, "--op", op], 1, "ERR_USER_OPERATOR", ...texts);
    await fails(
      ["reduce", path, "--op", join(folder, "missing.js")],
      1,
      "ERR_USER_OPERATOR",
      "cannot be loaded",
      "missing.js",
    );
    const empty = put(folder, "empty.mjs", "export const identity = 0;");
    await fails(["reduce", path, "--op", empty], 1, "ERR_USER_OPERATOR", "combine");
  }));

test("an ES module that Node takes for CommonJS is refused with what to do about it", () =>
  inFolder(async (folder) => {
    put(folder, "package.json", "{}");
    put(folder, "op.js", "export const combine = (a, b) => (a > b ? a : b);");
    put(folder, "x.csv", "3\n5\n4\n");
    const args = ["reduce", "x.csv", "--op", "./op.js"];
    const { code, out, err } = await run(args, { cwd: folder });
    // Newer runtimes look into the file.
    if (code === 0) assert.is(out, "0 (float64)\n  op  5\n");
    else assert.match(err, /cannot be loaded: .*name it \.mjs, or set "type": "module"/);
    put(folder, "package.json", '{ "type": "module" }');
    assert.is((await run(args, { cwd: folder })).out, "0 (float64)\n  op  5\n");
  }));

const lengths = (n: number): number[] => {
  const rounds = [n];
  while (rounds.at(-1)! > 1) rounds.push(Math.ceil(rounds.at(-1)! / 2));
  return rounds;
};

test(
  "--schedule pairwise --trace tells n, ⌈n/2⌉, …, 1, and sums as the rounds do",
  () =>
    inFolder(async (folder) => {
      for (const n of [1, 2, 3, 7, 31, 32, 33, 1000, 8191, 65_537]) {
        const values = Array.from({ length: n }, (_, i) => i - 100);
        const path = put(folder, "x.npy", npy("<f8", `(${n},)`, doubles(values)));
        const args = ["--schedule", "pairwise", "--trace", "--op", "sum,max"];
        const { columns } = await reduce([path, ...args]);
        assert.equal(columns[0]!.rounds, lengths(n), `n = ${n}`);
        const sum = values.reduce((a, b) => a + b);
        assert.equal(columns[0]!.results, { sum, max: n - 101 });
      }
      const csv = put(folder, "t.csv", "a,b\n1,5\n2,\n3,6\n");
      const both = ["reduce", csv, "--column", "a", "--column", "b", "--schedule", "pairwise"];
      const { out, err } = await run([...both, "--trace"]);
      assert.is(out, "a (float64)\n  sum  6\nb (float64)\n  sum  11\n");
      const rounds = "a: round 0: 3\na: round 1: 2\na: round 2: 1\nb: round 0: 2\nb: round 1: 1\n";
      assert.ok(err.startsWith(`${rounds}3 rows, 1 null skipped`), err);
      const bytes = ["--schedule", "pairwise", "--max-bytes", "24MiB"];
      await fails(["reduce", "--generate", "4e6", ...bytes], 1, "ERR_MEMORY");
      const large = put(folder, "l.bin", new Uint8Array(32 * 2 ** 20));
      await fails(["reduce", large, "--dtype", "int8", ...bytes], 1, "ERR_MEMORY", "pairwise");
    }),
  { deadline: 120_000 },
);
