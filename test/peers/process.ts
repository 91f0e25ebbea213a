// `ringfold reduce` of a large .npy file in the page cache, against NumPy's own sum of the same
// file: whole processes, from their start to their end.

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fill } from "./loops.js";
import { interleave, same, timeAsync } from "./measure.js";
import { digits, figureRow, least, most, type Row, ratioRow } from "./row.js";

const run = promisify(execFile);
const PYTHON = "/usr/bin/python3";
const SUM = 'import sys, numpy as np; print(np.load(sys.argv[1], mmap_mode="r").sum())';
const PEAK = fileURLToPath(new URL("../../../test/peers/peak.py", import.meta.url));
const CLI = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const SCRIPT = fileURLToPath(new URL("./reduce-npy.js", import.meta.url));
const BYTES = 2 ** 30;
const PART = 2 ** 24;
const MIB = 2 ** 20;

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

/** The command line without the node in front, and what it is. */
function ours(path: string): { name: string; args: string[] } {
  if (existsSync(CLI)) {
    const args = [CLI, "reduce", path, "--op", "sum", "--max-bytes", "64MiB", "--accuracy", "fast"];
    return { name: "ringfold reduce --max-bytes 64MiB", args: [...args, "--json"] };
  }
  return { name: "reducePieces in 64 MiB (there is no CLI yet)", args: [SCRIPT, path, "67108864"] };
}

/** The first number behind "sum" if there is one, else the first number. */
function numberIn(text: string): number {
  return Number(/[-\d.e+]+/i.exec(text.slice(Math.max(0, text.indexOf('"sum"') + 5)))?.[0]);
}

export async function wholeProcess(rounds: number) {
  const folder = mkdtempSync(join(tmpdir(), "ringfold-bench-"));
  try {
    const path = join(folder, "numbers.npy");
    await write(path);
    const us = ours(path);
    const python = async () => (await run(PYTHON, ["-c", SUM, path])).stdout;
    const node = async () => (await run(process.execPath, us.args)).stdout;
    same("NumPy", numberIn(await python()), numberIn(await node()));
    const theirs = 'NumPy, np.load(mmap_mode="r").sum()';
    const times = await interleave(
      [
        { name: us.name, run: () => timeAsync(node) },
        { name: theirs, run: () => timeAsync(python) },
        { name: "node -e 0", run: () => timeAsync(() => run(process.execPath, ["-e", "0"])) },
      ],
      rounds,
    );
    const peaks: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { stdout } = await run(PYTHON, [PEAK, process.execPath, ...us.args]);
      peaks.push(Number(stdout) / MIB);
    }
    const show = (ms: number) => `${digits(ms)} ms ${digits(BYTES / ms / 1e6)} GB/s`;
    const rows: Row[] = [
      ratioRow("process", "1 GiB .npy, whole process", times, [us.name], [theirs], show, least(1)),
      figureRow("process-memory", "most memory resident meanwhile", peaks, "MiB", most(150)),
    ];
    return { rows, times };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
