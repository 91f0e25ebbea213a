// A reduction whose input the caller brings piece by piece: the public side of
// a stream.

import { BLOCK } from "../core/map.js";
import { dtypeOf, lengthOf, type TypedArray } from "../operators/dtype.js";
import type { Call } from "./call.js";
import { assertLength } from "./limits.js";
import { type Stream, type StreamResult, TASK_ELEMENTS } from "./stream.js";
import { turn } from "./timers.js";

/**
 * A reduction under way whose input the caller brings: see `Engine.stream`. `reserve`, `write` and
 * `end` take effect in the order in which they are called, each after the one before.
 */
export class ReductionStream<R> {
  readonly #stream: Stream;
  readonly #call: Call;
  readonly #finish: (result: StreamResult) => unknown;
  /** Settles, without an error, once all that was asked for is done. */
  #last: Promise<unknown> = Promise.resolve();
  /** Elements that were reserved and may be committed. */
  #reserved = 0;

  /** @internal */
  constructor(stream: Stream, call: Call, finish: (result: StreamResult) => unknown) {
    this.#stream = stream;
    this.#call = call;
    this.#finish = finish;
  }

  /** @internal */
  progress(length: number): { done: number; total: number } {
    const total = Math.ceil(length / BLOCK);
    return { done: Math.min(this.#stream.progress.done, total), total };
  }

  /**
   * Room in shared memory, 1 to 131,072 elements, once some is free. Fill from its start, and
   * `commit` before anything else is written.
   */
  reserve(): Promise<TypedArray<SharedArrayBuffer>> {
    return this.#inTurn(async () => {
      while (!this.#stream.hasRoom) await this.#stream.changed();
      const room = this.#stream.reserve() as TypedArray<SharedArrayBuffer>;
      this.#reserved = room.length;
      return room;
    });
  }

  /**
   * Adds the first n elements of what `reserve` gave.
   * @throws RingfoldError ERR_OPTION for more than that, or if a `write` came between
   */
  commit(n: number): void {
    this.#stream.commit(n, this.#reserved);
    this.#reserved -= n;
  }

  /**
   * Adds all of `values`, of the stream's dtype; they must not change until the promise settles.
   * What fails here also rejects `end`, so a promise that nobody looks at does no harm.
   */
  write(values: TypedArray): Promise<void> {
    return this.writeBoth(values, undefined);
  }

  /** @internal The same of one input or two. */
  writeBoth(
    values: TypedArray,
    second: TypedArray | undefined,
    onBuffer: () => void = () => {},
  ): Promise<void> {
    const length = dtypeOf(values) === undefined ? 0 : lengthOf(values);
    const writing = this.#inTurn(async () => {
      this.#stream.assertTakes(values);
      this.#reserved = 0;
      for (let at = 0; at < length; ) {
        while (!this.#stream.hasRoom) await this.#stream.changed();
        assertLength(values, length);
        if (second !== undefined) assertLength(second, length);
        onBuffer();
        at += this.#stream.put(values, second, at);
        // One buffer a turn of the event loop: others get theirs.
        if (at % TASK_ELEMENTS === 0) await turn();
      }
    });
    writing.catch(() => {});
    return writing;
  }

  /** The result of all that was added. */
  end(): Promise<R> {
    return this.#inTurn(async () => {
      this.#reserved = 0;
      while (!this.#stream.hasRoom) await this.#stream.changed();
      this.#stream.flush();
      while (!this.#stream.isSettled) await this.#stream.changed();
      const result = this.#finish(this.#stream.result()) as R;
      this.#call.check();
      this.#call.end();
      this.#stream.close();
      return result;
    });
  }

  /** Ends the reduction without a result. */
  abort(reason: unknown): void {
    this.#call.end();
    this.#stream.fail(reason);
  }

  /** Runs `body` when all that was asked for before is done; its failure ends the stream. */
  #inTurn<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(body).catch((error: unknown) => {
      this.abort(error);
      throw error;
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** @internal Fills a stream from an array on a thread that may wait, and waits for the last answer. */
export function fillNow(
  stream: Stream,
  view: TypedArray,
  second: TypedArray | undefined,
  waitFor: (isDone: () => boolean) => void,
): void {
  for (let at = 0; at < lengthOf(view); ) {
    if (!stream.hasRoom) waitFor(() => stream.hasRoom);
    at += stream.put(view, second, at);
  }
  if (!stream.hasRoom) waitFor(() => stream.hasRoom);
  stream.flush();
  waitFor(() => stream.isSettled);
}
