// Plans that were made before are found again: a small array is reduced faster than one is made.

import { RingfoldError, show } from "../errors.js";
import type { DtypeInfo } from "../operators/dtype.js";
import { assertRoundTo } from "../operators/operator.js";
import type { UserOperator } from "../operators/user.js";
import type { OperatorName, Operators, ReduceOptions } from "./options.js";
import { makePlan, makeUserPlan, namesOf, type Plan } from "./plan.js";

interface LastPlan {
  readonly operators: string;
  readonly options: ReduceOptions;
  readonly plan: Plan;
}

/** True if what decides on a pass, and what is checked against it, is the same. */
function isSamePass(a: ReduceOptions, b: ReduceOptions): boolean {
  return (
    a.accuracy === b.accuracy &&
    a.nan === b.nan &&
    a.schedule === b.schedule &&
    a.receipt === b.receipt &&
    a.roundTo === b.roundTo &&
    a.initial === b.initial
  );
}

export class Plans {
  readonly #plans = new Map<string, Plan>();
  #last: LastPlan | undefined;

  /** The plan for a call. @throws RingfoldError ERR_OPERATOR, ERR_DTYPE, ERR_OPTION */
  find(
    operators: Operators,
    dtype: DtypeInfo,
    options: ReduceOptions,
    user: UserOperator | undefined,
  ): Plan {
    // Calls for a small array come by the million, most of them alike.
    const last = this.#last;
    if (last?.operators === operators && isSamePass(last.options, options)) {
      if (last.plan.pass.dtype === dtype) return last.plan;
    }
    const skipNaN = options.nan === "skip" && dtype.kind === "float";
    if (user !== undefined) {
      assertForUser(options);
      return makeUserPlan(user, dtype, skipNaN);
    }
    const names = operators as OperatorName | readonly OperatorName[];
    const list = typeof names === "string" ? names : JSON.stringify(namesOf(names));
    const { accuracy, schedule, receipt = false } = options;
    const key = `${dtype.name} ${skipNaN} ${accuracy} ${schedule} ${receipt} ${typeof names} ${list}`;
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      plan = makePlan(names, dtype, {
        skipNaN,
        accuracy,
        pairwise: schedule === "pairwise",
        receipt,
      });
      this.#plans.set(key, plan);
    }
    assertApplies(plan, options);
    if (typeof operators === "string") {
      this.#last = { operators, options: { ...options }, plan };
    }
    return plan;
  }
}

/** Options that only built-in operators have. */
function assertForUser({ accuracy, roundTo, receipt }: ReduceOptions): void {
  const given = { accuracy: accuracy === "exact" ? accuracy : undefined, roundTo, receipt };
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && value !== false) {
      throw new RingfoldError(
        "ERR_OPTION",
        `${name}: ${show(value)} is not for user operators, whose code decides; leave it out`,
      );
    }
  }
}

/** @throws RingfoldError ERR_OPTION for an option that means nothing to the operators */
export function assertApplies({ items, pass }: Plan, { initial, roundTo }: ReduceOptions): void {
  const odd = items.find(({ operator }) => !operator.takesInitial);
  if (initial !== undefined && odd !== undefined) {
    throw new RingfoldError("ERR_OPTION", `initial: ${odd.operator.name} has none; leave it out`);
  }
  assertRoundTo(pass.dtype, roundTo);
}
