// .npy files, written by NumPy itself, which is the oracle too: elements are
// compared by their bits.

import { join } from "node:path";
import { readRun } from "../../src/engine/fetch.js";
import { assert, test } from "../harness.js";
import { inFolder, numpy, open, put, read, readColumn } from "./support.js";

interface Case {
  file: string;
  dtype: string;
  /** Elements in the order in which they are stored, as unsigned integers of their bits. */
  bits: string[];
}

/** Every type, both byte orders, C and Fortran order, all versions, several shapes. */
const WRITE_ALL = `
rng = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
cases = []
for kind in ['b1','i1','u1','i2','u2','i4','u4','i8','u8','f2','f4','f8']:
    for order in '<>':
        for shape in [(), (0,), (1,), (7,), (3, 5), (2, 3, 4), (0, 3), (1,) * 32]:
            for fortran in [False, True]:
                for version in [(1, 0), (2, 0), (3, 0)]:
                    size = int(kind[1:])
                    count = int(np.prod(shape, dtype=int))
                    raw = rng.integers(0, 2 if kind == 'b1' else 256, count * size, dtype='u1')
                    x = np.frombuffer(raw.tobytes(), kind).reshape(shape).astype(order + kind)
                    if fortran: x = np.asfortranarray(x)
                    name = f'{len(cases)}.npy'
                    with open(name, 'wb') as f: np.lib.format.write_array(f, x, version=version)
                    stored = np.load(name).ravel('K').astype('=' + kind)
                    names = {'b': 'uint8', 'i': f'int{8*size}', 'u': f'uint{8*size}', 'f': f'float{8*size}'}
                    cases.append({'file': name, 'dtype': names[kind[0]],
                                  'bits': [str(v) for v in stored.view(f'u{size}').ravel('K').tolist()]})
print(json.dumps(cases))
`;

/** The bits of elements in memory. */
function bitsOf(memory: SharedArrayBuffer, size: number): string[] {
  const arrays = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array };
  const array = arrays[size as 1 | 2 | 4 | 8] as Uint8ArrayConstructor;
  return Array.from(new array(memory) as Iterable<unknown>, String);
}

test("each type, byte order, memory order, version and shape that NumPy writes is read to the bit", () =>
  inFolder(async (folder) => {
    const cases = numpy<Case[]>(folder, WRITE_ALL);
    assert.is(cases.length, 12 * 2 * 8 * 2 * 3);
    for (const { file, dtype, bits } of cases) {
      const source = await open(join(folder, file));
      try {
        assert.ok(source.kind === "segments");
        assert.is(source.dtype.name, dtype, file);
        assert.is(source.length, bits.length, file);
        const { size } = source.dtype;
        const memory = new SharedArrayBuffer(bits.length * size);
        const [segment] = source.segments;
        readRun(segment!, 0, bits.length, size, new Uint8Array(memory));
        assert.equal(bitsOf(memory, size), bits, file);
      } finally {
        source.close();
      }
    }
  }));

test("sums of what was read are NumPy's", () =>
  inFolder(async (folder) => {
    const sums = numpy<Record<string, string>>(
      folder,
      `
sums = {}
for name in ['int8', 'int32', 'uint64', '>i8']:
    x = (np.arange(100000) * 7919 % 251).astype(name)
    np.save(f'{name}.npy', x)
    sums[f'{name}.npy'] = str(x.sum(dtype='u8' if name == 'uint64' else 'i8'))
print(json.dumps(sums))`,
    );
    for (const [file, sum] of Object.entries(sums)) {
      const values = await readColumn(join(folder, file));
      assert.is(String(values.reduce<bigint>((total, v) => total + BigInt(v), 0n)), sum, file);
    }
  }));

test("an array that another follows in its file is read alone, as NumPy reads it", () =>
  inFolder(async (folder) => {
    numpy(
      folder,
      `
with open('two.npy', 'wb') as f:
    np.save(f, np.arange(5.0)); np.save(f, np.arange(9.0))
print(0)`,
    );
    assert.equal(await readColumn(join(folder, "two.npy")), [0, 1, 2, 3, 4]);
  }));

test("what NumPy saves and has no sum is refused with its type, and a remedy", () =>
  inFolder(async (folder) => {
    numpy(
      folder,
      `
for name, x in {
    'object': np.array([1, 'a', None], dtype=object), 'string': np.array(['ab', 'c']),
    'bytes': np.array([b'ab']), 'complex': np.array([1j]), 'complex64': np.array([1j], 'c8'),
    'date': np.array(['2020-01-01'], 'M8[D]'), 'span': np.array([1], 'm8[s]'),
    'record': np.zeros(3, [('a', 'i4'), ('b', 'f8')]), 'void': np.zeros(3, 'V5'),
    'longdouble': np.array([1], 'f16'),
}.items(): np.save(name + '.npy', x)
print(0)`,
    );
    const says: Record<string, RegExp> = {
      object: /"\|O", Python objects \(a pickle\).*astype/,
      string: /"<U2", strings/,
      bytes: /"\|S2", strings/,
      complex: /"<c16", complex numbers.*x\.real/,
      complex64: /"<c8", complex numbers/,
      date: /"<M8\[D\]", dates or time spans.*int64/,
      span: /"<m8\[s\]", dates or time spans/,
      record: /records.*x\['name'\]/,
      void: /"\|V5", records/,
      longdouble: /"<f16", long doubles.*float64/,
    };
    for (const [name, pattern] of Object.entries(says)) {
      const error = await assert.rejects(open(join(folder, `${name}.npy`)), "ERR_DTYPE");
      assert.match(error.message, pattern);
      assert.match(error.message, `${name}.npy`);
    }
  }));

/** A file with this header, and then `data` bytes. */
function npy(header: string, data = 0, version = 1, claimed = header.length): Uint8Array {
  const prefix = version === 1 ? Buffer.alloc(10) : Buffer.alloc(12);
  prefix.write("\x93NUMPY", "latin1");
  prefix[6] = version;
  if (version === 1) prefix.writeUInt16LE(claimed, 8);
  else prefix.writeUInt32LE(claimed, 8);
  return Buffer.concat([prefix, Buffer.from(header, "latin1"), Buffer.alloc(data)]);
}

const dict = (shape: string, descr = "'<f8'", fortran = "False"): string =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

test("headers as other writers make them are read", () =>
  inFolder(async (folder) => {
    const good: [header: string, data: number, elements: number][] = [
      ["{'shape':(2,),'fortran_order':False,'descr':'<f8'}", 16, 2],
      [`{"descr": "<f8", "fortran_order": True, "shape": (1, 2)}   \n`, 16, 2],
      [dict("(2L, 3L)"), 48, 6],
      [dict("()"), 8, 1],
      [dict("(4611686018427387904, 0)"), 0, 0],
      ["  { 'descr' : 'f8' , 'fortran_order' : False , 'shape' : ( 3 , ) }", 24, 3],
      [dict("(2,)", "'=f8'"), 16, 2],
      [dict("(2,)", "'|i1'"), 2, 2],
    ];
    for (const [header, data, elements] of good) {
      const path = put(folder, "x.npy", npy(header, data));
      assert.equal(await readColumn(path), Array(elements).fill(0), header);
    }
  }));

test("a header that is malformed, or claims what cannot be, is refused with the reason", () =>
  inFolder(async (folder) => {
    const bad: [content: Uint8Array, says: RegExp][] = [
      [npy(dict("(1152921504606846976,)"), 64), /claims 1152921504606846976 elements/],
      [npy(dict("(4294967296, 4294967296, 4294967296)"), 64), /claims \d+ elements/],
      [
        npy(dict("(10,)"), 72),
        /claims 10 elements of float64, shape \(10\), which take 80 bytes; it has 72/,
      ],
      [npy(dict("(1,)"), 0), /it has 0 of them/],
      [npy(dict("(-1,)"), 64), /negative dimension, -1/],
      [npy(dict("(3)"), 24), /has "\), }\\n" where "," is expected/],
      [npy(dict("[3]"), 24), /where "\(" is expected/],
      [npy(dict("(1.5,)"), 24), /where "," is expected/],
      [npy(dict("(__import__('os'),)"), 24), /where a dimension is expected/],
      [npy(dict(`(${"1,".repeat(65)})`), 8), /more than 64 dimensions/],
      [npy(dict("(1,)", "'<f8'", "0"), 8), /where True or False is expected/],
      [npy("{'descr': '<f8', 'fortran_order': False}", 8), /lacks one of/],
      [npy("{}", 8), /lacks one of/],
      [
        npy("{'descr': '<f8', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", 8),
        /"descr" too many/,
      ],
      [npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), 'x': 1}", 8), /"x" too many/],
      [npy(`${dict("()")} junk`, 8), /where the end is expected/],
      [npy("[1, 2]", 8), /where "{" is expected/],
      [npy("", 8), /where "{" is expected/],
      [npy(dict("()"), 8, 2, 1 << 30), /claims 1073741824 bytes/],
      [npy(dict("()"), 0, 2, 5000), /truncated/],
      [npy(dict("()"), 8, 4), /version is 4\.0/],
      [npy(dict("()"), 8, 0), /version is 0\.0/],
      [npy(dict("()")).subarray(0, 9), /truncated within/],
      [npy(dict("()")).subarray(0, 6), /cut off/],
    ];
    for (const [content, says] of bad) {
      const error = await assert.rejects(open(put(folder, "bad.npy", content)), "ERR_FORMAT");
      assert.match(error.message, says);
      assert.match(error.message, "bad.npy");
    }
    for (const descr of ["'|V2'", "'<V2'", "'<V1'"]) {
      const half = put(folder, "bad.npy", npy(dict("(1,)", descr), 2));
      const error = await assert.rejects(open(half), "ERR_DTYPE");
      assert.match(error.message, /a type without a name, as bfloat16.*x\.astype\('float32'\)/);
    }
    const unknown = put(folder, "bad.npy", npy(dict("(1,)", "'<f3'"), 8));
    assert.match(
      (await assert.rejects(open(unknown), "ERR_DTYPE")).message,
      /"<f3", an unknown type/,
    );
  }));

test("an array has no columns to select, and a dtype of its own", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.npy", npy(dict("(2,)"), 16));
    const column = await assert.rejects(open(path, { columns: ["price"] }), "ERR_COLUMN");
    assert.match(column.message, /one array, without columns: leave out the column "price"/);
    const dtype = await assert.rejects(open(path, { dtype: "int32" }), "ERR_DTYPE");
    assert.match(dtype.message, /its elements are float64; the dtype int32.*leave it out/);
    assert.is((await read(path, { dtype: "float64" })).rows, 2);
  }));
