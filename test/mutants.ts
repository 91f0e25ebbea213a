// `npm run mutants [-- NAME … --json --exact]`: builds each defect of mutants-table.ts into the core, and of
// check/sync-mutants.ts into the primitives, and has the tools that have to catch it try: `check`
// explores its programs, `stress` runs a scenario. Then the same without a defect: nothing may be
// caught. Exit code 1 if a tool misses a defect, or finds one where there is none. `--exact` leaves out
// `stress`, whose luck depends on how busy the machine is.

import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { switchOf } from "../src/check/defects.js";
import { formatTable } from "../src/cli/output.js";
import { SYNC_MUTANTS } from "./check/sync-mutants.js";
import type { Order, Told } from "./mutants-child.js";
import { MUTANTS, type Mutant, NEEDS, type Stress } from "./mutants-table.js";
import { NOTHING_CHOSEN } from "./stress/settings.js";

const CHILD = fileURLToPath(new URL("./mutants-child.js", import.meta.url));
/** Children at a time: scenarios have threads of their own. */
const AT_ONCE = 2;
/** A scenario gets this much longer than its duration: it must notice by itself that it hangs. */
const GRACE_MS = 40_000;
/** So long may the check take. */
const CHECK_MS = 120_000;

interface Verdict {
  readonly name: string;
  readonly broken: string;
  readonly tool: string;
  /** The rule that was broken; undefined: none was. */
  readonly rule: string | undefined;
  readonly detail: string | undefined;
  /** Milliseconds and operations (of a check, states) until then, or of the whole run. */
  readonly milliseconds: number;
  readonly operations: number;
  /** Why the run says nothing: it hung, died, or could not begin. */
  readonly failure: string | undefined;
}

/** One run: what is asked, and of which defect. */
interface Attempt {
  readonly mutant: Pick<Mutant, "name" | "broken">;
  readonly order: Order;
}

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => process.exit(130));
}

const UNCHANGED = { name: "(unchanged)", broken: "nothing" };

function stressOrder(
  { scenario, seed, duration, options }: Stress,
  defect: string | undefined,
  folder: string,
): Order {
  const settings = {
    seed,
    duration,
    ...NOTHING_CHOSEN,
    ...options,
  };
  return { tool: "stress", scenario, settings, needs: NEEDS[scenario] ?? [], defect, folder };
}

function attemptsAt(mutant: Mutant, folder: string): Attempt[] {
  if (isOfSync(mutant)) {
    return [{ mutant, order: { tool: "check sync", defect: mutant.name } }];
  }
  const defect = switchOf(mutant.name);
  const check: Order = { tool: "check", defect, folder };
  const { stress } = mutant;
  const orders = stress === undefined ? [check] : [check, stressOrder(stress, defect, folder)];
  return orders.map((order) => ({ mutant, order }));
}

/** What the mutants were caught by, once each, on the core as it is. */
function controls(mutants: readonly Mutant[], folder: string): Attempt[] {
  const orders: Order[] = [
    { tool: "check", defect: undefined, folder },
    { tool: "check sync", defect: undefined },
    ...mutants.flatMap(({ stress }) =>
      stress === undefined ? [] : [stressOrder(stress, undefined, folder)],
    ),
  ];
  const unique = new Map(orders.map((order) => [JSON.stringify(order), order]));
  return [...unique.values()].map((order) => ({ mutant: UNCHANGED, order }));
}

const isOfSync = ({ name }: Mutant) => SYNC_MUTANTS.some((mutant) => mutant.name === name);

const timeOf = (order: Order) => (order.tool === "stress" ? order.settings.duration : CHECK_MS);

const toolOf = (order: Order) =>
  order.tool === "stress" ? `stress ${order.scenario} --seed ${order.settings.seed}` : order.tool;

function run({ mutant, order }: Attempt): Promise<Verdict> {
  const child = fork(CHILD, { execArgv: [] });
  children.add(child);
  let verdict: Verdict = {
    ...mutant,
    tool: toolOf(order),
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
        }, timeOf(order) + GRACE_MS);
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

function print(verdicts: readonly Verdict[], unchanged: readonly Verdict[]): void {
  const row = (v: Verdict, isGood: boolean) =>
    [`${isGood ? "✓" : "✗"} ${v.name}`, `${v.tool}: ${seen(v).split("\n")[0]}`] as const;
  const rows = [
    ...verdicts.map((v) => row(v, isCaught(v))),
    ...unchanged.map((v) => row(v, isClean(v))),
  ];
  console.log(formatTable(rows).trimEnd());
  for (const v of [
    ...verdicts.filter((v) => !isCaught(v)),
    ...unchanged.filter((v) => !isClean(v)),
  ]) {
    console.log(`\n${v.name}: ${v.broken}\n${v.tool}: ${v.detail ?? v.failure ?? seen(v)}`);
  }
}

function wanted(names: readonly string[]): readonly Mutant[] {
  const all: readonly Mutant[] = [...MUTANTS, ...SYNC_MUTANTS];
  if (names.length === 0) return all;
  return names.map((name) => {
    const found = all.find((mutant) => mutant.name === name);
    if (found === undefined) {
      console.error(`unknown mutant ${name}; there are ${all.map((m) => m.name).join(", ")}`);
      process.exit(2);
    }
    return found;
  });
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      exact: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const mutants = wanted(positionals);
  const folder = await mkdtemp(join(tmpdir(), "ringfold-mutants-"));
  const attempt = async (one: Attempt) => {
    const verdict = await run(one);
    if (!values.json) {
      console.error(`${verdict.name}, ${verdict.tool}: ${seen(verdict).split("\n")[0]}`);
    }
    return verdict;
  };
  try {
    const isAsked = ({ order }: Attempt) => !values.exact || order.tool !== "stress";
    const attempts = mutants.flatMap((mutant) => attemptsAt(mutant, folder));
    const verdicts = await inTurn(attempts.filter(isAsked), attempt);
    const unchanged = await inTurn(controls(mutants, folder).filter(isAsked), attempt);
    const missed = new Set(verdicts.filter((v) => !isCaught(v)).map(({ name }) => name));
    const clean = unchanged.every(isClean);
    const caught = mutants.length - missed.size;
    if (values.json) {
      const report = {
        version: 1,
        caught,
        of: mutants.length,
        unchangedIsCaught: !clean,
        mutants: verdicts.map((v) => ({ ...v, good: isCaught(v) })),
        unchanged: unchanged.map((v) => ({ ...v, good: isClean(v) })),
      };
      console.log(JSON.stringify(report, null, 2));
    } else {
      print(verdicts, unchanged);
      console.log(`\nunchanged core: ${clean ? "caught by none" : "CAUGHT, or not run"}`);
      console.log(`${caught} of ${mutants.length} caught, by every tool that is asked to`);
    }
    process.exitCode = missed.size === 0 && clean ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
