// Random numbers to reduce where there is no file.

import type { Engine } from "../engine/engine.js";
import { BATCH_ROWS, type Batch, type BatchSource } from "../input/source.js";
import { dtypeInfo } from "../operators/dtype.js";
import type { Progress } from "./progress.js";
import type { Stop } from "./stop.js";

/** Numbers made between two turns of the event loop: a few milliseconds' worth. */
const TURN = 1 << 20;

/**
 * Fills with uniform numbers in [0, 1), multiples of 2^-52. xoshiro128++ (Blackman and
 * Vigna), its state filled by splitmix32; two of its outputs make a number's 52 random bits,
 * written beneath the exponent of [1, 2).
 */
export class Uniform {
  readonly #state: Int32Array<ArrayBuffer> = new Int32Array(4);

  constructor(seed: number) {
    let mix = seed | 0;
    for (let i = 0; i < 4; i++) {
      mix = (mix + 0x9e3779b9) | 0;
      let z = Math.imul(mix ^ (mix >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.#state[i] = z ^ (z >>> 15);
    }
  }

  fill(values: Float64Array): void {
    const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length);
    const state = this.#state;
    let [a, b, c, d] = state as unknown as [number, number, number, number];
    for (let i = 0; i < words.length; i++) {
      const sum = (a + d) | 0;
      const bits = (((sum << 7) | (sum >>> 25)) + a) | 0;
      words[i] = (i & 1) === 0 ? bits : 0x3ff00000 | (bits >>> 12);
      const t = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = (d << 11) | (d >>> 21);
    }
    state.set([a, b, c, d]);
    for (let i = 0; i < values.length; i++) values[i] = values[i]! - 1;
  }
}

/** @throws RingfoldError ERR_MEMORY; the reason of an abort */
export async function generate(
  engine: Engine,
  length: number,
  seed: number,
  stop: Stop,
  progress: Progress,
): Promise<Float64Array<SharedArrayBuffer>> {
  const values = engine.allocUnfilled("float64", length) as Float64Array<SharedArrayBuffer>;
  const uniform = new Uniform(seed);
  for (let done = 0; done < length; done += TURN) {
    uniform.fill(values.subarray(done, done + TURN));
    progress.update("generate", done, length);
    await stop.breathe();
  }
  return values;
}

/** The same numbers as `generate` makes, in batches: for any length in bounded memory. */
export function generated(length: number, seed: number): BatchSource {
  async function* batches(): AsyncGenerator<Batch> {
    const uniform = new Uniform(seed);
    for (let done = 0; done < length; done += BATCH_ROWS) {
      const values = new Float64Array(Math.min(BATCH_ROWS, length - done));
      uniform.fill(values);
      yield { rows: values.length, values: [values], nulls: [0] };
    }
  }
  const columns = [{ name: "", dtype: dtypeInfo("float64") }];
  return { kind: "batches", columns, rows: length, batches, close: () => {} };
}
