// The script of the page that `ringfold stress --html` writes (frame.ts inlines it after chart.ts): its
// charts. It runs in browsers.

import type uPlotType from "uplot";
import { type Chart, color, drawAll, line, seconds, short, span } from "./chart.js";
import type { PageData } from "./html.js";

const data = JSON.parse(document.getElementById("data")?.textContent ?? "") as PageData;

/** Beyond so many events, a line for each would hide the curve. */
const MOST_LINES = 40;
const MOST_TRIANGLES = 160;
/** Pixels from the cursor within which it shows an event. */
const REACH = 8;
const LANE = 24;

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

/** What the marks are. */
const SIGNS = () =>
  data.events.length === 0
    ? []
    : ([
        ["death", "▼", color("bad")],
        ["recovery", "▲", color("good")],
      ] as const);

function charts(): Chart[] {
  const { times, rates, phases, p50, p99, recoveries, unit } = data;
  const count = times.length;
  const measured = [...p50, ...p99].filter((value) => value !== null);
  const told = (value: number | null | undefined) =>
    value === null || value === undefined ? "–" : span(value);
  const isSpread = (values: readonly number[]) =>
    Math.min(...values) > 0 && Math.max(...values) > 20 * Math.min(...values);
  const formatX = seconds;
  const spanX = [0, Math.max(data.seconds, times.at(-1) ?? 0) || 1] as const;
  const shown = { formatX, spanX };
  return [
    {
      id: "rate",
      columns: [[...times], [...rates]],
      series: [line(`${unit}/s`, "accent", true, count)],
      ...shown,
      format: short,
      isLog: false,
      lane: LANE,
      decorate: drawMarks,
      signs: SIGNS(),
      tellNear: eventsNear,
      tell: (i) => [`${seconds(times[i] ?? 0)}, ${phases[i]}`, `${short(rates[i] ?? 0)} ${unit}/s`],
    },
    {
      id: "latency",
      columns: [[...times], [...p50], [...p99]],
      series: [
        line("p50", "accent", false, measured.length),
        line("p99", "second", false, measured.length),
      ],
      ...shown,
      format: span,
      isLog: isSpread(measured),
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
      ...shown,
      format: span,
      isLog: isSpread(recoveries.map(([, took]) => took)),
      tell: (i) => [`${seconds(recoveries[i]?.[0] ?? 0)}: took ${told(recoveries[i]?.[1])}`],
    },
  ];
}

drawAll(charts);
