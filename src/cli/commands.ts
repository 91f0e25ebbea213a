// The commands and their options, said once: both parsers, the help and the shell's
// completion read this table. What an option's value may be is in options.ts.

export interface OptionSpec {
  readonly name: string;
  /** False: a switch. */
  readonly takesValue: boolean;
  readonly describe: string;
}

export interface CommandSpec {
  readonly name: string;
  /** As the help shows it. */
  readonly usage: string;
  readonly describe: string;
  readonly options: readonly OptionSpec[];
  readonly examples: readonly (readonly [line: string, what: string])[];
}

const value = (name: string, describe: string): OptionSpec => ({
  name,
  takesValue: true,
  describe,
});
const flag = (name: string, describe: string): OptionSpec => ({
  name,
  takesValue: false,
  describe,
});

const JSON_FLAG = flag("json", "Print one JSON object");
const DEBUG_FLAG = flag("debug", "Of an error, also print where it was thrown");
const ROUND_TO = value(
  "round-to",
  "What results of floats are rounded to, once (default: float64)",
);
const OVERFLOW = value(
  "overflow",
  "64-bit integer results: wrap, or throw (default: exact, of any size)",
);

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "reduce",
    usage: "reduce [FILE..]",
    describe: "Reduce columns of numbers to a sum, a mean, a minimum …",
    options: [
      value(
        "op",
        "Operators, comma-separated, and modules such as ./my-operator.mjs (default: sum); dot goes " +
          "alone, with two --columns or two files",
      ),
      value(
        "column",
        "Columns to reduce: a name, a place from 0, a list such as a,b, or '*' for all numeric ones; " +
          "may be repeated",
      ),
      value("dtype", "Element type of raw binary; type to parse text as (default: float64)"),
      value("format", "What the input is, if its name and first bytes do not tell"),
      flag("header", "Text: the first line names the columns (default: guessed)"),
      flag("no-header", "Text: the first line is data; columns are named by their places"),
      value("delimiter", "Text: what separates cells, such as ; or tab (default: guessed)"),
      value("null", "Text: a word for no value, beside NA, NULL and the like; may be repeated"),
      value("comment", "Text: lines that begin with it are left out, such as #"),
      value("decimal", "Text: the decimal mark, . or a comma (default: .)"),
      value("thousands", "Text: the mark between groups of three digits, such as ,"),
      value("generate", "Reduce N random float64 in [0, 1) instead of files"),
      value("seed", "Seed of --generate (default: 1)"),
      value("threads", "How many threads compute (default: all processors)"),
      value("max-bytes", "Bound of the engine's memory, such as 64MiB (default: 4GiB)"),
      value(
        "accuracy",
        "exact: float sums rounded once; fast: plainly added in a fixed tree (default: exact; " +
          "pairwise is fast)",
      ),
      ROUND_TO,
      value("schedule", "blocks, or pairwise: the textbook's rounds, in memory (default: blocks)"),
      value("nan", "propagate NaN, or skip it (default: propagate)"),
      value("initial", "Number folded in before the first element; the result of no elements"),
      OVERFLOW,
      value("timeout", "Milliseconds after which the reduction fails"),
      flag("receipt", "Print what the input held, and what naive summation would have given"),
      flag("partial", "Write the state of one operator for `ringfold merge`, not its value"),
      flag("trace", "Pairwise: print how many numbers each round begins with"),
      JSON_FLAG,
      DEBUG_FLAG,
    ],
    examples: [
      ["ringfold reduce x.npy --op sum,min,max,mean", "several operators in one pass"],
      ["ringfold reduce a.parquet b.parquet --column delay", "one column of two files"],
      ["cat x.csv | ringfold reduce - --column price", "standard input"],
      ["ringfold reduce --generate 1e8 --json", "random numbers; a JSON object"],
      ["ringfold reduce x.npy y.npy --op dot", "the dot product of two arrays"],
      ["ringfold reduce part1.npy --partial > part1.state", "a part, to be merged with others"],
    ],
  },
  {
    name: "merge",
    usage: "merge FILE..",
    describe: "Merge states that reduce --partial wrote: the value of all parts, in any order",
    options: [
      ROUND_TO,
      OVERFLOW,
      flag("partial", "Write the merged state, not its value"),
      JSON_FLAG,
      DEBUG_FLAG,
    ],
    examples: [["ringfold merge part*.state", "the same bits as one pass over all parts"]],
  },
  {
    name: "stress",
    usage: "stress SCENARIO",
    describe: "Drive rings, gates and jobs as hard as it goes, and check what must hold",
    options: [
      value(
        "seed",
        "Decides the scripts of operations: 0 to 4294967295 (default: random, printed)",
      ),
      value("duration", "About how long it runs: seconds, or 500ms, 30s, 2m, 1h (default: 10s)"),
      value("producers", "Threads that push, or that submit jobs: 1 to 64"),
      value("consumers", "Threads that pop: 1 to 64"),
      value("capacity", "Slots of the ring: a power of two from 2 to 1048576"),
      value("batch", "Most items that are claimed at once: 1 to 32"),
      value("threads", "Threads that work: 1 to 64"),
      value("rate", "Operations a second, constant: 1 to 100000000 (default: as fast as it goes)"),
      value(
        "impl",
        "Whose primitives: atomics-sync, or a module such as ./my-sync.js (default: ours)",
      ),
      flag("until-failure", "Repeat with the next seed until a violation, or until interrupted"),
      JSON_FLAG,
      DEBUG_FLAG,
      value("junit", "Write a report for continuous integration, JUnit's XML, to a file"),
      value("html", "Write a report with charts, one self-contained page, to a file"),
    ],
    examples: [
      ["ringfold stress torture --duration 1m", "a minute of producers and consumers"],
      ["ringfold stress kill --html kill.html", "workers die; a page with charts"],
      ["ringfold stress linear --until-failure", "for as long as it holds"],
      ["ringfold stress sync --impl atomics-sync", "another's mutex, semaphore, barrier …"],
    ],
  },
  {
    name: "check",
    usage: "check [NAME..]",
    describe: "Prove the core that ships: every interleaving of small programs on it",
    options: [
      flag("list", "Print what is proved, and run nothing"),
      flag("quick", "Only what is proved in seconds"),
      value("threads", "Only programs of at most N threads: 1 to 64"),
      value(
        "depth",
        "Only interleavings of at most N preemptions, 0 to 64: a bound, not a proof (default: 0, 1, 2, " +
          "3, then all)",
      ),
      value(
        "states",
        "States a program may have, 1 to 1e8; beyond, random schedules (default: 20000000, in 2 GB)",
      ),
      value("runs", "How many random schedules: 1 to 1e8 (default: 20000)"),
      value("seed", "Decides the random schedules: 0 to 4294967295 (default: 1)"),
      value("mutant", "Build a defect into the core and end when it is found: in a checkout only"),
      value(
        "impl",
        "Only primitives with the names of atomics-sync, of a package or a file: atomics-sync, " +
          "./my-sync.js (default: all that is ours)",
      ),
      value("replay", "Run a counter-example again, step by step: its text, or a file with it"),
      JSON_FLAG,
      DEBUG_FLAG,
    ],
    examples: [
      ["ringfold check --quick", "all that is proved in seconds"],
      ["ringfold check gate ring-1p", "programs by how their names begin"],
      ["ringfold check --impl atomics-sync", "another's mutex, semaphore, barrier …"],
      ["ringfold check gate --mutant no-second-try", "a wake-up that is lost, and how"],
    ],
  },
  {
    name: "bench",
    usage: "bench [PART..]",
    describe: "Measure this machine, and every operator as a share of what its memory gives",
    options: [
      value("op", "Operators, comma-separated (default: sum,min,dot)"),
      value("dtype", "Element types, comma-separated (default: float64,float32,int32)"),
      value("size", "Bytes that are reduced, such as 1MiB,64MiB (default: eight, 16KiB to 256MiB)"),
      value("threads", "How many threads compute, such as 1,2 (default: 1, 2, 4 … all processors)"),
      flag("full", "Every operator and every element type: takes many minutes"),
      value("rounds", "How often each is measured: 1 to 1000 (default: 11)"),
      value("baseline", "Compare with an earlier run: a file with what --json printed"),
      value(
        "fail-under",
        "With --baseline: exit code 3 if anything is slower than so many times the earlier run, such " +
          "as 0.9, by more than both runs spread",
      ),
      JSON_FLAG,
      DEBUG_FLAG,
      value("html", "Write a report with charts, one self-contained page, to a file"),
    ],
    examples: [
      ["ringfold bench", "all parts, in about half a minute"],
      ["ringfold bench operators --op sum,min --dtype float64 --size 1MiB,64MiB", "a few of them"],
      ["ringfold bench --json > before.json", "a baseline …"],
      ["ringfold bench --baseline before.json --fail-under 0.9", "… and whether it got slower"],
    ],
  },
  {
    name: "info",
    usage: "info",
    describe: "Show what ringfold finds here: processors, memory, SIMD, measured speeds",
    options: [JSON_FLAG, DEBUG_FLAG],
    examples: [],
  },
  {
    name: "completion",
    usage: "completion",
    describe: "Print a completion script for the shell",
    options: [],
    examples: [],
  },
];

export const COMMAND_NAMES: readonly string[] = COMMANDS.map(({ name }) => name);

export function commandOf(name: string | undefined): CommandSpec | undefined {
  return COMMANDS.find((command) => command.name === name);
}

/** A command line, taken apart but not yet judged: every value as it was typed, in order. */
export interface Line {
  readonly command: string;
  readonly values: Readonly<Record<string, readonly string[]>>;
  readonly flags: ReadonlySet<string>;
  readonly files: readonly string[];
}
