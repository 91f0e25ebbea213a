// Pages of reports in a real browser: Debian's Chromium, without a screen. It starts with the tests of
// the file that imports this, and ends with them.

import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { assert, test } from "../harness.js";

const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
export type Scheme = "light" | "dark";

let browser: Browser;
test.before(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
});
test.after(async () => {
  await browser?.close();
});

/** Opens a page; whatever it logs, throws or asks for beyond itself fails the test. */
export async function visit<T>(
  path: string,
  scheme: Scheme,
  body: (page: Page) => Promise<T>,
  width = 1200,
): Promise<T> {
  const url = pathToFileURL(path).href;
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  const trouble: string[] = [];
  page.on("console", (message) => trouble.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("request", (request) => {
    // The icon is in the page, as data.
    if (request.url() !== url && !request.url().startsWith("data:")) trouble.push(request.url());
  });
  await page.goto(url);
  await page.evaluate(
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
  );
  const result = await body(page);
  assert.equal(trouble, []);
  await page.close();
  return result;
}

export interface Painted {
  readonly id: string;
  /** Pixels that have any colour, as a share of all. */
  readonly share: number;
  /** Pixels in about the colour, by name. */
  readonly near: Record<string, number>;
}

/** What the canvases hold: a script, since the page's types are the browser's. */
export const PAINTED = `(() => {
    const root = getComputedStyle(document.documentElement);
    const probe = document.createElement("canvas").getContext("2d");
    const colors = Object.fromEntries(["accent", "second", "good", "bad"].map((name) => {
      probe.fillStyle = root.getPropertyValue("--" + name).trim();
      const hex = probe.fillStyle;
      return [name, [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16))];
    }));
    return [...document.querySelectorAll("canvas")].map((canvas) => {
      // Of a copy: Chromium logs a warning about canvases that are read again and again.
      const { width, height } = canvas;
      const copy = Object.assign(document.createElement("canvas"), { width, height });
      const context = copy.getContext("2d", { willReadFrequently: true });
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      const near = { accent: 0, second: 0, good: 0, bad: 0 };
      let some = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] === 0) continue;
        some++;
        if (data[i + 3] < 200) continue;
        for (const name in near) {
          if (colors[name].every((value, j) => Math.abs(value - data[i + j]) < 12)) near[name]++;
        }
      }
      return { id: canvas.closest(".chart").id, share: some / (data.length / 4), near };
    });
  })()`;

/** Waits for a condition. The page's own policy forbids what `waitForFunction` does. */
export const until = (page: Page, condition: string): Promise<void> =>
  page.evaluate(`new Promise((resolve) => {
    const look = () => (${condition} ? resolve() : requestAnimationFrame(look));
    look();
  })`);

export const painted = (page: Page): Promise<Painted[]> => page.evaluate(PAINTED);

/** Of text on its ground, as WCAG 2 counts: at least 4.5 to be read with ease. */
export const CONTRASTS = `(() => {
  const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
  };
  return [...document.querySelectorAll("body *")]
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== "") && e.checkVisibility())
    .map((e) => {
      const [one, two] = [parse(getComputedStyle(e).color), ground(e)].map(light).sort((a, b) => b - a);
      return { text: e.textContent.slice(0, 40), ratio: (one + 0.05) / (two + 0.05) };
    });
})()`;

export const texts = (page: Page, selector: string): Promise<string[]> =>
  page.locator(selector).allInnerTexts();

/** As people see it, not as it stands in the page. */
export const shown = async (locator: Locator): Promise<string> =>
  (await locator.allInnerTexts()).join("\n");

export const luminance = (page: Page): Promise<number> =>
  page.evaluate(`getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)
    .reduce((sum, v) => sum + v, 0) / 3`);
