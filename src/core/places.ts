// Where a participant's line, a job's entry and a thread's scratch are.

import { peek32, peek64, store64 } from "./atomic";
import { JOB_SIZE, JOBS, LINE_SCRATCH, LINE_SIZE, LINES } from "./map";
export function lineOf(participant: i32): usize {
  return <usize>(LINES + participant * LINE_SIZE);
}

export function jobOf(index: i32): usize {
  return <usize>(JOBS + index * JOB_SIZE);
}

export function scratchOf(participant: i32): usize {
  return <usize>peek32(lineOf(participant) + LINE_SCRATCH);
}

/** One more in a counter of this thread's own line. */
export function count(counter: usize, by: i64): void {
  store64(counter, peek64(counter) + by);
}
