// A producer or a consumer of the ring's measurement (ring.ts). Calls are short, since WebAssembly is
// not replaced by its optimised code while a call runs.

import { workerData } from "node:worker_threads";
import { LINKS } from "../core/drill-map.js";
import { type CrewData, serve } from "./crew.js";
import { flowOf, type RingTask } from "./ring-flow.js";

/** Items of one call. */
const CHUNK = 512;
/** No item is timed but each so-many-th. */
const NEVER = 2 ** 30;
/** Looks in vain before a consumer parks, and before a producer naps: some 30 µs. */
const LOOKS = 10_000;

const { words, me, data } = workerData as CrewData<RingTask>;
const core = flowOf(data);

function send(first: number, items: number, batch: number): void {
  for (let done = 0; done < items; done += CHUNK) {
    const n = Math.min(CHUNK, items - done);
    core.send(me, LINKS, first + done, n, NEVER, batch, LOOKS);
  }
  core.finish(me, 1);
  core.wakeAll(LINKS);
}

serve({ words, me }, (args) => {
  const [producers = 1, items = 0, batch = 1] = args;
  if (me < producers) send(me * items, items, batch);
  else while (core.receive(me, LINKS, batch, producers, LOOKS) === 0);
});
