// All jobs and sizes of a dtype at a glance: ours against the best peer of each cell.

import type { ArrayDtype } from "./arrays-data.js";
import {
  JOBS,
  type Job,
  NUMPY,
  NUMPY_JOBS,
  nameOf,
  OPENMP,
  OURS,
  RIVALS,
  type Threads,
} from "./arrays-sides.js";
import { fastest, ratios, spread, type Times } from "./measure.js";
import { digits, figureRow, type Row } from "./row.js";

interface Table {
  /** The row's. */
  readonly name: string;
  readonly what: string;
  readonly legend: readonly string[];
  readonly jobs: readonly Job[];
  /** Whose times it needs. */
  readonly sides: readonly string[];
  /** The ratio that counts, and the cell's text; nothing where a side was not measured. */
  readonly cell: (times: Times, job: Job) => readonly [ratio: number, text: string] | undefined;
}

const ratio = (times: Times, ours: string, theirs: string) =>
  spread(ratios(times, ours, theirs)).median;

/** a, b, c …: who is the fastest in a cell. */
const letter = (who: string) => String.fromCharCode(97 + RIVALS.indexOf(who));

function againstRivals(dtype: ArrayDtype, threads: Threads): Table {
  const on = `${threads} thread${threads === 1 ? "" : "s"}`;
  const cell = (times: Times, job: Job) => {
    const ours = nameOf(job, OURS, threads);
    const present = RIVALS.filter((who) => times.has(nameOf(job, who, threads)));
    if (present.length === 0) return undefined;
    const side = (who: string) => nameOf(job, who, threads);
    const best = fastest(times, present.map(side));
    const who = present.find((p) => side(p) === best) as string;
    const most = ratio(times, ours, best);
    const openmp = present.includes(OPENMP) ? digits(ratio(times, ours, side(OPENMP))) : "-";
    return [most, `${digits(most)}${letter(who)} ${openmp}`] as const;
  };
  return {
    name: `${dtype}-${on.replace(" ", "-")}`,
    what: `${dtype}, ${on}, ours against the best peer; the median of all cells`,
    legend: [
      `a cell: against the fastest (${RIVALS.map((who) => `${letter(who)} ${who}`).join(", ")})`,
      "and against OpenMP",
    ],
    jobs: JOBS,
    sides: JOBS.flatMap((job) => [OURS, ...RIVALS].map((who) => nameOf(job, who, threads))),
    cell,
  };
}

function againstNumpy(dtype: ArrayDtype): Table {
  const cell = (times: Times, job: Job) => {
    const theirs = nameOf(job, NUMPY, 1);
    if (!times.has(theirs)) return undefined;
    const [one, two] = [1, 2].map((t) => ratio(times, nameOf(job, OURS, t as Threads), theirs)) as [
      number,
      number,
    ];
    return [two, `${digits(two)} ${digits(one)}`] as const;
  };
  return {
    name: `${dtype}-numpy`,
    what: `${dtype}, ours on 2 threads against NumPy, which has one; the median of all cells`,
    legend: ["a cell: ours on 2 threads and on 1, against NumPy"],
    jobs: NUMPY_JOBS,
    sides: NUMPY_JOBS.flatMap((job) => [
      nameOf(job, NUMPY, 1),
      nameOf(job, OURS, 1),
      nameOf(job, OURS, 2),
    ]),
    cell,
  };
}

export const tables = (dtype: ArrayDtype): readonly Table[] => [
  againstRivals(dtype, 1),
  againstRivals(dtype, 2),
  againstNumpy(dtype),
];

/** The table, under a row whose figure is the spread of its cells; none if no peer was there. */
export function tableRow(table: Table, bySize: ReadonlyMap<string, Times>): Row | undefined {
  const { name, what, legend, jobs, cell } = table;
  const figures: number[] = [];
  const lines = jobs.map((job) => {
    const cells = [...bySize.values()].map((times) => {
      const [figure, text] = cell(times, job) ?? [];
      if (figure !== undefined) figures.push(figure);
      return text ?? "-";
    });
    return [job, ...cells];
  });
  if (figures.length === 0) return undefined;
  const row = figureRow(name, what, figures, "×");
  row.notes.push(...legend);
  for (const line of [["", ...bySize.keys()], ...lines])
    row.notes.push(
      line
        .map((text, i) => text.padEnd(i === 0 ? 6 : 14))
        .join("")
        .trimEnd(),
    );
  return row;
}
