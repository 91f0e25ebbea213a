// The charts of the pages that reports are (frame.ts inlines it after uPlot, before a page's own
// script): in the colours of the page's light or dark style, with a legend, tooltips and zoom. It runs
// in browsers, and imports nothing.

import type uPlotType from "uplot";

declare const uPlot: typeof uPlotType;
type Series = uPlotType.Series;

export const color = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export const three = (value: number): string => String(Number(value.toPrecision(3)));

export function short(value: number): string {
  for (const [power, prefix] of [
    [9, "G"],
    [6, "M"],
    [3, "k"],
  ] as const) {
    if (Math.abs(value) >= 10 ** power) return `${three(value / 10 ** power)}${prefix}`;
  }
  return three(value);
}

export function span(milliseconds: number): string {
  if (milliseconds >= 1000) return `${three(milliseconds / 1000)} s`;
  if (milliseconds >= 1 || milliseconds === 0) return `${three(milliseconds)} ms`;
  if (milliseconds >= 1e-3) return `${three(milliseconds * 1e3)} µs`;
  return `${three(milliseconds * 1e6)} ns`;
}

export const seconds = (value: number): string => `${three(value)} s`;

export interface Chart {
  readonly id: string;
  readonly columns: uPlotType.AlignedData;
  readonly series: readonly Series[];
  /** Of what stands below, and of what stands left. */
  readonly formatX: (value: number) => string;
  readonly format: (value: number) => string;
  readonly isLogX?: boolean;
  readonly isLog: boolean;
  /** What the axis below spans when nothing is chosen; undefined: the points. */
  readonly spanX?: readonly [number, number];
  /** Where ticks stand below; undefined: wherever they fit. */
  readonly ticksX?: readonly number[];
  /** Pixels above the plot for what `decorate` draws. */
  readonly lane?: number;
  readonly decorate?: (chart: uPlotType) => void;
  /** Signs that the legend explains beside the series. */
  readonly signs?: readonly (readonly [label: string, sign: string, tone: string])[];
  /** Lines of the tooltip for a point, and for what else is near the cursor. */
  readonly tell: (index: number) => string[];
  readonly tellNear?: (chart: uPlotType, left: number) => string[];
}

/** Pixels of a tick and its text. */
const TICK = 70;

/** As many of the ticks as there is room for. */
function thinned(ticks: readonly number[], width: number): number[] {
  const step = Math.max(1, Math.ceil((ticks.length * TICK) / width));
  return ticks.filter((_, i) => (ticks.length - 1 - i) % step === 0);
}

function axis(
  values: (value: number) => string,
  size: number,
  ticks?: readonly number[],
): uPlotType.Axis {
  return {
    stroke: color("muted"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: color("line"), width: 1 },
    ticks: { stroke: color("line"), width: 1, size: 4 },
    size,
    ...(ticks === undefined ? {} : { splits: (self) => thinned(ticks, self.width) }),
    values: (_, splits) => splits.map((value) => (value === null ? "" : values(value))),
  };
}

function showTip(chart: uPlotType, tip: HTMLElement, { tell, tellNear }: Chart): void {
  const { idx, left = -1, top = 0 } = chart.cursor;
  tip.hidden = idx === null || idx === undefined || left < 0;
  if (tip.hidden) return;
  const lines = [...tell(idx as number), ...(tellNear?.(chart, left) ?? [])];
  tip.replaceChildren(
    ...lines.map((line) => {
      const row = document.createElement("span");
      row.textContent = line;
      return row;
    }),
  );
  const { offsetLeft, offsetTop, clientWidth } = chart.over;
  const isRight = left > clientWidth / 2;
  tip.style.left = isRight ? "" : `${offsetLeft + left + 14}px`;
  tip.style.right = isRight ? `${chart.root.clientWidth - offsetLeft - left + 14}px` : "";
  tip.style.top = `${offsetTop + Math.max(0, top - 20)}px`;
}

function legendOf({ id, series, signs = [] }: Chart): void {
  const items = series.map(({ label, stroke }) => [label, "●", stroke] as const);
  document.getElementById(`${id}-legend`)?.replaceChildren(
    ...[...items, ...signs].map(([label, sign, tone]) => {
      const item = document.createElement("li");
      const mark = document.createElement("i");
      mark.textContent = `${sign} `;
      mark.style.color = String(tone);
      mark.setAttribute("aria-hidden", "true");
      item.append(mark, String(label));
      return item;
    }),
  );
}

function draw(chart: Chart): (() => void) | undefined {
  const place = document.getElementById(chart.id);
  if (place === null) return undefined;
  const [below] = chart.columns;
  const [first = 0, last = 0] = [below[0], below[below.length - 1]];
  const [from, to] = chart.spanX ?? [first, last];
  const size = () => ({ width: place.clientWidth, height: place.clientWidth < 500 ? 220 : 280 });
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  const options: uPlotType.Options = {
    ...size(),
    padding: [chart.lane ?? 10, 22, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: true } },
    scales: {
      // All of it, unless a part was chosen.
      x: {
        time: false,
        ...(chart.isLogX ? { distr: 3 as const, log: 2 as const } : {}),
        range: (_, least, most) => (least <= first && most >= last ? [from, to] : [least, most]),
      },
      y: chart.isLog ? { distr: 3 } : { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: [axis(chart.formatX, 32, chart.ticksX), axis(chart.format, 62)],
    series: [{}, ...chart.series],
    hooks: {
      setCursor: [(self) => showTip(self, tip, chart)],
      ...(chart.decorate === undefined ? {} : { draw: [chart.decorate] }),
    },
  };
  legendOf(chart);
  const drawn = new uPlot(options, chart.columns, place);
  place.append(tip);
  const observer = new ResizeObserver(() => {
    if (place.clientWidth !== drawn.width) drawn.setSize(size());
  });
  observer.observe(place);
  return () => {
    observer.disconnect();
    drawn.destroy();
    tip.remove();
  };
}

/** Points are shown where a line would have too few to be seen. */
export function line(label: string, tone: string, isFilled: boolean, points: number): Series {
  return {
    label,
    stroke: color(tone),
    width: 2,
    points: { show: points < 3, size: 7, fill: color(tone) },
    spanGaps: false,
    ...(isFilled ? { fill: color(`${tone}-fill`) } : {}),
  };
}

let undo: ((() => void) | undefined)[] = [];

/** Anew whenever colours change, since a canvas keeps those that it was drawn in. */
export function drawAll(charts: () => Chart[]): void {
  const draws = () => {
    for (const one of undo) one?.();
    undo = charts().map(draw);
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draws);
  draws();
}
