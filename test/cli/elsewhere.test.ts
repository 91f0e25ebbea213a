// What another program has to unpack first: the message names a command, and that command works.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { assert, test } from "../harness.js";
import { doubles, fails, inFolder, MAIN, npy, put } from "./run.js";

/** Runs the command of a message, completed by `more`, in a shell. */
function follow(message: string, more: string): string {
  const [, command] = /`([^`]*)`/.exec(message) ?? [];
  assert.ok(command?.endsWith("| ringfold reduce - …"), message);
  const line = command!.replace("ringfold reduce - …", `"$NODE" "$MAIN" reduce - ${more}`);
  const env = { ...process.env, NODE: process.execPath, MAIN };
  const { status, stdout, stderr } = spawnSync("sh", ["-c", line], { encoding: "utf8", env });
  assert.is(status, 0, stderr);
  return stdout;
}

test("gzip is refused, by its bytes or its name, with a command that reads it", () =>
  inFolder(async (folder) => {
    const array = npy("<f8", "(3,)", doubles([1, 2, 4.5]));
    const cases: [name: string, content: Uint8Array, more: string][] = [
      ["it's x.csv.gz", Buffer.from("price\n1\n2\n4.5\n"), "--column price"],
      ["x.npy.gz", array, ""],
      ["x.gz", doubles([1, 2, 4.5]), "--dtype float64"],
      // With the name of something else.
      ["x.csv", Buffer.from("1\n2\n4.5\n"), ""],
      ["y.npy", array, ""],
    ];
    for (const [name, content, more] of cases) {
      const path = put(folder, name, gzipSync(content));
      const args = more === "" ? [] : more.split(" ");
      const { err } = await fails(["reduce", path, ...args], 1, "ERR_FORMAT", "compressed by gzip");
      assert.match(follow(err, more), /sum {2}7\.5/, name);
    }
    // Numbers that happen to begin so are read, where they are said to be raw.
    const raw = put(folder, "x.bin", Uint8Array.of(0x1f, 0x8b, 8, 0));
    assert.equal((await fails(["reduce", raw], 1, "ERR_DTYPE")) !== undefined, true);
    const told = [
      "reduce",
      put(folder, "raw", Uint8Array.of(0x1f, 0x8b, 8, 0)),
      "--dtype",
      "uint8",
    ];
    await fails(told, 1, "ERR_FORMAT", "if it is raw binary, give --format raw");
    const { status, stdout } = spawnSync(process.execPath, [MAIN, ...told, "--format", "raw"], {
      encoding: "utf8",
    });
    assert.is(status, 0);
    assert.match(stdout, "sum  178");
  }));

test("JSON is refused, by its bytes or its name, with a command that makes it a column", () =>
  inFolder(async (folder) => {
    const lines = '{"my price": 1, "b": 2}\n{"my price": null}\n{"my price": 6.5}\n';
    const column = ["--column", "my price"];
    for (const name of ["x.jsonl", "x.ndjson", "x.txt", "x"]) {
      const path = put(folder, name, lines);
      const { err } = await fails(["reduce", path, ...column], 1, "ERR_FORMAT", "jq -r");
      assert.match(follow(err, ""), "sum  7.5", name);
    }
    const records = put(folder, "x.json", `[${lines.trim().replaceAll("\n", ",")}]`);
    const { err } = await fails(["reduce", records, ...column], 1, "ERR_FORMAT", "jq -r");
    assert.match(follow(err, ""), "sum  7.5");
    const numbers = put(folder, "y.json", "[1, 2, 4.5]");
    assert.match(follow((await fails(["reduce", numbers], 1, "ERR_FORMAT")).err, ""), "sum  7.5");
  }));

test("what other compressions and archives are is told by their bytes and their names", () =>
  inFolder(async (folder) => {
    const cases: [name: string, head: string, says: string][] = [
      ["x", "\x28\xb5\x2f\xfd....", "zstd -dc"],
      ["x", "\xfd7zXZ\0..", "xz -dc"],
      ["x", "BZh51AY&SY..", "bzip2 -dc"],
      ["x", "\x04\x22\x4d\x18..", "lz4 -dc"],
      ["x.csv.br", "\x0b\x02\x80..", "brotli -dc"],
      ["x.npz", "PK\x03\x04..", "unzip -p"],
      ["x.7z", "7z\xbc\xaf\x27\x1c..", "7z x -so"],
      ["x.csv.zst", "", "zstd -dc"],
    ];
    for (const [name, head, says] of cases) {
      const path = put(folder, name, Buffer.from(head, "latin1"));
      await fails(["reduce", path], 1, "ERR_FORMAT", says, path);
    }
    // A name in a header is no compression.
    const text = put(folder, "x.csv", "BZhang\n1\n2\n");
    const { status } = spawnSync(process.execPath, [MAIN, "reduce", text, "--column", "BZhang"]);
    assert.is(status, 0);
  }));

test("an address in place of a file is refused with the command that fetches it", () =>
  inFolder(async (folder) => {
    const cases: [address: string, says: string][] = [
      [
        "https://example.org/a.csv?x=1&y=2",
        "curl -sSfL 'https://example.org/a.csv?x=1&y=2' | ringfold",
      ],
      [
        "http://example.org/a.csv.gz",
        "curl -sSfL http://example.org/a.csv.gz | gunzip -c | ringfold",
      ],
      ["s3://bucket/x.parquet", "aws s3 cp s3://bucket/x.parquet - | ringfold"],
      ["gs://bucket/x.parquet", "gcloud storage cat gs://bucket/x.parquet | ringfold"],
      ["hdfs://host/x.parquet", "bring it into a file first"],
    ];
    for (const [address, says] of cases) {
      await fails(["reduce", address], 1, "ERR_FILE", address, says);
    }
    const path = put(folder, "a b.csv", "3\n4.5\n");
    const { err } = await fails(["reduce", `file://${encodeURI(path)}`], 1, "ERR_FILE");
    assert.match(follow(err, ""), "sum  7.5");
    assert.match(err, join(folder, "a b.csv"));
  }));
