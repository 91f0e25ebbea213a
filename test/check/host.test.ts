// How an engine's thread awaits its answers: the programs of `ringfold check host`, on what ships and
// on copies of it with a defect each.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { explore } from "../../src/check/explorer.js";
import { hostProofs, SHIPPED, type Subject } from "../../src/check/host.js";
import { assert, test } from "../harness.js";

const COMPILED = fileURLToPath(new URL("../../src/engine/listener.js", import.meta.url));

for (const proof of hostProofs()) {
  test(`${proof.name}: ${proof.proves}`, () => {
    const { finding, exhaustive, ends } = explore(proof.make, proof);
    assert.equal(finding, undefined);
    assert.ok(exhaustive && ends > 0);
  });
}

/** What the first program that breaks says. */
function found(subject: Subject): string | undefined {
  for (const proof of hostProofs(subject)) {
    const { finding } = explore(proof.make, proof);
    if (finding !== undefined) return `${finding.verdict} in ${proof.name}`;
  }
  return undefined;
}

async function changed(from: string, to: string): Promise<Subject> {
  const parts = (await readFile(COMPILED, "utf8")).split(from);
  assert.is(parts.length, 2, `"${from}" stands ${parts.length - 1} times in listener.js`);
  const folder = await mkdtemp(join(tmpdir(), "ringfold-host-"));
  try {
    const file = join(folder, "listener.mjs");
    await writeFile(file, parts.join(to));
    const { Listener } = (await import(pathToFileURL(file).href)) as Pick<Subject, "Listener">;
    return { ...SHIPPED, Listener };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("one bit for the thread and its event loop is found: an answer wakes nobody", () => {
  assert.match(
    found({ ...SHIPPED, bits: { thread: 1, eventLoop: 1 } }) ?? "",
    /^deadlock in host-/,
  );
});

const DEFECTS: readonly (readonly [broken: string, from: string, to: string])[] = [
  ["it does not look again once it is announced", "found = this.#gate.drain()", "found = false"],
  [
    "it looks, and then announces itself",
    "this.#epoch = this.#gate.announce();\n            const found = this.#gate.drain();",
    "const found = this.#gate.drain();\n            this.#epoch = this.#gate.announce();",
  ],
  [
    "the announcement is taken back behind the next one",
    "this.#gate.cancel();\n        return this.listen();",
    "const next = this.listen();\n        this.#gate.cancel();\n        return next;",
  ],
  ["it does not listen again when it was woken", "return this.listen();", "return undefined;"],
  [
    "an answer that is handed on may listen by itself",
    "if (this.#state !== IDLE)",
    "if (this.#state === LISTENING)",
  ],
  [
    "it believes that it listens where nothing is awaited",
    "promise === undefined ? IDLE : LISTENING",
    "LISTENING",
  ],
];

for (const [broken, from, to] of DEFECTS) {
  test(`a defect is found: ${broken}`, async () => {
    assert.ok(found(await changed(from, to)) !== undefined, "no program breaks");
  });
}
