// What the command line gives a scenario when no option is set.

import type { SettingName } from "../../src/stress/scenario.js";

export const NOTHING_CHOSEN = {
  producers: undefined,
  consumers: undefined,
  capacity: undefined,
  batch: undefined,
  threads: undefined,
  rate: undefined,
  impl: undefined,
} as const satisfies Record<SettingName, undefined>;
