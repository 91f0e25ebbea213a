// How figures and names look in the reports of `ringfold stress`, on paper and on a page alike.

/** With commas where whole, in four digits where not. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const isWhole = Number.isInteger(value) || Math.abs(value) >= 1000;
  if (!isWhole) return String(Number(value.toPrecision(4)));
  return Math.round(value).toLocaleString("en");
}

export const formatCell = (value: string | number): string =>
  typeof value === "number" ? formatNumber(value) : printable(value);

const PREFIXES = ["", "k", "M", "G", "T", "P"];

/** In three digits: 1.23 M items/s. */
export function formatRate(perSecond: number, unit: string): string {
  if (!Number.isFinite(perSecond)) return `– ${unit}/s`;
  const power = perSecond < 1000 ? 0 : Math.min(5, Math.floor(Math.log10(perSecond) / 3));
  const prefix = PREFIXES[power];
  const digits = Number((perSecond / 1000 ** power).toPrecision(3));
  return `${digits} ${prefix === "" ? "" : `${prefix} `}${unit}/s`;
}

/** Of a span that was measured, in three digits: 850 µs, 41.3 ms, 12 s, 3 min 20 s. */
export function formatSpan(milliseconds: number): string {
  if (milliseconds >= 60_000) {
    const seconds = Math.round(milliseconds / 1000);
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`;
  }
  const digits = (value: number) => String(Number(value.toPrecision(3)));
  if (milliseconds >= 1000) return `${digits(milliseconds / 1000)} s`;
  if (milliseconds >= 1 || milliseconds === 0) return `${digits(milliseconds)} ms`;
  if (milliseconds >= 1e-3) return `${digits(milliseconds * 1e3)} µs`;
  return `${digits(milliseconds * 1e6)} ns`;
}

/**
 * Control characters as they are written in a string literal, but for line ends and tabs: they are
 * orders to a terminal, and XML cannot hold them at all.
 */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n/g, "\n")
    .replace(/[^\P{Cc}\n\t]|[\u2028\u2029\ufffe\uffff]/gu, (one) => {
      const code = one.codePointAt(0) ?? 0;
      return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
    });
}

/** For a shell. */
export const quoted = (text: string): string =>
  /^[\w./@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** For XML and HTML, text and attributes. */
export function escapeMarkup(text: string): string {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return printable(text).replace(/[&<>"']/g, (one) => entities[one as keyof typeof entities]);
}
