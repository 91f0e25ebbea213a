// A reduction whose input the caller brings piece by piece: the public side of
// a stream.

import { BLOCK } from "../core/map.js";
import { lengthOf, type TypedArray } from "../operators/dtype.js";
import { assertLength } from "./limits.js";
import { type Stream, type StreamResult, TASK_ELEMENTS } from "./stream.js";

/** A reduction under way whose input the caller brings: see `Engine.stream`. */
export class ReductionStream<R> {
  readonly #stream: Stream;
  readonly #settle: () => void;
  readonly #finish: (result: StreamResult) => unknown;

  /** @internal */
  constructor(stream: Stream, settle: () => void, finish: (result: StreamResult) => unknown) {
    this.#stream = stream;
    this.#settle = settle;
    this.#finish = finish;
  }

  /** @internal */
  progress(length: number): { done: number; total: number } {
    const total = Math.ceil(length / BLOCK);
    return { done: Math.min(this.#stream.progress.done, total), total };
  }

  /** Room in shared memory, 1 to 131,072 elements, once some is free. Fill from its start. */
  async reserve(): Promise<TypedArray<SharedArrayBuffer>> {
    return this.#guard(async () => {
      while (!this.#stream.hasRoom) await this.#stream.changed();
      return this.#stream.reserve() as TypedArray<SharedArrayBuffer>;
    });
  }

  /** Adds the first n elements of what `reserve` gave. */
  commit(n: number): void {
    this.#stream.commit(n);
  }

  /** Adds all of `values`, of the stream's dtype. */
  async write(values: TypedArray): Promise<void> {
    await this.writeBoth(values, undefined);
  }

  /** @internal The same of one input or two. */
  async writeBoth(
    values: TypedArray,
    second: TypedArray | undefined,
    onBuffer: () => void = () => {},
  ): Promise<void> {
    await this.#guard(async () => {
      this.#stream.assertTakes(values);
      const length = lengthOf(values);
      for (let at = 0; at < length; ) {
        while (!this.#stream.hasRoom) await this.#stream.changed();
        assertLength(values, length);
        if (second !== undefined) assertLength(second, length);
        onBuffer();
        at += this.#stream.put(values, second, at);
        // One buffer a turn of the event loop: others get theirs.
        if (at % TASK_ELEMENTS === 0) await new Promise<void>((done) => setImmediate(done));
      }
    });
  }

  /** The result of all that was added. */
  end(): Promise<R> {
    return this.#guard(async () => {
      while (!this.#stream.hasRoom) await this.#stream.changed();
      this.#stream.flush();
      while (!this.#stream.isSettled) await this.#stream.changed();
      const result = this.#finish(this.#stream.result()) as R;
      this.#settle();
      this.#stream.close();
      return result;
    });
  }

  /** Ends the reduction without a result. */
  abort(reason: unknown): void {
    this.#settle();
    this.#stream.fail(reason);
  }

  async #guard<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      this.abort(error);
      throw error;
    }
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
