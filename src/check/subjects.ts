// All that `ringfold check` can prove: programs on the core, and on primitives with the names of
// atomics-sync.

import { PROOFS, type Proof } from "./programs.js";
import { loadProofs, OURS, type SyncProof } from "./sync.js";

export function isSync(proof: Proof): proof is SyncProof {
  return "make" in proof;
}

/**
 * `impl`: only the primitives of that package or file; undefined: the core, and ours.
 * @throws RingfoldError if it cannot be imported
 */
export async function loadSubjects(impl: string | undefined): Promise<readonly Proof[]> {
  if (impl !== undefined) return loadProofs(impl);
  return [...PROOFS, ...(await loadProofs(OURS.name))];
}
