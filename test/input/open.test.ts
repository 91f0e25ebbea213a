// Which format a file is taken for, several files as one, standard input, and
// what becomes of descriptors.

import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { assert, test } from "../harness.js";
import {
  type Content,
  collect,
  dataset,
  fixture,
  inFolder,
  open,
  openFiles,
  put,
  read,
  readColumn,
} from "./support.js";

const npyOf = (values: readonly number[], descr = "<f8"): Buffer => {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${values.length},), }\n`;
  const prefix = Buffer.from(
    `\x93NUMPY\x01\0${String.fromCharCode(header.length)}\0${header}`,
    "latin1",
  );
  return Buffer.concat([prefix, raw(values, descr)]);
};

function raw(values: readonly number[], descr = "<f8"): Buffer {
  const array = descr === "<f8" ? Float64Array.from(values) : Int32Array.from(values);
  return Buffer.from(array.buffer);
}

const ARROW = fs.readFileSync(dataset("flights-200k.arrow"));

test("content decides before the name does", () =>
  inFolder(async (folder) => {
    for (const name of ["x", "x.csv", "x.bin", "x.unknown"]) {
      assert.equal(await readColumn(put(folder, name, npyOf([1, 2]))), [1, 2], name);
      const arrow = await read(put(folder, name, ARROW), { columns: ["time"] });
      assert.is(arrow.rows, 200_000, name);
    }
  }));

test("a name that promises a binary format which is not there is an error that says what is", () =>
  inFolder(async (folder) => {
    const files: [name: string, content: string | Uint8Array, says: RegExp][] = [
      ["a.parquet", "a,b\n1,2\n", /is named \.parquet, but is not a Parquet file: it is text/],
      ["a.npy", "1\n2\n", /is named \.npy, but is not a NumPy file: it is text/],
      ["a.arrow", "1\n2\n", /is named \.arrow, but is not an Arrow file: it is text/],
      ["a.feather", Buffer.from("FEA1...."), /Feather version 1/],
      ["a.npy", ARROW, /it is an Arrow file/],
      ["a.parquet", npyOf([1]), /it is a NumPy file/],
      ["a.parquet", "", /it is empty/],
      ["a.npy", Buffer.from([0, 1, 2, 3]), /starts with the bytes 00 01 02 03/],
      ["a.parquet", Buffer.from([0x1f, 0x8b, 8, 0]), /is compressed by gzip/],
    ];
    for (const [name, content, says] of files) {
      const error = await assert.rejects(open(put(folder, name, content)), "ERR_FORMAT");
      assert.match(error.message, says);
    }
  }));

test("what is neither text nor known is refused, with what to do about it", () =>
  inFolder(async (folder) => {
    const files: [name: string, content: string | Uint8Array, says: RegExp][] = [
      ["x", raw([1.5]), /no known format.*--dtype/],
      ["x.csv", raw([1.5]), /not text.*--dtype/],
      ["x.csv", "", /is empty/],
      ["x", "", /is empty/],
      ["x.csv.gz", Buffer.from([0x1f, 0x8b, 8, 0]), /compressed by gzip.*gunzip -c/],
      ["x.zst", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]), /compressed by zstd/],
      ["x.npz", Buffer.from("PK\x03\x04...."), /an archive \(zip\).*unpack/],
      ["x.h5", Buffer.from("\x89HDF\r\n", "latin1"), /HDF5/],
      ["x.csv", Buffer.from("\ufeffa\n1\n", "utf16le"), /UTF-16.*UTF-8/],
      ["x", Buffer.from("PARE...."), /encrypted/],
    ];
    for (const [name, content, says] of files) {
      const error = await assert.rejects(open(put(folder, name, content)), "ERR_FORMAT");
      assert.match(error.message, says);
    }
  }));

test("raw binary needs a dtype, and a size that is a multiple of it", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.bin", raw([1, 2, 3], "<i4"));
    assert.equal(await readColumn(path, { dtype: "int32" }), [1, 2, 3]);
    assert.equal(await readColumn(path, { dtype: "uint8" }), [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
    const remainder = await assert.rejects(open(path, { dtype: "float64" }), "ERR_FORMAT");
    assert.match(remainder.message, /12 bytes.*float64: 4 are left over/);
    assert.match((await assert.rejects(open(path), "ERR_DTYPE")).message, /--dtype/);
    await assert.rejects(open(path, { dtype: "float33" }), "ERR_DTYPE");
    await assert.rejects(open(path, { dtype: "int32", columns: ["0"] }), "ERR_COLUMN");
    assert.equal(await readColumn(put(folder, "empty.raw", ""), { dtype: "int64" }), []);
    assert.equal(await readColumn(put(folder, "noname", raw([4], "<i4")), { dtype: "int32" }), [4]);
  }));

test("raw int32 that begin with -1 are not an Arrow stream, nor are those without a name", () =>
  inFolder(async (folder) => {
    const values = [-1, 16, 12, 0, 1, 2, 3, 4];
    for (const name of ["x.bin", "x"]) {
      const path = put(folder, name, raw(values, "<i4"));
      assert.equal(await readColumn(path, { dtype: "int32" }), values);
    }
  }));

test("a format that is given is not guessed", () =>
  inFolder(async (folder) => {
    const text = put(folder, "x", "1\n2\n");
    assert.equal(await readColumn(text, { dtype: "int8" }), [49, 10, 50, 10]);
    assert.equal(await readColumn(text, { dtype: "int8", format: "csv" }), [1, 2]);
    const array = put(folder, "x.npy", npyOf([1]));
    assert.is((await readColumn(array, { dtype: "uint8", format: "raw" }))[0], 0x93);
    await assert.rejects(open(text, { format: "npy" }), "ERR_FORMAT");
    await assert.rejects(open(text, { format: "parquet" }), "ERR_FORMAT");
    await assert.rejects(open(text, { format: "arrow" }), "ERR_FORMAT");
    await assert.rejects(open(text, { format: "raw" }), "ERR_DTYPE");
  }));

test("files that cannot be opened are ERR_FILE with the path, the remedy and the cause", () =>
  inFolder(async (folder) => {
    const missing = await assert.rejects(open(join(folder, "none.csv")), "ERR_FILE");
    assert.match(missing.message, /none\.csv.*no such file; check the spelling/);
    assert.is((missing.cause as NodeJS.ErrnoException).code, "ENOENT");
    const directory = await assert.rejects(open(folder), "ERR_FILE");
    assert.match(directory.message, /it is a folder; name the files/);
    assert.is((directory.cause as NodeJS.ErrnoException).code, "EISDIR");
    await assert.rejects(open([]), "ERR_OPTION");
    await assert.rejects(open(["-", "-"]), "ERR_OPTION");
  }));

test("a file without permission is ERR_FILE", () =>
  inFolder(async (folder) => {
    const path = put(folder, "x.csv", "1\n");
    fs.chmodSync(path, 0);
    fs.chmodSync(folder, 0o755);
    if (process.getuid?.() !== 0) {
      const error = await assert.rejects(open(path), "ERR_FILE");
      assert.match(error.message, /not permitted; check its permissions/);
      return;
    }
    // To root nothing is forbidden: another user has to try.
    const url = new URL("../../src/input/open.js", import.meta.url).href;
    const code = `process.setgid(65534); process.setuid(65534);
      openSources([${JSON.stringify(path)}], { columns: [], dtype: undefined })
        .catch((error) => console.log(error.code, error.message))`;
    const program = `import { openSources } from ${JSON.stringify(url)};${code}`;
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    assert.match(output, /^ERR_FILE .*x\.csv.*not permitted/);
  }));

test("arrays of one dtype are one source, in the order of the files", () =>
  inFolder(async (folder) => {
    const a = put(folder, "a.npy", npyOf([1, 2]));
    const b = put(folder, "b.bin", raw([3]));
    const c = put(folder, "c.npy", npyOf([]));
    const source = await open([a, b, c, a], { dtype: "float64" });
    assert.is(source.kind, "segments");
    const { columns } = await collect(source);
    assert.equal(columns[0]!.values, [1, 2, 3, 1, 2]);
  }));

test("arrays and tables are one source of batches", () =>
  inFolder(async (folder) => {
    const a = put(folder, "a.npy", npyOf([1, 2]));
    const b = put(folder, "b.csv", "x\n3\nNA\n");
    const source = await open([a, b, a]);
    assert.is(source.kind, "batches");
    const { rows, columns, batches } = await collect(source);
    assert.is(rows, 6);
    assert.equal(batches, [2, 2, 2]);
    assert.equal(columns, [{ name: "x", dtype: "float64", values: [1, 2, 3, 1, 2], nulls: 1 }]);
  }));

test("a large array among tables comes in batches of bounded size", () =>
  inFolder(async (folder) => {
    const n = 600_000;
    const a = put(folder, "a.npy", npyOf([]));
    const b = put(folder, "b.bin", raw(Array.from({ length: n }, (_, i) => i)));
    const c = put(folder, "c.csv", "1\n");
    const { columns, batches } = await read([a, b, c], { dtype: "float64" });
    assert.equal(batches, [262_144, 262_144, 75_712, 1]);
    assert.ok(columns[0]!.values.every((v, i) => v === (i < n ? i : 1)));
  }));

test("dtypes or columns that differ are an error that names both files", () =>
  inFolder(async (folder) => {
    const f8 = put(folder, "f8.npy", npyOf([1]));
    const i4 = put(folder, "i4.npy", npyOf([1], "<i4"));
    const x = put(folder, "x.csv", "x\n1\n");
    const y = put(folder, "y.csv", "y\n1\n");
    const dtype = await assert.rejects(open([f8, f8, i4]), "ERR_DTYPE");
    assert.match(dtype.message, /f8\.npy has an array \(float64\).*i4\.npy has an array \(int32\)/);
    await assert.rejects(open([i4, x]), "ERR_DTYPE");
    const column = await assert.rejects(open([x, y]), "ERR_COLUMN");
    assert.match(column.message, /x\.csv has x \(float64\).*y\.csv has y \(float64\)/);
    const two = put(folder, "two.csv", "x,y\n1,2\n");
    await assert.rejects(open([two, x], { columns: ["x", "y"] }), "ERR_COLUMN");
    assert.equal((await read([two, x], { columns: ["x"] })).columns[0]!.values, [1, 1]);
  }));

test("every error closes what was opened, and so does close", () =>
  inFolder(async (folder) => {
    const good = put(folder, "good.npy", npyOf([1]));
    const bad = [
      put(folder, "bad.npy", "text"),
      put(folder, "bad.parquet", "PAR1 and then nothing PAR1"),
      put(folder, "bad.arrow", "ARROW1 and then nothing"),
      put(folder, "bad.csv", "a,b\n1,2\n"),
      put(folder, "bad.bin", "123"),
      put(folder, "none", raw([1])),
      folder,
      join(folder, "missing"),
    ];
    for (const path of [...bad, good])
      await open([good, path], { dtype: "float64" }).then(
        (s) => s.close(),
        () => {},
      );
    const before = openFiles();
    for (const path of bad) {
      await open([good, good, path]).then(
        () => assert.unreachable(path),
        (error: Error) => assert.match(String((error as { code?: string }).code), /^ERR_/),
      );
    }
    assert.is(openFiles(), before);
    const sources = [
      await open([good, good]),
      await open(put(folder, "x.csv", "1\n")),
      await open(dataset("flights-3m.parquet"), { columns: ["delay"] }),
      await open(dataset("flights-200k.arrow"), { columns: ["time"] }),
    ];
    assert.is(openFiles(), before + 5);
    for (const source of sources) source.close();
    for (const source of sources) source.close();
    assert.is(openFiles(), before);
  }));

test("a source that was closed gives no more batches, and says so", () =>
  inFolder(async (folder) => {
    const text = put(folder, "x.csv", "1\n".repeat(1_000_000));
    for (const [path, columns] of [
      [text, []],
      [dataset("flights-3m.parquet"), ["delay"]],
      [dataset("flights-200k.arrow"), ["time"]],
    ] as const) {
      const source = await open(path, { columns });
      assert.ok(source.kind === "batches");
      source.close();
      await assert.rejects(source.batches()[Symbol.asyncIterator]().next(), "ERR_CLOSED");
    }
    const source = await open(text);
    assert.ok(source.kind === "batches");
    const batches = source.batches()[Symbol.asyncIterator]();
    assert.is((await batches.next()).value?.rows, 262_144);
    source.close();
    await assert.rejects(async () => {
      while ((await batches.next()).done !== true);
    }, "ERR_CLOSED");
  }));

/** Runs a program that reads its standard input; `feed` writes to it. */
async function readStdin(
  paths: readonly string[],
  options: object,
  feed: (stdin: NodeJS.WritableStream) => void,
): Promise<Content | { code: string; message: string }> {
  const support = new URL("./support.js", import.meta.url).href;
  const program = `
    import { read } from ${JSON.stringify(support)};
    const text = (_, v) => typeof v === "bigint" ? String(v) : v;
    read(${JSON.stringify(paths)}, ${JSON.stringify(options)}).then(
      (content) => console.log(JSON.stringify(content, text)),
      ({ code, message }) => console.log(JSON.stringify({ code, message })),
    );`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => {}); // The program may close it before all is written.
  feed(child.stdin);
  let output = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) output += chunk;
  return JSON.parse(output);
}

const piped = (paths: readonly string[], options: object, content: string | Uint8Array) =>
  readStdin(paths, options, (stdin) => stdin.end(content));

const oneColumn = (name: string, dtype: string, values: readonly (number | string)[]): Content => ({
  rows: values.length,
  columns: [{ name, dtype, values: values as number[], nulls: 0 }],
  batches: values.length > 0 ? [values.length] : [],
});

test("standard input is sniffed like a file", async () => {
  assert.equal(await piped(["-"], {}, npyOf([1, 2])), oneColumn("", "float64", [1, 2]));
  assert.equal(await piped(["-"], {}, "x\n1\n2\n"), oneColumn("x", "float64", [1, 2]));
  assert.equal(
    await piped(["-"], { dtype: "int32" }, raw([1, 2], "<i4")),
    oneColumn("", "int32", [1, 2]),
  );
  assert.equal(
    await piped(["-"], { dtype: "int64", format: "csv" }, "7\n"),
    oneColumn("0", "int64", ["7"]),
  );
  const parquet = fs.readFileSync(fixture("plain.parquet"));
  const options = { columns: ["i16"] };
  assert.equal(await piped(["-"], options, parquet), await read(fixture("plain.parquet"), options));
  for (const name of ["plain.arrow", "plain.arrows"]) {
    const arrow = fs.readFileSync(fixture(name));
    assert.equal(await piped(["-"], options, arrow), await read(fixture(name), options), name);
  }
});

test("standard input that ends too early, or holds nothing, is told by its name", async () => {
  const cases: [content: string | Uint8Array, options: object, code: string, says: RegExp][] = [
    ["", {}, "ERR_FORMAT", /standard input: is empty/],
    [npyOf([1, 2]).subarray(0, -5), {}, "ERR_FORMAT", /not a whole number of float64: 3 are left/],
    [npyOf([1, 2]).subarray(0, -8), {}, "ERR_FORMAT", /claims 2 elements of float64, it has 1/],
    [npyOf([1, 2]).subarray(0, 30), {}, "ERR_FORMAT", /truncated/],
    ["12345", { dtype: "int16" }, "ERR_FORMAT", /int16: 1 are left over/],
    [ARROW.subarray(8, 5000), {}, "ERR_FORMAT", /only read 4472/],
    [ARROW.subarray(8, 100), {}, "ERR_FORMAT", /no known format|metadata|schema/],
    [ARROW.subarray(0, 5000), { columns: ["time"] }, "ERR_FORMAT", /does not end with ARROW1/],
  ];
  for (const [content, options, code, says] of cases) {
    const outcome = await piped(["-"], options, content);
    assert.is("code" in outcome && outcome.code, code, JSON.stringify(outcome).slice(0, 200));
    assert.match("code" in outcome ? outcome.message : "", says);
  }
});

test("standard input that comes in drops is the same", async () => {
  const drops = (content: Buffer, size: number) => (stdin: NodeJS.WritableStream) => {
    let at = 0;
    const drop = () => {
      stdin.write(content.subarray(at, at + size));
      at += size;
      if (at < content.length) setTimeout(drop, 1);
      else stdin.end();
    };
    drop();
  };
  const values = Array.from({ length: 50 }, (_, i) => i);
  const npy = npyOf(values);
  assert.equal(await readStdin(["-"], {}, drops(npy, 7)), oneColumn("", "float64", values));
  const text = Buffer.from(`\ufeffa\r\n${values.join("\r\n")}`);
  assert.equal(await readStdin(["-"], {}, drops(text, 1)), oneColumn("a", "float64", values));
  const arrow = fs.readFileSync(fixture("plain.arrows"));
  const options = { columns: ["i16"] };
  const expected = await read(fixture("plain.arrows"), options);
  assert.equal(await readStdin(["-"], options, drops(arrow, 501)), expected);
});

test("standard input joins files, in its place", () =>
  inFolder(async (folder) => {
    const a = put(folder, "a.npy", npyOf([1]));
    const joined = await piped([a, "-", a], {}, "x\n2\n3\n");
    assert.equal(joined, { ...oneColumn("x", "float64", [1, 2, 3, 1]), batches: [1, 2, 1] });
  }));

test("a named pipe is read like standard input", () =>
  inFolder(async (folder) => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const source = put(folder, "x.npy", npyOf([5, 6]));
    const writer = spawn("sh", ["-c", `cat "${source}" > "${pipe}"`]);
    const over = new Promise((resolve) => writer.once("close", resolve));
    assert.equal(await readColumn(pipe), [5, 6]);
    await over;
  }));
