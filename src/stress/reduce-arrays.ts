// The arrays of a submitter of the `reduce` scenario, and what calls on them have to give: made
// once, kept while the script may come back to them.

import type { Engine } from "../engine/engine.js";
import type { Input, Pair } from "../engine/input.js";
import type { TypedArray } from "../operators/dtype.js";
import type { Answer } from "./naive/index.js";
import { answers, type Call, type DataSpec, makeData } from "./reduce-script.js";

/** As many as a script comes back to. */
const MOST_KEPT = 4;

type Place = Call["where"];

/** Both inputs, wherever calls want them to lie. */
class Arrays {
  readonly spec: DataSpec;
  readonly #engine: Engine;
  readonly #sides: readonly [TypedArray, TypedArray];
  readonly #placed = new Map<string, TypedArray>();
  readonly #answers = new Map<string, Map<string, Answer>>();

  constructor(engine: Engine, spec: DataSpec) {
    this.#engine = engine;
    this.spec = spec;
    this.#sides = [makeData(spec, 0), makeData(spec, 1)];
  }

  #side(side: 0 | 1, where: Place): TypedArray {
    const plain = this.#sides[side];
    if (where === "ordinary") return plain;
    const key = `${side} ${where}`;
    let array = this.#placed.get(key);
    if (array === undefined) {
      array = where === "engine" ? this.#engine.share(plain) : foreign(plain);
      this.#placed.set(key, array);
    }
    return array;
  }

  input(call: Call): Input | Pair {
    const part = (side: 0 | 1) => this.#side(side, call.where).subarray(call.from, call.to);
    return call.operators === "dot" ? [part(0), part(1)] : part(0);
  }

  part(call: Call): TypedArray {
    return this.#sides[0].subarray(call.from, call.to);
  }

  answers(call: Call): Map<string, Answer> {
    // Where the array lies, and how often and how the call is made, is nothing to the value.
    const { operators, from, to, pairwise, fast, skip, single, overflow } = call;
    const what = [
      operators,
      from,
      to,
      pairwise,
      fast,
      skip,
      single,
      String(call.initial),
      overflow,
    ];
    const key = JSON.stringify(what);
    let found = this.#answers.get(key);
    if (found === undefined) {
      found = answers(call, this.spec.dtype, ...this.#sides);
      this.#answers.set(key, found);
    }
    return found;
  }

  /** No call may be reading them. */
  free(): void {
    for (const [key, array] of this.#placed) {
      if (key.endsWith("engine")) this.#engine.free(array);
    }
  }
}

function foreign(array: TypedArray): TypedArray {
  const bytes = new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);
  // Not at the buffer's start.
  const buffer = new SharedArrayBuffer(array.byteLength + 64);
  new Uint8Array(buffer, 64).set(bytes);
  const type = array.constructor as Float64ArrayConstructor;
  return new type(buffer, 64, array.length) as TypedArray;
}

export class Shelf {
  readonly #engine: Engine;
  readonly #kept: Arrays[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** True if `find` would free what some call may be reading. */
  isFull(spec: DataSpec): boolean {
    return this.#kept.length === MOST_KEPT && !this.#kept.some((a) => a.spec.seed === spec.seed);
  }

  find(spec: DataSpec): Arrays {
    let arrays = this.#kept.find((a) => a.spec.seed === spec.seed);
    if (arrays === undefined) {
      if (this.#kept.length === MOST_KEPT) this.#kept.shift()?.free();
      arrays = new Arrays(this.#engine, spec);
      this.#kept.push(arrays);
    }
    return arrays;
  }

  clear(): void {
    for (const arrays of this.#kept.splice(0)) arrays.free();
  }
}

export type { Arrays };
