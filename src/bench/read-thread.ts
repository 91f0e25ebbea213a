// A thread of the pure read (reader.ts).

import { workerData } from "node:worker_threads";
import { type CrewData, serve } from "./crew.js";
import { type ReadTask, readerOf, readPart } from "./read-part.js";

const { words, me, data } = workerData as CrewData<ReadTask>;
const core = readerOf(data);
serve({ words, me }, (args) => {
  readPart(core, me + 1, args);
});
