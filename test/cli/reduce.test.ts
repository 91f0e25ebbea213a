// `ringfold reduce`: the right numbers from every kind of input, against NumPy, hyparquet and
// plain loops.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { assert, seeded, test } from "../harness.js";
import { doubles, inFolder, npy, put, python, reduce, results, run } from "./run.js";

const FLIGHTS = fileURLToPath(
  new URL("../../../node_modules/vega-datasets/data/flights-3m.parquet", import.meta.url),
);

/** Files of every dtype, and what Python's exact arithmetic and NumPy say of them. */
const MAKE_ARRAYS = `
import json, sys
from fractions import Fraction
import numpy as np
r = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
def facts(a):
    flat = a.ravel()  # In C order, as argmin counts.
    exact = sum(Fraction(x) for x in flat.tolist())
    facts = {
        "sum": str(exact) if a.dtype.kind != "f" else repr(float(exact)),
        "mean": repr(float(exact / flat.size)),
        "min": str(flat.min().item()), "max": str(flat.max().item()),
        "argmin": str(int(flat.argmin())), "argmax": str(int(flat.argmax())),
        "count": str(flat.size), "countNonZero": str(int(np.count_nonzero(flat))),
        "any": str(bool(flat.any())).lower(), "all": str(bool(flat.all())).lower(),
    }
    if a.dtype.kind != "f":
        facts["and"] = str(int(np.bitwise_and.reduce(flat)))
        facts["or"] = str(int(np.bitwise_or.reduce(flat)))
        facts["xor"] = str(int(np.bitwise_xor.reduce(flat)))
    return facts
found = {}
for kind in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]:
    for order in "<>":
        dtype = np.dtype(order + kind)
        if dtype.kind == "f":
            a = (r.integers(-2**12, 2**12, 40013) / 8).astype(dtype)
        else:
            info = np.iinfo(dtype)
            a = r.integers(info.min, info.max, 40013, dtype=dtype.newbyteorder("="), endpoint=True)
            a = a.astype(dtype)
        name = kind + ("le" if order == "<" else "be") + ".npy"
        np.save(name, a)
        found[name] = facts(a)
a = np.asfortranarray(r.integers(-999, 999, (101, 203)))
np.save("fortran.npy", a)
found["fortran.npy"] = facts(a)
np.save("scalar.npy", np.float64(2.5))
found["scalar.npy"] = facts(np.array([2.5]))
print(json.dumps(found))
`;

/** Values as Python prints them: JavaScript writes 2 for 2.0. */
const same = (ours: unknown, theirs: string): boolean =>
  String(ours) === theirs || Number(theirs) === ours;

test(
  "every operator on .npy files of every dtype and byte order agrees with NumPy",
  () =>
    inFolder(async (folder) => {
      const found = python<Record<string, Record<string, string>>>(folder, MAKE_ARRAYS);
      assert.is(Object.keys(found).length, 22);
      for (const [name, facts] of Object.entries(found)) {
        const args = [join(folder, name), "--op", Object.keys(facts).join(",")];
        const isFlat = name === "fortran.npy";
        const ours = await results(args, isFlat ? { told: "are reduced as one" } : {});
        assert.equal(Object.keys(ours), Object.keys(facts), name);
        for (const [op, value] of Object.entries(facts)) {
          assert.ok(same(ours[op], value), `${op} of ${name}: ${ours[op]}, not ${value}`);
        }
      }
    }),
  { deadline: 180_000 },
);

test(
  "columns of a real Parquet file agree with hyparquet's reading of it",
  async () => {
    const bytes = readFileSync(FLIGHTS);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    const rows = await parquetReadObjects({ file, columns: ["delay", "distance"], compressors });
    const { columns, ...rest } = await reduce([
      FLIGHTS,
      ...["--column", "delay", "--column", "distance", "--op", "count,sum,min,max,mean"],
    ]);
    assert.is(rest.rows, 3_000_000);
    assert.is(rows.length, 3_000_000);
    assert.is(rest.version, 1);
    assert.equal(
      columns.map(({ name }) => name),
      ["delay", "distance"],
    );
    for (const { name, nulls, results } of columns) {
      let sum = 0n;
      let least = Number.POSITIVE_INFINITY;
      let most = Number.NEGATIVE_INFINITY;
      let count = 0;
      for (const row of rows) {
        const value = row[name as string];
        if (value === null || value === undefined) continue;
        sum += BigInt(value);
        least = Math.min(least, Number(value));
        most = Math.max(most, Number(value));
        count++;
      }
      assert.is(nulls, rows.length - count);
      const mean = Number(sum) / count;
      assert.equal(results, { count, sum: Number(sum), min: least, max: most, mean });
    }
  },
  { deadline: 180_000 },
);

test("text columns: nulls are skipped and counted, several columns come from one reading", () =>
  inFolder(async (folder) => {
    const random = seeded("text");
    const lines = ["id,price,name"];
    let nulls = 0;
    let sum = 0n;
    let ids = 0n;
    for (let i = 0; i < 30_000; i++) {
      const price = random.int(5) === 0 ? "" : String(random.int(1000) - 500);
      if (price === "") nulls++;
      sum += BigInt(price);
      ids += BigInt(i);
      lines.push(`${i},${price},"n, ${i}"`);
    }
    const path = put(folder, "t.csv", lines.join("\n"));
    const ops = ["--op", "sum,count"];
    const found = await reduce([path, "--column", "price", "--column", "id", ...ops]);
    assert.is(found.rows, 30_000);
    assert.equal(found.columns, [
      {
        name: "price",
        dtype: "float64",
        nulls,
        results: { sum: Number(sum), count: 30_000 - nulls },
      },
      { name: "id", dtype: "float64", nulls: 0, results: { sum: Number(ids), count: 30_000 } },
    ]);
    assert.is(found.bytes, 8 * (60_000 - nulls));
    const asInt = await results([path, "--column", "id", "--dtype", "int32"]);
    assert.equal(asInt, { sum: Number(ids) });
  }));

test("standard input is read as text, raw binary and .npy, wherever `-` stands", async () => {
  assert.equal(await results(["-"], { input: "1\n2\n3.5\n" }), { sum: 6.5 });
  const bytes = doubles([1, 2, 4]);
  assert.equal(await results(["-", "--dtype", "float64"], { input: bytes }), { sum: 7 });
  assert.equal(await results(["--", "-"], { input: npy("<f8", "(3,)", bytes) }), { sum: 7 });
  await inFolder(async (folder) => {
    const a = put(folder, "a.npy", npy("<f8", "(2,)", doubles([10, 20])));
    const b = put(folder, "b.npy", npy("<f8", "(1,)", doubles([0.5])));
    const args = [a, "-", "--op", "sum,argmax", b];
    assert.equal(await results(args, { input: npy("<f8", "(3,)", doubles([1, 2, 400])) }), {
      sum: 433.5,
      argmax: 4,
    });
  });
});

test("several files are one input, in their order", () =>
  inFolder(async (folder) => {
    const values = Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 50_000);
    const cut = [0, 1, 8192, 20_000, 50_000];
    const files = cut.slice(1).map((end, i) => {
      const part = values.slice(cut[i], end);
      return put(folder, `${i}.npy`, npy("<f8", `(${part.length},)`, doubles(part)));
    });
    const found = await results([...files, "--op", "argmin,argmax,sum"]);
    assert.equal(found, {
      argmin: 0,
      argmax: values.indexOf(49_999),
      sum: values.reduce((a, b) => a + b),
    });
    const reversed = await results([...files].reverse().concat("--op", "argmin"));
    assert.equal(reversed, { argmin: 49_999 });
  }));

test("a float sum has the same bits on any number of threads and in any memory", () =>
  inFolder(async (folder) => {
    const random = seeded("bits");
    const data = doubles(Array.from({ length: 300_000 }, () => random.next() - 0.4));
    const path = put(folder, "x.npy", npy("<f8", "(300000,)", data));
    const raw = put(folder, "x.bin", data);
    const first = await results([path, "--op", "sum,mean"]);
    for (const more of [
      ["--threads", "1"],
      ["--threads", "5"],
      ["--max-bytes", "24MiB"],
    ]) {
      assert.equal(await results([path, "--op", "sum,mean", ...more]), first, more.join(" "));
    }
    assert.equal(await results([raw, "--dtype", "float64", "--op", "sum,mean"]), first);
    assert.equal(await results(["-", "--op", "sum,mean"], { input: readFileSync(path) }), first);
  }));

test(
  "more threads than there is work for, and more columns than there are streams",
  () =>
    inFolder(async (folder) => {
      const path = put(folder, "x.npy", npy("<f8", "(3,)", doubles([1, 2, 3])));
      const found = await reduce([path, "--threads", "256"]);
      assert.equal([found.threads, found.columns[0]!.results], [256, { sum: 6 }]);
      const names = Array.from({ length: 64 }, (_, i) => `c${i}`);
      const table = put(folder, "t.csv", `${names.join()}\n${names.map((_, i) => i).join()}\n`);
      const columns = names.flatMap((name) => ["--column", name]);
      const all = await reduce([table, ...columns, "--op", "sum,max", "--threads", "1"]);
      assert.equal(
        all.columns.map(({ name, results }) => [name, results["sum"], results["max"]]),
        names.map((name, i) => [name, i, i]),
      );
      const more = await run(["reduce", table, ...columns, "--column", "c0"]);
      assert.is(more.code, 2);
      assert.match(more.err, "65 columns");
    }),
  { deadline: 120_000 },
);

test("--nan, --initial and --overflow do what the design says", () =>
  inFolder(async (folder) => {
    const nans = put(folder, "nan.npy", npy("<f8", "(3,)", doubles([Number.NaN, 2, 3])));
    assert.equal(await results([nans, "--op", "sum,min"]), { sum: "NaN", min: "NaN" });
    assert.equal(await results([nans, "--op", "sum,min", "--nan", "skip"]), { sum: 5, min: 2 });
    const none = put(folder, "none.npy", npy("<f8", "(0,)", doubles([])));
    assert.equal(await results([none, "--op", "min,max", "--initial", "-1.5"]), {
      min: -1.5,
      max: -1.5,
    });
    assert.equal(await results([none, "--op", "max", "--initial=-Infinity"]), {
      max: "-Infinity",
    });
    assert.equal(await results([none, "--op", "min", "--initial=-0"]), { min: "-0" });
    const longs = new Uint8Array(BigInt64Array.of(2n ** 63n - 1n, 2n ** 63n - 1n).buffer);
    const big = put(folder, "big.npy", npy("<i8", "(2,)", longs));
    assert.equal(await results([big]), { sum: String(2n ** 64n - 2n) });
    assert.equal(await results([big, "--overflow", "wrap"]), { sum: -2 });
    assert.equal(await results([big, "--op", "sum", "--initial", "-18446744073709551614"]), {
      sum: 0,
    });
    const thrown = await run(["reduce", big, "--overflow", "throw"]);
    assert.is(thrown.code, 1);
    assert.match(thrown.err, "(ERR_OVERFLOW)");
  }));

/** xoshiro128++ in BigInt, as its authors wrote it; splitmix32 fills its state. */
function uniform(seed: number, n: number): number[] {
  const u32 = (x: bigint) => BigInt.asUintN(32, x);
  let mix = BigInt(seed);
  const s = Array.from({ length: 4 }, () => {
    mix = u32(mix + 0x9e3779b9n);
    let z = u32((mix ^ (mix >> 16n)) * 0x21f0aaadn);
    z = u32((z ^ (z >> 15n)) * 0x735a2d97n);
    return z ^ (z >> 15n);
  });
  const rotl = (x: bigint, k: bigint) => u32((x << k) | (x >> (32n - k)));
  const next = () => {
    const result = u32(rotl(u32(s[0]! + s[3]!), 7n) + s[0]!);
    const t = u32(s[1]! << 9n);
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotl(s[3]!, 11n);
    return result;
  };
  return Array.from({ length: n }, () => {
    const low = next();
    return Number(((next() >> 12n) << 32n) | low) / 2 ** 52;
  });
}

test("--generate makes the numbers of xoshiro128++, the same for the same seed", async () => {
  for (const seed of [1, 4_294_967_295]) {
    const values = uniform(seed, 5000);
    assert.equal(
      await results(["--generate", "5e3", "--seed", String(seed), "--op", "min,max,argmax,count"]),
      {
        min: Math.min(...values),
        max: Math.max(...values),
        argmax: values.indexOf(Math.max(...values)),
        count: 5000,
      },
    );
  }
  const million = await results(["--generate", "3000000", "--op", "mean,min,max"]);
  // Six standard errors.
  assert.ok(Math.abs((million["mean"] as number) - 0.5) < (6 * 0.2887) / Math.sqrt(3e6));
  assert.ok((million["min"] as number) >= 0 && (million["max"] as number) < 1);
  assert.equal(await results(["--generate", "0", "--op", "count"]), { count: 0 });
});
