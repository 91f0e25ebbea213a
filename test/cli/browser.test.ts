// The page of `ringfold stress --html` in a real browser: Debian's Chromium, without a screen.

import { join } from "node:path";
import type { Page } from "playwright-core";
import { htmlStress } from "../../src/cli/reports/html.js";
import {
  figures,
  parameters,
  replayLine,
  type StressReport,
} from "../../src/cli/reports/report.js";
import { SCENARIO_NAMES } from "../../src/stress/index.js";
import { assert, test } from "../harness.js";
import {
  CONTRASTS,
  luminance,
  PAINTED,
  type Painted,
  painted,
  type Scheme,
  shown,
  texts,
  until,
  visit,
} from "./page.js";
import { inFolder, put, run } from "./run.js";
import { HOSTILE, report, samples, violated } from "./stress-report.js";

/** The same with the page of a report. */
const open = <T>(
  of: StressReport,
  scheme: Scheme,
  body: (page: Page) => Promise<T>,
  width = 1200,
) => inFolder((folder) => visit(put(folder, "r.html", htmlStress(of)), scheme, body, width));

for (const scheme of ["light", "dark"] as const) {
  test(`in ${scheme}: the charts are painted in the page's colours, the ground is ${scheme}, text stands out`, () =>
    open(report(), scheme, async (page) => {
      const ground = await luminance(page);
      assert.ok(scheme === "dark" ? ground < 40 : ground > 230, `ground ${ground}`);
      const charts = await painted(page);
      assert.equal(
        charts.map(({ id }) => id),
        ["rate", "latency", "recovery"],
      );
      const [rate, latency, recovery] = charts as [Painted, Painted, Painted];
      // The curve and the area below it; a mark for each death and each recovery.
      assert.ok(rate.share > 0.2 && rate.near["accent"]! > 1000, JSON.stringify(rate));
      assert.ok(rate.near["bad"]! > 12 * 10 && rate.near["good"]! > 12 * 10, JSON.stringify(rate));
      assert.ok(latency.near["accent"]! > 500 && latency.near["second"]! > 500);
      assert.ok(recovery.near["good"]! > 12 * 20, JSON.stringify(recovery));
      const contrasts = await page.evaluate<{ text: string; ratio: number }[]>(CONTRASTS);
      assert.ok(contrasts.length > 60);
      for (const { text, ratio } of contrasts) assert.ok(ratio >= 4.5, `${ratio}: ${text}`);
    }));
}

test("charts follow when the system turns dark", () =>
  open(report(), "light", async (page) => {
    await page.emulateMedia({ colorScheme: "dark" });
    // The colours looked for are those of the dark style by then; the charts follow a little later.
    await until(page, `${PAINTED}.filter(({ near }) => near.accent > 500).length === 2`);
    assert.ok((await luminance(page)) < 40);
    assert.is((await painted(page)).length, 3);
  }));

test("what the page says is what the report says", () => {
  const of = report({}, 3);
  return open(of, "light", async (page) => {
    assert.is(await page.title(), "ringfold stress kill: passed (run 3)");
    assert.is(await shown(page.locator("h1")), "ringfold stress kill\npassed (run 3)");
    const names = await texts(page, ".figures dt");
    const values = await texts(page, ".figures dd");
    assert.equal(
      names.map((name, i) => [name, values[i]]),
      figures(of),
    );
    const asked = await page.locator(".parameters tr").all();
    const rows = await Promise.all(asked.map((row) => row.locator("th, td").allInnerTexts()));
    assert.equal(rows, parameters(of));
    const table = page.locator("section", { hasText: "Latency (ms)" }).locator("table");
    assert.equal(await table.locator("tbody tr").first().locator("th, td").allInnerTexts(), [
      ...["ring", "0.8012", "1.9", "4.25", "17.5", "40.13", "44"],
    ]);
    await page.locator("summary", { hasText: "All 24" }).click();
    assert.is(await page.locator("#events tbody tr").count(), 24);
    const first = await page.locator("#events tbody tr").first().locator("td").allInnerTexts();
    assert.equal(first, ["500 ms", "death", 'worker 0 terminated in "claim <batch>"', ""]);
  });
});

test("a tooltip tells of the point and of the deaths below the cursor", () =>
  open(report(), "light", async (page) => {
    const box = (await page.locator("#rate .u-over").boundingBox())!;
    // The first death is 0.5 s into a run of 12.03.
    await page.mouse.move(box.x + (box.width * 0.5) / 12.0345, box.y + 60);
    const tip = page.locator("#rate .tip");
    await tip.waitFor({ state: "visible" });
    const text = await shown(tip);
    assert.match(text, "0.5 s, terminate");
    assert.match(text, /\d+k jobs\/s/);
    assert.match(text, 'death at 0.5 s: worker 0 terminated in "claim <batch>"');
    assert.match(text, "recovery at 0.518 s: worker 0 replaced");
  }));

test("hostile words stay words", () => {
  const events = [{ kind: "death", at: 5, text: HOSTILE }] as const;
  const table = { title: HOSTILE, columns: [HOSTILE], rows: [[HOSTILE]] };
  const summary = { operations: 1, figures: { [HOSTILE]: HOSTILE }, tables: [table] };
  const of = violated({
    events,
    summary,
    samples: samples(5).map((sample) => ({ ...sample, phase: HOSTILE })),
    error: new Error(HOSTILE),
  });
  return open(of, "dark", async (page) => {
    assert.match(await page.title(), /^ringfold stress kill: 1 violation/);
    assert.is(await page.locator("img").count(), 0);
    assert.is(await page.locator("script").count(), 3);
    const text = await shown(page.locator(".violation").first());
    assert.match(text, "every item exactly once </script><script>");
    assert.match(text, "item 17 was seen 2 times\nfirst by consumer 0\n</script>");
    const [violation] = of.outcome.violations;
    const again = await shown(page.locator(".replay"));
    assert.is(again, replayLine(of.outcome, violation!));
    assert.is((await painted(page)).length, 2);
  });
});

test("no samples, or one, make a page all the same", async () => {
  const bare = { events: [], deaths: 0, recoveries: 0 };
  await open(report({ ...bare, samples: [], summary: undefined }), "light", async (page) => {
    assert.match(await shown(page.locator("main")), "It ended before anything was sampled.");
    assert.is(await page.locator("canvas").count(), 0);
  });
  await open(report({ ...bare, samples: samples(1) }), "light", async (page) => {
    const charts = await painted(page);
    assert.equal(
      charts.map(({ id }) => id),
      ["rate", "latency"],
    );
    // The one point.
    for (const { id, near } of charts) assert.ok(near["accent"]! > 20, `${id} ${near["accent"]}`);
  });
});

test("on a phone nothing is wider than the page", () =>
  open(
    violated(),
    "dark",
    async (page) => {
      const sizes = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]";
      const [scroll, client] = await page.evaluate<[number, number]>(sizes);
      assert.equal([scroll, client], [360, 360]);
      for (const { share } of await painted(page)) assert.ok(share > 0.02);
      // Turned round, the charts take the room there is.
      await page.setViewportSize({ width: 740, height: 360 });
      await until(page, "document.querySelector('#rate canvas').clientWidth > 600");
    },
    360,
  ));

test("the page of a real run says what its object for programs says", () =>
  inFolder(async (folder) => {
    const path = join(folder, "run.html");
    const args = ["stress", SCENARIO_NAMES[0]!, "--duration", "1s", "--json", "--html", path];
    const { out, err, code } = await run(args);
    assert.is(code, 0, err);
    const found = JSON.parse(out);
    await visit(path, "light", async (page) => {
      assert.is((await texts(page, ".figures dt"))[0], found.unit);
      assert.is((await texts(page, ".figures dd"))[0], found.operations.toLocaleString("en"));
      assert.is((await texts(page, ".parameters td"))[0], String(found.seed));
      const titles = found.tables.map(({ title }: { title: string }) => title);
      const headings = await texts(page, "h2");
      for (const title of titles) assert.ok(headings.includes(title), title);
      const rows = await page.locator("section:has(#table-0) tbody tr").count();
      assert.is(rows, found.tables[0]?.rows.length ?? 0);
      const [rate] = await painted(page);
      assert.ok(rate!.near["accent"]! > 20, JSON.stringify(rate));
    });
  }));
