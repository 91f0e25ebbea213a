// The machine that figures are of: processor, caches, memory, runtime.

import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";

export interface Cache {
  /** Such as L1d, L2. */
  readonly name: string;
  readonly bytes: number;
  /** Processors that share it. */
  readonly processors: number;
}

export interface Machine {
  readonly processor: string;
  readonly processors: number;
  /** Of the first processor, those that hold data, the nearest first; none if the system tells none. */
  readonly caches: readonly Cache[];
  readonly memoryBytes: number;
  readonly platform: string;
  readonly arch: string;
  /** Such as "node 20.20.2". */
  readonly runtime: string;
}

const FOLDER = "/sys/devices/system/cpu/cpu0/cache";

/** How many numbers a list such as "0-3,8" has. */
export function countOf(list: string): number {
  return list
    .split(",")
    .map((range) => range.split("-").map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
}

/** Linux only. */
function cachesOf(folder: string): Cache[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^index\d+$/.test(name))
      .sort()
      .flatMap((index) => {
        const read = (name: string) => readFileSync(`${folder}/${index}/${name}`, "utf8").trim();
        const type = read("type");
        if (type !== "Data" && type !== "Unified") return [];
        const [, digits, unit = ""] = /^(\d+)([KMG]?)$/.exec(read("size")) ?? [];
        const power = ["", "K", "M", "G"].indexOf(unit);
        const bytes = Number(digits) * 1024 ** power;
        const name = `L${read("level")}${type === "Data" ? "d" : ""}`;
        return bytes > 0 ? [{ name, bytes, processors: countOf(read("shared_cpu_list")) }] : [];
      });
  } catch {
    return [];
  }
}

export function thisMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() || "unknown",
    processors: availableParallelism(),
    caches: cachesOf(FOLDER),
    memoryBytes: totalmem(),
    platform: process.platform,
    arch: process.arch,
    runtime: `node ${process.versions.node}`,
  };
}

/** What so many threads have of a cache, together. */
export function cacheOf({ bytes, processors }: Cache, threads: number): number {
  return bytes * Math.max(1, Math.ceil(threads / processors));
}
