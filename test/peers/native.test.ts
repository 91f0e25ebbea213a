// The peers in other languages that reduce arrays: what they answer, against sums of BigInt. Rayon is
// not asked, since its crates would have to be fetched.

import { assert, test } from "../harness.js";
import { ARRAY_DTYPES, type ArrayDtype, fillSigned, type Numbers } from "./arrays-data.js";
import { type Child, type NativePeer, startNative } from "./native.js";

const BUILDING = { deadline: 300_000 };
/** None that vectors or chunks would divide. */
const COUNTS = [3, 100, 4099, 70_001];
const METHODS = { openmp: ["simd"], tbb: ["reduce", "deterministic"], numpy: ["numpy"] } as const;
const ARRAYS = { float64: Float64Array, float32: Float32Array, int32: Int32Array };

function arrayOf(dtype: ArrayDtype, count: number): Numbers {
  const x = new ARRAYS[dtype](count);
  fillSigned(x);
  return x;
}

function oracle(x: Numbers): { readonly [job: string]: bigint } {
  const all = Array.from(x, BigInt);
  const sorted = [...all].sort((a, b) => (a < b ? -1 : 1));
  const half = Math.floor(all.length / 2);
  const pairs = all.slice(0, half).map((v, i) => v * (all[half + i] as bigint));
  const add = (a: bigint, b: bigint) => a + b;
  return {
    sum: all.reduce(add),
    min: sorted[0] as bigint,
    max: sorted.at(-1) as bigint,
    dot: pairs.reduce(add),
  };
}

async function started(name: keyof typeof METHODS): Promise<Child> {
  const child = await startNative(name);
  assert.type(child, "object", String(child));
  return child as Child;
}

for (const name of Object.keys(METHODS) as (keyof typeof METHODS)[]) {
  test(
    `${name} reduces the arrays that we reduce, and reduces them as BigInt does`,
    async () => {
      const child = await started(name);
      const threads = name === "numpy" ? [1] : [1, 2];
      for (const dtype of ARRAY_DTYPES) {
        for (const count of COUNTS) {
          assert.equal(await child.ask("prepare", dtype, count), ["ok"]);
          for (const [job, truth] of Object.entries(oracle(arrayOf(dtype, count)))) {
            for (const method of METHODS[name]) {
              for (const t of threads) {
                const [ns, result] = await child.ask("run", method, job, t, 3);
                assert.is(Number(result), Number(truth), `${dtype} ${count} ${method} ${job} ${t}`);
                assert.ok(Number(ns) > 0);
              }
            }
          }
        }
      }
      assert.equal(await child.ask("drop"), ["ok"]);
      await child.close();
    },
    BUILDING,
  );

  test(
    `${name} answers with an error what it does not know, and then goes on`,
    async () => {
      const child = await started(name);
      const method = METHODS[name][0];
      const unknown = [
        ["hello"],
        ["prepare", "complex128", 8],
        ["run", method, "sum", 1, 1],
        ["prepare", "float64", 8],
        ["run", method, "median", 1, 1],
        ["run", "other", "sum", 1, 1],
        ["run", method, "sum", 1, 1],
      ];
      const answers = [];
      for (const words of unknown) {
        answers.push(
          await child.ask(...words).then(
            ([first]) => first === "ok",
            () => undefined,
          ),
        );
      }
      assert.equal(answers, [undefined, undefined, undefined, true, undefined, undefined, false]);
      await child.close();
    },
    BUILDING,
  );
}

test("NumPy's mean and variance are those of the array", async () => {
  const child = await started("numpy");
  const x = Array.from(arrayOf("float64", 1001));
  const mean = x.reduce((a, b) => a + b) / x.length;
  const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length;
  await child.ask("prepare", "float64", x.length);
  const [, gotMean] = await child.ask("run", "numpy", "mean", 1, 1);
  const [, gotVariance] = await child.ask("run", "numpy", "var", 1, 1);
  await child.close();
  assert.is(Number(gotMean), mean);
  assert.ok(Math.abs(Number(gotVariance) - variance) < 1e-10);
});

const MADE_UP: NativePeer = {
  title: "No such peer",
  version: ["ringfold-no-such-program", "--version"],
  build: [],
  run: ["ringfold-no-such-program"],
  install: "apt-get install nothing",
};

test("a peer that is not installed is a sentence with the reason and how to install it", async () => {
  assert.is(
    await startNative(MADE_UP),
    "No such peer is absent: spawn ringfold-no-such-program ENOENT; " +
      "to have it: apt-get install nothing",
  );
});

test("a peer that does not build is a sentence with what the build says", async () => {
  const peer: NativePeer = {
    ...MADE_UP,
    version: [process.execPath, "--version"],
    build: [[process.execPath, "-e", "console.error('no such library'); process.exit(1)"]],
  };
  assert.is(
    await startNative(peer),
    "No such peer is absent: no such library; to have it: apt-get install nothing",
  );
});

test("a peer that ends early is an error when it is asked", async () => {
  const child = await startNative({
    ...MADE_UP,
    version: [process.execPath, "--version"],
    run: [process.execPath, "-e", "0"],
  });
  const asked = (child as Child).ask("prepare", "float64", 8);
  const error = await asked.then(
    () => undefined,
    (e: Error) => e.message,
  );
  assert.is(error, "No such peer ended when asked prepare float64 8");
  await (child as Child).close();
});
