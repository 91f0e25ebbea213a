// Where the threads of stress/litmus.ts meet, and what the host tells them and hears from them.

/** Byte addresses; what different threads write is 128 bytes apart. */
export const PLACE = {
  /** u32: comings of threads to a meeting. */
  arrived: 0,
  /** u32: 1 if one more batch comes; its stride in bytes and its instances. */
  more: 128,
  stride: 256,
  count: 260,
  /** u32: 1 once the host wants no more. */
  stop: 384,
  /** i64: instances run since the scenario began. */
  instances: 512,
  /** u32, always 0. */
  nap: 640,
  /** The words of instance 0. */
  x: 1 << 20,
  y: 3 << 19,
  /** What reads saw: one array a read. */
  seen: 1 << 21,
} as const;

export interface LitmusThread {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly me: number;
  readonly cores: number;
}

export interface Job {
  /** Index in TESTS. */
  readonly test: number;
  readonly variant: number;
  readonly side: Side;
  readonly seed: number;
}

export type Side = "js" | "wasm";

/** Thread 0's counts by outcome, as `keyOf` spells it. A 3 stands for what nobody wrote. */
export type Counts = Map<string, number>;
