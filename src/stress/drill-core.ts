// The exports of drill.wasm, on a drill's memory. core/drill.ts, drill-link.ts and drill-flow.ts say
// what each does. Addresses and counts are i32; tickets and times bigint.

export interface DrillCore {
  init(at: number, slots: number, log2: number, shift: number, ticket: bigint, used: number): void;
  size(at: number): bigint;
  isEmpty(at: number): number;
  reserve(me: number, at: number): bigint;
  publish(at: number, ticket: bigint): void;
  claim(me: number, at: number, most: number): number;
  claimedTicket(): bigint;
  release(at: number, ticket: bigint): void;
  announce(gate: number, me: number): number;
  cancel(gate: number, me: number): void;

  seed(value: number): void;
  begin(me: number): void;
  finish(me: number, producer: number): void;

  fill(at: number, ticket: bigint, producer: number, item: number, since: bigint): void;
  produce(
    me: number,
    at: number,
    producer: number,
    first: number,
    n: number,
    batch: number,
    looks: number,
  ): number;
  consume(
    me: number,
    at: number,
    map: number,
    part: number,
    producers: number,
    batch: number,
    looks: number,
  ): number;
  clear(map: number, n: number): void;
  missing(map: number, n: number): number;

  put(me: number, link: number, item: number): bigint;
  over(link: number, ticket: bigint): void;
  give(me: number, link: number, item: number): void;
  wakeAll(link: number): void;
  audit(me: number, link: number, until: bigint): void;
  pass(me: number, from: number, to: number, n: number, pause: number): number;
  trickle(me: number, link: number, n: number, pause: number): number;
  drain(me: number, link: number, n: number): number;
  burst(me: number, link: number, n: number, most: number, pause: number): number;
  hold(me: number, link: number, n: number): number;

  record(me: number, time: bigint): void;
  send(
    me: number,
    link: number,
    first: number,
    n: number,
    every: number,
    batch: number,
    looks: number,
  ): number;
  sendPaced(
    me: number,
    link: number,
    first: number,
    n: number,
    start: bigint,
    period: number,
    looks: number,
  ): number;
  receive(me: number, link: number, batch: number, producers: number, looks: number): number;
}

/** Nanoseconds of the clock that all threads share. */
export const now = () => process.hrtime.bigint();

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): DrillCore {
  const imports = { env: { memory }, "drill-link": { now } };
  return new WebAssembly.Instance(module, imports).exports as unknown as DrillCore;
}
