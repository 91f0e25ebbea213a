// A program of its own on the library: how it ends, and what it prints.

import { spawn } from "node:child_process";
import { once } from "node:events";

const LIBRARY = JSON.stringify(new URL("../../src/index.js", import.meta.url).href);

/** Runs `opening` and `body` behind what both may use. */
export async function program(
  opening: string,
  body: string,
): Promise<{ code: number | null; out: string }> {
  const source = `
    import { once } from "node:events";
    import { Worker } from "node:worker_threads";
    import { attachEngine, createEngine } from ${LIBRARY};
    const LIBRARY = ${LIBRARY};
    ${opening}
    ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out };
}
