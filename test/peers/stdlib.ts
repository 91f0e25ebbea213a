// The peer @stdlib/blas: sums and dot products of strided arrays, in plain JavaScript unless an
// addon was compiled when they were installed.

import { createRequire } from "node:module";
import ddot from "@stdlib/blas-base-ddot";
import dsum from "@stdlib/blas-ext-base-dsum";
import dsumpw from "@stdlib/blas-ext-base-dsumpw";
import type { Loop } from "./loops.js";

const addons = Object.keys(createRequire(import.meta.url).cache).filter((path) =>
  /@stdlib.*\.node$/.test(path),
);

export const STDLIB = `@stdlib/blas: ${addons.length > 0 ? "with its native addon" : "plain JavaScript, no addon was loaded"}`;

/** dsum compensates (Kahan, Babuška); dsumpw adds pairwise, as NumPy does. */
export const stdlibSums: { readonly [name: string]: Loop } = {
  "@stdlib dsum": (a) => dsum(a.length, a, 1),
  "@stdlib dsumpw": (a) => dsumpw(a.length, a, 1),
};

export const stdlibDot = (x: Float64Array, y: Float64Array): number => ddot(x.length, x, 1, y, 1);
