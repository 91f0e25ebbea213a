// The readers of files against Python's own exact arithmetic, over random files that pyarrow, DuckDB
// and NumPy write (readers.py): what the command line makes of every column is compared to the bit.
//
//   npm run test:peers -- [--files N] [--seed S] [--first K] [--python PATH]
//
// The seed and a file's number replay it. Needs Python with numpy, pyarrow and duckdb. Ends with
// exit code 1 if anything differs.

import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { reduceArgs } from "../../src/cli/options.js";
import type { ColumnReport } from "../../src/cli/output.js";
import { Passes } from "../../src/cli/passes.js";
import { Progress } from "../../src/cli/progress.js";
import { Stop } from "../../src/cli/stop.js";
import { createEngine, type Engine } from "../../src/index.js";
import { openSources } from "../../src/input/open.js";

const SCRIPT = fileURLToPath(new URL("../../../test/peers/readers.py", import.meta.url));
const OPS = ["sum", "mean", "min", "max", "argmin", "argmax", "count"] as const;
/** Of nothing there is no least. */
const EMPTY_OPS = ["sum", "count"] as const;

/** What Python makes of a column; numbers are text, with all their digits. */
interface Expected extends Readonly<Partial<Record<(typeof OPS)[number], string | number>>> {
  readonly name: string;
  readonly count: number;
  readonly nulls: number;
}

interface File {
  readonly number: number;
  readonly path: string;
  readonly maker: string;
  readonly how: Readonly<Record<string, unknown>>;
  readonly columns: readonly Expected[];
  /** Those that read the file, and those of them that did not find what was written. */
  readonly readers: readonly string[];
  readonly peers: Readonly<Record<string, string>>;
}

/** Reduces columns as the command line does. */
async function reduce(
  engine: Engine,
  stop: Stop,
  file: File,
  columns: readonly Expected[],
  ops: readonly string[],
): Promise<readonly ColumnReport[]> {
  const names = columns.map(({ name }) => name).filter((name) => name !== "");
  const values: Record<string, string[]> = { op: [ops.join()], column: names };
  if (file.maker === "csv") values["dtype"] = [String(file.how["dtype"])];
  const args = reduceArgs({ command: "reduce", values, flags: new Set(), files: [file.path] });
  const { dtype } = args;
  const source = await openSources([file.path], { columns: names, dtype, ordered: true });
  try {
    const passes = new Passes(engine, args, stop, new Progress(), false);
    const totals = await (source.kind === "segments"
      ? passes.segments(source)
      : passes.batches(source));
    return totals.columns;
  } finally {
    source.close();
  }
}

/** What JavaScript has of a number of Python's. */
function isSame(found: unknown, wanted: string | number): boolean {
  if (typeof found === "bigint") return found === BigInt(wanted);
  const value = String(wanted).replace("inf", "Infinity");
  return Object.is(found, Number(value));
}

async function differences(engine: Engine, stop: Stop, file: File): Promise<string[]> {
  const found: string[] = [];
  for (const [ops, isEmpty] of [
    [OPS, false],
    [EMPTY_OPS, true],
  ] as const) {
    const columns = file.columns.filter(({ count }) => (count === 0) === isEmpty);
    if (columns.length === 0) continue;
    const reports = await reduce(engine, stop, file, columns, ops);
    for (const [i, wanted] of columns.entries()) {
      const { dtype, nulls, results } = reports[i]!;
      if (nulls !== wanted.nulls) found.push(`${wanted.name}: ${nulls} nulls, not ${wanted.nulls}`);
      for (const op of ops) {
        const value = wanted[op];
        if (value !== undefined && !isSame(results[op], value)) {
          found.push(`${wanted.name} (${dtype}): ${op} is ${results[op]}, not ${value}`);
        }
      }
    }
  }
  return found;
}

async function main(): Promise<number> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { files: text, seed: text, first: text, python: text },
  });
  const seed = Number(values.seed ?? randomInt(2 ** 31));
  const first = Number(values.first ?? 0);
  const files = Number(values.files ?? 300);
  const python = values.python ?? process.env["PYTHON"] ?? "python3";
  console.log(`seed ${seed}, ${files} files from ${first} on`);
  const folder = mkdtempSync(join(tmpdir(), "ringfold-readers-"));
  const engine = await createEngine({ threads: 2 });
  const stop = new Stop();
  const child = spawn(python, [SCRIPT, `${seed}`, `${first}`, `${files}`, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  ended.catch(() => {});
  const seen = new Map<string, number>();
  /** Files that a peer does not read as they were written. */
  const lost = new Map<string, number>();
  let read = 0;
  let wrong = 0;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const file = JSON.parse(line) as File;
      read++;
      seen.set(file.maker, (seen.get(file.maker) ?? 0) + 1);
      for (const peer of Object.keys(file.peers)) lost.set(peer, (lost.get(peer) ?? 0) + 1);
      const found = await differences(engine, stop, file).catch((error: unknown) => [
        String(error),
      ]);
      if (found.length > 0) {
        wrong++;
        console.log(`file ${file.number}, ${file.maker}, ${JSON.stringify(file.how)}`);
        for (const one of found.slice(0, 8)) console.log(`  ${one}`);
        for (const [peer, why] of Object.entries(file.peers)) console.log(`  ${peer}: ${why}`);
        console.log(
          `  again: npm run test:peers -- --seed ${seed} --first ${file.number} --files 1`,
        );
      }
      unlinkSync(file.path);
    }
    const status = await ended;
    const kinds = [...seen].map(([maker, n]) => `${n} ${maker}`).join(", ");
    console.log(`${read} files (${kinds}): ${wrong} differ`);
    for (const [peer, n] of lost)
      console.log(`${peer} does not read ${n} of them as they were written`);
    return status === 0 && read === files && wrong === 0 ? 0 : 1;
  } finally {
    child.kill();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
