import { readFileSync } from "node:fs";

/** Of the package, read when it is asked for. */
export function version(): string {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
