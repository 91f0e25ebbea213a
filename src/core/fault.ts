// Points at which a test can have a thread die, or be late. The shipped core has none of this: CHECKED is
// off there, and `point` is nothing. A thread arms none itself: whoever tests writes LINE_FAULT.

import { load32, notify, store32, wait32 } from "./atomic";
import { FAULT_PAUSE, FAULT_TRAP, LINE_FAULT, LINE_FAULT_HIT, LINE_FAULT_SKIP } from "./map";
import { lineOf } from "./places";
import { CHECKED } from "./switches";

/** Which participant this thread is; a wasm global is a thread's own. */
let self: i32 = -1;

/** Call before anything else, and after another participant's number was used. */
export function iAm(me: i32): void {
  if (CHECKED) self = me;
}

/** Strikes here if this point of this thread is armed and was skipped as often as asked. */
export function point(id: i32): void {
  if (CHECKED) {
    if (self < 0) return;
    const line = lineOf(self);
    const armed = load32(line + LINE_FAULT);
    if (((armed >> 8) & 255) != id) return;
    const skip = load32(line + LINE_FAULT_SKIP);
    store32(line + LINE_FAULT_SKIP, skip - 1);
    if (skip > 0) return;
    store32(line + LINE_FAULT, 0);
    store32(line + LINE_FAULT_HIT, id);
    notify(line + LINE_FAULT_HIT, i32.MAX_VALUE);
    const fault = armed & 255;
    if (fault == FAULT_TRAP) unreachable();
    if (fault == FAULT_PAUSE) {
      wait32(line + LINE_FAULT_HIT, id, <i64>(armed >>> 16) * 1000000);
      return;
    }
    while (true) wait32(line + LINE_FAULT_HIT, id, -1);
  }
}
