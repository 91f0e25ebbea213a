// Files with wrong bytes in them: each gives values or a coded error, soon, and
// with little memory. A library that believes a length dies here, and this
// process with it.

import * as fs from "node:fs";
import { RingfoldError } from "../../src/errors.js";
import { assert, type Random, seeded, test } from "../harness.js";
import { fixture, inFolder, open, openFiles, put } from "./support.js";

const RUNS = 60;

/** Bytes of a file, some of them wrong, mostly near its start or end, where the metadata is. */
function damage(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.int(8) === 0) return bytes.subarray(0, random.int(bytes.length));
  const wrong = Uint8Array.from(bytes);
  for (let k = random.int(3); k >= 0; k--) {
    const near = random.int(Math.min(3000, bytes.length));
    const at = random.pick([near, bytes.length - 1 - near, random.int(bytes.length)]);
    wrong[at] = random.pick([0, 255, 127, 128, random.int(256), wrong[at]! ^ (1 << random.int(8))]);
  }
  return wrong;
}

async function survive(file: string, columns: readonly string[]): Promise<void> {
  const random = seeded(file);
  const good = fs.readFileSync(fixture(file));
  const outcomes = new Set<string>();
  await inFolder(async (folder) => {
    const before = openFiles();
    for (let run = 0; run < RUNS; run++) {
      const path = put(folder, `${run}-${file}`, damage(good, random));
      const start = performance.now();
      const source = await open(path, { columns }).catch((error: unknown) => error);
      try {
        if (source instanceof Error) throw source;
        const { batches } = source as { batches(): AsyncIterable<{ rows: number }> };
        for await (const batch of batches()) assert.ok(batch.rows > 0);
        outcomes.add("read");
      } catch (error) {
        if (!(error instanceof RingfoldError)) throw new Error(`run ${run}`, { cause: error });
        assert.match(error.code, /^ERR_(FORMAT|COLUMN)$/);
        outcomes.add(error.code);
      } finally {
        (source as { close?(): void }).close?.();
      }
      assert.ok(performance.now() - start < 5000, `run ${run} took too long`);
    }
    assert.is(openFiles(), before);
    assert.ok(process.memoryUsage().rss < 1e9, "memory is not taken on the word of a file");
  });
  assert.ok(outcomes.has("ERR_FORMAT"), "some damage was found");
}

const SOME = ["i64", "runs", "bool", "dec", "f64"];
const PLAIN = ["i8", "u16", "f16", "f32", "dec9", "sorted", "last"];
const FILES: Readonly<Record<string, readonly string[]>> = {
  "plain.parquet": PLAIN,
  "snappy.parquet": SOME,
  "gzip.parquet": SOME,
  "brotli.parquet": SOME,
  "zstd.parquet": SOME,
  "lz4.parquet": SOME,
  "pages.parquet": SOME,
  "v2.parquet": SOME,
  "delta.parquet": ["i8", "u32", "i64", "u64", "sorted", "bool"],
  "split.parquet": ["f16", "f64", "i32", "u64"],
  "plain.arrow": PLAIN,
  "plain.arrows": PLAIN,
  "drops.arrows": SOME,
  "zstd.arrow": SOME,
  "lz4.arrow": SOME,
};

for (const [file, columns] of Object.entries(FILES)) {
  test(`${file} with wrong bytes is read or refused, never worse`, () => survive(file, columns));
}
