// LZ4, after the LZ4 Block Format and LZ4 Frame Format descriptions. Arrow
// writes frames whose blocks refer back to earlier ones, which a decoder of
// single blocks cannot read. Checksums are skipped, not verified.

const FRAME_MAGIC = 0x184d2204;
/** Below this, a loop is quicker than a call. */
const SHORT = 24;

const damaged = () => new RangeError("the LZ4 data is damaged");

/**
 * Decodes the block `input` into `output` from `at` on, and returns where it ends there.
 * What stands before `at` is history that the block may refer to.
 *
 * A sequence: token (literals << 4 | match − 4) · more literal length · literals ·
 * offset u16 · more match length. 15 in a nibble means that bytes are added until one is
 * not 255. The last sequence ends after its literals.
 */
export function decodeLz4Block(input: Uint8Array, output: Uint8Array, at = 0): number {
  let i = 0;
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    for (;;) {
      const more = input[i++];
      if (more === undefined) throw damaged();
      length += more;
      if (more < 255) return length;
    }
  };
  while (i < input.length) {
    const token = input[i++]!;
    const literals = lengthOf(token >> 4);
    if (i + literals > input.length || at + literals > output.length) throw damaged();
    if (literals < SHORT) for (let k = 0; k < literals; k++) output[at + k] = input[i + k]!;
    else output.set(input.subarray(i, i + literals), at);
    i += literals;
    at += literals;
    if (i === input.length) return at;
    const offset = input[i]! | (input[i + 1]! << 8);
    i += 2;
    const match = lengthOf(token & 15) + 4;
    const from = at - offset;
    if (offset === 0 || from < 0 || at + match > output.length) throw damaged();
    if (match < SHORT || offset < match) {
      for (let k = 0; k < match; k++) output[at + k] = output[from + k]!;
    } else {
      output.copyWithin(at, from, from + match);
    }
    at += match;
  }
  return at;
}

/**
 * Decodes one frame of `length` bytes once decoded. A frame: magic u32 · flags u8 · block
 * size u8 · [size u64] · [dictionary u32] · checksum u8 · blocks · 0 u32 · [checksum u32].
 * A block: size u32, top bit set if it is stored as it is · bytes · [checksum u32].
 */
export function decodeLz4Frame(input: Uint8Array, length: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const flags = view.getUint8(4);
  // The version has to be 1; a dictionary would have to come from elsewhere.
  if (view.getUint32(0, true) !== FRAME_MAGIC || flags >> 6 !== 1 || flags & 1) throw damaged();
  const blockChecksum = (flags & 16) !== 0 ? 4 : 0;
  const output = new Uint8Array(length);
  let i = 7 + ((flags & 8) !== 0 ? 8 : 0);
  let at = 0;
  for (;;) {
    const header = view.getUint32(i, true);
    if (header === 0) break;
    const size = header & 0x7fffffff;
    i += 4;
    if (i + size > input.length) throw damaged();
    const block = input.subarray(i, i + size);
    if (header >>> 31 === 0) {
      at = decodeLz4Block(block, output, at);
    } else {
      output.set(block, at);
      at += size;
    }
    i += size + blockChecksum;
  }
  if (at !== length) throw damaged();
  return output;
}
