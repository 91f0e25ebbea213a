// A result of a benchmark as none was, for tests of what is made of it.

import type { BenchResult, Figure } from "../../src/bench/result.js";

const around = (median: number): Figure => ({
  ...{ median, low: median * 0.97, high: median * 1.02 },
});

export function result(): BenchResult {
  const points = [65_536, 2 ** 20, 2 ** 26].flatMap((bytes) =>
    [1, 2].map((threads) => ({ bytes, threads })),
  );
  const speed = ({ bytes, threads }: { bytes: number; threads: number }) =>
    (threads * 8e10) / Math.log2(bytes / 1024);
  const cases = (["sum", "dot"] as const).flatMap((operator) =>
    (["exact", "fast"] as const).map((accuracy) => ({ operator, accuracy })),
  );
  return {
    machine: {
      ...{ processor: "Test CPU <9000>", processors: 2, memoryBytes: 8e9 },
      caches: [
        { name: "L1d", bytes: 49_152, processors: 1 },
        { name: "L2", bytes: 2 ** 20, processors: 1 },
        { name: "L3", bytes: 2 ** 25, processors: 2 },
      ],
      ...{ platform: "linux", arch: "x64", runtime: "node 20.0.0" },
    },
    ...{ ringfold: "0.1.0", began: "2026-01-02T03:04:05.000Z", took: 12.5 },
    ...{ interrupted: false, rounds: 3, others: 0.125, leftOut: [] },
    roofline: points.map((point) => ({
      ...point,
      bytesPerSecond: around(speed(point)),
      speedup: around(point.threads * 0.95),
      seconds: [1, 2, 3].map((i) => (point.bytes / speed(point)) * i),
    })),
    operators: cases.flatMap(({ operator, accuracy }, i) =>
      points.map((point) => ({
        ...{ operator, dtype: "float64" as const, accuracy },
        ...point,
        bytesPerSecond: around(speed(point) * (0.9 - 0.2 * i)),
        share: around(0.9 - 0.2 * i),
        speedup: around(point.threads * 0.9),
        seconds: [1, 2, 3].map((k) => (point.bytes / speed(point)) * k),
      })),
    ),
    exact: points.map((point) => ({
      ...{ operator: "sum", dtype: "float64" as const },
      ...point,
      share: around(0.93),
    })),
    crossover: {
      ...{ threads: 2, fromBytes: 2 ** 20 },
      points: [2 ** 18, 2 ** 20, 2 ** 21].map((bytes, i) => ({
        bytes,
        speedup: around(0.8 + i * 0.5),
      })),
      engine: { awake: 2 ** 17, parked: 2 ** 18 },
    },
    latency: (["spinning", "parked"] as const).map((workers, i) => ({
      ...{ job: "empty job", elements: 0, workers, threads: 2, jobs: 100 },
      ...{ p50: around(1e-6 * (1 + 10 * i)), p99: around(3e-6 * (1 + 10 * i)) },
    })),
    ring: [1, 32].map((batch) => ({
      ...{ producers: 1, consumers: 1, batch },
      itemsPerSecond: around(1e7 * batch),
    })),
  };
}
