// The user operator of the `reduce` scenario: composes affine maps x → a·x + b modulo a prime, one
// an element. Associative and not commutative, so an element out of place shows. A state is both
// numbers in one bigint of 62 bits. Loaded by workers and by submitters.

const PRIME = 2_147_483_647n;
const words = new Float64Array(1);
const bits = new BigUint64Array(words.buffer);

const pack = (a: bigint, b: bigint): bigint => (a << 31n) | b;

function mapOf(value: number | bigint): bigint {
  let x = value as bigint;
  if (typeof value === "number") {
    words[0] = value;
    // One NaN for all: which one a copy has is the processor's business.
    x = Number.isNaN(value) ? 1n : (bits[0] as bigint);
  }
  const y = BigInt.asUintN(64, x) % PRIME;
  return pack((y % 1000n) + 2n, y);
}

export const identity: bigint = pack(1n, 0n);

/** First `left`, then `right`. */
export function combine(left: bigint, right: bigint): bigint {
  const [a, b] = [left >> 31n, left & PRIME];
  const [c, d] = [right >> 31n, right & PRIME];
  return pack((a * c) % PRIME, (b * c + d) % PRIME);
}

export function accumulate(state: bigint, value: number | bigint): bigint {
  return combine(state, mapOf(value));
}

export function finish(state: bigint): string {
  return state.toString(36);
}
