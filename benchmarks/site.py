"""``python -m benchmarks.site``: what the public site weighs, how fast it is, and pictures of every template.

Promise: ``measure`` stores figures with the machine and its load beside them and writes the page from what it stored;
``screens`` writes pictures that are looked at. Both build the site of a given release anew.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from benchmarks.lighthouse import lighthouse, missing
from benchmarks.machine import commit, machine
from benchmarks.paths import REPOSITORY
from benchmarks.site_page import SITE, write_page
from benchmarks.templates import Template, templates_of
from ctdc.foundation.files import as_json, write_text
from ctdc.hub.server import site_and_service
from ctdc.hub.site.export import export_site
from ctdc.hub.site.serve import bind
from ctdc.hub.site.view import read_release
from ctdc.standard.languages import LANGUAGES

SCREENS = REPOSITORY / "docs" / "screens"
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 375, "height": 812}}
SHOWN_LANGUAGES = ("en", "ar")
TALLEST = 3000  # pixels of a page that a picture shows
LARGEST = 60_000  # bytes of a picture
WIDTHS = (800, 640, 480, 360, 300)  # of a picture, from the sharpest that may be small enough


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
            context = browser.new_context(viewport={"width": viewport["width"], "height": viewport["height"]})
            page = context.new_page()
            for template in templates:
                page.goto(f"{address}/{language}/{template.path}")
                page.evaluate("() => document.fonts.ready.then(() => undefined)")
                (folder / file_name(template, language, size)).write_bytes(small(page.screenshot(full_page=True)))
            context.close()


def build_times(release: Path, folder: Path) -> dict[str, float | int]:
    """Seconds that building takes, and taking over what has not changed; pages; bytes of an index for searching."""
    start = time.perf_counter()
    built = export_site([release], folder)
    full = time.perf_counter()
    export_site([release], folder)
    again = time.perf_counter()
    index = max(len(gzip.compress(path.read_bytes())) for path in (folder / "assets").glob("search-*.json"))
    return {
        "full": round(full - start, 1),
        "again": round(again - full, 1),
        "pages": built.pages,
        "search_index": index,
    }


@click.group()
def main() -> None:
    """Measure the public site, or take its pictures."""


@main.command()
@click.argument("release", type=click.Path(path_type=Path, exists=True, file_okay=False))
def measure(release: Path) -> None:
    """Every template in every language on a phone, with the time that building takes. Wants a quiet machine."""
    if missing():
        raise click.ClickException(missing())
    load = f"{os.getloadavg()[0]:.1f}"
    with tempfile.TemporaryDirectory() as scratch:
        site = Path(scratch) / "site"
        build = build_times(release, site)
        paths = [
            f"{language}/{one.path}"
            for one in templates_of(site, read_release(release), None)
            for language in LANGUAGES
        ]
        with served(site) as address:
            pages = []
            for page in lighthouse([f"{address}/{path}" for path in paths], throttled=True):
                if page["error"]:
                    raise click.ClickException(f"Lighthouse could not look at {page['url']}: {page['error']}")
                pages.append({**page, "path": page.pop("url").removeprefix(f"{address}/")})
                click.echo(f"{len(pages)} of {len(paths)}: {pages[-1]['path']} {pages[-1]['scores']}")
    document = {"machine": machine(), "commit": commit(), "load": load, "build": build, "lighthouse": pages}
    write_text(SITE, as_json(document))
    write_page()


@main.command()
def page() -> None:
    """Write the page of the documentation from what is stored."""
    write_page()


@main.command()
@click.argument("release", type=click.Path(path_type=Path, exists=True, file_okay=False))
def screens(release: Path) -> None:
    """Pictures of every template, English and Arabic, desktop and phone."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise click.ClickException("Chromium is not installed")
    shutil.rmtree(SCREENS, ignore_errors=True)
    SCREENS.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        site = export_site([release], Path(scratch) / "site").out
        templates = templates_of(site, read_release(release), None)
        with served(site) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            take(browser, address, templates, SCREENS)
            browser.close()


if __name__ == "__main__":
    main()
