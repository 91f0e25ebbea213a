// A counter-example as a line of text that can be run again:
//
//   check:1:PROGRAM:DEFECT:STEPS:LOOP:WORDS
//
// DEFECT: built into the core (core/switches.ts), or nothing. STEPS: threads by number, times how
// often in a row; t, its wait times out; d, it dies; f and a number, that racing store of its takes
// effect. LOOP: the step from which on it goes round, or nothing. WORDS: what two threads use, of
// which alone accesses are steps, in base 36; ~w: −1 − w (replayed-memory.ts: awaited).

import { type Choice, DIE, FLUSH, RUN, TIMEOUT } from "./program.js";

export interface Replay {
  readonly program: string;
  readonly mutant: string | undefined;
  readonly path: readonly Choice[];
  readonly loop: number | undefined;
  readonly shared: ReadonlySet<number>;
}

const LINE = /check:1:([a-zA-Z0-9-]+):([a-z0-9-]*):([0-9tdf*.]*):(\d*):([0-9a-z~.-]*)/;
const STEP = /^(\d+)(t|d|f\d)?(?:\*(\d+))?$/;
const MOST_STEPS = 1 << 16;
const MOST_WORDS = 1 << 20;

function suffix(what: number): string {
  if (what >= FLUSH) return `f${what - FLUSH}`;
  return ["", "t", "d"][what] as string;
}

function meaning(suffix: string | undefined): number {
  if (suffix === undefined) return RUN;
  if (suffix === "t") return TIMEOUT;
  return suffix === "d" ? DIE : FLUSH + Number(suffix.slice(1));
}

function formatWord(word: number): string {
  return word < 0 ? `~${(-1 - word).toString(36)}` : word.toString(36);
}

function parseWord(text: string): number {
  return text.startsWith("~") ? -1 - parseInt(text.slice(1), 36) : parseInt(text, 36);
}

export function formatReplay({ program, mutant, path, loop, shared }: Replay): string {
  const steps: string[] = [];
  for (let i = 0; i < path.length; ) {
    const { thread, what } = path[i] as Choice;
    let end = i + 1;
    const goesOn = () => path[end]?.thread === thread && path[end]?.what === what && end !== loop;
    while (goesOn()) end++;
    steps.push(`${thread}${suffix(what)}${end - i > 1 ? `*${end - i}` : ""}`);
    i = end;
  }
  const words = [...shared].sort((a, b) => a - b);
  const ranges: string[] = [];
  for (let i = 0; i < words.length; ) {
    let end = i + 1;
    while (words[end] === (words[end - 1] as number) + 1) end++;
    const [first, last] = [formatWord(words[i] as number), formatWord(words[end - 1] as number)];
    ranges.push(end - i > 1 ? `${first}-${last}` : first);
    i = end;
  }
  const parts = [program, mutant ?? "", steps.join("."), loop ?? "", ranges.join(".")];
  return `check:1:${parts.join(":")}`;
}

/** The first that is in the text; undefined if there is none. */
export function parseReplay(text: string): Replay | undefined {
  const [, program = "", mutant = "", steps = "", loop = "", words = ""] = LINE.exec(text) ?? [];
  if (program === "") return undefined;
  const path: Choice[] = [];
  for (const step of steps.split(".").filter((one) => one !== "")) {
    const [, thread, what, times = "1"] = STEP.exec(step) ?? [];
    if (thread === undefined || path.length + Number(times) > MOST_STEPS) return undefined;
    const choice = { thread: Number(thread), what: meaning(what) };
    for (let i = 0; i < Number(times); i++) path.push(choice);
  }
  const shared = new Set<number>();
  for (const range of words.split(".").filter((one) => one !== "")) {
    const [first = Number.NaN, last = first] = range.split("-").map(parseWord);
    // More words than the checker's memory has.
    if (!(first > -MOST_WORDS && last < MOST_WORDS)) return undefined;
    for (let word = first; word <= last; word++) shared.add(word);
  }
  return {
    program,
    mutant: mutant === "" ? undefined : mutant,
    path,
    loop: loop === "" ? undefined : Number(loop),
    shared,
  };
}
