// The page of `ringfold bench --html` in a real browser: its charts are drawn, and its figures are
// those of the object for programs.

import { join } from "node:path";
import type { Page } from "playwright-core";
import { compare } from "../../src/bench/compare.js";
import type { BenchResult } from "../../src/bench/result.js";
import type { BenchReport } from "../../src/cli/bench.js";
import { htmlBench } from "../../src/cli/reports/bench-html.js";
import { benchTables, facts, three } from "../../src/cli/reports/bench-tables.js";
import { result } from "../bench/result.js";
import { assert, test } from "../harness.js";
import { CONTRASTS, luminance, painted, type Scheme, shown, texts, until, visit } from "./page.js";
import { inFolder, put, run } from "./run.js";

const plain = (of: BenchResult): BenchReport => ({
  ...{ result: of, comparison: undefined, baseline: undefined },
});

const open = <T>(of: BenchReport, scheme: Scheme, body: (page: Page) => Promise<T>, width = 1200) =>
  inFolder((folder) => visit(put(folder, "b.html", htmlBench(of)), scheme, body, width));

const CHARTS = ["read", "throughput-float64", "scaling-chart", "exact-chart", "crossover-chart"];

/** Every row of a table, as text. */
const rowsOf = (page: Page, id: string): Promise<string[][]> =>
  page.evaluate(
    `[...document.querySelectorAll("#${id} tbody tr")].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))`,
  );

for (const scheme of ["light", "dark"] as const) {
  test(`in ${scheme}: all charts are drawn, text stands out from its ground`, () =>
    open(plain(result()), scheme, async (page) => {
      const ground = await luminance(page);
      assert.ok(scheme === "dark" ? ground < 40 : ground > 230, `ground ${ground}`);
      const charts = await painted(page);
      assert.equal(
        charts.map(({ id }) => id),
        CHARTS,
      );
      for (const { id, share } of charts) assert.ok(share > 0.01, `${id}: ${share}`);
      assert.ok(charts[1]!.near["accent"]! > 100 && charts[1]!.near["second"]! > 100);
      const contrasts = await page.evaluate<{ text: string; ratio: number }[]>(CONTRASTS);
      assert.ok(contrasts.length > 60);
      for (const { text, ratio } of contrasts) assert.ok(ratio >= 4.5, `${ratio}: ${text}`);
    }));
}

test("the page has the tables of the report on paper, the machine, and hostile names as words", () =>
  open(plain(result()), "light", async (page) => {
    assert.is(await page.title(), "ringfold bench: Test CPU <9000>");
    assert.is(await shown(page.locator("h1")), "ringfold bench Test CPU <9000>");
    for (const { id, rows, title } of benchTables(result())) {
      const expected = rows.map((row) =>
        row.map((cell) => (typeof cell === "string" ? cell : cell.text)),
      );
      assert.equal(await rowsOf(page, id), expected, id);
      assert.ok((await texts(page, "h2")).includes(title), title);
    }
    const rows = await page.locator(".parameters tr").all();
    const found = await Promise.all(rows.map((row) => row.locator("th, td").allInnerTexts()));
    assert.equal(found, facts(result()));
  }));

test("a tooltip tells the figures of the point, and the caches are marked where they end", () =>
  open(plain(result()), "light", async (page) => {
    const box = (await page.locator("#throughput-float64 .u-over").boundingBox())!;
    await page.mouse.move(box.x + box.width - 40, box.y + 60);
    const tip = page.locator("#throughput-float64 .tip");
    await tip.waitFor({ state: "visible" });
    const text = await shown(tip);
    const last = result().operators.find(
      ({ bytes, threads }) => bytes === 2 ** 26 && threads === 2,
    )!;
    assert.match(text, "64 MiB");
    assert.match(
      text,
      `sum float64 exact: ${Number((last.bytesPerSecond.median / 1e9).toPrecision(3))} GB/s`,
    );
    const data = await page.evaluate<{ caches: [string, number][] }[]>(
      'JSON.parse(document.getElementById("data").textContent)',
    );
    assert.equal(data[1]?.caches, [
      ["L1d", 2 * 49_152],
      ["L2", 2 * 2 ** 20],
      ["L3", 2 ** 25],
    ]);
  }));

test("charts follow when the system turns dark", () =>
  open(plain(result()), "light", async (page) => {
    await page.emulateMedia({ colorScheme: "dark" });
    await until(page, "document.querySelectorAll('canvas').length === 5");
    assert.ok((await luminance(page)) < 40);
    assert.is((await painted(page)).length, CHARTS.length);
  }));

test("on a phone nothing is wider than the page", () =>
  open(
    plain(result()),
    "dark",
    async (page) => {
      const sizes = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]";
      assert.equal(await page.evaluate<[number, number]>(sizes), [360, 360]);
      for (const { share } of await painted(page)) assert.ok(share > 0.01);
    },
    360,
  ));

test("a comparison comes first, with what is slower; a run that was stopped says so", async () => {
  const now = result();
  const then = result();
  const before = {
    ...then,
    ring: then.ring.map((one) => ({
      ...one,
      itemsPerSecond: { median: 1e9, low: 9e8, high: 1.1e9 },
    })),
  };
  const comparison = compare(now, before, 0.9);
  await open({ result: now, comparison, baseline: before }, "light", async (page) => {
    assert.match(await shown(page.locator("h1")), "slower than the baseline");
    const rows = await rowsOf(page, "comparison");
    assert.equal(
      rows.map(([what, , , ratio]) => [what, ratio]),
      [
        ["ring, 1P1C, batch 1", "0.01×"],
        ["ring, 1P1C, batch 32", "0.32×"],
      ],
    );
  });
  const nothing = {
    roofline: [],
    operators: [],
    exact: [],
    crossover: null,
    latency: [],
    ring: [],
  };
  const stopped = { ...now, ...nothing, interrupted: true };
  await open(plain(stopped), "dark", async (page) => {
    assert.match(await shown(page.locator("h1")), "interrupted");
    assert.is(await page.locator("canvas").count(), 0);
  });
});

test(
  "the page of a real run has the figures of its object for programs",
  () =>
    inFolder(async (folder) => {
      const path = join(folder, "run.html");
      const options = ["--size", "4KiB,64KiB", "--dtype", "int32", "--op", "sum", "--rounds", "2"];
      const parts = ["operators", "crossover", "latency", "ring"];
      const { out, err, code } = await run([
        "bench",
        ...parts,
        ...options,
        "--json",
        "--html",
        path,
      ]);
      assert.is(code, 0, err);
      const found = JSON.parse(out) as BenchResult;
      await visit(path, "light", async (page) => {
        const counts = [...new Set(found.roofline.map(({ threads }) => threads))];
        const reads = (await rowsOf(page, "roofline")).map((row) => row.slice(1));
        const expected = [4096, 65_536].map((bytes) =>
          counts.map((threads) => {
            const one = found.roofline.find((it) => it.bytes === bytes && it.threads === threads)!;
            return three(one.bytesPerSecond.median / 1e9);
          }),
        );
        assert.equal(reads, expected);
        for (const threads of counts) {
          const [row] = await rowsOf(page, `share-${threads}`);
          const shares = found.operators
            .filter((one) => one.threads === threads)
            .map(({ share }) => `${Math.round(share.median * 100)}%`);
          assert.equal(row, ["sum", "int32", "", ...shares]);
        }
        const rings = (await rowsOf(page, "ring")).map((row) => row[2]);
        assert.equal(
          rings,
          found.ring.map(({ itemsPerSecond }) => three(itemsPerSecond.median / 1e6)),
        );
        for (const { share } of await painted(page)) assert.ok(share > 0.005);
      });
    }),
  { deadline: 120_000 },
);
