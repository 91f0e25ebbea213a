// The programs of `ringfold check --quick`, explored to their end on the core that ships.

import { readFileSync } from "node:fs";
import { explore } from "../../src/check/explorer.js";
import { PROOFS } from "../../src/check/programs.js";
import { assert, test } from "../harness.js";

const MODULE = new WebAssembly.Module(
  readFileSync(new URL("../../src/check/check.wasm", import.meta.url)),
);

for (const proof of PROOFS.filter(({ quick }) => quick)) {
  test(`${proof.name}: ${proof.proves}`, () => {
    const { finding, exhaustive, ends } = explore(MODULE, proof);
    assert.equal(finding, undefined);
    assert.ok(exhaustive && ends > 0);
  });
}

test("a search that is cut short does not pass as exhaustive", () => {
  const [proof] = PROOFS;
  const { finding, exhaustive } = explore(MODULE, proof!, { mostStates: 100 });
  assert.equal([finding, exhaustive], [undefined, false]);
  assert.is(explore(MODULE, proof!, { preemptions: 2 }).exhaustive, false);
});
