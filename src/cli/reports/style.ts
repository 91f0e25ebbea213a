// How the pages of `ringfold stress --html` and `ringfold bench --html` look. Colours are variables, which the charts read too;
// text has a contrast of at least 4.5 : 1 on its ground, in light and dark.

export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9;
  --surface: #ffffff;
  --line: #dfe3e8;
  --text: #1b1f24;
  --muted: #59636e;
  --accent: #0b62d6;
  --accent-fill: rgba(11, 98, 214, 0.12);
  --second: #8250df;
  --good: #116b35;
  --good-ground: #dcf5e4;
  --bad: #b3261e;
  --bad-ground: #fdeceb;
  --warn: #7a4d00;
  --warn-ground: #fff3d6;
  --teal: #00727f;
  --pink: #b4287a;
  --olive: #5c6b00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1116;
    --surface: #161b22;
    --line: #2d343d;
    --text: #e6eaf0;
    --muted: #9ba6b2;
    --accent: #6cb2ff;
    --accent-fill: rgba(108, 178, 255, 0.16);
    --second: #c9a4ff;
    --good: #5dd58a;
    --good-ground: #12301d;
    --bad: #ff8a80;
    --bad-ground: #3b1716;
    --warn: #f2c14e;
    --warn-ground: #352a0e;
    --teal: #4fd1dc;
    --pink: #ff92cf;
    --olive: #c3d64e;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0;
  background: var(--ground);
  color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
}
main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 32px; }
header p { margin: 6px 0 0; color: var(--muted); max-width: 75ch; }
h1 {
  display: flex; flex-wrap: wrap; align-items: center; gap: 8px 14px;
  margin: 0; font-size: 26px; line-height: 1.25; letter-spacing: -0.01em;
}
h1 .of { color: var(--muted); font-weight: 400; }
h2 { margin: 0 0 12px; font-size: 16px; line-height: 1.3; }
h3 { margin: 0 0 6px; font-size: 15px; }
.verdict {
  padding: 3px 12px; border-radius: 999px; font-size: 14px; font-weight: 600; letter-spacing: 0;
}
.verdict::before { content: "✓ "; }
.passed { color: var(--good); background: var(--good-ground); }
.violated, .failed { color: var(--bad); background: var(--bad-ground); }
.violated::before, .failed::before { content: "✕ "; }
.interrupted { color: var(--warn); background: var(--warn-ground); }
.interrupted::before { content: "‖ "; }
section, .figures {
  margin: 20px 0; padding: 18px 20px;
  background: var(--surface); border: 1px solid var(--line); border-radius: 10px;
}
.figures {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 1px;
  padding: 0; overflow: hidden; background: var(--line);
}
.figures div { padding: 14px 18px; background: var(--surface); }
.figures dt { color: var(--muted); font-size: 13px; }
.figures dd {
  margin: 2px 0 0; font-size: 19px; font-weight: 600; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere; line-height: 1.3;
}
.figures .long { font-size: 15px; }
.columns {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr));
  gap: 20px; align-items: start; margin: 20px 0;
}
.columns section { margin: 0; min-width: 0; }
.violation { border-left: 4px solid var(--bad); }
.violation + .violation { margin-top: -8px; }
pre {
  margin: 8px 0 0; padding: 10px 12px; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; background: var(--ground); border: 1px solid var(--line);
  border-radius: 6px; font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono",
    monospace;
}
.note { margin: 8px 0 0; color: var(--muted); font-size: 13px; }
.scroll { max-height: 640px; overflow: auto; }
.scroll thead th { position: sticky; top: 0; background: var(--surface); }
.scroll:focus-visible, summary:focus-visible, button:focus-visible {
  outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px;
}
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td {
  padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; font-size: 14px;
}
tr:last-child > * { border-bottom: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-size: 13px; font-weight: 600; }
tbody th { font-weight: 400; }
.number { text-align: right; white-space: nowrap; }
.bar { background: linear-gradient(to right, var(--accent-fill) var(--share), transparent 0); }
td.bar, th.bar { padding-left: 8px; padding-right: 8px; }
.parameters th { color: var(--muted); width: 40%; }
.parameters td { overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--accent); font-size: 14px; width: fit-content; }
details > .scroll { max-height: 420px; margin-top: 10px; }
.death, .recovery { white-space: nowrap; }
.death::before { content: "▼ "; color: var(--bad); }
.recovery::before { content: "▲ "; color: var(--good); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 8px; padding: 0;
  list-style: none; color: var(--muted); font-size: 13px; }
.legend b { color: var(--text); font-weight: 600; font-variant-numeric: tabular-nums; }
.legend i { font-style: normal; }
.chart { position: relative; min-height: 1px; }
.chart .uplot { font: inherit; width: 100%; }
.tip {
  position: absolute; z-index: 2; max-width: 280px; padding: 6px 10px; pointer-events: none;
  background: var(--surface); color: var(--text); border: 1px solid var(--line);
  border-radius: 6px; box-shadow: 0 4px 14px rgba(0, 0, 0, 0.18); font-size: 13px;
  line-height: 1.4; font-variant-numeric: tabular-nums;
}
.tip[hidden] { display: none; }
.tip span { display: block; overflow-wrap: anywhere; }
.u-hz .u-cursor-x, .u-hz .u-cursor-y, .u-vt .u-cursor-x { border-color: var(--muted); }
.u-select { background: var(--accent-fill); }
footer { padding-bottom: 32px; color: var(--muted); font-size: 13px; }
@media (max-width: 560px) {
  main, header, footer { padding-left: 12px; padding-right: 12px; }
  header { padding-top: 20px; }
  h1 { font-size: 22px; }
  section { padding: 14px; }
  .figures { grid-template-columns: 1fr 1fr; }
  .figures div { padding: 10px 14px; }
  .figures dd { font-size: 16px; }
}
@media print {
  section, .figures { break-inside: avoid; }
  .scroll { max-height: none; }
}
`;
