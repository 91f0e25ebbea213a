// Stands in for `ringfold reduce FILE --op sum --max-bytes 64MiB`, by the engine's own way to
// files: node reduce-npy.js FILE MAX_BYTES. Knows version 1.0 headers of 128 bytes only.

import { openSync, statSync } from "node:fs";
import { createEngine } from "../../src/index.js";

const HEADER = 128;
const [, , path, maxBytes] = process.argv as [string, string, string, string];
const engine = await createEngine({ maxBytes: Number(maxBytes) });
const length = (statSync(path).size - HEADER) / 8;
const sum = await engine.reducePieces(
  "float64",
  [{ kind: "file", path, fd: openSync(path, "r"), offset: HEADER, length, swap: false }],
  "sum",
);
console.log(sum);
await engine.close();
