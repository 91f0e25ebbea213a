// From a source to results: which passes there are, and how each kind of source is fed to
// them. Built-in operators share one pass, each user operator has its own.

import type { Engine } from "../engine/engine.js";
import type { Piece } from "../engine/external.js";
import type { Pair } from "../engine/input.js";
import type { Operators, ReduceOptions, Round } from "../engine/options.js";
import type { ReductionStream } from "../engine/reduction.js";
import { RingfoldError } from "../errors.js";
import type { BatchSource, SegmentSource, Source } from "../input/source.js";
import type { Dtype, TypedArray } from "../operators/dtype.js";
import type { Receipted } from "../operators/receipt.js";
import { initialFor, type ReduceArgs } from "./options.js";
import type { ColumnReport } from "./output.js";
import type { Progress } from "./progress.js";
import { Loader, readBatches, type WholeColumn } from "./read.js";
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
  /** Undefined: built-in operators, whose result is an object by name. */
  readonly label: string | undefined;
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Options that were given: to the engine, undefined is not the same as absent. */
function given<T extends object>(options: T): Given<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<T>;
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

  #options({ label }: Pass, dtype: Dtype): ReduceOptions {
    const { accuracy, roundTo, nan, initial, overflow, receipt, partial } = this.#args;
    const always = { ...given({ nan }), signal: this.#stop.signal };
    if (partial !== undefined) return always;
    return {
      ...always,
      ...given({ overflow }),
      ...initialFor(initial, dtype),
      // How a user operator computes is its code's business.
      ...(label === undefined ? given({ accuracy, roundTo }) : {}),
      ...(receipt ? { receipt } : {}),
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

  // --- one pass, by the way its input comes: to values, or to a state ------------------------

  #ofPieces(
    { operators }: Pass,
    dtype: Dtype,
    pieces: readonly Piece[],
    options: ReduceOptions,
  ): Promise<unknown> {
    const { partial } = this.#args;
    return partial === undefined
      ? this.#engine.reducePieces(dtype, pieces, operators, options, this.#helps)
      : this.#engine.partialPieces(dtype, pieces, partial, options, this.#helps);
  }

  #ofStream(
    { operators }: Pass,
    dtype: Dtype,
    options: ReduceOptions,
  ): Promise<ReductionStream<unknown>> {
    const { partial } = this.#args;
    return partial === undefined
      ? this.#engine.stream(dtype, operators, options)
      : this.#engine.partialStream(dtype, partial, options);
  }

  #ofArrays(
    { operators }: Pass,
    input: TypedArray | Pair,
    options: ReduceOptions,
  ): Promise<unknown> {
    const { partial, schedule } = this.#args;
    return partial === undefined
      ? this.#engine.reduce(input, operators, { ...options, schedule })
      : this.#engine.partial(input, partial, options);
  }

  /** One column's results, by label, in the order in which they were asked for. */
  #collect(values: readonly unknown[], nulls: number): Pick<ColumnReport, "results" | "receipt"> {
    const { labels, partial, receipt } = this.#args;
    if (partial !== undefined) return { results: { [partial]: values[0] }, receipt: undefined };
    // A receipt is of built-in operators, which are one pass.
    const receipted = receipt ? (values[0] as Receipted<unknown>) : undefined;
    const found: Record<string, unknown> = {};
    this.#passes.forEach(({ label }, i) => {
      if (label === undefined) Object.assign(found, receipted ? receipted.value : values[i]);
      else found[label] = values[i];
    });
    return {
      results: Object.fromEntries(labels.map((label) => [label, found[label]])),
      receipt: receipted && { ...receipted.receipt, nulls },
    };
  }

  // --- all passes ------------------------------------------------------------------------------

  /** Numbers in files, which the workers read by themselves: once a pass. */
  async segments({ dtype, segments, length }: SegmentSource): Promise<Totals> {
    const pieces = segments.map((segment) => ({ kind: "file" as const, ...segment }));
    const values: unknown[] = [];
    for (const [i, pass] of this.#passes.entries()) {
      const options = { ...this.#options(pass, dtype.name), ...this.#onProgress(i, length) };
      values.push(await this.#ofPieces(pass, dtype.name, pieces, options));
    }
    const column: ColumnReport = {
      name: undefined,
      dtype: dtype.name,
      nulls: 0,
      ...this.#collect(values, 0),
      rounds: undefined,
    };
    return { columns: [column], rows: length, bytes: length * dtype.size };
  }

  /** Numbers in the engine's memory; `rounds` are those of the first pass: all have the same. */
  async arrays(
    input: TypedArray | Pair,
    length: number,
    dtype: Dtype,
    name?: string,
    nulls = 0,
  ): Promise<ColumnReport> {
    const { trace } = this.#args;
    const rounds: Round[] = [];
    const values: unknown[] = [];
    for (const [i, pass] of this.#passes.entries()) {
      const options: ReduceOptions = {
        ...this.#options(pass, dtype),
        ...this.#onProgress(i, length),
        ...(trace && i === 0 ? { onRound: (round) => rounds.push(round) } : {}),
      };
      values.push(await this.#ofArrays(pass, input, options));
    }
    const collected = this.#collect(values, nulls);
    return { name, dtype, nulls, ...collected, rounds: trace ? rounds : undefined };
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
      columns.map(({ dtype: { name } }) => {
        const open = (pass: Pass) => this.#ofStream(pass, name, this.#options(pass, name));
        return Promise.all(this.#passes.map(open));
      }),
    );
    const lengths = columns.map(() => 0);
    const { rows, nulls } = await readBatches(
      source,
      this.#stop,
      this.#progress,
      async (values) => {
        await Promise.all(
          streams.flatMap((ofColumn, c) => ofColumn.map((stream) => stream.write(values[c]!))),
        );
        for (const [c, { length }] of values.entries()) lengths[c]! += length;
      },
    );
    const values = await Promise.all(
      streams.map((ofColumn) => Promise.all(ofColumn.map((stream) => stream.end()))),
    );
    return {
      columns: columns.map(({ name, dtype }, c) => ({
        name: name || undefined,
        dtype: dtype.name,
        nulls: nulls[c]!,
        ...this.#collect(values[c]!, nulls[c]!),
        rounds: undefined,
      })),
      rows,
      bytes: columns.reduce((sum, { dtype }, c) => sum + lengths[c]! * dtype.size, 0),
    };
  }

  // --- what needs all numbers in memory first --------------------------------------------------

  #loader(remedy: string): Loader {
    return new Loader(this.#engine, this.#args.maxBytes, this.#stop, this.#progress, remedy);
  }

  /** All numbers have to be in memory: one column after the other. */
  async pairwise(source: Source): Promise<Totals> {
    const loader = this.#loader("allow more, or use --schedule blocks instead of pairwise");
    const columns: ColumnReport[] = [];
    let rows = 0;
    let bytes = 0;
    for (const column of await loader.columns(source)) {
      const { name, dtype, nulls } = column;
      const view = await column.place();
      columns.push(await this.arrays(view, view.length, dtype.name, name, nulls));
      this.#engine.free(view);
      rows = column.rows;
      bytes += column.bytes;
    }
    return { columns, rows, bytes };
  }

  /** Two columns side by side, of one source or of two. */
  async pair(sources: readonly Source[]): Promise<Totals> {
    const loader = this.#loader("allow more");
    const found: WholeColumn[] = [];
    for (const source of sources) found.push(...(await loader.columns(source)));
    const [x, y] = found as [WholeColumn, WholeColumn];
    for (const [i, { name, nulls }] of found.entries()) {
      if (nulls === 0) continue;
      const what = name === undefined ? `input ${i + 1}` : `column ${JSON.stringify(name)}`;
      throw new RingfoldError(
        "ERR_INPUT",
        `--op dot: ${what} has ${nulls} null${nulls === 1 ? "" : "s"}, and what would pair up ` +
          "without them is not what stood side by side: fill them, or leave those rows out before",
      );
    }
    const views: Pair = [await x.place(), await y.place()];
    const name = x.name === undefined || y.name === undefined ? undefined : `${x.name} · ${y.name}`;
    const column = await this.arrays(views, x.rows, x.dtype.name, name);
    return { columns: [column], rows: x.rows, bytes: x.bytes + y.bytes };
  }
}
