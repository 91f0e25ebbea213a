// The script of the page that `ringfold bench --html` writes (frame.ts inlines it after chart.ts): its
// charts. It runs in browsers.

import type uPlotType from "uplot";
import type { BenchChart } from "./bench-html.js";
import { type Chart, color, drawAll, line, three } from "./chart.js";

const specs = JSON.parse(document.getElementById("data")?.textContent ?? "") as BenchChart[];

const TONES = ["text", "accent", "second", "good", "bad", "warn", "teal", "pink"];
const LABELS = 18;

function bytes(value: number): string {
  for (const [power, unit] of [
    [30, "GiB"],
    [20, "MiB"],
    [10, "KiB"],
  ] as const) {
    if (value >= 2 ** power) return `${three(value / 2 ** power)} ${unit}`;
  }
  return `${three(value)} B`;
}

/** A line at each cache's size, with its name above. */
function drawCaches(chart: uPlotType, caches: BenchChart["caches"]): void {
  const { ctx, bbox } = chart;
  const one = window.devicePixelRatio;
  ctx.save();
  ctx.fillStyle = color("muted");
  ctx.strokeStyle = color("muted");
  ctx.font = `${12 * one}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.lineWidth = one;
  ctx.setLineDash([4 * one, 4 * one]);
  for (const [name, size] of caches) {
    const x = chart.valToPos(size, "x", true);
    if (!(x >= bbox.left && x <= bbox.left + bbox.width)) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(name, x, bbox.top - 5 * one);
  }
  ctx.restore();
}

function chartOf({ id, below, points, unit, isLog, series, caches }: BenchChart): Chart {
  const isBytes = below === "bytes";
  const [first = 1, last = 1] = [points[0], points[points.length - 1]];
  const format = (value: number) => (unit === "GB/s" ? three(value) : `${three(value)}${unit}`);
  const formatX = isBytes ? bytes : String;
  const told = (value: number | null | undefined) =>
    value === null || value === undefined
      ? "–"
      : `${three(value)}${unit === "×" || unit === "%" ? "" : " "}${unit}`;
  return {
    id,
    columns: [[...points], ...series.map(({ values }) => [...values])],
    series: series.map(({ name }, i) => ({
      ...line(name, TONES[i] ?? "muted", false, points.length),
      points: { show: true, size: 6, fill: color(TONES[i] ?? "muted") },
    })),
    formatX,
    format,
    isLogX: isBytes,
    isLog,
    spanX: isBytes ? [first / 1.4, last * 1.4] : [first - 0.2, last + 0.2],
    ticksX: points,
    lane: LABELS,
    decorate: (chart) => drawCaches(chart, caches),
    tell: (i) => [
      isBytes ? bytes(points[i] ?? 0) : `${points[i]} threads`,
      ...series.map(({ name, values }) => `${name}: ${told(values[i])}`),
    ],
  };
}

drawAll(() => specs.map(chartOf));
