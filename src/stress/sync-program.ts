// What a program of `stress sync` is. The host sets it up and judges it, threads play its parties; a
// rule that does not hold is thrown by whoever sees it (sync-hands.ts).

import type { PrimitiveName, Primitives } from "../primitives.js";
import type { Random } from "./random.js";
import type { LongWords, Shape, Shared, Words } from "./sync-board.js";
import type { Hands } from "./sync-hands.js";

export interface SyncProgram<S extends Shared> {
  readonly name: string;
  readonly needs: readonly PrimitiveName[];
  /** Parties spin: not in the asynchronous form, and no more than there are processors. */
  readonly spins?: boolean;
  /** With fewer parties it shows nothing: so many threads, even if fewer were asked for. */
  readonly leastThreads?: number;
  readonly mostTurns?: number;
  setup(primitives: Primitives, shape: Shape, random: Random, isOurs: boolean): S;
  play(hands: Hands, shared: S): Promise<void>;
  /** When all parties have ended. */
  judge(shared: S, shape: Shape, primitives: Primitives): void;
}

// Programs of different S in one list: each is used with its own only.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyProgram = SyncProgram<any>;

export const program = <S extends Shared>(it: SyncProgram<S>): AnyProgram => it;

export const words = (length: number): Words => new Int32Array(new SharedArrayBuffer(4 * length));
export const stamp = (): LongWords => new BigInt64Array(new SharedArrayBuffer(8));
