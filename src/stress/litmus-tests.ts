// What the litmus tests are, and which of their outcomes the memory model of ECMAScript and
// WebAssembly (they share it) allows. Names as in the literature: J. Alglave, L. Maranget and
// M. Tautschnig, Herding Cats (2014).

/** x is 0, y is 1. Both are 0 at first. */
export type Location = 0 | 1;
export type Access =
  | { readonly kind: "write"; readonly at: Location; readonly value: 1 | 2 }
  | { readonly kind: "read"; readonly at: Location };

export interface Variant {
  readonly name: string;
  /** For each thread and access of it: 1 if it is atomic. */
  readonly atomic: readonly (readonly number[])[];
  /**
   * True if every execution must be sequentially consistent: all accesses are atomic, or there is
   * no data race. Otherwise the model allows what no interleaving explains.
   */
  readonly strict: boolean;
}

export interface Litmus {
  readonly name: string;
  readonly describe: string;
  /** One or two accesses each. */
  readonly threads: readonly (readonly Access[])[];
  /** Locations whose value at the end belongs to the outcome, behind what the reads saw. */
  readonly finals: readonly Location[];
  readonly variants: readonly Variant[];
}

const W = (at: Location, value: 1 | 2 = 1): Access => ({ kind: "write", at, value });
const R = (at: Location): Access => ({ kind: "read", at });
const x: Location = 0;
const y: Location = 1;

function define(
  name: string,
  describe: string,
  threads: Litmus["threads"],
  finals: Litmus["finals"] = [],
  more: readonly Variant[] = [],
): Litmus {
  const all = (atomic: number) => threads.map((accesses) => accesses.map(() => atomic));
  const variants: Variant[] = [
    { name: "atomic", atomic: all(1), strict: true },
    { name: "plain", atomic: all(0), strict: false },
    ...more,
  ];
  return { name, describe, threads, finals, variants };
}

export const TESTS: readonly Litmus[] = [
  define(
    "SB",
    "store buffering",
    [
      [W(x), R(y)],
      [W(y), R(x)],
    ],
    [],
    [
      {
        name: "one thread atomic",
        atomic: [
          [1, 1],
          [0, 0],
        ],
        strict: false,
      },
    ],
  ),
  define(
    "MP",
    "message passing",
    [
      [W(x), W(y)],
      [R(y), R(x)],
    ],
    [],
    [
      // As a ring's slot has it. The data do race where the flag was not seen, but there the read
      // may see either value anyway; where it was, the write happens before the read.
      {
        name: "plain data, atomic flag",
        atomic: [
          [0, 1],
          [1, 0],
        ],
        strict: true,
      },
    ],
  ),
  define("LB", "load buffering", [
    [R(x), W(y)],
    [R(y), W(x)],
  ]),
  define(
    "2+2W",
    "two writes each, in opposite order",
    [
      [W(x, 1), W(y, 2)],
      [W(y, 1), W(x, 2)],
    ],
    [x, y],
  ),
  define(
    "R",
    "a write against a write and a read",
    [
      [W(x, 1), W(y, 1)],
      [W(y, 2), R(x)],
    ],
    [y],
  ),
  define(
    "S",
    "a write against a read and a write",
    [
      [W(x, 2), W(y, 1)],
      [R(y), W(x, 1)],
    ],
    [x],
  ),
  define("CoRR", "two reads of one word", [[W(x)], [R(x), R(x)]]),
  define("IRIW", "independent reads of independent writes", [
    [W(x)],
    [W(y)],
    [R(x), R(y)],
    [R(y), R(x)],
  ]),
];

/** What the reads saw, by thread and place, then the final values. */
export type Outcome = readonly number[];

/** Every outcome that some interleaving has, as `keyOf` spells it. */
export function sequential({ threads, finals }: Litmus): Set<string> {
  const outcomes = new Set<string>();
  const go = (memory: readonly number[], places: readonly number[], seen: readonly number[][]) => {
    let over = true;
    for (const [t, accesses] of threads.entries()) {
      const access = accesses[places[t] as number];
      if (access === undefined) continue;
      over = false;
      const next = places.map((place, i) => (i === t ? place + 1 : place));
      if (access.kind === "write") {
        const after = memory.map((value, at) => (at === access.at ? access.value : value));
        go(after, next, seen);
      } else {
        const saw = memory[access.at] as number;
        go(
          memory,
          next,
          seen.map((values, i) => (i === t ? [...values, saw] : values)),
        );
      }
    }
    if (over) outcomes.add(keyOf([...seen.flat(), ...finals.map((at) => memory[at] as number)]));
  };
  go(
    [0, 0],
    threads.map(() => 0),
    threads.map(() => []),
  );
  return outcomes;
}

export function keyOf(outcome: Outcome): string {
  return outcome.join(",");
}

/** Every outcome made of values that somebody wrote. */
export function outcomesOf({ threads, finals }: Litmus): Outcome[] {
  const all = threads.flat();
  const written = (at: Location) =>
    new Set(all.flatMap((a) => (a.kind === "write" && a.at === at ? [a.value] : [])));
  const domains = [
    ...all.flatMap((a) => (a.kind === "read" ? [[0, ...written(a.at)]] : [])),
    ...finals.map((at) => [...written(at)]),
  ];
  return domains.reduce<number[][]>(
    (outcomes, domain) => outcomes.flatMap((o) => domain.map((value) => [...o, value])),
    [[]],
  );
}

/** "r0=1 r1=0 x=2" */
export function spell({ threads, finals }: Litmus, outcome: Outcome): string {
  const reads = threads.flat().filter((a) => a.kind === "read").length;
  return outcome
    .map((value, i) => `${i < reads ? `r${i}` : "xy"[finals[i - reads] as number]}=${value}`)
    .join(" ");
}
