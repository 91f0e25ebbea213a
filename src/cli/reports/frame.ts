// The frame of a report as one page that needs nothing else: text and tables are in the page as they
// are, charts are drawn by uPlot, which is inlined, from data in the page, by chart.ts and a script of
// the report's own.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { escapeMarkup as esc } from "./format.js";
import { STYLE } from "./style.js";

/** In a script element nothing ends but the element itself. */
const inJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[<\u2028\u2029]/g, (one) => {
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
const inScript = (text: string): string => text.replace(/<(?=\/script|!--|script)/gi, "\\x3c");

export function scrolled(label: string, table: string): string {
  return `<div class="scroll" role="region" aria-label="${esc(label)}" tabindex="0">${table}</div>`;
}

export const section = (id: string, title: string, body: string): string =>
  `<section aria-labelledby="${id}"><h2 id="${id}">${esc(title)}</h2>\n${body}\n</section>`;

export function chart(id: string, title: string, note: string): string {
  const legend = `<ul class="legend" id="${id}-legend"></ul>`;
  const label = `aria-label="${esc(`${title}. ${note}`)}"`;
  return section(
    `${id}-title`,
    title,
    `${legend}<div class="chart" id="${id}" role="img" ${label}></div><p class="note">${esc(note)}</p>`,
  );
}

/** Beyond so many characters, a figure is rather a sentence. */
const LONG = 18;

/** Name and text, side by side. */
export const definitions = (entries: readonly (readonly [string, string])[]): string =>
  entries
    .map(([name, text]) => {
      const kind = text.length > LONG ? ' class="long"' : "";
      return `<div><dt>${esc(name)}</dt><dd${kind}>${esc(text)}</dd></div>`;
    })
    .join("\n");

/** No page may load anything: not even what a mistake in it asked for. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

export interface Frame {
  readonly title: string;
  /** Markup. */
  readonly body: string;
  /** What the script finds in the element "data". */
  readonly data: unknown;
  /** A module beside this one that imports from chart.ts only. */
  readonly script: string;
}

/** One script of a module and of what it imports: a page has no modules to import from. */
function joined(read: (path: string | URL) => string, script: string): string {
  const [chart, own] = ["chart.js", script].map((name) => read(new URL(name, import.meta.url)));
  const exported = /^export (?=const|function|let|class)/gm;
  return `${chart?.replace(exported, "")}\n${own?.replace(/^import [^;]*;$/gm, "")}`.replace(
    /^export \{\};$/gm,
    "",
  );
}

export function framePage({ title, body, data, script }: Frame): string {
  const require = createRequire(import.meta.url);
  const read = (path: string | URL) => readFileSync(path, "utf8");
  const uplot = read(require.resolve("uplot/dist/uPlot.iife.min.js"));
  const uplotStyle = read(require.resolve("uplot/dist/uPlot.min.css"));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<link rel="icon" href="data:,">
<title>${esc(title)}</title>
<style>${uplotStyle}${STYLE}</style>
</head>
<body>
${body}
<script type="application/json" id="data">${inJson(data)}</script>
<script>${inScript(uplot)}</script>
<script type="module">${inScript(joined(read, script))}</script>
</body>
</html>
`;
}
