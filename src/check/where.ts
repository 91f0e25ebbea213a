// Where in the source of the core a thread stands, told from a stack of JavaScript that goes through
// WebAssembly: frames have names and offsets in the module.

export interface Lines {
  readonly files: readonly string[];
  /** Offset in the module, file, line, for each place at which a line begins; offsets rise. */
  readonly lines: readonly number[];
}

const FRAME = /at (\S+) \(wasm:\/\/[^)]*:wasm-function\[\d+\]:0x([0-9a-f]+)\)/;

/** Functions of atomic.ts by what they do. */
const OPERATIONS: Readonly<Record<string, string>> = {
  load: "load",
  store: "store",
  add: "add",
  or: "or",
  and: "and",
  cas: "compare-exchange",
  wait: "wait",
  notify: "notify",
  peek: "plain load",
  poke: "plain store",
};

/** Files whose functions only carry out what others want. */
const CARRIERS = ["atomic", "places"];

export function whereIs(stack: string, lines: Lines): { operation: string; where: string } {
  let operation = "";
  for (const frame of stack.split("\n")) {
    const [, path = "", offset = ""] = FRAME.exec(frame) ?? [];
    const [name = "", file = ""] = path.split("/").reverse();
    if (name === "") continue;
    if (CARRIERS.includes(file)) {
      if (file === "atomic") operation = OPERATIONS[name.replace(/\d+$/, "")] ?? operation;
      continue;
    }
    return { operation, where: `${name} ${lineOf(Number.parseInt(offset, 16), lines)}` };
  }
  return { operation, where: "" };
}

function lineOf(offset: number, { files, lines }: Lines): string {
  let low = 0;
  let high = lines.length / 3;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lines[3 * middle] as number) <= offset) low = middle;
    else high = middle;
  }
  return `${files[lines[3 * low + 1] as number]}:${lines[3 * low + 2]}`;
}
