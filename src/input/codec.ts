// Decompression of Parquet pages and Arrow buffers: by the runtime's zlib where
// it knows the codec, else by hyparquet-compressors, loaded when it is needed.

import * as zlib from "node:zlib";
import { decodeLz4Block, decodeLz4Frame } from "./lz4.js";

/** Decodes to exactly `length` bytes, or throws. */
export type Decode = (input: Uint8Array, length: number) => Uint8Array;

/** One page or buffer beyond this is taken for damage: allocate nothing for it. */
export const MAX_DECODED = 1 << 30;

type ZlibSync = (input: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

const byZlib =
  (decode: ZlibSync): Decode =>
  (input, length) =>
    decode(input, { maxOutputLength: Math.max(1, length) });

/** Since Node 22.15 and 23.8. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: ZlibSync };

function lz4Block(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  return output.subarray(0, decodeLz4Block(input, output));
}

async function find(codec: string): Promise<Decode | undefined> {
  switch (codec) {
    case "UNCOMPRESSED":
      return (input) => input;
    case "GZIP":
      return byZlib(zlib.gunzipSync as ZlibSync);
    case "BROTLI":
      return byZlib(zlib.brotliDecompressSync as ZlibSync);
    case "LZ4_RAW":
      return lz4Block;
    case "LZ4_FRAME":
      return decodeLz4Frame;
    case "ZSTD":
      if (zstdDecompressSync !== undefined) return byZlib(zstdDecompressSync);
  }
  const { compressors } = await import("hyparquet-compressors");
  return (compressors as Readonly<Record<string, Decode | undefined>>)[codec];
}

/** The decoder of a codec, by Parquet's names and LZ4_FRAME; undefined for an unknown one. */
export async function loadCodec(codec: string): Promise<Decode | undefined> {
  const decode = await find(codec);
  if (decode === undefined) return undefined;
  return (input, length) => {
    if (length > MAX_DECODED) {
      throw new RangeError(`${length} bytes are claimed for one piece of compressed data`);
    }
    const output = decode(input, length);
    if (output.length === length) return output;
    throw new RangeError(`${length} bytes were to be decompressed, but there are ${output.length}`);
  };
}
