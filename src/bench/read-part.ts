// What a thread does in a pure read: reader.ts on the calling thread, read-thread.ts on others.

/** The exports of read.wasm. */
export interface ReadCore {
  readAlone(at: number, bytes: number, passes: number): bigint;
  readShared(at: number, bytes: number, passes: number, counter: number): bigint;
}

export interface ReadTask {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** Bytes of one call at most, about: core/read.ts says why. */
const CALL = 2 ** 20;

export function readerOf({ module, memory }: ReadTask): ReadCore {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return exports as unknown as ReadCore;
}

function readOwn(core: ReadCore, at: number, bytes: number, passes: number): bigint {
  let bits = 0n;
  if (bytes > CALL) {
    for (let pass = 0; pass < passes; pass++) {
      for (let from = 0; from < bytes; from += CALL) {
        bits |= core.readAlone(at + from, Math.min(CALL, bytes - from), 1);
      }
    }
    return bits;
  }
  const most = Math.max(1, Math.floor(CALL / bytes));
  for (let left = passes; left > 0; left -= most) {
    bits |= core.readAlone(at, bytes, Math.min(most, left));
  }
  return bits;
}

/** The part of the thread that is number `me`; bits that it saw. */
export function readPart(core: ReadCore, me: number, args: readonly number[]): bigint {
  const [at, bytes, part, passes, counter] = args as [number, number, number, number, number];
  if (counter === 0) {
    const from = Math.min(me * part, bytes);
    const own = Math.min(part, bytes - from);
    return own === 0 ? 0n : readOwn(core, at + from, own, passes);
  }
  let bits = 0n;
  for (;;) {
    const some = core.readShared(at, bytes, passes, counter);
    if (some < 0n) return bits;
    bits |= some;
  }
}
