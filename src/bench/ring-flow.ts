// What the threads of the ring's measurement call: ring.ts, ring-thread.ts.

/** Of the exports of drill.wasm: core/drill.ts, drill-flow.ts. */
export interface RingCore {
  init(at: number, slots: number, log2: number, shift: number, ticket: bigint, used: number): void;
  finish(me: number, producer: number): void;
  wakeAll(link: number): void;
  send(
    me: number,
    link: number,
    first: number,
    n: number,
    every: number,
    batch: number,
    looks: number,
  ): number;
  receive(me: number, link: number, batch: number, producers: number, looks: number): number;
}

export interface RingTask {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

export function flowOf({ module, memory }: RingTask): RingCore {
  const now = () => process.hrtime.bigint();
  const instance = new WebAssembly.Instance(module, { env: { memory }, "drill-link": { now } });
  return instance.exports as unknown as RingCore;
}
