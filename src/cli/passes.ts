// From a source to results: which passes there are, and how each kind of source is fed to
// them. Built-in operators share one pass, each user operator has its own.

import type { Engine } from "../engine/engine.js";
import { readRun } from "../engine/fetch.js";
import type { Operators, ReduceOptions, Round } from "../engine/plan.js";
import { RingfoldError } from "../errors.js";
import { batchDtype, toArray } from "../input/raw.js";
import { BATCH_ROWS, type BatchSource, type SegmentSource } from "../input/source.js";
import type { Dtype, DtypeInfo, TypedArray } from "../operators/dtype.js";
import { initialFor, type ReduceArgs } from "./options.js";
import type { ColumnReport } from "./output.js";
import type { Progress } from "./progress.js";
import type { Stop } from "./stop.js";
import { UsageError } from "./usage.js";

export interface Totals {
  readonly columns: readonly ColumnReport[];
  readonly rows: number;
  readonly bytes: number;
}

/** Reductions that an engine has under way at once, at most. */
const MOST_STREAMS = 64;

interface Pass {
  readonly operators: Operators;
  /** Undefined: the result is an object by operator name. */
  readonly label: string | undefined;
}

export class Passes {
  readonly #engine: Engine;
  readonly #args: ReduceArgs;
  readonly #stop: Stop;
  readonly #progress: Progress;
  readonly #helps: boolean;
  readonly #passes: readonly Pass[];

  /** `helps`: this thread reads files too, in the place of a worker. */
  constructor(engine: Engine, args: ReduceArgs, stop: Stop, progress: Progress, helps: boolean) {
    this.#engine = engine;
    this.#args = args;
    this.#stop = stop;
    this.#progress = progress;
    this.#helps = helps;
    const { operators, modules } = args;
    this.#passes = [
      ...(operators.length === 0 ? [] : [{ operators, label: undefined }]),
      ...modules.map(({ label, url }) => ({ operators: url, label })),
    ];
  }

  #options(dtype: Dtype): ReduceOptions {
    const { accuracy, nan, initial, overflow } = this.#args;
    return {
      ...(accuracy === undefined ? {} : { accuracy }),
      ...(nan === undefined ? {} : { nan }),
      ...(overflow === undefined ? {} : { overflow }),
      ...initialFor(initial, dtype),
      signal: this.#stop.signal,
    };
  }

  /** Reports the `index`-th pass over `length` rows, as the engine counts blocks. */
  #onProgress(index: number, length: number): Pick<ReduceOptions, "onProgress"> {
    if (!this.#progress.isShown) return {};
    const total = this.#passes.length * length;
    return {
      onProgress: ({ done, total: blocks }) =>
        this.#progress.update("reduce", (index + done / blocks) * length, total),
    };
  }

  /** One column's results, by label, in the order in which they were asked for. */
  #collect(values: readonly unknown[]): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    this.#passes.forEach(({ label }, i) => {
      if (label === undefined) Object.assign(found, values[i]);
      else found[label] = values[i];
    });
    return Object.fromEntries(this.#args.labels.map((label) => [label, found[label]]));
  }

  /** Numbers in files, which the workers read by themselves: once a pass. */
  async segments({ dtype, segments, length }: SegmentSource): Promise<Totals> {
    const pieces = segments.map((segment) => ({ kind: "file" as const, ...segment }));
    const values: unknown[] = [];
    for (const [i, { operators }] of this.#passes.entries()) {
      const options = { ...this.#options(dtype.name), ...this.#onProgress(i, length) };
      values.push(
        await this.#engine.reducePieces(dtype.name, pieces, operators, options, this.#helps),
      );
    }
    const results = this.#collect(values);
    const column = { name: undefined, dtype: dtype.name, nulls: 0, results, rounds: undefined };
    return { columns: [column], rows: length, bytes: length * dtype.size };
  }

  /** Numbers in the engine's memory; `rounds` are those of the first pass: all have the same. */
  async view(view: TypedArray, dtype: Dtype, name?: string, nulls = 0): Promise<ColumnReport> {
    const { schedule, trace } = this.#args;
    const rounds: Round[] = [];
    const values: unknown[] = [];
    for (const [i, { operators }] of this.#passes.entries()) {
      const options: ReduceOptions = {
        ...this.#options(dtype),
        ...this.#onProgress(i, view.length),
        schedule,
        ...(trace && i === 0 ? { onRound: (round) => rounds.push(round) } : {}),
      };
      values.push(await this.#engine.reduce(view, operators, options));
    }
    const results = this.#collect(values);
    return { name, dtype, nulls, results, rounds: trace ? rounds : undefined };
  }

  /** Decoded columns, each fed to a stream a pass, all from one reading. */
  async batches(source: BatchSource): Promise<Totals> {
    const { columns } = source;
    if (columns.length * this.#passes.length > MOST_STREAMS) {
      throw new UsageError(
        `--column: ${columns.length} columns in ${this.#passes.length} passes are more than ` +
          `${MOST_STREAMS} reductions at once: split them over several commands`,
      );
    }
    const streams = await Promise.all(
      columns.map(({ dtype }) => {
        const options = this.#options(dtype.name);
        const open = ({ operators }: Pass) => this.#engine.stream(dtype.name, operators, options);
        return Promise.all(this.#passes.map(open));
      }),
    );
    const lengths = columns.map(() => 0);
    const { rows, nulls } = await this.#read(source, async (values) => {
      await Promise.all(
        streams.flatMap((ofColumn, c) => ofColumn.map((stream) => stream.write(values[c]!))),
      );
      for (const [c, { length }] of values.entries()) lengths[c]! += length;
    });
    const values = await Promise.all(
      streams.map((ofColumn) => Promise.all(ofColumn.map((stream) => stream.end()))),
    );
    return {
      columns: columns.map(({ name, dtype }, c) => ({
        name: name || undefined,
        dtype: dtype.name,
        nulls: nulls[c]!,
        results: this.#collect(values[c]!),
        rounds: undefined,
      })),
      rows,
      bytes: columns.reduce((sum, { dtype }, c) => sum + lengths[c]! * dtype.size, 0),
    };
  }

  /** Hands on every batch; an abort need not wait for one that never comes. */
  async #read(source: BatchSource, take: (values: readonly TypedArray[]) => Promise<void>) {
    const nulls = source.columns.map(() => 0);
    let rows = 0;
    const batches = source.batches()[Symbol.asyncIterator]();
    for (;;) {
      const { done, value: batch } = await this.#stop.race(batches.next());
      if (done) return { rows, nulls };
      await this.#stop.race(take(batch.values));
      rows += batch.rows;
      batch.nulls.forEach((n, c) => {
        nulls[c]! += n;
      });
      this.#progress.update("read", rows, source.rows);
      await this.#stop.breathe();
    }
  }

  // --- pairwise: the rings hold all numbers, so they are brought into memory first -----------

  async pairwise(source: SegmentSource | BatchSource): Promise<Totals> {
    if (source.kind === "segments") {
      const dtype = batchDtype(source.dtype);
      const column = await this.view(await this.#load(source, dtype), dtype.name);
      return { columns: [column], rows: source.length, bytes: source.length * dtype.size };
    }
    const parts: TypedArray[][] = source.columns.map(() => []);
    let bytes = 0;
    const { rows, nulls } = await this.#read(source, async (values) => {
      bytes += values.reduce((sum, { byteLength }) => sum + byteLength, 0);
      this.#checkBytes(bytes);
      for (const [c, part] of values.entries()) parts[c]!.push(part);
    });
    const columns: ColumnReport[] = [];
    for (const [c, { name, dtype }] of source.columns.entries()) {
      const view = this.#join(parts[c]!, dtype);
      parts[c] = [];
      columns.push(await this.view(view, dtype.name, name || undefined, nulls[c]));
      this.#engine.free(view);
    }
    return { columns, rows, bytes };
  }

  #checkBytes(bytes: number): void {
    const { maxBytes } = this.#args;
    if (maxBytes === undefined || bytes <= maxBytes) return;
    throw new RingfoldError(
      "ERR_MEMORY",
      `--max-bytes: the pairwise schedule needs all numbers in memory, more than ${maxBytes} ` +
        "bytes here: allow more, or use --schedule blocks",
    );
  }

  async #load(source: SegmentSource, dtype: DtypeInfo): Promise<TypedArray> {
    const { size } = source.dtype;
    this.#checkBytes(source.length * size);
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

  #join(parts: readonly TypedArray[], { name }: DtypeInfo): TypedArray {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const view = this.#engine.alloc(name, length);
    let at = 0;
    for (const part of parts) {
      (view as Float64Array).set(part as Float64Array, at);
      at += part.length;
    }
    return view;
  }
}
