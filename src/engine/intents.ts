// What a thread was last about to do to a ring stays written in its line (core/README.md, "When a
// thread dies"), also when that ring is over and its memory becomes something else. The arena calls
// this before memory is free. Otherwise the owner that puts a dead thread right would take for a
// ring whatever lies there by then, and a living thread's old intent would cover tickets of another
// ring at the same address, for as long as that thread has nothing to do.

import { CONTROL_WORKERS, LINE_INTENT, MAX_SUBMITTERS, MAX_WORKERS } from "../core/map.js";
import type { Shared } from "./shared.js";

/** The upper half of an intent is the ring's address; the lowest 7 bits say what and how many. */
const REST = 127;

/** Clears all intents on rings in [start, end). Nobody uses one of those any more. */
export function forgetRings(shared: Shared, start: number, end: number): void {
  const workers = shared.i32(CONTROL_WORKERS);
  for (let me = 0; me < workers; me++) forget(shared, me, start, end);
  for (let s = 0; s < MAX_SUBMITTERS; s++) forget(shared, MAX_WORKERS + s, start, end);
}

function forget(shared: Shared, participant: number, start: number, end: number): void {
  const word = (shared.line(participant) + LINE_INTENT) >> 3;
  // A plain load will do: an intent on a ring that is over was written long before.
  const ring = ((shared.u32s[2 * word + 1] as number) & ~REST) >>> 0;
  if (ring < start || ring >= end) return;
  const intent = Atomics.load(shared.i64s, word);
  const now = Number(BigInt.asUintN(64, intent) >> 32n) & ~REST;
  // Its thread may have another by now, which stays.
  if (now >>> 0 === ring) Atomics.compareExchange(shared.i64s, word, intent, 0n);
}
