// A reduction of arrays that come one by one, on the calling thread's time: `Engine.accumulator`.

import { RingfoldError } from "../errors.js";
import { type Dtype, type DtypeInfo, dtypeInfo } from "../operators/dtype.js";
import type { Names } from "../operators/nearest.js";
import { contextOf, type StateReader, type Value } from "../operators/operator.js";
import { encodeState, readerOf } from "../operators/state.js";
import type { Input, Located, Pair } from "./input.js";
import type { OperatorName, ReduceOptions } from "./options.js";
import { splitPlan } from "./partial.js";
import { finish, type Plan } from "./plan.js";
import { assertApplies } from "./plans.js";

export interface AccumulatorOptions extends Pick<ReduceOptions, "nan" | "overflow" | "roundTo"> {
  /** Needed only if the value of nothing is asked for; else the first array's. */
  readonly dtype?: Dtype;
}

/** @internal */
export const ACCUMULATOR_OPTIONS: Names<AccumulatorOptions> = {
  dtype: true,
  nan: true,
  overflow: true,
  roundTo: true,
};

/** @internal What an accumulation needs of its engine. */
export interface Folding {
  locate(input: Input | Pair): Located;
  /** Hands the record of an input to the plan's `take`. */
  fold(located: Located, plan: Plan): void;
  /** left ⊕ right. */
  merge(plan: Plan, left: Uint8Array, right: Uint8Array): Uint8Array;
}

/** A sum, or another operator, of all that was added: see `Engine.accumulator`. */
export class Accumulation<V extends Value = Value> {
  readonly #operator: OperatorName;
  readonly #options: AccumulatorOptions;
  readonly #folding: Folding;
  #plan: Plan | undefined;
  #record: Uint8Array | undefined;
  #length = 0;

  /** @internal */
  constructor(operator: OperatorName, options: AccumulatorOptions, folding: Folding) {
    this.#operator = operator;
    this.#options = options;
    this.#folding = folding;
    if (options.dtype !== undefined) this.#planFor(dtypeInfo(options.dtype));
  }

  /** Elements, or pairs, that were added. */
  get length(): number {
    return this.#length;
  }

  #planFor(dtype: DtypeInfo): Plan {
    if (this.#plan === undefined) {
      const plan = splitPlan(this.#operator, dtype, this.#options);
      assertApplies(plan, this.#options);
      this.#plan = { ...plan, take: (state, root) => this.#take(plan, state, root) };
    }
    if (this.#plan.pass.dtype !== dtype) {
      throw new RingfoldError(
        "ERR_DTYPE",
        `add: ${dtype.name} to an accumulator of ${this.#plan.pass.dtype.name}`,
      );
    }
    return this.#plan;
  }

  /**
   * Adds all elements of an array, or of a pair of arrays for `dot`; large ones are shared out.
   * @throws RingfoldError ERR_DTYPE, ERR_INPUT, ERR_CLOSED; what was added before stays
   */
  add(input: Input | Pair): this {
    const located = this.#folding.locate(input);
    this.#folding.fold(located, this.#planFor(located.dtype));
    this.#length += located.length;
    return this;
  }

  #take(plan: Plan, state: StateReader, root: number): void {
    const record = state.copy(root, plan.pass.stateBytes);
    this.#record =
      this.#record === undefined ? record : this.#folding.merge(plan, this.#record, record);
  }

  /** The value of all that was added so far. @throws RingfoldError ERR_OPTION, ERR_EMPTY */
  value(): V {
    const { plan, record } = this.#current();
    const context = contextOf(plan.pass.dtype, this.#options);
    return finish(plan, readerOf(record), 0, context, this.#length, false) as V;
  }

  /** The same as a state, for `mergeStates` and `finishState`. */
  state(): Uint8Array {
    const { plan, record } = this.#current();
    const { dtype, skipNaN } = plan.pass;
    return encodeState({ operator: this.#operator, dtype, skipNaN }, record.slice());
  }

  #current(): { plan: Plan; record: Uint8Array } {
    if (this.#record === undefined && this.#plan !== undefined) {
      const { dtype } = this.#plan.pass;
      const none = { dtype, length: 0, address: -1, view: new Uint8Array(0) };
      const located = this.#plan.inputs === 2 ? { ...none, second: none } : none;
      this.#folding.fold(located, this.#plan);
    }
    if (this.#plan === undefined || this.#record === undefined) {
      throw new RingfoldError(
        "ERR_OPTION",
        "value: nothing was added, so the dtype is not known; pass `dtype` to `accumulator`",
      );
    }
    return { plan: this.#plan, record: this.#record };
  }
}
