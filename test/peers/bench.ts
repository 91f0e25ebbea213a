// `npm run bench:peers -- [NAME…] [options]`: what the package promises
// about speed, each promise against its peer on this machine. Ends with an error only for a wrong
// result: a missed goal is printed.

import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import type { ArrayDtype } from "./arrays-data.js";
import { chartOf, table } from "./markdown.js";
import { note, type Times } from "./measure.js";
import { lookFor, NATIVE, type NativeName, type NativePeer } from "./native.js";
import { format, isMet, type Row, summary } from "./row.js";

interface Outcome {
  readonly rows: readonly Row[];
  readonly times: Times;
}

interface Bench {
  readonly about: string;
  readonly rounds: number;
  /** Runs only when it is named. */
  readonly onDemand?: true;
  /** Those in other languages that it runs: which of them are there, the run says as it begins. */
  readonly peers?: readonly NativeName[];
  /** May leave out the rows that are not wanted. */
  readonly run: (rounds: number, wants: (row: string) => boolean) => Promise<Outcome>;
}

/** Reductions of arrays of one dtype. */
const arraysOf = (dtype: ArrayDtype): Bench => ({
  about: `${dtype} from 16 KiB to 1 GiB, against OpenMP, oneTBB, Rayon and NumPy`,
  rounds: 7,
  peers: ["openmp", "tbb", "rayon", "numpy"],
  run: async (rounds, wants) => (await import("./arrays.js")).arrays[dtype](rounds, wants),
});

const benches: { readonly [name: string]: Bench } = {
  sum: {
    about: "512 MiB of float64 on 1 and 2 threads, against JavaScript and its pools",
    rounds: 11,
    run: async (rounds) => (await import("./sum.js")).sum(rounds),
  },
  cached: {
    about: "the same with 8 MiB, which the processor's cache holds",
    rounds: 11,
    run: async (rounds) => (await import("./sum.js")).cached(rounds),
  },
  dot: {
    about: "dot of twice 256 MiB of float64, against JavaScript and @stdlib",
    rounds: 11,
    run: async (rounds) => (await import("./dot.js")).dot(rounds),
  },
  small: {
    about: "reduceSync of 1,000 float64, against a plain loop",
    rounds: 31,
    run: async (rounds) => (await import("./small.js")).small(rounds),
  },
  tiny: {
    about: "reduceSync of 64 Ki float64, against oneTBB",
    rounds: 31,
    peers: ["openmp", "tbb", "rayon"],
    run: async (rounds) => (await import("./arrays.js")).tiny(rounds),
  },
  float64: arraysOf("float64"),
  float32: arraysOf("float32"),
  int32: arraysOf("int32"),
  exact: {
    about: "exact sums, against fast ones, JavaScript, math.fsum, math.sumprecise and xsum",
    rounds: 11,
    run: async (rounds, wants) => (await import("./exact.js")).exact(rounds, wants),
  },
  trip: {
    about: "an empty job there and back, against JavaScript's pools",
    rounds: 11,
    run: async (rounds) => (await import("./trip.js")).trip(rounds),
  },
  start: {
    about: "from createEngine to a first result in a fresh process, against JavaScript's pools",
    rounds: 15,
    run: async (rounds) => (await import("./start.js")).start(rounds),
  },
  ring: {
    about: "push and pop in the core, alone and contended",
    rounds: 15,
    run: async (rounds) => (await import("./ring.js")).ring(rounds),
  },
  queues: {
    about: "items through the core's ring, against queues of other languages and of Node",
    rounds: 11,
    peers: ["crossbeam", "boost", "jctools"],
    run: async (rounds) => (await import("./queues.js")).queues(rounds),
  },
  pairwise: {
    about: "pairwise sum of 1,000,000 numbers, against the textbook's program in Python and C++",
    rounds: 9,
    peers: ["textbook"],
    run: async (rounds) => (await import("./pairwise.js")).pairwise(rounds),
  },
  process: {
    about: "the CLI on a 1 GiB .npy, whole process, against NumPy",
    rounds: 9,
    run: async (rounds) => (await import("./process.js")).wholeProcess(rounds),
  },
  sizes: {
    about: "what a second thread is worth, from 1 to 256 MiB",
    rounds: 11,
    onDemand: true,
    run: async (rounds) => (await import("./tune.js")).sizes(rounds),
  },
  kernels: {
    about: "every dtype and operator as a share of the pure read",
    rounds: 7,
    onDemand: true,
    run: async (rounds) => (await import("./tune.js")).kernels(rounds),
  },
};

function usage(): string {
  const list = Object.entries(benches).map(
    ([name, { about, onDemand }]) =>
      `  ${name.padEnd(10)} ${about}${onDemand ? " (only if named)" : ""}`,
  );
  return [
    "usage: bench.js [NAME …] [--only TEXT] [--rounds N] [--json FILE] [--markdown FILE]",
    ...list,
    "--only: rows whose name contains TEXT; may be given more than once",
  ].join("\n");
}

function machine() {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** Builds the peers in other languages that the benches run; says which there are. */
async function roll(names: readonly string[]) {
  const peers = new Set(names.flatMap((name) => benches[name]?.peers ?? []));
  const all = [];
  for (const name of peers) {
    const peer: NativePeer = NATIVE[name];
    const presence = await lookFor(peer);
    console.log("absent" in presence ? presence.absent : `${peer.title}: ${presence.version}`);
    all.push({ name, title: peer.title, ...presence });
  }
  return all;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string", multiple: true },
      rounds: { type: "string" },
      json: { type: "string" },
      markdown: { type: "string" },
    },
  });
  const all = Object.keys(benches).filter((name) => !benches[name]?.onDemand);
  const names = positionals.length > 0 ? positionals : all;
  const unknown = names.find((name) => benches[name] === undefined);
  const most = values.rounds === undefined ? undefined : Number(values.rounds);
  if (unknown !== undefined || (most !== undefined && !(Number.isInteger(most) && most > 0))) {
    note(`${unknown === undefined ? `--rounds ${values.rounds}` : unknown}?\n${usage()}`);
    process.exitCode = 2;
    return;
  }
  const { only } = values;
  const wants = (row: string) => only === undefined || only.some((text) => row.includes(text));
  const about = machine();
  console.log(
    `${about.processor}, ${about.processors} processors, Node ${about.node}, ${about.platform}`,
  );
  const peers = await roll(names);
  const rows: Row[] = [];
  const raw: { [name: string]: { [side: string]: readonly number[] } } = {};
  for (const name of names) {
    const bench = benches[name] as Bench;
    let outcome: Outcome;
    try {
      outcome = await bench.run(most ?? bench.rounds, wants);
    } catch (error) {
      // The others are worth their time all the same.
      note(`${name} failed: ${(error as Error).stack}`);
      process.exitCode = 1;
      continue;
    }
    const { rows: all, times } = outcome;
    const more = all.filter((row) => wants(row.name));
    for (const row of more) console.log(`\n${format(row)}`);
    rows.push(...more);
    raw[name] = Object.fromEntries(times);
  }
  console.log(`\n${summary(rows)}`);
  const missed = rows.filter((row) => isMet(row) === false).map((row) => row.name);
  if (missed.length > 0) console.log(`\nmissed: ${missed.join(", ")}`);
  if (values.json !== undefined) {
    const met = rows.map((row) => ({ ...row, met: isMet(row) ?? null }));
    writeFileSync(
      values.json,
      `${JSON.stringify({ version: 1, machine: about, peers, rows: met, times: raw }, undefined, 1)}\n`,
    );
  }
  if (values.markdown !== undefined) {
    const drawn = chartOf(raw["float64"] ?? {});
    writeFileSync(values.markdown, `${[...drawn, table(rows)].join("\n\n")}\n`);
  }
}

await main();
// A side that failed may have left threads behind.
process.exit();
