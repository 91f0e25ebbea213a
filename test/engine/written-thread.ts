// A thread that writes into an array without end, in turns: the values of the array, and others. It says that it
// has begun, and ends once it is told to.

import { workerData } from "node:worker_threads";

export interface Writing {
  readonly view: { [index: number]: number | bigint; readonly length: number };
  /** 0 before the first write, then 1; 2 to end. */
  readonly state: Int32Array;
  readonly values: readonly (number | bigint)[];
}

const { view, state, values } = workerData as Writing;
const length = view.length;
for (let turn = 0; Atomics.load(state, 0) !== 2; turn++) {
  const value = values[turn % values.length]!;
  for (let i = turn % 7; i < length; i += 7) view[i] = value;
  Atomics.compareExchange(state, 0, 0, 1);
}
