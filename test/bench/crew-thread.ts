// A thread of the crew in threads.test.ts: adds to its own sum.

import { workerData } from "node:worker_threads";
import { type CrewData, serve } from "../../src/bench/crew.js";

const { words, me, data } = workerData as CrewData<Int32Array>;
serve({ words, me }, ([round = 0, factor = 0]) => {
  data[me] = (data[me] ?? 0) + round * factor;
});
