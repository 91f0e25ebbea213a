// From a source to results: which passes there are, and how each kind of source is fed to
// them. Built-in operators share one pass, each user operator has its own.

import type { Engine } from "../engine/engine.js";
import type { Piece } from "../engine/external.js";
import type { Pair } from "../engine/input.js";
import type { Operators, ReduceOptions, Round } from "../engine/options.js";
import type { ReductionStream } from "../engine/reduction.js";
import { RingfoldError } from "../errors.js";
import type { BatchSource, SegmentSource, Source } from "../input/source.js";
import { DecimalSums, isOfDecimals } from "../operators/decimal.js";
import type { Dtype, TypedArray } from "../operators/dtype.js";
import type { Value } from "../operators/operator.js";
import { compareNaive, type Receipted } from "../operators/receipt.js";
import { initialFor, type ReduceArgs } from "./options.js";
import type { ColumnReport } from "./output.js";
import { isPlace, Places } from "./places.js";
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
  readonly receipt: boolean;
  /** Its results are places among rows: it gets nulls filled. */
  readonly isFilled: boolean;
}

/** What is known of a column beside the values that were reduced. */
interface Rows {
  readonly nulls: number;
  readonly places?: Places | undefined;
  readonly decimals?: DecimalSums | undefined;
}

const WHOLE: Rows = { nulls: 0 };

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
  /** The same where there may be nulls. */
  readonly #rowPasses: readonly Pass[];

  /** `helps`: this thread reads files too, in the place of a worker. */
  constructor(engine: Engine, args: ReduceArgs, stop: Stop, progress: Progress, helps: boolean) {
    this.#engine = engine;
    this.#args = args;
    this.#stop = stop;
    this.#progress = progress;
    this.#helps = helps;
    const { operators, modules, receipt, partial } = args;
    const builtIn = (names: Operators & readonly unknown[], isFilled: boolean): Pass[] => {
      const of = { operators: names, label: undefined, receipt: receipt && !isFilled, isFilled };
      return names.length === 0 ? [] : [of];
    };
    const own = modules.map(
      ({ label, url }): Pass => ({ operators: url, label, receipt: false, isFilled: false }),
    );
    this.#passes = [...builtIn(operators, false), ...own];
    const places = partial === undefined ? operators.filter(isPlace) : [];
    // A receipt is of all of them.
    const others = operators.filter((name) => receipt || !places.includes(name));
    this.#rowPasses = [...builtIn(others, false), ...builtIn(places, true), ...own];
  }

  #options({ label, receipt }: Pass, dtype: Dtype): ReduceOptions {
    const { accuracy, roundTo, nan, initial, overflow, partial } = this.#args;
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
  #collect(
    passes: readonly Pass[],
    values: readonly unknown[],
    { nulls, places, decimals }: Rows,
  ): Pick<ColumnReport, "results" | "receipt" | "nulls"> {
    const { operators, labels, partial, initial, roundTo } = this.#args;
    if (partial !== undefined) {
      return { results: { [partial]: values[0] }, receipt: undefined, nulls };
    }
    const found: Record<string, unknown> = {};
    let receipted: Receipted<unknown> | undefined;
    passes.forEach(({ label, receipt }, i) => {
      // A receipt is of built-in operators, which are the first pass.
      if (receipt) receipted = values[i] as Receipted<unknown>;
      if (label === undefined) Object.assign(found, receipt ? receipted?.value : values[i]);
      else found[label] = values[i];
    });
    const start = initial === undefined ? undefined : Number(initial);
    const isSingle = roundTo === "float32";
    const naive = { ...receipted?.receipt.naive };
    for (const name of operators) {
      const value = isPlace(name)
        ? places?.rowOf(found[name])
        : decimals?.value(name, start, isSingle);
      if (value === undefined) continue;
      found[name] = value;
      const other = isPlace(name) ? value : naive[name]?.value;
      if (naive[name]) naive[name] = compareNaive(value as Value, other as Value, isSingle);
    }
    return {
      results: Object.fromEntries(labels.map((label) => [label, found[label]])),
      receipt: receipted && { ...receipted.receipt, naive, nulls },
      nulls,
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
      ...this.#collect(this.#passes, values, WHOLE),
      rounds: undefined,
    };
    return { columns: [column], rows: length, bytes: length * dtype.size };
  }

  /**
   * Numbers in the engine's memory, and the same with nulls filled where there are some; `rounds`
   * are those of the first pass: all have the same.
   */
  async arrays(
    input: TypedArray | Pair,
    length: number,
    dtype: Dtype,
    name?: string,
    rows: Rows = WHOLE,
    filled: TypedArray | Pair = input,
  ): Promise<ColumnReport> {
    const { trace } = this.#args;
    const rounds: Round[] = [];
    const values: unknown[] = [];
    const passes = rows.places === undefined ? this.#passes : this.#rowPasses;
    for (const [i, pass] of passes.entries()) {
      const options: ReduceOptions = {
        ...this.#options(pass, dtype),
        ...this.#onProgress(i, length),
        ...(trace && i === 0 ? { onRound: (round) => rounds.push(round) } : {}),
      };
      values.push(await this.#ofArrays(pass, pass.isFilled ? filled : input, options));
    }
    const collected = this.#collect(passes, values, rows);
    return { name, dtype, ...collected, rounds: trace ? rounds : undefined };
  }

  /** Decoded columns, each fed to a stream a pass, all from one reading. */
  async batches(source: BatchSource): Promise<Totals> {
    const { columns } = source;
    const passes = this.#rowPasses;
    if (columns.length * passes.length > MOST_STREAMS) {
      throw new UsageError(
        `--column: ${columns.length} columns in ${passes.length} passes are more than ` +
          `${MOST_STREAMS} reductions at once: split them over several commands`,
      );
    }
    const streams = await Promise.all(
      columns.map(({ dtype: { name } }) => {
        const open = (pass: Pass) => this.#ofStream(pass, name, this.#options(pass, name));
        return Promise.all(passes.map(open));
      }),
    );
    const lengths = columns.map(() => 0);
    const places = columns.map(() => new Places());
    const sums = columns.map(() => this.#decimalSums());
    const { rows, nulls } = await readBatches(source, this.#stop, this.#progress, async (batch) => {
      await Promise.all(
        streams.flatMap((ofColumn, c) => {
          const values = batch.values[c]!;
          lengths[c]! += values.length;
          return ofColumn.map((stream, i) =>
            stream.write(passes[i]!.isFilled ? places[c]!.fill(values, batch.nulls[c]!) : values),
          );
        }),
      );
      for (const [c, sum] of sums.entries()) {
        const decimals = batch.decimals?.[c];
        if (decimals !== undefined) sum?.add(decimals);
        // With floats among them, floats tell.
        else if (batch.values[c]!.length > 0) sums[c] = undefined;
      }
    });
    const values = await Promise.all(
      streams.map((ofColumn) => Promise.all(ofColumn.map((stream) => stream.end()))),
    );
    return {
      columns: columns.map(({ name, dtype }, c) => ({
        name: name || undefined,
        dtype: dtype.name,
        ...this.#collect(passes, values[c]!, {
          nulls: nulls[c]!,
          places: places[c],
          decimals: sums[c],
        }),
        rounds: undefined,
      })),
      rows,
      bytes: columns.reduce((sum, { dtype }, c) => sum + lengths[c]! * dtype.size, 0),
    };
  }

  /** Undefined if no operator is asked for whose value is that over decimals. */
  #decimalSums(): DecimalSums | undefined {
    const { operators, accuracy, partial } = this.#args;
    const isAsked = accuracy !== "fast" && partial === undefined && operators.some(isOfDecimals);
    return isAsked ? new DecimalSums(operators) : undefined;
  }

  // --- what needs all numbers in memory first --------------------------------------------------

  #loader(remedy: string): Loader {
    const { operators, maxBytes } = this.#args;
    const hasPlaces = operators.some(isPlace);
    return new Loader(this.#engine, maxBytes, this.#stop, this.#progress, remedy, hasPlaces);
  }

  /** All numbers have to be in memory: one column after the other. */
  async pairwise(source: Source): Promise<Totals> {
    const loader = this.#loader("allow more, or use --schedule blocks instead of pairwise");
    const columns: ColumnReport[] = [];
    let rows = 0;
    let bytes = 0;
    for (const column of await loader.columns(source)) {
      const { name, dtype, places } = column;
      const view = await column.place();
      const filled = places && (await column.placeFilled());
      columns.push(await this.arrays(view, view.length, dtype.name, name, column, filled));
      this.#engine.free(view);
      if (filled !== undefined) this.#engine.free(filled);
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
