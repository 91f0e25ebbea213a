// Bars of characters: eighths of blocks, or plain ones where the terminal's encoding is another.

const ACROSS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const UP = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** Unless a locale is set that is not UTF-8. */
export function hasBlocks(env: NodeJS.ProcessEnv): boolean {
  if (env["TERM"] === "dumb") return false;
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return locale === "" || /utf-?8/i.test(locale);
}

/** A bar of at most `width` characters; `share` is from 0 to 1. */
export function barAcross(share: number, width: number, blocks: boolean): string {
  if (!blocks) return "#".repeat(Math.round(share * width));
  const eighths = Math.round(share * width * 8);
  return "█".repeat(eighths >> 3) + ACROSS[eighths & 7];
}

/** One character, the higher the greater `share` is; nothing where there are no blocks. */
export function barUp(share: number, blocks: boolean): string {
  return blocks ? (UP[Math.round(share * 8)] ?? "") : "";
}
