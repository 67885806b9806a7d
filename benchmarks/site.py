"""``python -m benchmarks.site``: what the public site weighs, how fast it is, and pictures of every template.

Promise: ``measure`` stores figures with the machine and its load beside them and writes the page from what it stored;
``screens`` writes pictures that are looked at. Both build the site of the given releases anew; of one alone there is no
list of releases to choose from, and no page that an older one keeps.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import click
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from benchmarks.lighthouse import FORMS, lighthouse, missing
from benchmarks.machine import commit, machine
from benchmarks.paths import REPOSITORY
from benchmarks.site_page import SITE, of_form, stored, within_bars, write_page
from benchmarks.templates import Template, read_newest, templates_of
from ctdc.foundation.files import as_json, write_text
from ctdc.hub.server import site_and_service
from ctdc.hub.site.export import export_site
from ctdc.hub.site.serve import bind
from ctdc.standard.languages import LANGUAGES

Page = dict[str, Any]  # what Lighthouse found: form, path, scores, lcp and tbt in ms, cls, bytes, looks
SCREENS = REPOSITORY / "docs" / "screens"
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 375, "height": 812}}
SHOWN_LANGUAGES = ("en", "ar")
# A picture of a whole page shows what a reader would only see after scrolling there.
ALL_LAID_OUT = "* { content-visibility: visible !important }"
TALLEST = 3000  # pixels of a page that a picture shows
LARGEST = 60_000  # bytes of a picture
WIDTHS = (800, 640, 480, 360, 300)  # of a picture, from the sharpest that may be small enough

RELEASES = click.argument(
    "releases",
    metavar="RELEASE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of the built site on this machine while the context is open."""
    with bind("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(site_and_service(site), log_level="warning", server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def small(png: bytes) -> bytes:
    """A picture as WebP of at most `LARGEST` bytes: narrower where it has to be."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, TALLEST)))
    found = b""
    for width in WIDTHS:
        part = picture
        if picture.width > width:
            part = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
        for quality in (60, 35, 15):
            memory = io.BytesIO()
            part.save(memory, "WEBP", quality=quality, method=4)
            found = memory.getvalue()
            if len(found) <= LARGEST:
                return found
    return found


def file_name(template: Template, language: str, size: str) -> str:
    """What a picture is called."""
    stem = template.path.strip("/").replace("/", "-").replace(".", "-") or "home"
    return f"{stem}.{language}.{size}.webp"


def take(browser: Browser, address: str, templates: Sequence[Template], folder: Path) -> None:
    """Pictures of every template in both directions and sizes."""
    for language in SHOWN_LANGUAGES:
        for size, viewport in SIZES.items():
            shape = ViewportSize(width=viewport["width"], height=viewport["height"])
            context = browser.new_context(viewport=shape, bypass_csp=True)
            page = context.new_page()
            for template in templates:
                page.goto(f"{address}/{language}/{template.path}")
                page.add_style_tag(content=ALL_LAID_OUT)
                page.evaluate("() => document.fonts.ready.then(() => undefined)")
                (folder / file_name(template, language, size)).write_bytes(small(page.screenshot(full_page=True)))
            context.close()


def build_times(releases: Sequence[Path], folder: Path) -> dict[str, float | int]:
    """Seconds that building takes, and taking over what has not changed; pages; bytes of an index for searching."""
    start = time.perf_counter()
    built = export_site(releases, folder)
    full = time.perf_counter()
    export_site(releases, folder)
    again = time.perf_counter()
    index = max(len(gzip.compress(path.read_bytes())) for path in (folder / "assets").glob("search-*.json"))
    return {
        "full": round(full - start, 1),
        "again": round(again - full, 1),
        "pages": built.pages,
        "search_index": index,
    }


def look_at(address: str, paths: Sequence[str], form: str) -> list[Page]:
    """What Lighthouse finds of each page. Raises ClickException for one that it cannot look at."""
    pages = []
    for page in lighthouse([f"{address}/{path}" for path in paths], throttled=True, form=form):
        if page["error"]:
            raise click.ClickException(f"Lighthouse could not look at {page['url']}: {page['error']}")
        path = page.pop("url").removeprefix(f"{address}/")
        pages.append({**page, "form": form, "path": path, "looks": 1})
        click.echo(f"{form}, {len(pages)} of {len(paths)}: {pages[-1]['path']} {pages[-1]['scores']}")
    return pages


def look_again(address: str, pages: Sequence[Page], form: str) -> list[Page]:
    """The pages, those that missed a bar looked at twice more: one slow moment of the machine is no slow page."""
    missed = [page["path"] for page in pages if not within_bars(page)]
    more = [{page["path"]: page for page in look_at(address, missed, form)} for _ in range(2)]
    return [
        median([page, *(look[page["path"]] for look in more)]) if page["path"] in missed else page for page in pages
    ]


def median(looks: Sequence[Page]) -> Page:
    """What stands in the middle of an odd number of looks at one page, each figure by itself."""

    def middle(of: Callable[[Page], float]) -> float:
        return sorted(map(of, looks))[len(looks) // 2]

    figures = {name: middle(itemgetter(name)) for name in ("lcp", "tbt", "cls", "bytes")}
    scores = {name: middle(partial(_score, name)) for name in looks[0]["scores"]}
    whole = {name: int(score) for name, score in scores.items()}
    return {**looks[0], **figures, "scores": whole, "looks": len(looks)}


def _score(name: str, page: Page) -> float:
    return float(page["scores"][name])


@click.group()
def main() -> None:
    """Measure the public site, or take its pictures."""


@main.command()
@RELEASES
@click.option("--form", "forms", multiple=True, type=click.Choice(FORMS), help="This alone; the other stays as stored.")
def measure(releases: tuple[Path, ...], forms: tuple[str, ...]) -> None:
    """Every template in every language, on a phone and on a desktop, with the time that building takes.

    Wants a quiet machine.
    """
    if missing():
        raise click.ClickException(missing())
    here, asked = _here(), forms or FORMS
    before = stored()[0] or {"lighthouse": [], "on": {}}
    kept = [page for page in before["lighthouse"] if page["form"] not in asked]
    with tempfile.TemporaryDirectory() as scratch:
        site = Path(scratch) / "site"
        build = build_times(releases, site)
        paths = [
            f"{language}/{one.path}" for one in templates_of(site, *read_newest(releases)) for language in LANGUAGES
        ]
        with served(site) as address:
            pages = [page for form in asked for page in look_again(address, look_at(address, paths, form), form)]
    on = before["on"] | {form: [here] for form in asked}
    write_text(SITE, as_json({**here, "build": build, "on": on, "lighthouse": kept + pages}))
    write_page()


def _here() -> dict[str, Any]:
    """On what and from which source something is measured, and how busy the machine is."""
    return {"machine": machine(), "commit": commit(), "load": f"{os.getloadavg()[0]:.1f}"}


@main.command()
@RELEASES
def again(releases: tuple[Path, ...]) -> None:
    """Those of the stored pages that miss a bar, twice more. Wants a quiet machine."""
    document, here = stored()[0], _here()
    if document is None:
        raise click.ClickException("Nothing has been measured yet: make lighthouse")
    with tempfile.TemporaryDirectory() as scratch:
        site = export_site(releases, Path(scratch) / "site").out
        with served(site) as address:
            pages = [
                page for form in FORMS for page in look_again(address, of_form(document["lighthouse"], form), form)
            ]
    missed = {page["form"] for page in document["lighthouse"] if not within_bars(page)}
    on = {form: [*times, here] if form in missed else times for form, times in document["on"].items()}
    write_text(SITE, as_json({**document, "on": on, "lighthouse": pages}))
    write_page()


@main.command()
def page() -> None:
    """Write the page of the documentation from what is stored."""
    write_page()


@main.command()
@RELEASES
def screens(releases: tuple[Path, ...]) -> None:
    """Pictures of every template, English and Arabic, desktop and phone."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise click.ClickException("Chromium is not installed")
    shutil.rmtree(SCREENS, ignore_errors=True)
    SCREENS.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        site = export_site(releases, Path(scratch) / "site").out
        templates = templates_of(site, *read_newest(releases))
        with served(site) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            take(browser, address, templates, SCREENS)
            browser.close()


if __name__ == "__main__":
    main()
