"""How long the explorer takes from an input to the painted answer, and how much it loads, on a large release.

    python -m benchmarks.explorer RELEASE [--clicks 80] [--throttle 4]

RELEASE: folder of a release; ``ctdc run --demo --cases 200000 --out DIR`` makes one of 200,000 invented people. Clicks
are real ones, on answers drawn with a seed; the time of each is the browser's own (Event Timing: from the input to
the frame in which its effect was painted, in steps of 8 ms; what is below 16 ms counts as 16). The result is written to
``results/explorer.json`` with the machine it was measured on.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Page, sync_playwright

from benchmarks.machine import commit, machine
from ctdc.hub.site.build import build_site
from ctdc.hub.site.serve import application, bind

OUT = Path(__file__).parent / "results" / "explorer.json"
MOST_FILTERS = 4
SEED = 20_261_126
SHORTEST = 16.0  # milliseconds: the browser reports no shorter ones
WATCH = """() => { window.painted = []; new PerformanceObserver(list => { for (const entry of list.getEntries())
  if (entry.name === 'click') window.painted.push(entry.duration);
}).observe({ type: 'event', durationThreshold: 16 }); }"""


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


def clicked(page: Page, clicks: int) -> list[float]:
    """Milliseconds from click to paint, for each of some clicks on answers."""
    draw = random.Random(SEED)
    boxes = page.locator("#questions input[type=checkbox]:not([name=show])")
    page.evaluate("() => document.querySelectorAll('details.ask').forEach(ask => { ask.open = true; })")
    names = boxes.evaluate_all("boxes => boxes.map(box => box.name)")
    chosen: list[int] = []
    times = []
    page.evaluate(WATCH)
    for _ in range(clicks):
        # A variable first, then one of its answers: else nearly all would be countries.
        name = draw.choice(sorted(set(names)))
        box = (
            chosen.pop(0) if len(chosen) >= MOST_FILTERS else draw.choice([i for i, n in enumerate(names) if n == name])
        )
        if boxes.nth(box).is_checked() and box in chosen:
            chosen.remove(box)
        elif not boxes.nth(box).is_checked():
            chosen.append(box)
        boxes.nth(box).scroll_into_view_if_needed()
        page.evaluate("() => { window.painted.length = 0; }")
        boxes.nth(box).click()
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 60)))")
        times.append(max([SHORTEST, *page.evaluate("() => window.painted")]))
    return times


def measured(release: Path, clicks: int, throttle: float) -> dict[str, Any]:
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
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{address}/en/explorer/")
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": throttle})
            page.hover("#questions h2")
            page.wait_for_load_state("networkidle")
            clicked(page, 5)  # what is made once is made
            times = clicked(page, clicks)
            charts = page.locator("#charts > .chart:visible").count()
            version = browser.version
        browser.close()
    parts = statistics.quantiles(times, n=100, method="inclusive")
    return {
        "clicks": clicks,
        "throttle": throttle,
        "charts": charts,
        "most_filters": MOST_FILTERS,
        "milliseconds": {"p50": parts[49], "p95": parts[94], "most": max(times)},
        "loaded_bytes": loaded,
        "first_view_bytes": first,
        "script_bytes": scripts,
        "chromium": version,
    }


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
    asked = parser.parse_args()
    manifest = json.loads((asked.release / "manifest.json").read_text(encoding="utf-8"))
    found = {"rows": manifest["rows"], **measured(asked.release, asked.clicks, asked.throttle)}
    OUT.write_text(json.dumps({**commit(), "machine": machine(), **found}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
