// Times that threads of a drill counted by size (record in core/drill-link.ts): percentiles to
// 1/64 of their value, the maximum exact. After G. Tene's HdrHistogram, without its packing.

import {
  NOTE_MOST,
  NOTE_SIZE,
  NOTES,
  TIMES,
  TIMES_BUCKETS,
  TIMES_SIZE,
} from "../core/drill-map.js";

/** The percentiles that tables show. */
export const PERCENTILES = [50, 90, 99, 99.9, 99.99] as const;

/** The greatest value of a bucket, in nanoseconds. */
function topOf(bucket: number): number {
  if (bucket < 64) return bucket;
  const width = 2 ** ((bucket >> 6) - 1);
  return (64 + (bucket & 63) + 1) * width - 1;
}

export class Times {
  readonly #counts = new Float64Array(TIMES_BUCKETS);
  count = 0;
  /** Nanoseconds. */
  most = 0;

  /** Adds what thread `me` counted. */
  add(buffer: ArrayBufferLike, me: number): void {
    const counts = new Uint32Array(buffer, TIMES + me * TIMES_SIZE, TIMES_BUCKETS);
    for (let i = 0; i < TIMES_BUCKETS; i++) this.#put(i, counts[i] as number);
    const most = new BigInt64Array(buffer, NOTES + me * NOTE_SIZE + NOTE_MOST, 1);
    this.most = Math.max(this.most, Number(most[0]));
  }

  /** One time, in whole nanoseconds from 0 on. */
  record(ns: number): void {
    const bits = 31 - Math.clz32(Math.min(ns, 2 ** 31 - 1));
    const shift = Math.max(0, bits - 6);
    const bucket = ns < 64 ? ns : ((shift + 1) << 6) | ((Math.min(ns, 2 ** 31 - 1) >> shift) & 63);
    this.#put(bucket, 1);
    this.most = Math.max(this.most, ns);
  }

  merge(other: Times): void {
    for (let i = 0; i < TIMES_BUCKETS; i++) this.#put(i, other.#counts[i] as number);
    this.most = Math.max(this.most, other.most);
  }

  #put(bucket: number, n: number): void {
    this.#counts[bucket] = (this.#counts[bucket] as number) + n;
    this.count += n;
  }

  /** Nanoseconds that `percent` of all times do not exceed; NaN if there are none. */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent / 100) * this.count));
    for (let i = 0, seen = 0; i < TIMES_BUCKETS; i++) {
      seen += this.#counts[i] as number;
      if (seen >= rank) return Math.min(topOf(i), this.most);
    }
    return Number.NaN;
  }
}

/** Nanoseconds as microseconds with three digits, for tables; "–" for none. */
export function micros(ns: number): string {
  return Number.isNaN(ns) ? "–" : (ns / 1000).toPrecision(3).replace(/e\+?(\d+)$/, "e$1");
}

export const TIME_COLUMNS = [...PERCENTILES.map((p) => `p${p} (µs)`), "max (µs)"] as const;

export function timeCells(times: Times): (string | number)[] {
  const most = times.count === 0 ? Number.NaN : times.most;
  return [...PERCENTILES.map((p) => times.percentile(p)), most].map((ns) =>
    Number.isNaN(ns) ? "–" : Math.round(ns / 10) / 100,
  );
}
