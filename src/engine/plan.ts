// From what the user asks (operators, options) to what runs: the accumulators
// of one pass, each once, and the finishes that read them.

import { MAX_OPS, OP_RUNNING, SCRATCH_STACK_BYTES, STACK_LEVELS } from "../core/map.js";
import { RingfoldError, show } from "../errors.js";
import { operatorOf } from "../operators/builtin.js";
import type { DtypeInfo } from "../operators/dtype.js";
import {
  type Accumulator,
  type Accuracy,
  canonical,
  type FinishContext,
  type Form,
  type Operator,
  type StateReader,
  type Value,
} from "../operators/operator.js";
import { CENSUS, makeReceipt, type Receipted } from "../operators/receipt.js";
import type { UserOperator } from "../operators/user.js";
import type { Pass } from "./entry.js";
import type { OperatorName } from "./options.js";

/** One operator of a pass: how it is computed, and where its states are in the record. */
export interface Item {
  readonly operator: Operator;
  readonly form: Form;
  readonly places: readonly number[];
  /** The places behind `root`, kept for the next result there. */
  root: number;
  addresses: readonly number[];
  /** For a receipt: the fast form, if it differs. */
  readonly naive: Item | undefined;
}

export interface Plan {
  readonly pass: Pass;
  readonly items: readonly Item[];
  /** True if a single name was given: the result is a value, not an object. */
  readonly single: boolean;
  readonly user: UserOperator | undefined;
  /** Inputs that are read side by side. */
  readonly inputs: 1 | 2;
  /** Place of what a receipt tells; undefined if none is wanted or integers have nothing to tell. */
  readonly census: number | undefined;
  readonly pairwise: boolean;
  /** What is done with the final record at `root`, if not to finish it. */
  readonly take?: (state: StateReader, root: number) => unknown;
}

/** The options that decide what a pass is. */
export interface PassOptions {
  readonly skipNaN: boolean;
  readonly accuracy: Accuracy | undefined;
  readonly pairwise: boolean;
  readonly receipt: boolean;
}

/** Lays out states: those of running accumulators first, each accumulator once. */
class Layout {
  readonly #dtype: DtypeInfo;
  readonly #running: Accumulator[] = [];
  readonly #others: Accumulator[] = [];

  constructor(dtype: DtypeInfo) {
    this.#dtype = dtype;
  }

  add(accumulators: readonly Accumulator[]): void {
    for (const accumulator of accumulators) {
      const list = accumulator.code >= OP_RUNNING ? this.#running : this.#others;
      if (!list.some((a) => a.code === accumulator.code)) list.push(accumulator);
    }
  }

  get #all(): Accumulator[] {
    return [...this.#running, ...this.#others];
  }

  get codes(): number[] {
    return this.#all.map((a) => a.code);
  }

  place(code: number): number {
    return this.#bytes(this.#all.slice(0, this.codes.indexOf(code)));
  }

  #bytes(accumulators: readonly Accumulator[]): number {
    return accumulators.reduce((sum, a) => sum + a.bytes(this.#dtype), 0);
  }

  get stateBytes(): number {
    return this.#bytes(this.#all);
  }

  /** Bytes of the running accumulators' states. */
  get running(): number {
    return this.#bytes(this.#running);
  }
}

/** @throws RingfoldError ERR_DTYPE, ERR_OPTION */
function formOf(operator: Operator, dtype: DtypeInfo, options: PassOptions): Form {
  const { accuracy, pairwise } = options;
  const reason = operator.rejects(dtype);
  if (reason !== undefined) {
    throw new RingfoldError("ERR_DTYPE", `${operator.name} of ${dtype.name}: ${reason}`);
  }
  if (pairwise && operator.inputs > 1) {
    throw new RingfoldError(
      "ERR_OPTION",
      `schedule: "pairwise" combines the numbers of one input; ${operator.name} has two`,
    );
  }
  const fast = operator.form(dtype, "fast") as Form;
  const own = operator.form(dtype, "exact");
  // Of integers, extrema and counts both are one.
  const exact = pairwise && own !== fast ? undefined : own;
  if (accuracy === "exact" && exact === undefined) {
    throw new RingfoldError(
      "ERR_OPTION",
      `accuracy: "exact" cannot be had for ${operator.name} of ${dtype.name}` +
        `${pairwise ? ' with schedule: "pairwise", which adds the numbers themselves' : ""}; ` +
        'leave it out, or pass "fast"',
    );
  }
  return accuracy === "fast" || exact === undefined ? fast : exact;
}

/** @throws RingfoldError ERR_OPERATOR */
export function namesOf(names: OperatorName | readonly OperatorName[]): readonly string[] {
  const list: unknown = typeof names === "string" ? [names] : names;
  const isList = Array.isArray(list) && list.length > 0 && list.length <= MAX_OPS;
  // `every` passes over holes.
  if (isList && !list.includes(undefined) && list.every((name) => typeof name === "string")) {
    return list;
  }
  const given = Array.isArray(list)
    ? `[${list.slice(0, MAX_OPS).map(show).join(", ")}]`
    : show(list);
  throw new RingfoldError(
    "ERR_OPERATOR",
    `operators: ${given} is not a name, 1 to ${MAX_OPS} names, or a URL`,
  );
}

/** @throws RingfoldError ERR_OPERATOR, ERR_DTYPE, ERR_OPTION */
export function makePlan(
  names: OperatorName | readonly OperatorName[],
  dtype: DtypeInfo,
  options: PassOptions,
): Plan {
  const list = namesOf(names);
  const operators = list.map(operatorOf);
  const inputs = (operators[0] as Operator).inputs;
  const other = operators.find((o) => o.inputs !== inputs);
  if (other !== undefined) {
    throw new RingfoldError(
      "ERR_OPERATOR",
      `operators: ${other.name} has ${other.inputs} input${other.inputs === 1 ? "" : "s"} and ` +
        `${list[0]} ${inputs}: give them a call each`,
    );
  }
  const forms = operators.map((operator) => formOf(operator, dtype, options));
  const isFloat = dtype.kind === "float";
  const layout = new Layout(dtype);
  for (const form of forms) layout.add(form.accumulators);
  const fasts = operators.map((operator) => operator.form(dtype, "fast") as Form);
  if (options.receipt) {
    for (const form of fasts) layout.add(form.accumulators);
    if (isFloat) layout.add([CENSUS]);
  }
  const { codes, stateBytes, running } = layout;
  const stack = running + (stateBytes - running) * (STACK_LEVELS + 1);
  if (stack > SCRATCH_STACK_BYTES || codes.length > MAX_OPS) {
    throw new RingfoldError(
      "ERR_OPERATOR",
      `operators: the ${codes.length} states of ${list.join(", ")} take ${stateBytes} bytes ` +
        "together, more than one pass holds; split them over two calls",
    );
  }
  const item = (operator: Operator, form: Form, naive: Item | undefined): Item => ({
    operator,
    form,
    places: form.accumulators.map(({ code }) => layout.place(code)),
    root: -1,
    addresses: [],
    naive,
  });
  return {
    pass: {
      dtype,
      codes,
      offsets: codes.map((code) => layout.place(code)),
      stateBytes,
      running,
      skipNaN: options.skipNaN,
    },
    items: operators.map((operator, i) => {
      const form = forms[i] as Form;
      const fast = fasts[i] as Form;
      const naive = options.receipt && fast !== form ? item(operator, fast, undefined) : undefined;
      return item(operator, form, naive);
    }),
    single: typeof names === "string",
    user: undefined,
    inputs,
    census: options.receipt && isFloat ? layout.place(CENSUS.code) : undefined,
    pairwise: options.pairwise,
  };
}

export function makeUserPlan(user: UserOperator, dtype: DtypeInfo, skipNaN: boolean): Plan {
  const stateBytes = user.cellBytes;
  return {
    pass: { dtype, codes: [], offsets: [], stateBytes, running: 0, skipNaN },
    items: [],
    single: true,
    user,
    inputs: 1,
    census: undefined,
    pairwise: false,
  };
}

/** The result of a pass of `length` elements whose final record lies at `root`. */
export function finish(
  plan: Plan,
  state: StateReader,
  root: number,
  context: FinishContext,
  length: number,
  receipt: boolean,
): Value | Record<string, Value> | Receipted<Value | Record<string, Value>> {
  const read = (item: Item): Value => {
    if (item.root !== root) {
      item.addresses = item.places.map((place) => root + place);
      item.root = root;
    }
    return canonical(item.form.finish(state, item.addresses, context));
  };
  if (plan.single && !receipt) return read(plan.items[0] as Item);
  const values = plan.items.map(read);
  const name = ({ operator }: Item) => operator.name;
  const value = plan.single
    ? (values[0] as Value)
    : Object.fromEntries(plan.items.map((item, i) => [name(item), values[i] as Value]));
  if (!receipt) return value;
  const naive = plan.items.map((item, i) => (item.naive ? read(item.naive) : (values[i] as Value)));
  const census = plan.census === undefined ? undefined : root + plan.census;
  return {
    value,
    receipt: makeReceipt(
      state,
      census,
      length,
      plan.items.map(name),
      values,
      naive,
      !plan.pairwise,
      context,
    ),
  };
}
