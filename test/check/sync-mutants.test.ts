// Each defect of sync-mutants.ts is found by exploring small programs.

import { assert, test } from "../harness.js";
import { SYNC_MUTANTS } from "./sync-mutants.js";

for (const { name, broken, kill } of SYNC_MUTANTS) {
  test(`${name} is found: ${broken}`, async () => {
    const found = await kill();
    assert.ok(found !== undefined, "no quick proof fails");
  });
}
