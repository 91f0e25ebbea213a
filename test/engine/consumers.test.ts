// Programs of users, compiled against the built declarations by the installed compiler, declarations checked
// as well: test/fixtures/consumers has what must compile, and what must not.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, test } from "../harness.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const modules = join(root, "node_modules");

let folder = "";
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), "ringfold-consumers-"));
  cpSync(join(root, "test/fixtures/consumers"), folder, { recursive: true });
  mkdirSync(join(folder, "node_modules"));
  // As an installation would have them.
  symlinkSync(root, join(folder, "node_modules/ringfold"), "dir");
  symlinkSync(join(modules, "@types"), join(folder, "node_modules/@types"), "dir");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** What the compiler says. */
function compile(files: readonly string[], lib: readonly string[], types: readonly string[]) {
  const compilerOptions = {
    target: "esnext",
    module: "nodenext",
    lib,
    types,
    strict: true,
    noEmit: true,
    skipLibCheck: false,
  };
  const config = join(folder, "tsconfig.json");
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  const compiler = join(modules, "typescript/bin/tsc");
  const { stdout, stderr, status } = spawnSync(process.execPath, [compiler, "-p", config], {
    encoding: "utf8",
  });
  return { said: stdout + stderr, status };
}

const programs: [files: string[], lib: string[], types: string[]][] = [
  [["consumer.ts", "half.ts"], ["esnext"], ["node"]],
  [["consumer.ts", "half.ts"], ["esnext", "dom"], ["node"]],
  [["consumer.ts", "half.ts"], ["esnext", "dom"], []],
  // Without Float16Array.
  [["consumer.ts"], ["es2024", "esnext.disposable", "dom"], []],
  [["bare.ts"], ["esnext"], []],
];
for (const [files, lib, types] of programs) {
  const where = `lib ${lib.join(", ")}${types.length > 0 ? ` and types of ${types.join()}` : ""}`;
  test(`${files.join(" and ")} compile with ${where}, and what must not does not`, () => {
    const { said, status } = compile(files, lib, types);
    assert.is(said, "");
    assert.is(status, 0);
  });
}
