// `ringfold reduce` of a large .npy file in the page cache, against NumPy's own sum of the same
// file: whole processes, from their start to their end.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fill } from "./loops.js";
import { interleave, same, spread, timeAsync, timesOf } from "./measure.js";
import { digits, figureRow, least, most, type Row, ratioRow } from "./row.js";

const run = promisify(execFile);
const PYTHON = "/usr/bin/python3";
const SUM = 'import sys, numpy as np; print(np.load(sys.argv[1], mmap_mode="r").sum())';
const PEAK = fileURLToPath(new URL("../../../test/peers/peak.py", import.meta.url));
const CLI = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const BYTES = 2 ** 30;
const PART = 2 ** 24;
const MIB = 2 ** 20;
const NODE = "node -e 0";

/** A .npy file of 1 GiB of float64; reading it once more leaves it in the page cache. */
async function write(path: string): Promise<void> {
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${BYTES / 8},), }`;
  const file = await open(path, "w");
  await file.write(Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header.padEnd(117)}\n`, "latin1"));
  const part = new Float64Array(PART / 8);
  fill(part);
  for (let at = 0; at < BYTES; at += PART) await file.write(new Uint8Array(part.buffer));
  await file.close();
}

function sumOf(report: string): number {
  const { columns } = JSON.parse(report) as { columns: { results: { sum: number } }[] };
  return columns[0]?.results.sum ?? Number.NaN;
}

export async function wholeProcess(rounds: number) {
  const folder = mkdtempSync(join(tmpdir(), "ringfold-bench-"));
  try {
    const path = join(folder, "numbers.npy");
    await write(path);
    const args = [CLI, "reduce", path, "--op", "sum", "--max-bytes", "64MiB", "--json"];
    const python = async () => (await run(PYTHON, ["-c", SUM, path])).stdout;
    const node = async () => (await run(process.execPath, args)).stdout;
    same("NumPy", Number(await python()), sumOf(await node()));
    const ours = "ringfold reduce --max-bytes 64MiB";
    const theirs = 'NumPy, np.load(mmap_mode="r").sum()';
    const times = await interleave(
      [
        { name: ours, run: () => timeAsync(node) },
        { name: theirs, run: () => timeAsync(python) },
        { name: NODE, run: () => timeAsync(() => run(process.execPath, ["-e", "0"])) },
      ],
      rounds,
      1,
    );
    const peaks: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { stdout } = await run(PYTHON, [PEAK, process.execPath, ...args]);
      peaks.push(Number(stdout) / MIB);
    }
    const show = (ms: number) => `${digits(ms)} ms ${digits(BYTES / ms / 1e6)} GB/s`;
    const bare = spread(timesOf(times, NODE)).median;
    const whole = ratioRow(
      "process",
      "1 GiB .npy in the page cache, whole process",
      times,
      [ours],
      [theirs],
      show,
      least(1.5),
    );
    whole.notes.push(`${digits(bare)} ms of it are Node itself: ${NODE}`);
    const rows: Row[] = [
      whole,
      figureRow("process-memory", "most memory resident meanwhile", peaks, "MiB", most(150)),
    ];
    return { rows, times };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
