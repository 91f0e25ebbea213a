// What a party of `stress sync` acts through: primitives whose calls are counted and seen on the board,
// in the blocking or in the asynchronous form; its random numbers; and what it asserts. One program
// serves both forms, since `await` takes a result as it takes a promise.

import type { Loaded, PrimitiveName, Primitives } from "../primitives.js";
import { now } from "./drill-core.js";
import { Random } from "./random.js";
import {
  ASYNC_FORMS,
  BETWEEN,
  type Broken,
  CALL_NAMES,
  CALLS,
  DOING,
  LINE,
  type LongWords,
  type Shape,
  STEPS,
  type Words,
} from "./sync-board.js";

type Either<F> = F extends (...args: infer A) => infer R ? (...args: A) => R | Promise<R> : F;

/** `lock`, `wait` and `execute` give promises to asynchronous parties. */
export type Calls = {
  readonly [Name in PrimitiveName]: {
    readonly [Key in keyof Primitives[Name]]: Key extends "lock" | "wait" | "execute"
      ? Either<Primitives[Name][Key]>
      : Primitives[Name][Key];
  };
};

/** Of a round, kept by a thread for its report. */
const MOST_TIMES = 4096;
/** Milliseconds in which a round ends in any case: of timed calls that must not be refused. */
const HOUR = 3_600_000;
/** Milliseconds that the clock and a timer may differ by. */
const GRAIN = 2;

/** A rule that does not hold. */
export class BrokenRule extends Error implements Broken {
  readonly rule: string;
  readonly detail: string;

  constructor(rule: string, detail: string) {
    super(`${rule}: ${detail}`);
    this.rule = rule;
    this.detail = detail;
  }
}

export function broken(rule: string, detail: string): never {
  throw new BrokenRule(rule, detail);
}

/** The event loop turns. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

type AnyFunction = (...args: unknown[]) => unknown;

export class Hands {
  /** From 0. */
  readonly me: number;
  /** The threadId that primitives get. */
  readonly id: number;
  readonly shape: Shape;
  readonly isAsync: boolean;
  readonly isOurs: boolean;
  readonly random: Random;
  readonly calls: Calls;
  readonly counts = new Array<number>(CALL_NAMES.length).fill(0);
  readonly times: number[] = [];
  readonly #board: Words;
  readonly #line: number;
  readonly #errors: Loaded["errors"];

  constructor(impl: Loaded, board: Words, me: number, shape: Shape, isAsync: boolean) {
    this.me = me;
    this.id = me + 1;
    this.shape = shape;
    this.isAsync = isAsync;
    this.isOurs = impl.isOurs;
    this.random = new Random(shape.seed, me);
    this.#board = board;
    this.#line = me * LINE;
    this.#errors = impl.errors;
    this.calls = Object.fromEntries(
      Object.entries(impl.primitives).map(([name, of]) => [name, this.#wrap(name, of)]),
    ) as unknown as Calls;
  }

  #wrap(name: string, of: object): Record<string, AnyFunction> {
    const wrapped: Record<string, AnyFunction> = {};
    for (const [code, call] of CALL_NAMES.entries()) {
      const [whose, key] = call.split(".") as [string, string];
      if (whose !== name) continue;
      const form = this.isAsync ? ASYNC_FORMS[call] : undefined;
      const own = CALL_NAMES.indexOf(`${name}.${form ?? key}`);
      const run = (of as Record<string, AnyFunction>)[form ?? key];
      if (run === undefined) continue;
      wrapped[key] = (...args) =>
        this.#call(form === undefined ? code : own, () => run.apply(of, args));
    }
    return wrapped;
  }

  #call(code: number, run: () => unknown): unknown {
    this.#board[this.#line + DOING] = code + 1;
    const result = run();
    if (!(result instanceof Promise)) {
      this.#returned(code);
      return result;
    }
    return result.then((value) => {
      this.#returned(code);
      return value;
    });
  }

  #returned(code: number): void {
    this.#board[this.#line + DOING] = BETWEEN;
    this.#board[this.#line + CALLS]!++;
    this.counts[code]!++;
  }

  /** Something got done. */
  step(): void {
    this.#board[this.#line + STEPS]!++;
  }

  set doing(state: number) {
    this.#board[this.#line + DOING] = state;
  }

  /** The call under way. */
  get call(): string {
    return callName(this.#board[this.#line + DOING] as number);
  }

  /** A random pause, so that parties meet at ever other instructions. */
  async dawdle(): Promise<void> {
    for (let n = this.random.integer(0, this.shape.pace); n > 0; n--) {
      Atomics.load(this.#board, this.#line);
    }
    // Others of this thread have their turn, whatever is held.
    if (this.isAsync && this.random.integer(0, 7) === 0) await turn();
  }

  /** The clock, where this round is timed. */
  time(): bigint {
    return this.shape.isTimed ? now() : 0n;
  }

  /** What is to be had is given away now: called before. */
  gives(stamp: LongWords): void {
    if (this.shape.isTimed) stamp[0] = now();
  }

  /** It was got by a call that began at `began`: counts if that was before it was given away. */
  gets(stamp: LongWords, began: bigint): void {
    if (!this.shape.isTimed || this.times.length >= MOST_TIMES) return;
    const given = stamp[0] as bigint;
    if (given > began) this.times.push(Number(now() - given));
  }

  /** Tries a timed call, up to a moment in the past, soon, or out of reach; true if it was granted. */
  inTime(call: string, act: (until: number) => boolean): boolean {
    const until = Date.now() + this.random.pick([-1, 0, 1, 2, HOUR, HOUR]);
    if (act(until)) return true;
    const early = until - Date.now();
    if (early <= GRAIN) return false;
    return broken(
      "a timed call is refused at its time, not before",
      `${call}: ${early} ms before it`,
    );
  }

  /** `act` has to throw, and change nothing. */
  async isRefused(what: string, error: keyof Loaded["errors"], act: () => unknown): Promise<void> {
    let seen = "it was not refused";
    try {
      await act();
    } catch (thrown) {
      const Wanted = this.#errors[error];
      this.doing = BETWEEN;
      if (Wanted === undefined || thrown instanceof Wanted) return;
      seen = `it threw ${thrown}`;
    }
    broken(`${what} throws ${error}`, `party ${this.id}: ${seen}`);
  }
}

export function callName(doing: number): string {
  return CALL_NAMES[doing - 1] ?? "its own code";
}
