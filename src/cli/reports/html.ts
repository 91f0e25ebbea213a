// A stress report as one page that needs nothing else (frame.ts): text and tables are in the page as
// they are, charts are drawn from data in the page. page.ts runs in it.

import type { TimedEvent, TimedSample } from "../../stress/runner.js";
import type { Table } from "../../stress/scenario.js";
import { plural } from "../output.js";
import { escapeMarkup as esc, formatCell, formatNumber, formatRate, formatSpan } from "./format.js";
import { chart, definitions, framePage, scrolled, section } from "./frame.js";
import {
  errorText,
  figures,
  parameters,
  replayLine,
  type StressReport,
  verdictOf,
  verdictText,
} from "./report.js";
import { rightColumns } from "./text.js";

/** What page.ts draws. Times in seconds since the run began. */
export interface PageData {
  readonly unit: string;
  /** How long the run was. */
  readonly seconds: number;
  readonly times: readonly number[];
  /** Operations a second up to each time. */
  readonly rates: readonly number[];
  readonly phases: readonly string[];
  /** Milliseconds; null where nothing was measured. */
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly events: readonly (readonly [kind: "death" | "recovery", at: number, text: string])[];
  /** What recoveries took, in milliseconds. */
  readonly recoveries: readonly (readonly [at: number, took: number])[];
}

/** Points of a chart: more than pixels are of no use. */
const MOST_POINTS = 1000;
const MOST_SAMPLE_ROWS = 100;

/** The first of every few, and the last. */
function thinned<T>(list: readonly T[], most: number): T[] {
  const step = Math.ceil(list.length / most);
  return list.filter((_, i) => i % step === step - 1 || i === list.length - 1);
}

/** With the rate since the sample before. Counts that begin anew, or clocks that stand, give 0. */
function withRates(samples: readonly TimedSample[]) {
  let [at, operations] = [0, 0];
  return samples.map((sample) => {
    const span = (sample.at - at) / 1000;
    const rate = span > 0 ? Math.max(0, (sample.operations - operations) / span) : 0;
    ({ at, operations } = sample);
    return { ...sample, rate };
  });
}

export function pageData({ outcome }: StressReport): PageData {
  const points = withRates(thinned(outcome.samples, MOST_POINTS));
  return {
    unit: outcome.scenario.unit,
    seconds: outcome.took / 1000,
    times: points.map(({ at }) => at / 1000),
    rates: points.map(({ rate }) => rate),
    phases: points.map(({ phase }) => phase),
    p50: points.map(({ p50 }) => p50 ?? null),
    p99: points.map(({ p99 }) => p99 ?? null),
    events: outcome.events.map(({ kind, at, text }) => [kind, at / 1000, text]),
    recoveries: outcome.events.flatMap(({ kind, at, took }) =>
      kind === "recovery" && took !== undefined ? [[at / 1000, took] as const] : [],
    ),
  };
}

function cells(table: Table): string {
  const isRight = rightColumns(table);
  const kind = (i: number) => (isRight[i] ? ' class="number"' : "");
  const head = table.columns.map((name, i) => `<th scope="col"${kind(i)}>${esc(name)}</th>`);
  const rows = table.rows.map((row) => {
    const tags = row.map((cell, i) => {
      const text = esc(formatCell(cell));
      return i === 0 && typeof cell === "string"
        ? `<th scope="row">${text}</th>`
        : `<td${kind(i)}>${text}</td>`;
    });
    return `<tr>${tags.join("")}</tr>`;
  });
  return `<thead><tr>${head.join("")}</tr></thead><tbody>${rows.join("\n")}</tbody>`;
}

function violationsOf(report: StressReport): string {
  const { outcome } = report;
  const { violations, violationCount, settings, error } = outcome;
  const list = violations.map((violation) => {
    const { rule, detail, phase, at } = violation;
    const where = phase === "" ? "" : ` in ${phase}`;
    return (
      `<section class="violation"><h3>${esc(rule)}</h3><pre>${esc(detail)}</pre>` +
      `<p class="note">After ${formatSpan(at)}${esc(where)}, seed ${settings.seed}. Again:</p>` +
      `<pre class="replay">${esc(replayLine(outcome, violation))}</pre></section>`
    );
  });
  const more = violationCount - violations.length;
  if (more > 0) list.push(`<p>${formatNumber(more)} more violations are not shown.</p>`);
  if (error !== undefined) {
    const text = `<pre>${esc(errorText(error))}</pre>`;
    list.push(`<section class="violation"><h3>What kept it from running</h3>${text}</section>`);
  }
  return list.length === 0 ? "" : `<h2>What did not hold</h2>\n${list.join("\n")}`;
}

function eventsOf(events: readonly TimedEvent[], total: number): string {
  if (total === 0) return "";
  const rows = events.map(
    ({ kind, at, text, took }) =>
      `<tr><td class="number">${formatSpan(at)}</td><td><span class="${kind}">${kind}</span></td>` +
      `<td>${esc(text)}</td>` +
      `<td class="number">${took === undefined ? "" : formatSpan(took)}</td></tr>`,
  );
  const head = `<thead><tr><th scope="col" class="number">at</th><th scope="col">what</th>
    <th scope="col">which</th><th scope="col" class="number">took</th></tr></thead>`;
  const table = scrolled(
    "Deaths and recoveries",
    `<table id="events">${head}<tbody>${rows.join("\n")}</tbody></table>`,
  );
  const more = total - events.length;
  const note =
    more > 0 ? `<p class="note">The first ${formatNumber(events.length)} are listed.</p>` : "";
  const open = events.length <= 20 ? " open" : "";
  return section(
    "events-title",
    "Deaths and recoveries",
    `<details${open}><summary>All ${formatNumber(total)}</summary>${table}${note}</details>`,
  );
}

function samplesOf(report: StressReport): string {
  const { unit } = report.outcome.scenario;
  const points = withRates(thinned(report.outcome.samples, MOST_SAMPLE_ROWS));
  if (points.length === 0) return "";
  const span = (value: number | undefined) => (value === undefined ? "" : formatSpan(value));
  const rows = points.map(
    ({ at, phase, operations, rate, p50, p99 }) =>
      `<tr><td class="number">${formatSpan(at)}</td><td>${esc(phase)}</td>` +
      `<td class="number">${formatNumber(operations)}</td>` +
      `<td class="number">${formatNumber(Math.round(rate))}</td>` +
      `<td class="number">${span(p50)}</td><td class="number">${span(p99)}</td></tr>`,
  );
  const names = ["at", "phase", unit, `${unit}/s`, "p50", "p99"];
  const head = names.map((name) => {
    const kind = name === "phase" ? "" : ' class="number"';
    return `<th scope="col"${kind}>${esc(name)}</th>`;
  });
  const table = `<table><thead><tr>${head.join("")}</tr></thead><tbody>${rows.join("\n")}</tbody></table>`;
  const list = scrolled("Samples", table);
  return section(
    "samples-title",
    "The charts in figures",
    `<details><summary>${plural(points.length, "sample")}</summary>${list}</details>`,
  );
}

function chartsOf(data: PageData): string {
  if (data.times.length === 0) {
    return section("rate-title", "Throughput", "<p>It ended before anything was sampled.</p>");
  }
  const isMeasured = [...data.p50, ...data.p99].some((value) => value !== null);
  const marks = data.events.length === 0 ? "" : " Marks above: deaths (down) and recoveries (up).";
  const [least, most] = [Math.min, Math.max].map((of) => formatRate(of(...data.rates), data.unit));
  return [
    chart("rate", "Throughput over time", `From ${least} to ${most}.${marks}`),
    isMeasured
      ? chart(
          "latency",
          "Latency over time",
          "Half of all took at most p50, 99 of 100 at most p99.",
        )
      : "",
    data.recoveries.length === 0
      ? ""
      : chart(
          "recovery",
          "Recoveries over time",
          "What each took, from the death to all being well.",
        ),
  ].join("\n");
}

function body(report: StressReport, data: PageData): string {
  const { outcome, place } = report;
  const { scenario, events, deaths, recoveries, summary } = outcome;
  const verdict = `<span class="verdict ${verdictOf(outcome)}">${esc(verdictText(report))}</span>`;
  const rows = parameters(report).map(
    ([name, text]) => `<tr><th scope="row">${esc(name)}</th><td>${esc(text)}</td></tr>`,
  );
  const tables = (summary?.tables ?? []).map((table, i) =>
    section(`table-${i}`, table.title, scrolled(table.title, `<table>${cells(table)}</table>`)),
  );
  return `<header>
<h1><span><span class="of">ringfold stress</span> ${esc(scenario.name)}</span>${verdict}</h1>
<p>${esc(scenario.describe)}</p>
<p>Asserts: ${esc(scenario.asserts)}</p>
</header>
<main>
<dl class="figures">
${definitions(figures(report))}
</dl>
${violationsOf(report)}
${chartsOf(data)}
${tables.join("\n")}
${eventsOf(events, deaths + recoveries)}
<div class="columns">
${section("parameters-title", "Parameters", `<table class="parameters"><tbody>${rows.join("\n")}</tbody></table>`)}
${samplesOf(report)}
</div>
</main>
<footer>ringfold ${esc(place.version)}, ${esc(place.runtime)}, ${esc(new Date(outcome.began).toUTCString())}.
Charts by uPlot (MIT, © Leon Sorokin).</footer>`;
}

export function htmlStress(report: StressReport): string {
  const data = pageData(report);
  const title = `ringfold stress ${report.outcome.scenario.name}: ${verdictText(report)}`;
  return framePage({ title, body: body(report, data), data, script: "page.js" });
}
