// An empty job to a worker and back, against an empty task of the best pool of threads.

import { CONTROL_WORKERS, GATE_WAITING, KIND_EMPTY, WORK_GATE } from "../../src/core/map.js";
import type { Pass } from "../../src/engine/entry.js";
import { Shared } from "../../src/engine/shared.js";
import { Submitter } from "../../src/engine/submitter.js";
import { createEngine, type Engine } from "../../src/index.js";
import { dtypeInfo } from "../../src/operators/dtype.js";
import { interleave, ratios, type Side, same, spread, timesOf } from "./measure.js";
import { type Pool, pools, startPool } from "./pool.js";
import { digits, least, ratioRow } from "./row.js";
import { compile } from "./wasm.js";
import { WasmThread } from "./wasm-thread.js";

const TRIPS = 200;
/** Milliseconds after which a thread that has nothing to do has been put to sleep. */
const LULL = 0.3;

function doNothing(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** Median microseconds of many trips. */
async function median(before: () => void, trip: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < TRIPS; i++) {
    before();
    const start = performance.now();
    const settled = trip();
    if (settled instanceof Promise) await settled;
    times.push(performance.now() - start);
  }
  return spread(times).median * 1000;
}

const PASS: Pass = {
  dtype: dtypeInfo("float64"),
  codes: [],
  offsets: [],
  stateBytes: 8,
  running: 0,
  skipNaN: false,
};

/** An engine seen from inside: is it asleep, and an empty job without waiting in place. */
class Inside {
  readonly #shared: Shared;
  readonly #submitter: Submitter;
  readonly #workers: number;

  constructor(engine: Engine) {
    const { memory, module } = engine.handle();
    this.#shared = Shared.attach(memory as WebAssembly.Memory, module as WebAssembly.Module);
    this.#submitter = new Submitter(this.#shared);
    this.#workers = this.#shared.i32(CONTROL_WORKERS);
  }

  /** Until all workers are parked. */
  sleep = (): void => {
    const all = (1n << BigInt(this.#workers)) - 1n;
    const word = (WORK_GATE + GATE_WAITING) >> 3;
    while (Atomics.load(this.#shared.i64s, word) !== all);
    doNothing(LULL);
  };

  trip = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const running = this.#submitter.prepare({
        kind: KIND_EMPTY,
        pass: PASS,
        length: 0,
        input: 0,
      });
      if (running === undefined) {
        reject(new Error("no job is free"));
        return;
      }
      running.onAnswer = () => {
        this.#submitter.release(running);
        resolve();
      };
      this.#submitter.publish(running);
      this.#submitter.listen();
    });

  close(): void {
    this.#submitter.close();
  }
}

const PARKED = "workers parked";
const PARKED_TWO = "workers parked, 2 threads";
const PARKED_BOTH = "workers parked, caller parks too";
const PARKED_ASYNC = "workers parked, caller awaits";
const SPINNING = "workers spinning";
const SPINNING_ASYNC = "workers spinning, caller awaits";
const BARE = "a bare wake-up of a parked thread, caller spins";
const POOLS = Object.keys(pools);
const busyName = (pool: string) => `${pool}, one after the other`;

export async function trip(rounds: number) {
  await using one = await createEngine({ threads: 1 });
  await using two = await createEngine({ threads: 2 });
  await using asleep = await createEngine({ threads: 1, spin: 0 });
  // Its worker spins from one trip to the next, and is at rest before another side runs.
  await using awake = await createEngine({ threads: 1, spin: 2000 });
  for (const engine of [one, two, asleep, awake]) await engine.ready();
  const inside = [one, two, asleep, awake].map((engine) => new Inside(engine));
  const [inOne, inTwo, inAsleep, inAwake] = inside as [Inside, Inside, Inside, Inside];
  const nothing = () => {};
  const thenSleep = async (run: () => Promise<number>, end: Inside) => {
    const result = await run();
    end.sleep();
    return result;
  };
  const spin = (body: () => unknown) => thenSleep(() => median(nothing, body), inAwake);
  const sides: Side[] = [
    { name: PARKED, run: () => median(inOne.sleep, () => one.roundTrip()) },
    { name: PARKED_TWO, run: () => median(inTwo.sleep, () => two.roundTrip()) },
    { name: PARKED_BOTH, run: () => median(inAsleep.sleep, () => asleep.roundTrip()) },
    { name: PARKED_ASYNC, run: () => median(inOne.sleep, inOne.trip) },
    { name: SPINNING, run: () => spin(() => awake.roundTrip()) },
    { name: SPINNING_ASYNC, run: () => spin(inAwake.trip) },
  ];
  const module = await compile("ring");
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  const thread = new WasmThread(module, memory);
  const wake = () => {
    thread.start({ call: "consumed", repeat: false, arguments: [] });
    thread.spin();
  };
  sides.push({ name: BARE, run: () => median(() => doNothing(LULL), wake) });
  const opened: Pool[] = [];
  for (const name of POOLS) {
    const pool = await startPool(name, 1, null);
    opened.push(pool);
    same(name, await pool.run(), 0);
    const run = () => pool.run();
    sides.push({ name, run: () => median(() => doNothing(LULL), run) });
    sides.push({ name: busyName(name), run: () => median(nothing, run) });
  }
  const times = await interleave(sides, rounds, 2);
  for (const pool of opened) await pool.close();
  for (const engine of inside) engine.close();
  await thread.close();

  const show = (us: number) => `${digits(us)} µs`;
  const what = "an empty job there and back";
  const parked = ratioRow(
    "trip-parked",
    `${what}, worker parked, against the best pool's at rest`,
    times,
    [PARKED, PARKED_BOTH],
    POOLS,
    show,
    least(3),
  );
  const spinning = ratioRow(
    "trip-spinning",
    `${what}, worker spinning, against the best pool's, one after the other`,
    times,
    [SPINNING],
    POOLS.map(busyName),
    show,
    least(30),
  );
  const most = spread(ratios(times, BARE, (parked.sides[1] as { name: string }).name)).median;
  parked.notes.push(`a way there and back that were nothing but the wake-up: ${digits(most)}×`);
  for (const { name } of sides) {
    const row = name.includes("spinning") || name.includes("after") ? spinning : parked;
    row.notes.push(`  ${show(spread(timesOf(times, name)).median).padEnd(10)} ${name}`);
  }
  return { rows: [parked, spinning], times };
}
