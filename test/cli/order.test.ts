// Orders of .npy files on the command line: NumPy is the oracle.

import { join } from "node:path";
import { assert, test } from "../harness.js";
import { inFolder, put, python, reduce, run } from "./run.js";

/** One line a file: what NumPy has in its flat, C order. */
const WRITE = `
import json
import numpy as np
rng = np.random.default_rng(5)
found = {}
for name, shape in {'a': (2, 3), 'b': (40, 300), 'c': (5, 6, 7), 'd': (9000, 3)}.items():
    # Few values, so that there are ties.
    x = np.asfortranarray(rng.integers(-5, 5, shape).astype('f8'))
    np.save(name + '.npy', x)
    np.save(name + '-c.npy', np.ascontiguousarray(x))
    found[name] = {'argmin': int(x.argmin()), 'argmax': int(x.argmax()),
                   'dot': float(np.vdot(x, x * 3)),
                   'text': ''.join(str(int(v)) + ';' for v in x.ravel()[:10])}
    np.save(name + '-3.npy', np.ascontiguousarray(x) * 3)
print(json.dumps(found))`;

/** Not commutative: the first ten elements, in order. */
const FIRST_TEN = `export const stateBytes = 4096;
export const identity = "";
const ten = (text) => text.split(";").slice(0, 10).join(";") + (text.split(";").length > 10 ? ";" : "");
export function accumulate(state, value) { return ten(state + value + ";"); }
export function combine(left, right) { return ten(left + right); }
`;

test(
  "places, pairs and a user's operator have NumPy's order, in Fortran-ordered files and streams",
  () =>
    inFolder(async (folder) => {
      const expected = python<Record<string, Record<string, unknown>>>(folder, WRITE);
      const module = put(folder, "first-ten.mjs", FIRST_TEN);
      const json = async (args: string[], input?: Uint8Array) => {
        const result = await run(["reduce", "--json", ...args], input ? { input } : {});
        assert.is(result.code, 0, result.err);
        return JSON.parse(result.out).columns[0].results as Record<string, unknown>;
      };
      for (const [name, { argmin, argmax, dot, text }] of Object.entries(expected)) {
        for (const file of [`${name}.npy`, `${name}-c.npy`]) {
          const path = join(folder, file);
          const places = await json([path, "--op", "argmin,argmax,sum"]);
          assert.equal([places["argmin"], places["argmax"]], [argmin, argmax], file);
          const other = join(folder, `${name}-3.npy`);
          assert.equal(await json([path, other, "--op", "dot"]), { dot }, file);
          assert.equal(await json([path, "--op", module]), { "first-ten": text }, file);
        }
      }
    }),
  { deadline: 120_000 },
);

test("a column of two dimensions is picked by its place, and a flat sum is told on stderr", () =>
  inFolder(async (folder) => {
    const sums = python<number[]>(
      folder,
      `
import json
import numpy as np
x = np.arange(12.0).reshape(4, 3) ** 2
np.save('x.npy', x)
print(json.dumps(x.sum(axis=0).tolist()))`,
    );
    const path = join(folder, "x.npy");
    const picked = await reduce([path, "--column", "2", "--column", "0"]);
    assert.equal(
      picked.columns.map(({ name, results }) => [name, results["sum"]]),
      [
        ["2", sums[2]],
        ["0", sums[0]],
      ],
    );
    const flat = await run(["reduce", path]);
    assert.is(flat.code, 0);
    assert.match(flat.out, "sum  506\n");
    assert.match(flat.err, "all 12 elements of shape (4, 3) are reduced as one; --column picks");
  }));
