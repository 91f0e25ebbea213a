// Decompression of Parquet pages and Arrow buffers by hyparquet-compressors.
// What no dependency knows is LZ4's frames, of which Arrow makes use: lz4.ts does.

import type { Compressors } from "hyparquet";
import { decodeLz4Frame } from "./lz4.js";

type Flechette = typeof import("@uwdata/flechette");

/** The codecs of Parquet. hyparquet-compressors 1.1.2 takes an LZ4 block of no bytes for damage. */
export async function parquetCodecs(): Promise<Compressors> {
  const { compressors, decompressLz4Raw } = await import("hyparquet-compressors");
  const lz4 = (data: Uint8Array, length: number) =>
    length === 0 ? new Uint8Array(0) : decompressLz4Raw(data, length);
  return { ...compressors, LZ4_RAW: lz4 };
}

/** flechette makes typed arrays over what it gets, so that has to begin at a multiple of 8. */
const aligned = (data: Uint8Array): Uint8Array => (data.byteOffset % 8 === 0 ? data : data.slice());

/** Makes flechette decompress what Arrow files may be compressed by. */
export async function arrowCodecs(flechette: Flechette): Promise<void> {
  const { CompressionType, setCompressionCodec } = flechette;
  const { decompressZstd } = await import("hyparquet-compressors");
  const encode = () => {
    throw new Error("ringfold does not write Arrow files");
  };
  setCompressionCodec(CompressionType.ZSTD, {
    encode,
    decode: (data) => aligned(decompressZstd(data)),
  });
  setCompressionCodec(CompressionType.LZ4_FRAME, {
    encode,
    decode: (data, length) => decodeLz4Frame(data, length!),
  });
}
