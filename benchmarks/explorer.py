"""How long the explorer takes from an input to the painted answer, and how much it loads, on a large release.

    python -m benchmarks.explorer RELEASE [--clicks 80] [--throttle 4] [--runs 3]

RELEASE: folder of a release; ``ctdc run --demo --cases 200000 --out DIR`` makes one of 200,000 invented people.

What is timed: real clicks of the mouse on answers drawn with a seed, all questions open, the page scrolled to its top
or to a chart drawn at random. Two times are taken of each:

* ``milliseconds``: from the input until the frame is on the screen in which the headline and every chart that is in the
  window, wherever the new numbers have moved it, are those of the new question. A chart that is busy has no numbers and
  counts as not answered. Where that is the first frame after the input, its time is the browser's own (Event Timing:
  input to presentation, in steps of 8 ms; below 16 ms counts as 16); if it is a later one, it is the end of the
  main thread's work on it, if that is more.
* ``everything``: from the input until the end of the frame after which nothing is left to do: charts out of sight,
  address and links too.

The words of headline and charts are noted at that first frame and compared with those when everything is done: a frame
that showed anything else is a failure, not a time. The whole is repeated; the run with the median of the medians is
kept, with the load of the machine at its start, in ``results/explorer.json``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, Locator, Page, ViewportSize, sync_playwright

from benchmarks.machine import commit, machine
from ctdc.foundation.clock import now, timestamp
from ctdc.hub.site.build import build_site
from ctdc.hub.site.serve import application, bind

OUT = Path(__file__).parent / "results" / "explorer.json"
MOST_FILTERS = 4
WARM_UP = 5  # clicks
HELD = 80  # milliseconds that a button is down, as fingers do; what its going down causes is over by then
SEED = 20_261_126
SHORTEST = 16.0  # milliseconds: the browser reports no shorter ones
WINDOW: ViewportSize = {"width": 1280, "height": 900}
# Arms a watch for the next click. Reads are made after a frame, when nothing has to be laid out for them.
WATCH = """() => {
  const charts = () => [...document.querySelectorAll('#charts > .chart:not([hidden])')];
  const inWindow = chart => { const at = chart.getBoundingClientRect(); return at.bottom > 0 && at.top < innerHeight; };
  const words = part => part.textContent;
  const headline = document.getElementById('answer');
  window.watch?.observer.disconnect();
  const watch = window.watch = { painted: 0, frames: 0, query: location.search };
  watch.observer = new PerformanceObserver(list => { for (const entry of list.getEntries())
    if (entry.name === 'click') watch.painted = Math.max(watch.painted, entry.duration); });
  watch.observer.observe({ type: 'event', durationThreshold: 16 });
  const frame = started => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      const at = performance.now() - started, shown = charts().filter(inWindow);
      watch.frames++;
      if (!watch.said && ![headline, ...shown].some(part => part.ariaBusy === 'true')) {
        watch.answered = at;
        watch.isFirst = watch.frames === 1;
        watch.inWindow = shown.length;
        watch.rows = shown.reduce((sum, chart) => sum + chart.querySelectorAll('tbody tr').length, 0);
        watch.said = [headline, ...shown].map(part => [part, words(part)]);
      }
      if (watch.said && location.search !== watch.query && !document.querySelector('[aria-busy]')) {
        watch.everything = at;
        watch.changed = watch.said.filter(([part, said]) => words(part) !== said).map(([part]) => part.id);
        watch.done = true;
      } else frame(started);
    };
    channel.port2.postMessage(null);
  });
  document.addEventListener('click', click => frame(click.timeStamp), { capture: true, once: true });
}"""
FOUND = """async () => {
  while (!window.watch.done) await new Promise(done => setTimeout(done, 20));
  await new Promise(done => requestAnimationFrame(() => setTimeout(done, 60)));  // Event Timing tells a little later
  const { painted, answered, isFirst, inWindow, rows, everything, changed } = window.watch;
  return { painted, answered, isFirst, inWindow, rows, everything, changed };
}"""
STILL = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))"
MIDDLE = """box => { box.scrollIntoView({ behavior: 'instant', block: 'nearest' });
  const at = box.getBoundingClientRect(); return [at.x + at.width / 2, at.y + at.height / 2]; }"""


@dataclass(frozen=True)
class Click:
    """Milliseconds until the answer was seen and until all was done; charts and rows in the window; whether all of it
    was in the first frame."""

    seen: float
    everything: float
    charts: int
    rows: int
    first: bool


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The pages in `site`, on this machine while the context is open."""
    with bind("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(application(site), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def clicked(page: Page, clicks: int) -> list[Click]:
    """Some clicks on answers, as they were answered; those before them, in which what is made once is made, not."""
    draw = random.Random(SEED)
    boxes = page.locator("#questions input[type=checkbox]:not([name=show])")
    page.evaluate("() => document.querySelectorAll('details.ask').forEach(ask => { ask.open = true; })")
    names = boxes.evaluate_all("boxes => boxes.map(box => box.name)")
    places = ["explorer", *page.locator("#charts > .chart:visible").evaluate_all("all => all.map(one => one.id)")]
    chosen: list[int] = []
    found = [_click(page, draw.choice(places), boxes.nth(_drawn(draw, names, chosen))) for _ in range(WARM_UP + clicks)]
    return found[WARM_UP:]


def _drawn(draw: random.Random, names: list[str], chosen: list[int]) -> int:
    """The next answer: a variable first, then one of its answers, else nearly all would be countries."""
    if len(chosen) >= MOST_FILTERS:
        return chosen.pop(0)
    name = draw.choice(sorted(set(names)))
    box = draw.choice([i for i, own in enumerate(names) if own == name])
    if box in chosen:
        chosen.remove(box)
    else:
        chosen.append(box)
    return box


def _click(page: Page, place: str, box: Locator) -> Click:
    page.evaluate("id => document.getElementById(id).scrollIntoView({ behavior: 'instant' })", place)
    x, y = box.evaluate(MIDDLE)
    page.mouse.move(x, y)
    page.evaluate(STILL)
    page.evaluate(WATCH)
    page.mouse.click(x, y, delay=HELD)
    found = page.evaluate(FOUND)
    if found["changed"]:
        raise RuntimeError(f"shown before it was right: {found['changed']}")
    first = max(SHORTEST, found["painted"])
    seen = first if found["isFirst"] else max(first, found["answered"])
    return Click(seen, max(seen, found["everything"]), found["inWindow"], found["rows"], found["isFirst"])


def _run(browser: Browser, address: str, clicks: int, throttle: float) -> tuple[float, int, list[Click]]:
    """The machine's load, how many charts the page shows, and the clicks."""
    load = os.getloadavg()[0]
    page = browser.new_page(viewport=WINDOW)
    page.goto(f"{address}/en/explorer/")
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    page.hover("#questions h2")
    page.wait_for_load_state("networkidle")
    found = clicked(page, clicks)
    charts = page.locator("#charts > .chart:visible").count()
    page.close()
    return load, charts, found


def measured(release: Path, clicks: int, throttle: float, runs: int) -> dict[str, Any]:
    """The benchmark of one release."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = build_site(release, Path(folder) / "site")
        loaded = {path.name.split(".")[0]: path.stat().st_size for path in (site / "assets").glob("explorer-*.bin")}
        first = {code: _first_view(site, code) for code in ("en", "ar")}
        scripts = sum(len(gzip.compress(path.read_bytes())) for path in (site / "assets").glob("*.js"))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        with served(site) as address:
            found = [_run(browser, address, clicks, throttle) for _ in range(runs)]
        version = browser.version
        browser.close()
    medians = [statistics.median(click.seen for click in run[2]) for run in found]
    load, charts, kept = found[medians.index(sorted(medians)[(runs - 1) // 2])]
    return {
        "clicks": clicks,
        "throttle": throttle,
        "charts": charts,
        "most_filters": MOST_FILTERS,
        "load": round(load, 1),
        "runs_p50": medians,
        "milliseconds": _parts([click.seen for click in kept]),
        "everything": _parts([click.everything for click in kept]),
        "in_window": {
            "charts": statistics.median(click.charts for click in kept),
            "rows": statistics.median(click.rows for click in kept),
            "all_in_first_frame": sum(click.first for click in kept) / clicks,
        },
        "loaded_bytes": loaded,
        "first_view_bytes": first,
        "script_bytes": scripts,
        "chromium": version,
    }


def _parts(times: list[float]) -> dict[str, float]:
    parts = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": round(parts[49], 1), "p95": round(parts[94], 1), "most": round(max(times), 1)}


def _first_view(site: Path, language: str) -> int:
    """Compressed bytes of the page with its style, scripts and fonts, before anything is asked."""
    assets = [*(site / "assets").glob("*.css"), *(site / "assets").glob("ex*.js"), *(site / "assets").glob("*.svg")]
    once = [path for path in assets if not path.name.startswith("explorer-counter")]
    fonts = sum(path.stat().st_size for path in (site / "assets" / "fonts").glob("*.woff2")) if language == "ar" else 0
    texts = [site / language / "explorer" / "index.html", *once]
    return fonts + sum(len(gzip.compress(path.read_bytes(), 6)) for path in texts)


def main() -> None:
    """Measure, write the result, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("release", type=Path)
    parser.add_argument("--clicks", type=int, default=80)
    parser.add_argument("--throttle", type=float, default=4.0)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    manifest = json.loads((asked.release / "manifest.json").read_text(encoding="utf-8"))
    about = {**commit(), "machine": machine(), "measured_at": timestamp(now())}
    found = {"rows": manifest["rows"], **measured(asked.release, asked.clicks, asked.throttle, asked.runs)}
    OUT.write_text(json.dumps({**about, **found}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
