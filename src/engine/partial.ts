// Plans whose result is a state: `Engine.partial`, and what `Engine.accumulator` adds up.

import { RingfoldError, textOf } from "../errors.js";
import type { DtypeInfo } from "../operators/dtype.js";
import type { Names } from "../operators/nearest.js";
import { encodeState } from "../operators/state.js";
import type { OperatorName, ReduceOptions } from "./options.js";
import { makePlan, type Plan } from "./plan.js";

/** States are exact: `accuracy` and what only a value has are left out. */
export type PartialOptions = Pick<ReduceOptions, "nan" | "signal" | "timeout" | "onProgress">;

/** @internal */
export const PARTIAL_OPTIONS: Names<PartialOptions> = {
  nan: true,
  signal: true,
  timeout: true,
  onProgress: true,
};

/** @internal A plan for a state that does not depend on how the data is cut. @throws RingfoldError */
export function splitPlan(
  name: OperatorName,
  dtype: DtypeInfo,
  options: Pick<ReduceOptions, "nan">,
): Plan {
  if (typeof name !== "string") {
    throw new RingfoldError("ERR_OPERATOR", `operator: ${textOf(name)} is not one operator's name`);
  }
  const skipNaN = options.nan === "skip" && dtype.kind === "float";
  const plan = makePlan(name, dtype, {
    skipNaN,
    accuracy: undefined,
    pairwise: false,
    receipt: false,
  });
  const odd = plan.items[0]?.form.accumulators.some((a) => a.join === undefined);
  if (odd) {
    throw new RingfoldError(
      "ERR_OPERATOR",
      `${name} of ${dtype.name} depends on where the data is cut, so it has no state that could be ` +
        "merged; reduce the whole in one call",
    );
  }
  return plan;
}

/** @internal @throws RingfoldError ERR_OPERATOR, ERR_OPTION */
export function partialPlan(name: OperatorName, dtype: DtypeInfo, options: PartialOptions): Plan {
  const plan = splitPlan(name, dtype, options);
  const { stateBytes, skipNaN } = plan.pass;
  const header = { operator: name, dtype, skipNaN };
  return {
    ...plan,
    take: (state, root) => encodeState(header, state.copy(root, stateBytes)),
  };
}
