// States: what `reduce --partial` writes and `merge` reads.

import { spawnSync } from "node:child_process";
import { openSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { assert, seeded, test } from "../harness.js";
import {
  doubles,
  ended,
  fails,
  inFolder,
  MAIN,
  npy,
  partial,
  put,
  python,
  results,
  run,
  terminal,
} from "./run.js";

const array = (values: readonly number[]) => npy("<f8", `(${values.length},)`, doubles(values));

/** The value that `merge --json` gives. */
async function merged(args: readonly string[], input?: Uint8Array): Promise<unknown> {
  const { out, err, code } = await run(["merge", "--json", ...args], input ? { input } : {});
  assert.is(err, "");
  assert.is(code, 0);
  return JSON.parse(out).value;
}

/** Pieces of one array, as many ways in; Python sums the whole. */
const MAKE = `
import json, math
from fractions import Fraction
import numpy as np
r = np.random.default_rng(5)
half = r.standard_normal(30000) * 10.0 ** r.integers(-200, 100, 30000)
x = r.permutation(np.concatenate([half, -half, r.standard_normal(777)]))
np.save("x.npy", x)
cuts = [0, 1, 8192, 8192, 20000, 50001, len(x)]
for k in range(6):
    part = x[cuts[k]:cuts[k + 1]]
    np.save(f"{k}.npy", part)
    part.tofile(f"{k}.bin")
    open(f"{k}.csv", "w").write("v\\n" + "".join(f"{v!r}\\n" for v in part.tolist()))
q = [Fraction(v) for v in x.tolist()]
mean = sum(q) / len(q)
print(json.dumps({
    "sum": math.fsum(x.tolist()), "mean": float(mean),
    "min": float(x.min()), "count": len(q),
}))
`;

test(
  "states of pieces, merged in any order, give the bits of one pass and of Python's rationals",
  () =>
    inFolder(async (folder) => {
      const facts = python<Record<string, number>>(folder, MAKE);
      const file = (name: string) => join(folder, name);
      const random = seeded("order");
      for (const [op, value] of Object.entries(facts)) {
        const how = [
          partial([file("0.npy"), "--op", op]),
          partial(["-", "--op", op], readFileSync(file("1.npy"))),
          // The piece without elements.
          partial([file("2.bin"), "--dtype", "float64", "--op", op]),
          partial([file("3.csv"), "--op", op]),
          partial(["-", "--dtype", "float64", "--op", op], readFileSync(file("4.bin"))),
          partial([file("5.npy"), "--op", op, "--threads", "1", "--max-bytes", "24MiB"]),
        ];
        const paths = how.map((state, i) => put(folder, `${op}${i}.state`, state));
        const whole = partial([file("x.npy"), "--op", op]);
        for (let i = paths.length - 1; i > 0; i--) {
          const k = random.int(i + 1);
          [paths[i], paths[k]] = [paths[k]!, paths[i]!];
        }
        assert.is(await merged(paths), value, op);
        assert.equal(await results([file("x.npy"), "--op", op]), { [op]: value });
        // Two levels, the second from standard input: the state has the bytes of one pass.
        const merge = (args: string[], input = Buffer.alloc(0)) =>
          spawnSync(process.execPath, [MAIN, "merge", "--partial", ...args], { input }).stdout;
        const half = merge(paths.slice(0, 3));
        assert.equal(merge(["-", ...paths.slice(3)], half), whole, op);
      }
    }),
  { deadline: 180_000 },
);

test("operators that are made of two sums have states too", () =>
  inFolder(async (folder) => {
    const paths = [[1, 2], [3], [], [4, -10]].map((values, i) =>
      put(folder, `${i}.npy`, array(values)),
    );
    // Σx = 0, Σ|x| = 20, Σx² = 130.
    const wanted = { variance: 26, sampleVariance: 32.5, std: Math.sqrt(26) };
    for (const [op, value] of Object.entries({ ...wanted, conditionNumber: "Infinity" })) {
      const states = paths.map((path, i) => put(folder, `${i}.state`, partial([path, "--op", op])));
      assert.is(await merged(states), value, op);
      assert.equal(await results([...paths, "--op", op]), { [op]: value });
    }
    const some = [0, 3].map((i) =>
      put(folder, `${i}.state`, partial([paths[i]!, "--op", "conditionNumber"])),
    );
    assert.is(await merged(some), 17 / 3);
  }));

test("what has two inputs or is generated has states too, and integers are exact in them", () =>
  inFolder(async (folder) => {
    const x = put(folder, "x.npy", array([1e16, 1, 2]));
    const y = put(folder, "y.npy", array([1, 1, -5e15]));
    const dot = put(folder, "dot.state", partial([x, y, "--op", "dot"]));
    assert.is(await merged([dot]), 1);
    const table = put(folder, "t.csv", "a,b\n3,4\n5,6\n");
    const columns = ["--column", "a", "--column", "b", "--op", "dot"];
    const more = put(folder, "more.state", partial([table, ...columns]));
    assert.is(await merged([more, dot]), 43);
    const random = put(folder, "r.state", partial(["--generate", "1000000", "--seed", "3"]));
    const { sum } = await results(["--generate", "1000000", "--seed", "3"]);
    assert.is(await merged([random]), sum);
    const none = put(folder, "none.state", partial(["--generate", "0"]));
    assert.is(await merged([none]), "-0");
    assert.is(await merged([none, random]), sum);
    const most = new Uint8Array(BigInt64Array.of(2n ** 63n - 1n).buffer);
    const long = put(folder, "long.npy", npy("<i8", "(1,)", most));
    const state = put(folder, "long.state", partial([long]));
    assert.is(await merged([state, state]), String(2n ** 64n - 2n));
    assert.is(await merged([state, state, "--overflow", "wrap"]), -2);
    const thrown = ["merge", state, state, "--overflow", "throw"];
    await fails(thrown, 1, "ERR_OVERFLOW");
    await fails(["merge", state, "--round-to", "float32"], 2, "ERR_OPTION", "int64");
  }));

test("a state of more numbers than the engine has memory for is the same as without bounds", () =>
  inFolder(async (folder) => {
    const bounded = partial(["--generate", "8000000", "--max-bytes", "16MiB"]);
    assert.equal(bounded, partial(["--generate", "8000000", "--threads", "1"]));
    const path = put(folder, "x.bin", "");
    truncateSync(path, 2 ** 28);
    const args = [path, "--dtype", "float64", "--op", "count"];
    const state = put(folder, "x.state", partial([...args, "--max-bytes", "16MiB"]));
    assert.is(await merged([state]), 2 ** 25);
  }));

test("merge prints what reduce prints: a table, or a JSON object with these members", () =>
  inFolder(async (folder) => {
    const a = put(folder, "a.npy", array([1, 2 ** -24]));
    const b = put(folder, "b.npy", array([2 ** -80, Number.NaN]));
    const states = [a, b].map((path) =>
      put(folder, `${path.at(-5)}.state`, partial([path, "--op", "mean", "--nan", "skip"])),
    );
    const { out, err, code } = await run(["merge", ...states, "--json"]);
    assert.is(err + code, "0");
    assert.equal(JSON.parse(out), {
      version: 1,
      operator: "mean",
      dtype: "float64",
      nan: "skip",
      states: 2,
      value: (1 + 2 ** -24) / 3,
    });
    const shown = await run(["merge", ...states]);
    assert.equal(shown, {
      code: 0,
      signal: null,
      out: `mean  ${(1 + 2 ** -24) / 3}\n`,
      err: "2 states of float64\n",
    });
    const plain = [a, b].map((path) => put(folder, `${path.at(-5)}.s`, partial([path])));
    assert.is(await merged(plain), "NaN");
    assert.is(await merged(plain.slice(0, 1)), 1 + 2 ** -24);
    const third = put(folder, "c.npy", array([2 ** -80]));
    const sums = [plain[0]!, put(folder, "c.s", partial([third]))];
    assert.is(await merged([...sums, "--round-to", "float32"]), 1 + 2 ** -23);
    const least = put(folder, "m.s", partial(["--generate", "0", "--op", "min"]));
    await fails(["merge", least], 1, "ERR_EMPTY", "min of nothing");
  }));

test(
  "a state that was cut, altered or lengthened is refused with its file's name",
  () =>
    inFolder(async (folder) => {
      const good = partial(["--generate", "1000"]);
      const first = put(folder, "good.state", good);
      const damaged: [name: string, bytes: Uint8Array, text: string][] = [
        ["cut.state", good.subarray(0, -1), "was cut off"],
        ["stump.state", good.subarray(0, 39), "39 bytes"],
        ["empty.state", new Uint8Array(0), "0 bytes"],
        ["long.state", Buffer.concat([good, good]), "something was added"],
        ["array.npy", array([1, 2]), "none"],
        ["huge.bin", new Uint8Array(1 << 20), "none"],
      ];
      const random = seeded("altered");
      for (let i = 0; i < 8; i++) {
        const bytes = Uint8Array.from(good);
        // The identifying bytes, the header, and any place at all.
        const at = [0, 8, 10, 11, 16, 36][i] ?? random.int(bytes.length);
        bytes[at]! ^= 1 << random.int(8);
        damaged.push([`altered${i}.state`, bytes, "cannot be merged"]);
      }
      for (const [name, bytes, text] of damaged) {
        const path = put(folder, name, bytes);
        await fails(["merge", first, path], 1, "ERR_STATE", name, text);
        await fails(["merge", path], 1, "ERR_STATE", name);
        const { out, code } = await run(["merge", "-", first, "--json"], { input: bytes });
        assert.is(code, 1);
        assert.is(JSON.parse(out).error.code, "ERR_STATE");
        assert.match(JSON.parse(out).error.message, "standard input");
      }
      assert.is((await run(["merge", first, "--partial"])).code, 0);
    }),
  { deadline: 180_000 },
);

test("states of another operator, dtype or treatment of NaN are refused with the file's name", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.npy", array([1, 2]));
    const ints = put(folder, "i.npy", npy("<i4", "(2,)", new Uint8Array(8)));
    const sum = put(folder, "sum.state", partial([path]));
    const others = {
      "mean.state": partial([path, "--op", "mean"]),
      "int.state": partial([ints]),
      "skip.state": partial([path, "--nan", "skip"]),
    };
    for (const [name, state] of Object.entries(others)) {
      const texts = [name, "sum of float64"];
      await fails(["merge", sum, sum, put(folder, name, state)], 1, "ERR_STATE", ...texts);
    }
  }));

test(
  "merging nothing, and what cannot be read, fails as reduce does",
  () =>
    inFolder(async (folder) => {
      const state = put(folder, "x.state", partial(["--generate", "1"]));
      await fails(["merge"], 2, "ERR_OPTION", "no state", "ringfold merge FILE..");
      await fails(["merge", ""], 2, "ERR_OPTION", "empty");
      await fails(["merge", "-", "-"], 2, "ERR_OPTION", "standard input");
      await fails(["merge", state, join(folder, "nowhere")], 1, "ERR_FILE", "nowhere", "no such");
      await fails(["merge", folder], 1, "ERR_FILE", "it is a folder");
      await fails(["merge", state, "--overflow", "wrapped"], 2, "ERR_OPTION", "wrap, throw");
      await fails(["merge", state, "--op", "sum"], 2, "ERR_OPTION", "unknown option --op");
      const two = ["merge", state, "--partial"];
      for (const option of [
        ["--round-to", "float32"],
        ["--overflow", "wrap"],
      ]) {
        await fails([...two, ...option], 2, "ERR_OPTION", `leave ${option[0]} out`);
      }
      const { code } = await run([...two, "--json"]);
      assert.is(code, 2);
    }),
  { deadline: 120_000 },
);

test(
  "--partial takes one operator of one column, and nothing that only a value has",
  () =>
    inFolder(async (folder) => {
      const path = put(folder, "x.npy", array([1, 2]));
      const table = put(folder, "t.csv", "a,b\n1,2\n");
      const start = ["reduce", "--partial", path];
      const cases: [args: string[], ...texts: string[]][] = [
        [["--op", "sum,max"], "one operator", "sum, max"],
        [["--receipt"], "leave --receipt out"],
        [["--initial", "0"], "leave --initial out"],
        [["--overflow", "wrap"], "leave --overflow out"],
        [["--round-to", "float32"], "leave --round-to out"],
        [["--trace"], "leave --trace out"],
        [["--schedule", "pairwise"], "pairwise"],
        [["--accuracy", "fast"], "leave --accuracy fast out"],
      ];
      for (const [args, ...texts] of cases) {
        await fails([...start, ...args], 2, "ERR_OPTION", ...texts);
      }
      const columns = ["--column", "a", "--column", "b"];
      await fails(["reduce", "--partial", table, ...columns], 2, "ERR_OPTION", "one column");
      for (const op of ["product", "argmin"]) {
        await fails([...start, "--op", op], 2, "ERR_OPERATOR", op);
      }
      assert.is((await run([...start, "--json"])).code, 2);
      await fails(["reduce", "--partial", join(folder, "no.npy")], 1, "ERR_FILE");
      assert.equal(partial([path, "--accuracy", "exact"]), partial([path]));
    }),
  { deadline: 120_000 },
);

test("a terminal is not sent a state, and a full disk does not pass for success", () =>
  inFolder(async (folder) => {
    const state = put(folder, "x.state", partial(["--generate", "10"]));
    for (const line of ["reduce --generate 10 --partial", `merge ${state} --partial`]) {
      const child = terminal(line);
      child.stdin.end();
      const { out, code } = await ended(child);
      assert.is(code, 2, out);
      assert.match(out, "standard output is a terminal");
      assert.not.match(out, "RFSTATE");
    }
    const full = openSync("/dev/full", "w");
    const child = spawnSync(process.execPath, [MAIN, "reduce", "--generate", "9", "--partial"], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    assert.is(child.status, 1);
    assert.match(child.stderr, "cannot be written: there is no space left (ERR_FILE)");
  }));
