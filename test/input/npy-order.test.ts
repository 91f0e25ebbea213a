// Orders of .npy files: NumPy's flat, C order where it matters, and columns of two dimensions, from
// files and streams. NumPy is the oracle, by the bits.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ByteStream } from "../../src/input/bytes.js";
import { openNpy } from "../../src/input/npy.js";
import type { OpenOptions, Source } from "../../src/input/source.js";
import { assert, seeded, test } from "../harness.js";
import { collect, inFolder, numpy, open } from "./support.js";

interface Case {
  file: string;
  shape: number[];
  /** Elements in C order, as numbers. */
  flat: (number | string)[];
}

const WRITE = (seed: number) => `
rng = np.random.default_rng(${seed})
cases = []
shapes = [(7,), (1, 7), (7, 1), (3, 5), (2, 3, 4), (4, 1, 3), (2, 1, 2, 3), (0, 3), (3, 0), (), (257, 3), (3, 257)]
for kind in ['<i1', '>i2', '<u2', '>i4', '<i8', '>f4', '<f8', '>f8']:
    for shape in shapes:
        for fortran in [False, True]:
            x = rng.integers(-100 if kind[1] != 'u' else 0, 100, shape).astype(kind)
            if fortran: x = np.asfortranarray(x)
            name = f'{len(cases)}.npy'
            np.save(name, x)
            cases.append({'file': name, 'shape': list(shape), 'flat': x.ravel('C').tolist()})
print(json.dumps(cases))
`;

const OPTIONS: OpenOptions = { columns: [], dtype: undefined };

/** The same file as a stream, in chunks that end anywhere. */
function stream(path: string, options: OpenOptions, cut: number): Promise<Source> {
  async function* chunks() {
    const data = readFileSync(path);
    yield data.subarray(0, cut);
    yield data.subarray(cut);
  }
  return openNpy(new ByteStream("s", chunks()), options);
}

const valuesOf = async (source: Source): Promise<number[][]> =>
  (await collect(source)).columns.map(({ values }) => values.map(Number));

test("where order matters, elements come in C order, however they are stored", () =>
  inFolder(async (folder) => {
    const random = seeded("npy order");
    const cases = numpy<Case[]>(folder, WRITE(random.int(2 ** 31)));
    for (const { file, flat, shape } of cases) {
      const path = join(folder, file);
      const options = { ...OPTIONS, ordered: true };
      const what = `${file} (${shape.join()})`;
      assert.equal(await valuesOf(await open(path, options)), [flat], what);
      const cut = 1 + random.int(200);
      assert.equal(await valuesOf(await stream(path, options, cut)), [flat], what);
    }
  }));

test("columns of two dimensions are NumPy's, from both orders, from files and streams", () =>
  inFolder(async (folder) => {
    const random = seeded("npy columns");
    for (const { file, flat, shape } of numpy<Case[]>(folder, WRITE(random.int(2 ** 31)))) {
      const [rows, width] = shape as [number, number];
      if (shape.length !== 2 || width === 0) continue;
      const path = join(folder, file);
      const places = [width - 1, random.int(width), 0];
      const options = { ...OPTIONS, columns: places.map(String) };
      const expected = places.map((place) =>
        Array.from({ length: rows }, (_, row) => flat[row * width + place]),
      );
      const source = await open(path, options);
      assert.ok(source.kind === "batches");
      assert.equal(
        source.columns.map(({ name }) => name),
        places.map(String),
      );
      assert.equal(await valuesOf(source), expected, file);
      assert.equal(await valuesOf(await stream(path, options, 1 + random.int(200))), expected);
    }
  }));

test("arrays longer than a batch and a panel's reads keep their order", () =>
  inFolder(async (folder) => {
    numpy(
      folder,
      `
x = (np.arange(900_000, dtype='i8') * 7919 % 1_000_003).astype('i4')
np.save('f.npy', np.asfortranarray(x.reshape(300_000, 3)))
np.save('c.npy', x.reshape(300_000, 3))
np.save('wide.npy', np.asfortranarray(x.reshape(3, 300_000)))
print(0)`,
    );
    const value = (i: number) => (i * 7919) % 1_000_003;
    for (const file of ["f.npy", "wide.npy"]) {
      const [flat] = await valuesOf(await open(join(folder, file), { ...OPTIONS, ordered: true }));
      assert.ok(flat!.length === 900_000 && flat!.every((found, i) => found === value(i)), file);
    }
    for (const file of ["f.npy", "c.npy"]) {
      const [column] = await valuesOf(await open(join(folder, file), { columns: ["1"] }));
      assert.is(column!.length, 300_000);
      assert.ok(
        column!.every((found, row) => found === value(3 * row + 1)),
        file,
      );
    }
  }));

test("a stream that ends early is refused, in any order", () =>
  inFolder(async (folder) => {
    numpy(
      folder,
      "np.save('f.npy', np.asfortranarray(np.arange(600.0).reshape(2, 300)))\nprint(0)",
    );
    const data = readFileSync(join(folder, "f.npy")).subarray(0, 1000);
    async function* chunks() {
      yield data;
    }
    for (const options of [{ ordered: true }, { columns: ["7"] }]) {
      const source = await openNpy(new ByteStream("s", chunks()), { ...OPTIONS, ...options });
      await assert.rejects(collect(source), "ERR_FORMAT");
    }
  }));

test("a column that there is not, of what has no columns, is refused; a flat reading is told", () =>
  inFolder(async (folder) => {
    numpy(
      folder,
      "np.save('2.npy', np.zeros((2, 3)))\nnp.save('3.npy', np.zeros((2, 3, 4)))\n" +
        "np.save('1.npy', np.zeros((1, 3)))\nnp.save('w.npy', np.zeros((2, 70000), 'i1'))\nprint(0)",
    );
    const says: Record<string, RegExp> = {
      "2.npy": /has no column "3"/,
      "3.npy": /is one array, of shape \(2, 3, 4\): columns are of two dimensions/,
      "w.npy": /of shape \(2, 70000\): columns are of two dimensions, at most 65536/,
    };
    for (const [file, pattern] of Object.entries(says)) {
      const error = await assert.rejects(
        open(join(folder, file), { columns: ["3"] }),
        "ERR_COLUMN",
      );
      assert.match(error.message, pattern);
    }
    const notes: string[] = [];
    const note = (text: string) => void notes.push(text);
    for (const file of ["2.npy", "3.npy", "1.npy"]) {
      (await open(join(folder, file), { note })).close();
    }
    assert.is(notes.length, 2);
    assert.match(notes[0]!, /all 6 elements of shape \(2, 3\) are reduced as one; --column picks/);
    assert.match(notes[1]!, /all 24 elements of shape \(2, 3, 4\) are reduced as one$/);
  }));
