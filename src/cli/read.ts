// Sources read on this thread: batch by batch, or as whole arrays in the engine's memory, which
// the pairwise rounds and operators of two inputs need.

import type { Engine } from "../engine/engine.js";
import { readRun } from "../engine/fetch.js";
import { RingfoldError } from "../errors.js";
import { batchDtype, toArray } from "../input/raw.js";
import {
  BATCH_ROWS,
  type Batch,
  type BatchSource,
  type SegmentSource,
  type Source,
} from "../input/source.js";
import type { DtypeInfo, TypedArray } from "../operators/dtype.js";
import { Places } from "./places.js";
import type { Progress } from "./progress.js";
import type { Stop } from "./stop.js";

/** Hands on every batch; an abort need not wait for one that never comes. */
export async function readBatches(
  source: BatchSource,
  stop: Stop,
  progress: Progress,
  take: (batch: Batch) => Promise<void>,
) {
  const nulls = source.columns.map(() => 0);
  let rows = 0;
  const batches = source.batches()[Symbol.asyncIterator]();
  for (;;) {
    const { done, value: batch } = await stop.race(batches.next());
    if (done) return { rows, nulls };
    await stop.race(take(batch));
    rows += batch.rows;
    batch.nulls.forEach(({ length }, c) => {
      nulls[c]! += length;
    });
    progress.update("read", rows, source.rows);
    await stop.breathe();
  }
}

/** A column that fits memory. */
export interface WholeColumn {
  readonly name: string | undefined;
  readonly dtype: DtypeInfo;
  readonly rows: number;
  readonly nulls: number;
  readonly bytes: number;
  /** Brings it into the engine's memory: to be called once, when it is needed. */
  place(): Promise<TypedArray>;
  /** If it has nulls, and places are asked for: the rows of those in what `placeFilled` brings. */
  readonly places: Places | undefined;
  placeFilled(): Promise<TypedArray>;
}

export class Loader {
  readonly #engine: Engine;
  readonly #maxBytes: number | undefined;
  readonly #stop: Stop;
  readonly #progress: Progress;
  readonly #remedy: string;
  readonly #hasPlaces: boolean;
  #bytes = 0;

  /** `remedy`: what to do if `maxBytes` are too few. `hasPlaces`: places are asked for. */
  constructor(
    engine: Engine,
    maxBytes: number | undefined,
    stop: Stop,
    progress: Progress,
    remedy: string,
    hasPlaces: boolean,
  ) {
    this.#engine = engine;
    this.#maxBytes = maxBytes;
    this.#stop = stop;
    this.#progress = progress;
    this.#remedy = remedy;
    this.#hasPlaces = hasPlaces;
  }

  /** @throws RingfoldError ERR_MEMORY */
  async columns(source: Source): Promise<WholeColumn[]> {
    return source.kind === "segments" ? [this.#ofSegments(source)] : this.#ofBatches(source);
  }

  #ofSegments(source: SegmentSource): WholeColumn {
    const { length: rows } = source;
    const dtype = batchDtype(source.dtype);
    this.#claim(rows * source.dtype.size);
    const place = () => this.#load(source, dtype);
    const whole = { name: undefined, dtype, rows, nulls: 0, bytes: rows * dtype.size };
    return { ...whole, place, places: undefined, placeFilled: place };
  }

  async #ofBatches(source: BatchSource): Promise<WholeColumn[]> {
    const parts: TypedArray[][] = source.columns.map(() => []);
    const filled: TypedArray[][] = source.columns.map(() => []);
    const places = source.columns.map(() => new Places());
    const { rows, nulls } = await readBatches(source, this.#stop, this.#progress, async (batch) => {
      for (const [c, values] of batch.values.entries()) {
        this.#claim(values.byteLength);
        parts[c]!.push(values);
        if (!this.#hasPlaces) continue;
        const more = places[c]!.fill(values, batch.nulls[c]!);
        if (more !== values) this.#claim(more.byteLength);
        filled[c]!.push(more);
      }
    });
    return source.columns.map(({ name, dtype }, c) => ({
      name: name || undefined,
      dtype,
      rows,
      nulls: nulls[c]!,
      bytes: parts[c]!.reduce((sum, { byteLength }) => sum + byteLength, 0),
      place: () => this.#join(parts[c]!.splice(0), dtype),
      places: this.#hasPlaces && nulls[c]! > 0 ? places[c] : undefined,
      placeFilled: () => this.#join(filled[c]!.splice(0), dtype),
    }));
  }

  #claim(bytes: number): void {
    this.#bytes += bytes;
    if (this.#maxBytes === undefined || this.#bytes <= this.#maxBytes) return;
    throw new RingfoldError(
      "ERR_MEMORY",
      `--max-bytes: all numbers have to be in memory here, more than ${this.#maxBytes} bytes: ` +
        this.#remedy,
    );
  }

  async #load(source: SegmentSource, dtype: DtypeInfo): Promise<TypedArray> {
    const { size } = source.dtype;
    const view = this.#engine.alloc(dtype.name, source.length);
    const room = new Uint8Array(BATCH_ROWS * size);
    let at = 0;
    for (const segment of source.segments) {
      for (let first = 0; first < segment.length; first += BATCH_ROWS) {
        const n = Math.min(BATCH_ROWS, segment.length - first);
        const bytes = room.subarray(0, n * size);
        readRun(segment, first, n, size, bytes);
        // Same element type: what was read is made an array of the view's.
        (view as Float64Array).set(toArray(bytes, source.dtype) as Float64Array, at);
        at += n;
        this.#progress.update("read", at, source.length);
        await this.#stop.breathe();
      }
    }
    return view;
  }

  async #join(parts: readonly TypedArray[], { name }: DtypeInfo): Promise<TypedArray> {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const view = this.#engine.alloc(name, length);
    let at = 0;
    for (const part of parts) {
      (view as Float64Array).set(part as Float64Array, at);
      at += part.length;
      await this.#stop.breathe();
    }
    return view;
  }
}
