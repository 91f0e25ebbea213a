// Measures, once the workers of an engine are there, where sharing a reduction out begins to pay.

import {
  BLOCK,
  CONTROL_CROSSOVER_AWAKE,
  CONTROL_CROSSOVER_PARKED,
  CONTROL_IDLE,
  CONTROL_SPIN,
} from "../core/map.js";
import { dtypeInfo } from "../operators/dtype.js";
import type { Jobs } from "./jobs.js";
import type { Local } from "./local.js";
import { makePlan } from "./plan.js";
import { LEAST_BYTES, type Shared } from "./shared.js";
import type { Submitter } from "./submitter.js";
import { now } from "./timers.js";

/** Bytes below which a reduction stays on the calling thread. */
export interface Crossover {
  /** While a worker is awake and looks for work. */
  readonly awake: number;
  /** While all are parked. */
  readonly parked: number;
}

/** Beyond, it always pays: an exact sum of so many takes twice as long as a thread to wake up. */
const MOST_BYTES = 2 * 1024 * 1024;
/** Calls after which the runtime has optimised what is timed. */
const WARM_FOLDS = 200;
const WARM_SPINS = 100;
const WARM_TRIPS = 300;
const SPIN_TURNS = 1000;
const TRIPS = 15;
/** Milliseconds that any of these takes at most: on a machine that others use, figures are rough. */
const MOST_MS = 5;
const LEAST_TIMES = 3;
/** A job that takes longer to come back says that the workers are at somebody else's. */
const MOST_TRIP_MS = 50;

/** @internal */
export function crossoverOf({ i32s }: Shared): Crossover {
  return {
    awake: Atomics.load(i32s, CONTROL_CROSSOVER_AWAKE >> 2),
    parked: Atomics.load(i32s, CONTROL_CROSSOVER_PARKED >> 2),
  };
}

/** @internal */
export function setCrossover({ i32s }: Shared, { awake, parked }: Crossover): void {
  Atomics.store(i32s, CONTROL_CROSSOVER_AWAKE >> 2, awake);
  Atomics.store(i32s, CONTROL_CROSSOVER_PARKED >> 2, parked);
}

function time(body: () => void): number {
  const start = now();
  body();
  return now() - start;
}

function warm(most: number, body: () => void): void {
  const end = now() + MOST_MS;
  for (let i = 0; i < most && now() < end; i++) body();
}

/** The lower quartile: what it takes when nothing else interrupts. */
function quartile(n: number, body: () => void): number {
  const times: number[] = [];
  const end = now() + MOST_MS;
  while (times.length < LEAST_TIMES || (times.length < n && now() < end)) {
    times.push(time(body));
  }
  return times.sort((a, b) => a - b)[times.length >> 2] as number;
}

/**
 * Sets the turns of the spin loop to `spin` microseconds, and finds the number of bytes n at which
 * n·t = n·t / threads + trip: t is this thread's time a byte, trip a job's way there and back.
 * A step takes some milliseconds; whoever breaks off leaves the crossover as it was.
 * @throws RingfoldError ERR_TIMEOUT if no worker comes to look; ERR_MEMORY
 * @internal
 */
export function* calibrate(
  shared: Shared,
  local: Local,
  jobs: Jobs,
  submitter: Submitter,
  threads: number,
  spin: number,
): Generator<void> {
  const { i32s } = shared;
  const trip = () => jobs.roundTrip(MOST_TRIP_MS);
  const look = () => submitter.look();
  i32s[CONTROL_SPIN >> 2] = SPIN_TURNS;
  warm(WARM_SPINS, look);
  const turn = quartile(9, look) / SPIN_TURNS;
  const setSpin = (microseconds: number) => {
    i32s[CONTROL_SPIN >> 2] = Math.round(microseconds / 1000 / turn);
  };
  let parked: number;
  let awake: number;
  setSpin(spin);
  yield;
  const perByte = timeFold(shared, local);
  yield;
  try {
    setSpin(0);
    parked = quartile(TRIPS, trip);
  } finally {
    setSpin(spin);
  }
  yield;
  try {
    setSpin(Math.max(spin, 1000));
    warm(WARM_TRIPS, trip);
    awake = quartile(TRIPS, trip);
  } finally {
    setSpin(spin);
  }
  const gain = perByte * (threads === 1 ? 1 : 1 - 1 / threads);
  const bytes = (trip: number) =>
    Math.min(MOST_BYTES, Math.max(LEAST_BYTES, Math.round(trip / gain)));
  // Where others use the processors too, a worker that looks may be later than one that is woken.
  setCrossover(shared, { awake: bytes(Math.min(awake, parked)), parked: bytes(parked) });
}

/** Milliseconds a byte of a sum of float64; also has the runtime optimise its kernels. */
function timeFold(shared: Shared, local: Local): number {
  const float64 = dtypeInfo("float64");
  const options = { skipNaN: false, pairwise: false, receipt: false };
  const fast = makePlan("sum", float64, { ...options, accuracy: "fast" });
  const exact = makePlan("sum", float64, { ...options, accuracy: "exact" });
  const length = 2 * BLOCK;
  const bytes = length * float64.size;
  const address = shared.arena.alloc(bytes);
  shared.reach(address + bytes);
  // Some number that is not 0.
  shared.bytes.fill(0x3f, address, address + bytes);
  const fold = () => local.foldAt(address, length, exact);
  warm(WARM_FOLDS, () => {
    fold();
    local.foldAt(address, length, fast);
  });
  const least = quartile(9, fold);
  shared.arena.free(address);
  return least / bytes;
}

/** @internal Whether `bytes` stay on the calling thread now. */
export function isSmall({ i32s }: Shared, bytes: number): boolean {
  if (bytes <= (i32s[CONTROL_CROSSOVER_AWAKE >> 2] as number)) return true;
  if (bytes > (i32s[CONTROL_CROSSOVER_PARKED >> 2] as number)) return false;
  return Atomics.load(i32s, CONTROL_IDLE >> 2) === 0;
}
