// Puts the scenario of stress-fixture.ts in the place of the real ones, by a hook of Node's loader.

const url = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
const FIXTURE = new URL("stress-fixture.js", import.meta.url).href;
const HOOK = url(`export const resolve = (name, context, next) =>
  name.endsWith("/stress/index.js") ? { url: "${FIXTURE}", shortCircuit: true } : next(name, context);`);
const NODE_OPTIONS = `--import ${url(`import { register } from "node:module"; register("${HOOK}");`)}`;

/** Environment in which there is the scenario `told`, which does as `mode` says. */
export const telling = (mode = "") => ({ NODE_OPTIONS, TELL: mode });
