// What `ringfold check` proves: programs of src/core/programs, with how many threads, tickets and
// tasks. Each is explored to its end, or says how far it got.

import { DEATHS, JOBS, LISTENERS, PAIR_DEATHS, TASKS } from "./programs-jobs.js";
import { GATES, RINGS } from "./programs-rings.js";
import type { Proof } from "./proof.js";

export type { Proof };

export const PROOFS: readonly Proof[] = [
  ...RINGS,
  ...GATES,
  ...TASKS,
  ...JOBS,
  ...LISTENERS,
  ...DEATHS,
  ...PAIR_DEATHS,
];
