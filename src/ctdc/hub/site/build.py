"""Rendering a release into static pages, in five languages.

Promise: the pages show what is in the release and nothing else, whoever made it; the same release gives the same
bytes; no page needs a script, a cookie or anything from another site. The release's files are offered beside them.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from ctdc.foundation.files import atomic_folder
from ctdc.foundation.progress import Progress, Silent
from ctdc.hub.site.documentation import ADDRESS, write_documentation
from ctdc.hub.site.frame import HERE, Section, Site, SitePage, all_pages, asset_bytes, asset_names, plain_page
from ctdc.hub.site.place import Place
from ctdc.hub.site.search.build import write_search
from ctdc.hub.site.sections import sections_of
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.release.manifest import CERTIFICATE, MANIFEST

FONTS = ("noto-naskh-arabic-400.woff2", "noto-naskh-arabic-700.woff2", "OFL.txt")
MARKER = "site.json"


def build_site(
    release: Path,
    out: Path,
    progress: Progress | None = None,
    answers: Path | None = None,
    documentation: Path | None = None,
) -> Path:
    """Render the release in the folder `release` into a new folder `out`, and return `out`.

    documentation: folder of the program's documentation, to be shown beside.
    The release should have been verified. Raises UserError if `out` exists or a file of the release is missing.
    """
    watch = progress or Silent()
    place = Place(documentation=ADDRESS if documentation else "")
    view = replace(read_release(release), place=place, answers=answers)
    site = Site(view, sections_of(view))
    watch.start("Rendering the pages", len(site.sections) + 1)
    with atomic_folder(out) as target:
        write_frame(target)
        for section in site.sections:
            write_section(site, section, target)
            watch.advance()
        write_search(site, target, target)
        if documentation:
            write_documentation(documentation, target)
        copy_release(view, target / view.place.files.strip("/") / view.manifest.folder)
        write_text(target / MARKER, f'{{"format": "ctdc-site/1", "release": "{view.manifest.id}"}}\n')
        watch.advance()
    watch.finish()
    return out


def write_section(site: Site, section: Section, target: Path) -> None:
    """Every page and file of one of the site's sections, in the folder `target`."""
    for language, page in all_pages(section):
        if isinstance(page, SitePage):
            write_text(target / language / page.path / "index.html", site.render(page, language))
        else:
            place = target / page.path[1:] if page.path.startswith("/") else target / language / page.path
            write_bytes(place, page.data)


def write_frame(target: Path) -> None:
    """What is in every site once: the choice of a language, the page for what is missing, style, scripts and fonts."""
    write_text(target / "index.html", plain_page("root.html.j2"))
    write_text(target / "404.html", plain_page("notfound.html.j2"))
    folder = target / "assets" / "fonts"
    folder.mkdir(parents=True)
    for name, address in asset_names().items():
        write_bytes(target / address.lstrip("/"), asset_bytes()[name])
    for name in FONTS:
        shutil.copyfile(HERE / "assets" / "fonts" / name, folder / name)


def write_text(path: Path, text: str) -> None:
    """A text file in UTF-8, its folders made where they are missing."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """A file, its folders made where they are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def copy_release(view: SiteRelease, target: Path) -> None:
    """Copy the files of a release, as its manifest lists them, and its certificate into the folder `target`."""
    beside = [name for name in (MANIFEST, CERTIFICATE) if (view.folder / name).is_file()]
    for path in (*beside, *(entry.path for entry in view.manifest.files)):
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(view.folder / path, place)
