// The script of the page that `ringfold stress --html` writes (html.ts inlines it after uPlot): the
// charts, in the colours of the page's light or dark style. It runs in browsers, and imports nothing.

import type uPlotType from "uplot";
import type { PageData } from "./html.js";

declare const uPlot: typeof uPlotType;
type Options = uPlotType.Options;
type Series = uPlotType.Series;

const data = JSON.parse(document.getElementById("data")?.textContent ?? "") as PageData;

/** Beyond so many events, a line for each would hide the curve. */
const MOST_LINES = 40;
const MOST_TRIANGLES = 160;
/** Pixels from the cursor within which it shows an event. */
const REACH = 8;
const LANE = 24;

const color = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const three = (value: number): string => String(Number(value.toPrecision(3)));

function short(value: number): string {
  for (const [power, prefix] of [
    [9, "G"],
    [6, "M"],
    [3, "k"],
  ] as const) {
    if (Math.abs(value) >= 10 ** power) return `${three(value / 10 ** power)}${prefix}`;
  }
  return three(value);
}

function span(milliseconds: number): string {
  if (milliseconds >= 1000) return `${three(milliseconds / 1000)} s`;
  if (milliseconds >= 1 || milliseconds === 0) return `${three(milliseconds)} ms`;
  if (milliseconds >= 1e-3) return `${three(milliseconds * 1e3)} µs`;
  return `${three(milliseconds * 1e6)} ns`;
}

const seconds = (value: number): string => `${three(value)} s`;

interface Chart {
  readonly id: string;
  readonly columns: uPlotType.AlignedData;
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly isLog: boolean;
  readonly hasMarks: boolean;
  /** Lines of the tooltip for a point. */
  readonly tell: (index: number) => string[];
}

function axis(values: (value: number) => string, size: number): uPlotType.Axis {
  return {
    stroke: color("muted"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: color("line"), width: 1 },
    ticks: { stroke: color("line"), width: 1, size: 4 },
    size,
    values: (_, splits) => splits.map((value) => (value === null ? "" : values(value))),
  };
}

/** A triangle in the lane above the plot; where there are too many of them, a thin line. */
function drawMark(
  ctx: CanvasRenderingContext2D,
  kind: "death" | "recovery",
  x: number,
  top: number,
) {
  const one = window.devicePixelRatio;
  const [tip, base] = kind === "death" ? [-13, -21] : [-10, -2];
  ctx.beginPath();
  if (data.events.length > MOST_TRIANGLES) {
    ctx.globalAlpha = 0.5;
    ctx.rect(x - one / 2, top + Math.min(tip, base) * one, one, 8 * one);
  } else {
    ctx.moveTo(x, top + tip * one);
    ctx.lineTo(x - 4.5 * one, top + base * one);
    ctx.lineTo(x + 4.5 * one, top + base * one);
  }
  ctx.fill();
  ctx.globalAlpha = 1;
}

/** Deaths and recoveries, and a line down from each where there is room. */
function drawMarks(chart: uPlotType): void {
  const { ctx, bbox } = chart;
  const one = window.devicePixelRatio;
  const colors = { death: color("bad"), recovery: color("good") };
  ctx.save();
  ctx.lineWidth = one;
  for (const [kind, at] of data.events) {
    const x = chart.valToPos(at, "x", true);
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
    ctx.fillStyle = colors[kind];
    ctx.strokeStyle = colors[kind];
    drawMark(ctx, kind, x, bbox.top);
    if (data.events.length > MOST_LINES) continue;
    ctx.globalAlpha = 0.35;
    ctx.setLineDash(kind === "death" ? [] : [3 * one, 3 * one]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
  }
  ctx.restore();
}

/** What happened near the cursor. */
function eventsNear(chart: uPlotType, left: number): string[] {
  const near = data.events.filter(([, at]) => Math.abs(chart.valToPos(at, "x") - left) <= REACH);
  const lines = near.slice(0, 4).map(([kind, at, text]) => {
    return `${kind === "death" ? "▼" : "▲"} ${kind} at ${seconds(at)}: ${text}`;
  });
  return near.length > 4 ? [...lines, `and ${near.length - 4} more`] : lines;
}

function showTip(chart: uPlotType, tip: HTMLElement, { tell, hasMarks }: Chart): void {
  const { idx, left = -1, top = 0 } = chart.cursor;
  tip.hidden = idx === null || idx === undefined || left < 0;
  if (tip.hidden) return;
  const lines = [...tell(idx as number), ...(hasMarks ? eventsNear(chart, left) : [])];
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

function legendOf({ id, series, hasMarks }: Chart): void {
  const items = series.map(({ label, stroke }) => [label, "●", stroke] as const);
  const marks = hasMarks && data.events.length > 0;
  const all = [
    ...items,
    ...(marks
      ? ([
          ["death", "▼", color("bad")],
          ["recovery", "▲", color("good")],
        ] as const)
      : []),
  ];
  document.getElementById(`${id}-legend`)?.replaceChildren(
    ...all.map(([label, sign, tone]) => {
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
  const [times] = chart.columns;
  const [first = 0, last = 0] = [times[0], times[times.length - 1]];
  const end = Math.max(data.seconds, last) || 1;
  const size = () => ({ width: place.clientWidth, height: place.clientWidth < 500 ? 220 : 280 });
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  const options: Options = {
    ...size(),
    padding: [chart.hasMarks ? LANE : 10, 22, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: true } },
    scales: {
      // All of the run, unless a part of it was chosen.
      x: {
        time: false,
        range: (_, least, most) => (least <= first && most >= last ? [0, end] : [least, most]),
      },
      y: chart.isLog ? { distr: 3 } : { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: [axis(seconds, 32), axis(chart.format, 62)],
    series: [{}, ...chart.series],
    hooks: {
      setCursor: [(self) => showTip(self, tip, chart)],
      ...(chart.hasMarks ? { draw: [drawMarks] } : {}),
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
function line(label: string, tone: string, isFilled: boolean, points: number): Series {
  return {
    label,
    stroke: color(tone),
    width: 2,
    points: { show: points < 3, size: 7, fill: color(tone) },
    spanGaps: false,
    ...(isFilled ? { fill: color(`${tone}-fill`) } : {}),
  };
}

function charts(): Chart[] {
  const { times, rates, phases, p50, p99, recoveries, unit } = data;
  const count = times.length;
  const measured = [...p50, ...p99].filter((value) => value !== null);
  const told = (value: number | null | undefined) =>
    value === null || value === undefined ? "–" : span(value);
  const isSpread = (values: readonly number[]) =>
    Math.min(...values) > 0 && Math.max(...values) > 20 * Math.min(...values);
  return [
    {
      id: "rate",
      columns: [[...times], [...rates]],
      series: [line(`${unit}/s`, "accent", true, count)],
      format: short,
      isLog: false,
      hasMarks: true,
      tell: (i) => [`${seconds(times[i] ?? 0)}, ${phases[i]}`, `${short(rates[i] ?? 0)} ${unit}/s`],
    },
    {
      id: "latency",
      columns: [[...times], [...p50], [...p99]],
      series: [
        line("p50", "accent", false, measured.length),
        line("p99", "second", false, measured.length),
      ],
      format: span,
      isLog: isSpread(measured),
      hasMarks: false,
      tell: (i) => [
        `${seconds(times[i] ?? 0)}, ${phases[i]}`,
        `p50 ${told(p50[i])}`,
        `p99 ${told(p99[i])}`,
      ],
    },
    {
      id: "recovery",
      columns: [recoveries.map(([at]) => at), recoveries.map(([, took]) => took)],
      series: [
        {
          ...line("time that a recovery took", "good", false, 0),
          paths: () => null,
          points: { show: true, size: recoveries.length > 300 ? 4 : 7, fill: color("good") },
        },
      ],
      format: span,
      isLog: isSpread(recoveries.map(([, took]) => took)),
      hasMarks: false,
      tell: (i) => [`${seconds(recoveries[i]?.[0] ?? 0)}: took ${told(recoveries[i]?.[1])}`],
    },
  ];
}

let undo: ((() => void) | undefined)[] = [];

/** Anew, since a canvas keeps the colours that it was drawn in. */
function drawAll(): void {
  for (const one of undo) one?.();
  undo = charts().map(draw);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
drawAll();
