// The report of `ringfold bench` as one page that needs nothing else (frame.ts); bench-page.ts draws
// its charts.

import { formatSize } from "../../bench/compare.js";
import { cacheOf } from "../../bench/machine.js";
import type { BenchResult, Figure, OperatorResult } from "../../bench/result.js";
import type { BenchReport } from "../bench.js";
import {
  type BenchTable,
  benchTables,
  type Cell,
  casesOf,
  comparisonTable,
  facts,
  gigabytes,
  nameOf,
  percent,
  sizesOf,
  threadsOf,
  three,
} from "./bench-tables.js";
import { escapeMarkup as esc, formatSpan } from "./format.js";
import { chart, definitions, framePage, scrolled, section } from "./frame.js";

export interface BenchChart {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  /** What stands below: bytes, on a logarithmic scale, or a number of threads. */
  readonly below: "bytes" | "threads";
  readonly points: readonly number[];
  readonly unit: "GB/s" | "×" | "%";
  readonly isLog: boolean;
  readonly series: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
  }[];
  /** What so many threads have of each cache, in bytes. */
  readonly caches: readonly (readonly [name: string, bytes: number])[];
}

/** Lines of one chart; more cannot be told apart. */
const MOST_SERIES = 8;

interface Point {
  readonly bytes: number;
  readonly threads: number;
}

/** The figure of each size, or null. */
function bySize<T extends Point>(
  list: readonly T[],
  sizes: readonly number[],
  threads: number,
  of: (one: T) => number,
): (number | null)[] {
  return sizes.map((bytes) => {
    const found = list.find((one) => one.bytes === bytes && one.threads === threads);
    return found === undefined ? null : of(found);
  });
}

const speed = ({ bytesPerSecond }: { bytesPerSecond: Figure }) => bytesPerSecond.median / 1e9;

function cachesOf({ machine }: BenchResult, threads: number): (readonly [string, number])[] {
  return machine.caches.map((cache) => [cache.name, cacheOf(cache, threads)]);
}

const plural = (threads: number): string => `${threads} thread${threads === 1 ? "" : "s"}`;

/** Of each element type, the operators against size; first of all the read alone. */
function throughputCharts(result: BenchResult): BenchChart[] {
  const sizes = sizesOf(result);
  const counts = threadsOf(result);
  if (sizes.length === 0) return [];
  const threads = Math.max(...counts);
  const common = { below: "bytes", points: sizes, unit: "GB/s", isLog: true } as const;
  const caches = cachesOf(result, threads);
  const marks = caches.length === 0 ? "" : ` Dashed: what ${plural(threads)} have of each cache.`;
  const dtypes = [...new Set(result.operators.map(({ dtype }) => dtype))];
  return [
    {
      id: "read",
      title: "Pure read against size",
      note: "What no reduction can be faster than. Dashed: the caches of one thread.",
      ...common,
      series: counts.slice(-MOST_SERIES).map((n) => ({
        name: plural(n),
        values: bySize(result.roofline, sizes, n, speed),
      })),
      caches: cachesOf(result, 1),
    },
    ...dtypes.map((dtype) => {
      const cases = casesOf(result.operators.filter((one) => one.dtype === dtype));
      const more = cases.length - (MOST_SERIES - 1);
      return {
        id: `throughput-${dtype}`,
        title: `Throughput against size, ${dtype}, ${plural(threads)}`,
        note: `Bytes of input a second.${marks}${more > 0 ? ` ${more} more operators are in the tables.` : ""}`,
        ...common,
        series: [
          { name: "pure read", values: bySize(result.roofline, sizes, threads, speed) },
          ...cases.slice(0, MOST_SERIES - 1).map((list) => ({
            name: nameOf(list[0] as OperatorResult),
            values: bySize(list, sizes, threads, speed),
          })),
        ],
        caches,
      };
    }),
  ];
}

function scalingCharts(result: BenchResult): BenchChart[] {
  const threads = threadsOf(result);
  if (threads.length < 2 || threads[0] !== 1) return [];
  const bytes = Math.max(...sizesOf(result));
  const values = (list: readonly (Point & { speedup: Figure | null })[]) =>
    threads.map(
      (n) => list.find((one) => one.bytes === bytes && one.threads === n)?.speedup?.median ?? null,
    );
  return [
    {
      id: "scaling-chart",
      title: `Speed-up over 1 thread, ${formatSize(bytes)}`,
      note: "No reduction gains more than the pure read does.",
      ...{ below: "threads", points: threads, unit: "×", isLog: false, caches: [] },
      series: [
        { name: "pure read", values: values(result.roofline) },
        ...casesOf(result.operators)
          .slice(0, MOST_SERIES - 1)
          .map((list) => ({ name: nameOf(list[0] as OperatorResult), values: values(list) })),
      ],
    },
  ];
}

function exactCharts(result: BenchResult): BenchChart[] {
  const threads = Math.max(...threadsOf(result));
  const list = result.exact.filter((one) => one.threads === threads);
  if (list.length === 0) return [];
  const names = [...new Set(list.map(({ operator, dtype }) => `${operator} ${dtype}`))];
  const sizes = sizesOf(result);
  return [
    {
      id: "exact-chart",
      title: `Exact, as a share of the speed of fast, ${plural(threads)}`,
      note: "What correct rounding costs.",
      ...{ below: "bytes", points: sizes, unit: "%", isLog: false },
      series: names.slice(0, MOST_SERIES).map((name) => ({
        name,
        values: bySize(
          list.filter(({ operator, dtype }) => `${operator} ${dtype}` === name),
          sizes,
          threads,
          ({ share }) => share.median * 100,
        ),
      })),
      caches: cachesOf(result, threads),
    },
  ];
}

function crossoverCharts({ crossover }: BenchResult): BenchChart[] {
  if (crossover === null || crossover.points.length === 0) return [];
  const { points, threads } = crossover;
  return [
    {
      id: "crossover-chart",
      title: `Speed-up of ${plural(threads)} against size`,
      note: "Exact sum of float64, one after the other. Below 1, sharing out does not pay.",
      ...{ below: "bytes", unit: "×", isLog: false, caches: [] },
      points: points.map(({ bytes }) => bytes),
      series: [{ name: "speed-up", values: points.map(({ speedup }) => speedup.median) }],
    },
  ];
}

export function benchCharts(result: BenchResult): BenchChart[] {
  return [throughputCharts, scalingCharts, exactCharts, crossoverCharts].flatMap((make) =>
    make(result),
  );
}

function cellOf(cell: string | Cell, i: number, table: BenchTable): string {
  if (i < table.names) {
    const text = esc(cell as string);
    return i === 0 ? `<th scope="row">${text}</th>` : `<td>${text}</td>`;
  }
  if (typeof cell === "string") return `<td class="number">${esc(cell)}</td>`;
  const share = (cell.bar * 100).toFixed(1);
  return `<td class="number bar" style="--share:${share}%">${esc(cell.text)}</td>`;
}

function tableOf(table: BenchTable): string {
  const head = table.columns.map((name, i) => {
    const kind = i < table.names ? "" : ' class="number"';
    return `<th scope="col"${kind}>${esc(name)}</th>`;
  });
  const rows = table.rows.map(
    (row) => `<tr>${row.map((cell, i) => cellOf(cell, i, table)).join("")}</tr>`,
  );
  const body =
    rows.length === 0
      ? ""
      : scrolled(
          table.title,
          `<table id="${table.id}"><thead><tr>${head.join("")}</tr></thead><tbody>${rows.join("\n")}</tbody></table>`,
        );
  const note = table.note === undefined ? "" : `<p class="note">${esc(table.note)}</p>`;
  return section(`${table.id}-title`, table.title, body + note);
}

/** What one wants to know first, by name. */
export function highlights(result: BenchResult): [string, string][] {
  const { roofline, operators, crossover, latency, ring } = result;
  const found: [string, string][] = [];
  const read = roofline.at(-1);
  if (read !== undefined) {
    const what = `pure read, ${formatSize(read.bytes)}, ${plural(read.threads)}`;
    found.push([what, `${gigabytes(read.bytesPerSecond)} GB/s`]);
  }
  const [first] = operators;
  const last = operators.findLast((one) => first !== undefined && nameOf(one) === nameOf(first));
  if (last !== undefined) found.push([`${nameOf(last)}, of that`, percent(last.share)]);
  if (crossover !== null) {
    const { fromBytes } = crossover;
    found.push(["a second thread pays from", fromBytes === null ? "–" : formatSize(fromBytes)]);
  }
  const [job] = latency;
  if (job !== undefined) {
    found.push(["empty job there and back, p50", formatSpan(job.p50.median * 1000)]);
  }
  const items = ring.find(({ batch, producers }) => batch > 1 && producers === 1);
  if (items !== undefined) {
    found.push(["ring, in batches", `${three(items.itemsPerSecond.median / 1e6)} M items/s`]);
  }
  return found;
}

function body({ result, comparison }: BenchReport): string {
  const verdict = result.interrupted
    ? '<span class="verdict interrupted">interrupted</span>'
    : comparison?.rows.some(({ isSlower }) => isSlower)
      ? '<span class="verdict violated">slower than the baseline</span>'
      : "";
  const rows = facts(result).map(
    ([name, text]) => `<tr><th scope="row">${esc(name)}</th><td>${esc(text)}</td></tr>`,
  );
  const parameters = `<table class="parameters"><tbody>${rows.join("\n")}</tbody></table>`;
  const compared = comparison === undefined ? "" : tableOf(comparisonTable(comparison));
  return `<header>
<h1><span><span class="of">ringfold bench</span> ${esc(result.machine.processor)}</span>${verdict}</h1>
<p>Medians of ${result.rounds} interleaved rounds; shares and speed-ups are taken within a round.</p>
</header>
<main>
<dl class="figures">
${definitions(highlights(result))}
</dl>
${compared}
${benchCharts(result)
  .map(({ id, title, note }) => chart(id, title, note))
  .join("\n")}
${benchTables(result).map(tableOf).join("\n")}
${section("machine-title", "Machine", parameters)}
</main>
<footer>ringfold ${esc(result.ringfold)}, ${esc(result.machine.runtime)}, ${esc(new Date(result.began).toUTCString())}.
Charts by uPlot (MIT, © Leon Sorokin).</footer>`;
}

export function htmlBench(report: BenchReport): string {
  return framePage({
    title: `ringfold bench: ${report.result.machine.processor}`,
    body: body(report),
    data: benchCharts(report.result),
    script: "bench-page.js",
  });
}
