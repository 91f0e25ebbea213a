// Files that were cut off anywhere: each gives a coded error, or what a stream
// held until there, and closes. Wrong bytes within are the libraries' to find.
// hyparquet 1.31.5 and flechette 2.6.0 believe lengths and counts that a file
// claims: a wrong byte in a page's or a message's header may give wrong values,
// or let an array grow until memory is out, so no test can assert on those.

import * as fs from "node:fs";
import { RingfoldError } from "../../src/errors.js";
import { assert, seeded, test } from "../harness.js";
import { ROWS } from "./fixtures/tables.js";
import { fixture, inFolder, openFiles, put, read } from "./support.js";

const CUTS = 40;

const PARQUET = ["plain", "snappy", "gzip", "brotli", "zstd", "lz4", "pages", "v2", "delta"];
const ARROW = ["plain.arrow", "zstd.arrow", "lz4.arrow"];
const STREAMS = ["plain.arrows", "drops.arrows"];

/** Reads a file cut off at many places; how many rows came, or the code of the error. */
async function cut(file: string): Promise<(number | string)[]> {
  const random = seeded(file);
  const good = fs.readFileSync(fixture(file));
  const outcomes: (number | string)[] = [];
  await inFolder(async (folder) => {
    const before = openFiles();
    for (let run = 0; run < CUTS; run++) {
      const path = put(folder, `${run}-${file}`, good.subarray(0, random.int(good.length)));
      try {
        outcomes.push((await read(path, { columns: ["i64"] })).rows);
      } catch (error) {
        if (!(error instanceof RingfoldError)) throw new Error(`run ${run}`, { cause: error });
        assert.match(error.message, path);
        outcomes.push(error.code);
      }
    }
    assert.is(openFiles(), before);
  });
  return outcomes;
}

for (const file of [...PARQUET.map((name) => `${name}.parquet`), ...ARROW]) {
  test(`${file} is refused wherever it was cut off`, async () => {
    for (const outcome of await cut(file)) assert.is(outcome, "ERR_FORMAT");
  });
}

for (const file of STREAMS) {
  test(`${file} is refused wherever it was cut off, or has the batches before`, async () => {
    const outcomes = await cut(file);
    assert.ok(outcomes.includes("ERR_FORMAT"));
    for (const outcome of outcomes) {
      assert.ok(outcome === "ERR_FORMAT" || Number(outcome) < ROWS, String(outcome));
    }
  });
}
