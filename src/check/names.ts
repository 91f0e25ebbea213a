// What addresses are called, and how values look at them: in counter-examples. From core/map.ts, and
// from where the programs of core/programs have their rings and gates.

import * as map from "../core/map.js";
import * as places from "../core/programs/places.js";
import {
  CALLED_CLAIM,
  CALLED_PUBLISH,
  CALLED_RELEASE,
  CALLED_RESERVE,
} from "../core/record-map.js";
import type { Program } from "./program.js";

export interface Place {
  readonly name: string;
  /** How a value is shown; undefined: as a signed number. */
  readonly show?: (value: bigint) => string;
}

interface Area {
  readonly at: number;
  readonly bytes: number;
  readonly place: (offset: number) => Place;
}

/** A ring of a program, and the gate at which it is waited for items. */
export interface Wait {
  readonly ring: number;
  readonly gate: number;
  /** Nonzero: nobody shall wait any more. */
  readonly closed?: number;
}

/** Fields of core/map.ts that begin with a word, by offset. */
function fields(prefix: string, not: RegExp = /_SIZE$/): [name: string, offset: number][] {
  return Object.entries<number>(map)
    .filter(([name]) => name.startsWith(prefix) && !not.test(name))
    .sort(([, a], [, b]) => a - b);
}

function fieldAt(of: readonly [string, number][], offset: number): string {
  let found = `+${offset}`;
  for (const [name, at] of of) {
    if (at > offset) break;
    found = at === offset ? name : `${name} + ${offset - at}`;
  }
  return found;
}

const CONTROL = fields("CONTROL_");
const LINE = fields("LINE_");
const JOB = fields("JOB_", /_SIZE$|^JOB_OP$/);
const RECORD = fields("RECORD_");

/** Bits as the participants that they stand for. */
const mask = (value: bigint): string => {
  const bits = [...value.toString(2).replace("-", "")].reverse();
  return `{${bits.flatMap((bit, i) => (bit === "1" ? [i] : [])).join(" ")}}`;
};

const INTENTS = new Map([
  [map.INTENT_CLAIM, "claim"],
  [map.INTENT_RESERVE, "reserve"],
  [map.INTENT_PAIRS, "pairs"],
]);

/** See LINE_INTENT in core/map.ts. */
function intent(value: bigint): string {
  if (value === 0n) return "none";
  const high = Number(BigInt.asUintN(32, value >> 32n));
  const what = INTENTS.get((high >> 5) & 3) ?? "?";
  const n = what === "pairs" ? 1 << (high & 31) : (high & 31) + 1;
  return `${what} ${n} from ${Number(BigInt.asIntN(32, value))}`;
}

const participant = (p: number): string =>
  p < map.MAX_WORKERS ? `worker ${p}` : `submitter ${p - map.MAX_WORKERS}`;

function gate(at: number, name: string): Area {
  return {
    at,
    bytes: map.GATE_SIZE,
    place: (offset) =>
      offset === map.GATE_EPOCH
        ? { name: `${name} epoch` }
        : { name: `${name} waiting`, show: mask },
  };
}

const RING = fields("RING_");
const NUMBERS = fields("NUMBERS_");

/** Its header: of records, or of a pairwise job's numbers. */
function ring(at: number, name: string, bytes = map.RING_SIZE, of = RING): Area {
  const place = (offset: number): Place => {
    const field = fieldAt(of, offset)
      .replace(/^[A-Z]+_/, "")
      .toLowerCase();
    return { name: `${name} ${field}` };
  };
  return { at, bytes, place };
}

/** `records`: tasks or answers, not a program's own payload. */
function slots(at: number, n: number, name: string, records: boolean): Area {
  const size = 1 << map.SLOT_SHIFT;
  const place = (offset: number): Place => {
    const slot = `slot ${Math.floor(offset / size)}${name === "ring" ? "" : ` of ${name}`}`;
    const field = offset % size;
    if (field === map.SLOT_SEQ) return { name: `seq of ${slot}` };
    if (field === map.SLOT_EPOCH) return { name: `epoch of ${slot}` };
    if (records) return { name: `${fieldAt(RECORD, field - map.SLOT_PAYLOAD)} of ${slot}` };
    return { name: `payload ${(field - map.SLOT_PAYLOAD) / 4} of ${slot}` };
  };
  return { at, bytes: n * size, place };
}

const word = (at: number, name: string): Area => ({ at, bytes: 4, place: () => ({ name }) });
const array = (at: number, bytes: number, name: string, of = 4): Area => ({
  at,
  bytes,
  place: (offset) => ({
    name: `${name} ${Math.floor(offset / of)}${of === 4 ? "" : ` + ${offset % of}`}`,
  }),
});

const lines: Area = {
  at: map.LINES,
  bytes: map.LINE_SIZE * (map.MAX_WORKERS + map.MAX_SUBMITTERS),
  place: (offset) => {
    const of = participant(Math.floor(offset / map.LINE_SIZE));
    const field = offset % map.LINE_SIZE;
    if (field === map.LINE_INTENT) return { name: `LINE_INTENT of ${of}`, show: intent };
    const within = field - map.LINE_GATE;
    if (within >= 0) {
      const { name, show } = gate(0, `gate of ${of}`).place(within);
      return show === undefined ? { name } : { name, show };
    }
    const record = field - map.LINE_RECORD;
    if (record >= 0 && record < map.RECORD_SIZE) {
      return { name: `${fieldAt(RECORD, record)} of ${of}` };
    }
    return { name: `${fieldAt(LINE, field)} of ${of}` };
  },
};

const MASKS = ["CONTROL_HELPERS", "CONTROL_WATCHERS", "CONTROL_IDLE"];

/** What every program has, in the order of looking. */
const COMMON: readonly Area[] = [
  gate(map.WORK_GATE, "work gate"),
  ring(map.TASK_RING, "task ring"),
  lines,
  {
    at: map.JOBS,
    bytes: map.JOB_SIZE * map.MAX_JOBS,
    place: (offset) => {
      const job = Math.floor(offset / map.JOB_SIZE);
      return { name: `${fieldAt(JOB, offset % map.JOB_SIZE)} of job ${job}` };
    },
  },
  {
    at: 0,
    bytes: map.WORK_GATE,
    place: (offset) => {
      const name = fieldAt(CONTROL, offset);
      return MASKS.some((one) => name.startsWith(one)) ? { name, show: mask } : { name };
    },
  },
];

const SUBMITTERS = 8;

/** Of jobs and deaths (programs/jobs.ts): a result ring a submitter. */
function jobAreas(): Area[] {
  const some = Array.from({ length: SUBMITTERS }, (_, s) => s);
  return [
    slots(places.TASK_SLOTS_AT, 256, "task ring", true),
    ...some.map((s) => ring(places.RESULTS_AT + s * map.RING_SIZE, `results of submitter ${s}`)),
    ...some.map((s) =>
      slots(places.RESULT_SLOTS_AT + s * 1024, 16, `results of submitter ${s}`, true),
    ),
    array(places.JOB_ARRIVALS_AT, 16384, "arrivals"),
    ...cells,
    word(places.SUBMITTERS_AT, "submitters"),
    word(places.ANSWERED_AT, "answered"),
  ];
}

/** Of programs/tree.ts. */
const cells: readonly Area[] = [
  array(places.CELLS_AT, 4096, "cell", 8),
  array(places.ARRIVALS_AT, 4096, "arrivals"),
  word(places.ROOTS_AT, "roots"),
];

/** By the first export that a program calls: its own places. */
const AREAS: Readonly<Record<string, () => Area[]>> = {
  ringInit: () => [ring(places.RING_AT, "ring"), slots(places.RING_SLOTS_AT, 64, "ring", false)],
  gateInit: () => [
    ring(places.RING_AT, "ring"),
    slots(places.RING_SLOTS_AT, 64, "ring", false),
    word(places.CLOSED_AT, "closed"),
  ],
  jobsInit: jobAreas,
  listenerInit: () => [
    ...jobAreas(),
    word(places.ENLISTED_AT, "calls of waitAsync"),
    word(places.ENLISTED_EPOCH_AT, "epoch of waitAsync"),
    word(places.TURNS_AT, "turns of the event loop"),
  ],
  deathInit: jobAreas,
  treeInit: () => [...cells],
  pairsInit: pairAreas,
  pairJobInit: () => [...pairAreas(), ...jobAreas()],
};

function pairAreas(): Area[] {
  return [
    ...["input", "ring A", "ring B"].map((name, i) =>
      ring(places.NUMBERS_AT + i * map.NUMBERS_SIZE, name, map.NUMBERS_SIZE, NUMBERS),
    ),
    array(places.INPUT_AT, 1024, "input", 8),
    array(places.A_BITS_AT, 512, "whole of ring A"),
    array(places.A_BITS_AT + 512, 512, "given of ring A"),
    array(places.B_BITS_AT, 512, "whole of ring B"),
    array(places.B_BITS_AT + 512, 512, "given of ring B"),
    array(places.A_STATES_AT, 1024, "state of ring A", 8),
    array(places.B_STATES_AT, 1024, "state of ring B", 8),
  ];
}

export function placesOf({ init }: Pick<Program, "init">): (address: number) => Place {
  const areas = [...(AREAS[init[0]]?.() ?? []), ...COMMON];
  return (address) => {
    const area = areas.find(({ at, bytes }) => address >= at && address < at + bytes);
    return area?.place(address - area.at) ?? { name: `address ${address}` };
  };
}

/** Where threads of a program wait for items, and of which ring. */
export function waitsOf({ init }: Pick<Program, "init">, words: Int32Array): Wait[] {
  if (init[0] === "gateInit")
    return [{ ring: places.RING_AT, gate: map.WORK_GATE, closed: places.CLOSED_AT }];
  if (!["jobsInit", "listenerInit", "deathInit", "pairJobInit"].includes(init[0])) return [];
  const submitters = Array.from({ length: SUBMITTERS }, (_, s) => {
    const line = map.LINES + (map.MAX_WORKERS + s) * map.LINE_SIZE;
    return { ring: words[(line + map.LINE_RESULTS) >> 2] as number, gate: line + map.LINE_GATE };
  });
  return [
    { ring: map.TASK_RING, gate: map.WORK_GATE, closed: map.CONTROL_CLOSED },
    ...submitters.filter((one) => one.ring !== 0),
  ];
}

/** True if a claim would get something. */
export function isReady(words: Int32Array, at: number): boolean {
  const field = (offset: number) => words[(at + offset) >> 2] as number;
  const head = field(map.RING_HEAD);
  const slot = field(map.RING_SLOTS) + ((head & field(map.RING_MASK)) << field(map.RING_SHIFT));
  return words[(slot + map.SLOT_SEQ) >> 2] === ((head + 1) | 0);
}

/** What `expect` demands, by the numbers of core/programs. */
const RULES = new Map([
  [1, "what a claimed slot holds is what was put there for its ticket"],
  [2, "the answer is of the job that was submitted"],
  [3, "a stopped job is unwanted; at the end the task ring and every hand are empty"],
  [4, "the root of the tree holds every task's state, in order"],
  [5, "the root is made once"],
  [6, "the last number holds all of them, in order"],
  [7, "the job is complete and answered"],
  [8, "the rings are empty in the end"],
  [9, "in the end nobody's bit says that it waits"],
  [10, "a task is there once"],
  [11, "no wake-up counts as lost that was given"],
]);

// What programs tell of operations: see core/programs/ring.ts.

const OPERATIONS = new Map([
  [CALLED_RESERVE, "reserve"],
  [CALLED_PUBLISH, "publish"],
  [CALLED_CLAIM, "claim"],
  [CALLED_RELEASE, "release"],
]);
/** Of which the argument is how many, and the result which tickets; of the others the reverse. */
const TAKING = ["reserve", "claim"];

function tickets(value: number): string {
  if (value < 0) return "none";
  const [first, n] = [value >> 8, value & 255];
  return n === 1 ? `ticket ${first}` : `tickets ${first} to ${first + n - 1}`;
}

export function callInWords(what: number, argument: number): string {
  const name = OPERATIONS.get(what) ?? `operation ${what}`;
  return `${name}(${TAKING.includes(name) ? argument : tickets(argument)})`;
}

export function resultInWords(what: number, result: number): string {
  return TAKING.includes(OPERATIONS.get(what) ?? "") ? `returned ${tickets(result)}` : "returned";
}

/** A finding's text with names in place of numbers. */
export function inWords(detail: string, placeOf: (address: number) => Place): string {
  return detail
    .replace(/^rule (\d+)$/, (all, rule) => RULES.get(Number(rule)) ?? all)
    .replace(/(?<=^(reserve|claim)\(\d+\) returned .*)-?\d+/g, (n) => tickets(Number(n)))
    .replace(/address (\d+)/, (_, address) => placeOf(Number(address)).name);
}
