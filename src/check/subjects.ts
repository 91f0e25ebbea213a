// All that `ringfold check` can prove: programs on the core, how threads await answers, and programs on
// primitives with the names of atomics-sync.

import { hostProofs } from "./host.js";
import { PROOFS, type Proof } from "./programs.js";
import { loadProofs, OURS, type SyncProof } from "./sync.js";

/** True if its threads are functions of TypeScript, and not exports of the core. */
export function isTypeScript(proof: Proof): proof is SyncProof {
  return "make" in proof;
}

/** True if it is of primitives. */
export function isSync(proof: Proof): boolean {
  return isTypeScript(proof) && !proof.name.startsWith("host-");
}

/**
 * `impl`: only the primitives of that package or file; undefined: all, with ours.
 * @throws RingfoldError if it cannot be imported
 */
export async function loadSubjects(impl: string | undefined): Promise<readonly Proof[]> {
  if (impl !== undefined) return loadProofs(impl);
  return [...PROOFS, ...hostProofs(), ...(await loadProofs(OURS.name))];
}
