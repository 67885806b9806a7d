// Lighthouse over many pages in one browser: a JSON object {urls, throttled, form} on the standard input, one JSON line for
// each page on the standard output. CHROME_PATH names the browser. Nothing of a run but its scores is kept.
import { readFileSync } from "node:fs";
import * as chromeLauncher from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";

const { urls, throttled, form } = JSON.parse(readFileSync(0, "utf8"));
const chrome = await chromeLauncher.launch({ chromeFlags: ["--headless", "--no-sandbox"] });
const config = form === "desktop" ? desktopConfig : undefined; // by default it looks as a phone would
const ATTEMPTS = 3;
const NUMBERS = { lcp: "largest-contentful-paint", tbt: "total-blocking-time", cls: "cumulative-layout-shift", bytes: "total-byte-weight" };
// Without throttling only what does not depend on how busy the machine is.
const settings = throttled ? {} : { throttlingMethod: "provided", disableFullPageScreenshot: true,
  onlyCategories: ["accessibility", "best-practices", "seo"], onlyAudits: ["cumulative-layout-shift"] };
try {
  for (const url of urls) {
    // Now and then the browser's trace has no beginning (NO_NAVSTART): such a page is looked at again.
    let lhr;
    for (let attempt = 0; attempt < ATTEMPTS && !(lhr && !lhr.runtimeError); attempt++)
      ({ lhr } = await lighthouse(url, { port: chrome.port, logLevel: "error", output: [], ...settings }, config));
    const scores = Object.fromEntries(Object.entries(lhr.categories).map(([id, category]) => [id, Math.round(100 * category.score)]));
    const failed = Object.entries(lhr.categories).filter(([id]) => id !== "performance").flatMap(([, category]) =>
      category.auditRefs.filter(({ id, weight }) => weight > 0 && lhr.audits[id].score !== null && lhr.audits[id].score < 1).map(({ id }) => id));
    const numbers = Object.fromEntries(Object.entries(NUMBERS).map(([name, id]) => [name, lhr.audits[id]?.numericValue ?? null]));
    console.log(JSON.stringify({ url, scores, failed, ...numbers, error: lhr.runtimeError?.code ?? "" }));
  }
} finally {
  await chrome.kill();
}
