// The `soak` scenario: all others in turn, over and over, with seeds derived from its own; and what
// the process holds after each turn, which must not grow.

import { loadScenario, SCENARIO_NAMES } from "./index.js";
import { COLUMNS, cells, growth, type Holding, holding } from "./memory.js";
import { Random } from "./random.js";
import type { Run, Scenario, Settings, Summary } from "./scenario.js";

/** A scenario's share of a turn, at least and at most. */
const LEAST_MS = 1000;
const MOST_MS = 30_000;
/** Turns that a run shall have, if its duration allows. */
const TURNS = 10;
const MOST_ROWS = 200;

interface Total {
  runs: number;
  operations: number;
  milliseconds: number;
}

class Soak {
  readonly #run: Run;
  readonly #scenarios: readonly Scenario[];
  readonly #turns: Holding[] = [];
  readonly #totals: Map<string, Total>;
  #operations = 0;
  #failed = false;

  constructor(run: Run, scenarios: readonly Scenario[]) {
    this.#run = run;
    this.#scenarios = scenarios;
    const none = (): Total => ({ runs: 0, operations: 0, milliseconds: 0 });
    this.#totals = new Map(scenarios.map(({ name }) => [name, none()]));
  }

  async soak(): Promise<Summary> {
    const { settings, signal } = this.#run;
    const end = performance.now() + settings.duration;
    const share = settings.duration / TURNS / this.#scenarios.length;
    const slice = Math.min(MOST_MS, Math.max(LEAST_MS, share));
    for (let turn = 0; !this.#isOver(end); turn++) {
      for (const [i, scenario] of this.#scenarios.entries()) {
        const seed = new Random(settings.seed, turn * this.#scenarios.length + i).u32();
        await this.#slice(scenario, turn, seed, slice);
        if (this.#isOver(end)) break;
      }
      // A turn that was cut short holds what its scenarios hold, not what all do.
      if (this.#isOver(end) && turn > 0) break;
      this.#turns.push(await holding());
    }
    const grown = this.#failed || signal.aborted ? [] : growth(this.#turns);
    if (grown.length > 0) {
      const { duration } = settings;
      this.#run.violation({
        rule: "memory, resources and threads do not grow",
        detail: grown.join("\n"),
        replay: { duration },
      });
    }
    return this.#summary();
  }

  #isOver(end: number): boolean {
    return this.#failed || this.#run.signal.aborted || performance.now() >= end;
  }

  async #slice(scenario: Scenario, turn: number, seed: number, duration: number): Promise<void> {
    const { settings, signal } = this.#run;
    const own: Settings = { ...settings, seed, duration };
    const began = performance.now();
    const before = this.#operations;
    const summary = await scenario.run({
      settings: own,
      random: new Random(seed),
      signal,
      sample: (sample) => {
        this.#operations = before + sample.operations;
        const phase = `turn ${turn + 1}, ${scenario.name}: ${sample.phase}`;
        this.#run.sample({ ...sample, phase, operations: this.#operations });
      },
      event: (event) => this.#run.event(event),
      took: (milliseconds, what) => this.#run.took(milliseconds, `${scenario.name}: ${what}`),
      violation: ({ rule, detail, replay }) => {
        this.#failed = true;
        const command = [`ringfold stress ${scenario.name}`];
        for (const [name, value] of Object.entries({ seed, duration, ...replay })) {
          if (value !== undefined)
            command.push(
              `--${name}`,
              name === "duration" ? `${Math.ceil(Number(value))}ms` : `${value}`,
            );
        }
        this.#run.violation({
          rule: `${scenario.name}: ${rule}`,
          detail: `${detail}\nalone: ${command.join(" ")}`,
          replay: { duration: settings.duration },
        });
      },
    });
    this.#operations = before + summary.operations;
    const total = this.#totals.get(scenario.name) as Total;
    total.runs++;
    total.operations += summary.operations;
    total.milliseconds += performance.now() - began;
  }

  #summary(): Summary {
    const every = Math.ceil(this.#turns.length / MOST_ROWS);
    const rows = this.#turns.map((turn, i) => [i + 1, ...cells(turn)]);
    return {
      operations: this.#operations,
      figures: { "whole turns": this.#turns.length },
      tables: [
        {
          title: "Scenarios",
          columns: ["scenario", "runs", "seconds", "operations", "unit"],
          rows: this.#scenarios.map(({ name, unit }) => {
            const { runs, milliseconds, operations } = this.#totals.get(name) as Total;
            return [name, runs, Math.round(milliseconds / 100) / 10, operations, unit];
          }),
        },
        {
          title: "What the process held after each turn",
          columns: ["turn", ...COLUMNS],
          rows: rows.filter((_, i) => i % every === 0 || i === rows.length - 1),
        },
      ],
    };
  }
}

/** `load` gives the scenarios that take turns. */
export function soakOf(load: () => Promise<readonly Scenario[]>): Scenario {
  return {
    name: "soak",
    describe: "all other scenarios in turn, over and over",
    asserts: "all that they assert; memory, resources and threads do not grow from turn to turn",
    unit: "operations",
    takes: [],
    run: async (run) => new Soak(run, await load()).soak(),
  };
}

export const soak: Scenario = soakOf(async () => {
  const others = SCENARIO_NAMES.filter((name) => name !== "soak");
  const loaded = await Promise.all(others.map(loadScenario));
  return loaded.filter((scenario) => scenario !== undefined);
});
