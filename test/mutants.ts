// `npm run mutants [-- NAME … --json]`: builds each defect of mutants-table.ts into the core and
// runs the scenario that has to catch it; then the same scenario, seed and options on the unchanged
// core, which must not be caught. Exit code 1 if a defect is not caught or the unchanged core is.

import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Order, Told } from "./mutants-child.js";
import { MUTANTS, type Mutant, NEEDS } from "./mutants-table.js";

const CHILD = fileURLToPath(new URL("./mutants-child.js", import.meta.url));
/** Children at a time: scenarios have threads of their own. */
const AT_ONCE = 2;
/** A scenario gets this much longer than its duration: it must notice by itself that it hangs. */
const GRACE_MS = 40_000;

interface Verdict {
  readonly mutant: Mutant;
  /** The rule that was broken; undefined: none was. */
  readonly rule: string | undefined;
  readonly detail: string | undefined;
  /** Milliseconds and operations until then, or of the whole run. */
  readonly milliseconds: number;
  readonly operations: number;
  /** Why the run says nothing: it hung, died, or could not begin. */
  readonly failure: string | undefined;
}

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => process.exit(130));
}

const switchOf = ({ name }: Mutant) => name.toUpperCase().replaceAll("-", "_");

function orderOf(
  { scenario, seed, duration, options }: Mutant,
  defect: string | undefined,
  folder: string,
) {
  const settings: Order["settings"] = {
    seed,
    duration,
    producers: undefined,
    consumers: undefined,
    capacity: undefined,
    batch: undefined,
    threads: undefined,
    rate: undefined,
    ...options,
  };
  return { scenario, settings, defect, needs: NEEDS[scenario] ?? [], folder } satisfies Order;
}

function run(mutant: Mutant, order: Order): Promise<Verdict> {
  const child = fork(CHILD, { execArgv: [] });
  children.add(child);
  let verdict: Verdict = {
    mutant,
    rule: undefined,
    detail: undefined,
    milliseconds: 0,
    operations: 0,
    failure: "the process ended without a word",
  };
  let timer: NodeJS.Timeout | undefined;
  child.on("message", (told: Told) => {
    switch (told.kind) {
      case "ready":
        timer = setTimeout(() => {
          verdict = { ...verdict, failure: `hung: killed ${GRACE_MS / 1000} s after its time` };
          child.kill("SIGKILL");
        }, mutant.duration + GRACE_MS);
        return;
      case "violation":
        if (verdict.rule !== undefined) return;
        verdict = {
          ...verdict,
          rule: told.rule,
          detail: told.detail,
          milliseconds: told.at,
          operations: told.operations,
        };
        return;
      case "end":
        verdict =
          verdict.rule === undefined
            ? { ...verdict, milliseconds: told.took, operations: told.operations }
            : verdict;
        verdict = { ...verdict, failure: undefined };
        return;
      case "failed":
        verdict = { ...verdict, failure: told.error };
    }
  });
  child.send(order);
  return new Promise((resolve) => {
    child.once("exit", () => {
      clearTimeout(timer);
      children.delete(child);
      resolve(verdict);
    });
  });
}

/** Does all, AT_ONCE at a time; results in order. */
async function inTurn<T, R>(list: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...list.entries()];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results[next[0]] = await work(next[1]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}

/** A run that ended by itself and found what it should. */
const isCaught = ({ rule, failure }: Verdict) => rule !== undefined && failure === undefined;
const isClean = ({ rule, failure }: Verdict) => rule === undefined && failure === undefined;

function seen({ rule, failure, milliseconds, operations }: Verdict): string {
  const when = `after ${(milliseconds / 1000).toFixed(1)} s, ${operations} operations`;
  if (rule === undefined) return failure === undefined ? `nothing ${when}` : failure;
  return failure === undefined ? `“${rule}” ${when}` : `“${rule}”, but then: ${failure}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] as number))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function print(verdicts: readonly Verdict[], unchanged: readonly Verdict[]): void {
  const row = ({ mutant, ...verdict }: Verdict, name: string, good: boolean) => [
    good ? "✓" : "✗",
    name,
    mutant.scenario,
    `seed ${mutant.seed}`,
    seen({ mutant, ...verdict }).split("\n")[0] as string,
  ];
  const rows = [
    ...verdicts.map((v) => row(v, v.mutant.name, isCaught(v))),
    ...unchanged.map((v) => row(v, "(unchanged)", isClean(v))),
  ];
  console.log(table(rows));
  for (const v of [
    ...verdicts.filter((v) => !isCaught(v)),
    ...unchanged.filter((v) => !isClean(v)),
  ]) {
    console.log(`\n${v.mutant.name}: ${v.mutant.broken}\n${v.detail ?? v.failure ?? seen(v)}`);
  }
}

function wanted(names: readonly string[]): readonly Mutant[] {
  if (names.length === 0) return MUTANTS;
  return names.map((name) => {
    const found = MUTANTS.find((mutant) => mutant.name === name);
    if (found === undefined) {
      console.error(`unknown mutant ${name}; there are ${MUTANTS.map((m) => m.name).join(", ")}`);
      process.exit(2);
    }
    return found;
  });
}

function jsonOf({ mutant, ...verdict }: Verdict, good: boolean) {
  const { name, broken, scenario, seed, duration, options = {} } = mutant;
  return { name, broken, scenario, seed, duration, options, good, ...verdict };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { json: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const mutants = wanted(positionals);
  const folder = await mkdtemp(join(tmpdir(), "ringfold-mutants-"));
  const tell = (name: string, verdict: Verdict) => {
    if (!values.json) console.error(`${name}: ${seen(verdict).split("\n")[0]}`);
    return verdict;
  };
  try {
    const verdicts = await inTurn(mutants, async (mutant) =>
      tell(mutant.name, await run(mutant, orderOf(mutant, switchOf(mutant), folder))),
    );
    const runs = new Map(mutants.map((m) => [JSON.stringify(orderOf(m, undefined, folder)), m]));
    const unchanged = await inTurn([...runs.values()], async (mutant) =>
      tell(`(unchanged) ${mutant.scenario}`, await run(mutant, orderOf(mutant, undefined, folder))),
    );
    const caught = verdicts.filter(isCaught).length;
    const clean = unchanged.every(isClean);
    if (values.json) {
      const report = {
        version: 1,
        caught,
        of: verdicts.length,
        unchangedIsCaught: !clean,
        mutants: verdicts.map((v) => jsonOf(v, isCaught(v))),
        unchanged: unchanged.map((v) => jsonOf(v, isClean(v))),
      };
      console.log(JSON.stringify(report, null, 2));
    } else {
      print(verdicts, unchanged);
      console.log(`\nunchanged core: ${clean ? "caught by none" : "CAUGHT, or not run"}`);
      console.log(`${caught} of ${verdicts.length} caught`);
    }
    process.exitCode = caught === verdicts.length && clean ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
