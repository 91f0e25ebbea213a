// `ringfold info`: what there is to compute with here, and how fast it is.

import { availableParallelism, cpus, totalmem } from "node:os";
import { createEngine } from "../engine/create.js";
import type { Engine } from "../engine/engine.js";
import { MOST_BYTES, PAGE } from "../engine/shared.js";
import type { Line } from "./commands.js";
import { checkNoFiles } from "./options.js";
import { formatBytes, formatJson, formatTable, write } from "./output.js";
import { version } from "./version.js";

/** A module whose only function makes a vector: valid where there is SIMD. */
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15,
  11,
];

/** Read for the speed of one thread: larger than caches, small enough to be quick. */
const SAMPLE_BYTES = 128 * 2 ** 20;
const SAMPLES = 5;

/** The largest shared memory that the runtime grants: address space, not memory. */
function largestMemory(): number {
  for (let maximum = MOST_BYTES / PAGE; maximum >= 1; maximum >>= 1) {
    try {
      new WebAssembly.Memory({ initial: 1, maximum, shared: true });
      return maximum * PAGE;
    } catch {
      // Half of it, then.
    }
  }
  return 0;
}

function runtime(): { name: string; version: string } {
  for (const name of ["bun", "deno"]) {
    const version = process.versions[name];
    if (version !== undefined) return { name, version };
  }
  return { name: "node", version: process.versions.node };
}

/** Bytes a second of one thread that sums float64 which lie in no cache. */
function readSpeed(engine: Engine): number {
  const values = engine.alloc("float64", SAMPLE_BYTES / 8);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < SAMPLES; i++) {
    const start = performance.now();
    engine.reduceSync(values, "sum");
    least = Math.min(least, performance.now() - start);
  }
  engine.free(values);
  return SAMPLE_BYTES / (least / 1000);
}

async function measure() {
  const engine = await createEngine();
  await engine.ready();
  const { crossover } = engine.stats();
  await engine.close();
  const alone = await createEngine({ threads: 1 });
  const bytesPerSecond = readSpeed(alone);
  await alone.close();
  return { crossover, bytesPerSecond };
}

/** @throws RingfoldError */
export async function info(line: Line): Promise<void> {
  checkNoFiles(line);
  const { crossover, bytesPerSecond } = await measure();
  const found = {
    ringfold: version(),
    runtime: runtime(),
    platform: process.platform,
    arch: process.arch,
    processor: cpus()[0]?.model.trim() || "unknown",
    threads: availableParallelism(),
    memoryBytes: totalmem(),
    largestEngineBytes: largestMemory(),
    simd: WebAssembly.validate(Uint8Array.from(SIMD)),
    crossoverBytes: crossover,
    bytesPerSecond: Math.round(bytesPerSecond),
  };
  if (line.flags.has("json")) {
    write(1, formatJson(found));
    return;
  }
  write(
    1,
    formatTable([
      ["ringfold", found.ringfold],
      ["runtime", `${found.runtime.name} ${found.runtime.version}`],
      ["platform", `${found.platform} ${found.arch}`],
      ["processor", found.processor],
      ["threads", String(found.threads)],
      ["memory", formatBytes(found.memoryBytes)],
      ["engine memory", `${formatBytes(found.largestEngineBytes)} at most`],
      ["SIMD", found.simd ? "yes" : "no"],
      ["crossover", `${formatBytes(crossover.parked)}: less stays on the calling thread`],
      ["one thread", `${formatBytes(bytesPerSecond)}/s, a sum of float64 in memory`],
    ]),
  );
}
