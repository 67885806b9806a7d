"""Building the public site of one or several releases: the newest at its front, every one of them kept.

Promise: only releases that verify are built; the old site stays until the new one is whole; the same releases, address
and program give the same bytes, whether a page was rendered or taken over from the old site; each released file is
there once, and is what its manifest says.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from ctdc.foundation.errors import Refused, UserError
from ctdc.foundation.files import replacing_folder
from ctdc.foundation.hashing import content_hash, hash_file, hash_value
from ctdc.foundation.progress import Progress, Silent
from ctdc.hub.site.build import MARKER, copy_release, write_frame, write_section, write_text
from ctdc.hub.site.catalogue import CATALOGUE, CATALOGUE_PATH, KEPT, catalogue, release_path
from ctdc.hub.site.documentation import ADDRESS, write_documentation
from ctdc.hub.site.documentation import PART as DOCUMENTATION
from ctdc.hub.site.frame import Site, SitePage
from ctdc.hub.site.partners.dcat import write_site_dcat
from ctdc.hub.site.partners.pages import guest, read_partners, write_gone, write_guest
from ctdc.hub.site.place import Place
from ctdc.hub.site.record import Pages, Record, fingerprint, read_record, take_over
from ctdc.hub.site.release_pages import release_page
from ctdc.hub.site.search.build import SEARCH, write_search
from ctdc.hub.site.sections import sections_of
from ctdc.hub.site.sitemap import ROBOTS, SITEMAP, checked_origin, robots, sitemap
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.hub.site.withdrawn import WITHDRAWN, check_gone, write_graves, write_nothing
from ctdc.release.certificate.check import certificate_problems
from ctdc.release.manifest import CERTIFICATE, MANIFEST, read_manifest
from ctdc.release.partners.record import NAME as INCLUDED
from ctdc.release.partners.record import Included, included_json, read_included
from ctdc.release.tombstones import NAME as TOMBSTONES
from ctdc.release.tombstones import Tombstone, read_tombstones, tombstones_json
from ctdc.release.verify import require_verified
from ctdc.standard.languages import LANGUAGES

FILES = "releases"  # the folder of all releases' files: each one's own folder below it
SCRATCH = ".part"
CONTENTS = ("stories", "about")  # the folders that a folder of content can have
NAVIGATION = ((CATALOGUE, CATALOGUE_PATH, "releases.nav"),)


@dataclass(frozen=True)
class Export:
    """A built site. releases: ids, newest first; pages: how many there are; rendered: how many were made anew; gone:
    releases of other hubs that are not published any more, each with its reason.
    """

    out: Path
    releases: tuple[str, ...]
    pages: int
    rendered: int
    included: tuple[str, ...] = ()
    gone: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The outcome as a JSON object."""
        return {
            "out": str(self.out),
            "releases": list(self.releases),
            "pages": self.pages,
            "rendered": self.rendered,
            "included": list(self.included),
            "gone": dict(self.gone),
        }


@dataclass(frozen=True)
class Part:
    """Pages that depend on the same things. inputs: what they depend on, as a hash; write: makes them in a folder."""

    name: str
    inputs: str
    write: Callable[[Path], object]


def export_site(
    releases: Sequence[Path],
    out: Path,
    url: str = "",
    progress: Progress | None = None,
    answers: Path | None = None,
    withdrawn: Path | None = None,
    content: Path | None = None,
    documentation: Path | None = None,
    partners: Path | None = None,
) -> Export:
    """Build the site of the releases in these folders at `out`, in the place of the site that stands there.

    url: the address at which it will be published, for canonical links and ``sitemap.xml``; answers: the file of what
    readers said and what was done, for the page about it; withdrawn: the file of tombstones
    (`ctdc.release.tombstones`), each of which has a page in the place of its release's: when all releases are withdrawn
    the site is a page that says so; content: a folder of what editors wrote, with the folders ``stories`` and ``about``
    or one of them, each in the place of the one that is shipped; documentation: the folder of the program's
    documentation, to be shown beside the pages and named at their foot; partners: the folder with the releases that
    were taken over from other hubs, which stand apart from this hub's own.

    Raises UserError for a content that is none (``site.content``), no release (``site.no_release``), one that is given
    twice (``site.twice``), an `out` that is not a site (``site.not_a_site``) or is in a release (``site.in_release``),
    an address with a path (``site.url``), and Refused for a release that does not verify (``release.not_verified``) or
    was withdrawn (``site.withdrawn``).
    """
    watch = progress or Silent()
    origin = checked_origin(url)
    check_content(content)
    old = read_record(out)
    tombstones = read_tombstones(withdrawn) if withdrawn else ()
    if tombstones and not releases:
        return _nothing_left(out, tombstones, read_partners(partners, [], watch), origin)
    views = _read(_checked(releases, out), origin, ADDRESS if documentation else "", watch)
    check_gone([view.manifest for view in views], tombstones)
    lines = read_partners(partners, [view.manifest for view in views], watch)
    guests = _guests(partners, lines, views[0].place)
    views = [replace(views[0], answers=answers, content=content), *views[1:]]
    site = _site(views)
    parts = [*_parts(views, site, tombstones, guests, lines), *_documentation(documentation)]
    watch.start("Building the pages", len(parts) + 1)
    with replacing_folder(out) as target:
        made: dict[str, Pages] = {}
        rendered = 0
        for part in chain(parts, _search(site, made, target)):
            files = take_over(old.parts.get(part.name), part.inputs, out, target)
            if files is None:
                files = _make(part, target)
                rendered += _count(files)
            made[part.name] = Pages(part.inputs, files)
            watch.advance()
        watch.finish()
        _place_files([*views, *guests], target, watch)
        record = Record(tuple(view.manifest.id for view in views), origin, made)
        _finish(record, target, tombstones)
    gone = _gone(lines)
    pages = sum(_count(part.files) for part in made.values())
    return Export(out, record.releases, pages, rendered, tuple(view.manifest.folder for view in guests), gone)


def _gone(lines: Sequence[Included]) -> tuple[tuple[str, str], ...]:
    return tuple((line.folder, line.gone.reason) for line in lines if line.gone is not None)


def _nothing_left(out: Path, tombstones: Sequence[Tombstone], lines: Sequence[Included], origin: str) -> Export:
    """The site of releases that have all been withdrawn; of other hubs' it says only which are gone, and why."""
    left = [line for line in lines if line.gone is not None]
    with replacing_folder(out) as target:
        write_frame(target)
        write_nothing(target, tombstones, left)
        if left:
            write_text(target / INCLUDED, included_json(left))
        pages = len(list(target.rglob("*.html")))
        _finish(Record((), origin, {}), target, tombstones)
    return Export(out, (), pages, pages, gone=_gone(left))


def check_content(folder: Path | None) -> None:
    """Raise UserError (``site.content``) for a folder of content with anything else in it than what sections read."""
    if folder is None:
        return
    entries = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not entries or entries - set(CONTENTS):
        raise UserError(
            "site.content",
            f"{folder} is no folder of what editors write.",
            allowed=f"a folder with {' and '.join(CONTENTS)}, or one of them, and nothing else",
            do="Copy the folder 'content' of src/ctdc/hub/site/stories to 'stories', or that of about to 'about'.",
        )


def _count(files: Mapping[str, str]) -> int:
    """How many pages of the site there are among the files; those of the documentation are nobody's work here."""
    return sum(path.endswith(".html") and not path.startswith(f"{DOCUMENTATION}/") for path in files)


def _checked(releases: Sequence[Path], out: Path) -> Sequence[Path]:
    """The releases, if there is at least one, none is there twice, and `out` is not inside one."""
    if not releases:
        raise UserError("site.no_release", "No release was given.", do="Give the folder of each release to be shown.")
    seen: dict[str, Path] = {}
    for folder in releases:
        _check_release(folder)
        _, manifest = read_manifest(folder)
        if manifest.id in seen:
            raise UserError(
                "site.twice",
                f"{seen[manifest.id]} and {folder} are the same release.",
                where=manifest.folder,
                do="Give each release once; a link such as 'latest' leads to one that has a folder of its own.",
            )
        seen[manifest.id] = folder
        if out.resolve().is_relative_to(folder.resolve()):
            raise UserError(
                "site.in_release",
                f"{out} is inside the release {folder}, which would no longer verify.",
                do="Choose a folder elsewhere with --out.",
            )
    return releases


def _guests(partners: Path | None, lines: Sequence[Included], front: Place) -> list[SiteRelease]:
    """The releases of other hubs that are published, in the order of the lines."""
    if partners is None:
        return []
    place = Place(
        files=front.files, origin=front.origin, navigation=front.navigation, documentation=front.documentation
    )
    return [guest(partners, line, place) for line in lines if line.gone is None]


def _check_release(folder: Path) -> None:
    """Raise UserError for a folder of releases, which is easily given instead of the releases (``site.store``), and for
    a release that a site, or the folder of what was taken over, has from another hub (``site.of_another``).
    """
    place = folder.resolve()
    lists = [
        above / INCLUDED for above in (place.parent.parent, place.parent.parent.parent)
    ]  # of a site, of the copies
    if any(line.folder == place.name for path in lists for line in read_included(path)):
        raise UserError(
            "site.of_another",
            f"{folder} is a release of another hub, which would be published as one of this hub's.",
            do="Name the folder that it was taken over into with --partners.",
        )
    if folder.is_dir() and not (folder / MANIFEST).is_file() and any(folder.glob(f"*/{MANIFEST}")):
        raise UserError(
            "site.store",
            f"{folder} is a folder of releases, not a release.",
            do=f"Give those that are to be shown; {folder}/* gives all.",
        )


def _read(releases: Sequence[Path], origin: str, documentation: str, watch: Progress) -> list[SiteRelease]:
    """The verified releases, newest first, each in its own place."""
    for folder in releases:
        require_verified(folder, watch)
    views = [read_release(folder) for folder in releases]
    views.sort(key=lambda view: (view.manifest.created, view.manifest.folder), reverse=True)
    front = Place(files=f"/{FILES}/", origin=origin, navigation=NAVIGATION, documentation=documentation)
    return [replace(view, place=_own_place(view, views[0], front)) for view in views]


def _own_place(view: SiteRelease, newest: SiteRelease, front: Place) -> Place:
    """Where the pages stand that a release keeps for itself, whatever is at the front."""
    paths = {page: release_path(view) + below for page, (below, _) in KEPT.items()}
    return replace(
        front,
        paths=paths,
        section=CATALOGUE,
        shelf=tuple((page, paths[page], key) for page, (_, key) in KEPT.items()),
        newest="" if view is newest else release_path(newest),
    )


def _search(site: Site, made: Mapping[str, Pages], target: Path) -> Iterator[Part]:
    """The search, which is made of all other pages when they are there; the documentation has a search of its own."""
    found = {name: dict(pages.files) for name, pages in made.items() if name != DOCUMENTATION}
    inputs = hash_value([fingerprint(), found])
    yield Part(SEARCH, inputs, partial(write_search, site, target))


def _site(views: Sequence[SiteRelease]) -> Site:
    """The site with the newest release at its front."""
    own = views[0].place
    place = Place(own.files, own.origin, navigation=own.navigation, documentation=own.documentation)
    front = replace(views[0], place=place, earlier=tuple(views[1:]))
    return Site(front, sections_of(front))


def _parts(
    views: Sequence[SiteRelease],
    site: Site,
    tombstones: Sequence[Tombstone],
    guests: Sequence[SiteRelease],
    lines: Sequence[Included],
) -> Iterator[Part]:
    """Everything that is rendered: what is there once, each section at the front, the catalogue, each release's pages.

    What a part depends on is the program, the manifests of the releases that it shows (which name every byte of them),
    where it stands, what the header and the foot list, and what editors wrote for it.
    """
    place = site.front.place
    lists = [site.entries(language) for language in LANGUAGES]
    around = hash_value([[[entry.name, entry.path, entry.label] for entry in entries] for entries in lists])
    yield Part("frame", hash_value(fingerprint()), write_frame)
    for section in site.sections:
        shown = views if section.shows_earlier else views[:1]
        inputs = hash_value([_inputs(shown, place), around, content_hash(section.content)])
        yield Part(section.id, inputs, partial(write_section, site, section))
    gone = [one.as_dict() for one in tombstones]
    taken = [line.as_dict() for line in lines]
    inputs = hash_value([_inputs(views, place), around, gone, taken])
    yield Part(CATALOGUE, inputs, partial(_write_catalogue, site, views, tombstones, guests, lines))
    inputs = hash_value([_inputs(views[:1], place), around, gone])
    yield Part(WITHDRAWN, inputs, partial(write_graves, site, tombstones))
    for view in views:
        inputs = hash_value([_inputs([view], view.place), around])
        yield Part(view.manifest.folder, inputs, partial(_write_own, site, view))
    for view in guests:
        line = None if view.included is None else view.included.as_dict()
        inputs = hash_value([_inputs([view], view.place), around, line])
        yield Part(f"{INCLUDED}:{view.manifest.folder}", inputs, partial(write_guest, site, view))
    left = [line for line in lines if line.gone is not None]
    inputs = hash_value([_inputs(views[:1], place), around, [line.as_dict() for line in left]])
    yield Part(f"{INCLUDED}:gone", inputs, partial(write_gone, site, left))


def _documentation(folder: Path | None) -> Iterator[Part]:
    """The documentation, which is copied and not rendered."""
    if folder is not None:
        yield Part(DOCUMENTATION, content_hash(folder), partial(write_documentation, folder))


def _inputs(views: Sequence[SiteRelease], place: Place) -> str:
    papers = [[hash_file(path) for path in _papers(view)] for view in views]
    return hash_value([fingerprint(), papers, place.as_dict()])


def _papers(view: SiteRelease) -> list[Path]:
    """The manifest of a release, which names every other file, and its certificate, which names the manifest."""
    return [path for name in (MANIFEST, CERTIFICATE) if (path := view.folder / name).is_file()]


def _write_catalogue(
    site: Site,
    views: Sequence[SiteRelease],
    tombstones: Sequence[Tombstone],
    guests: Sequence[SiteRelease],
    lines: Sequence[Included],
    folder: Path,
) -> None:
    for language in LANGUAGES:
        context = catalogue(views, language, tombstones, guests, lines)
        page = SitePage(CATALOGUE, CATALOGUE_PATH, "releases.html.j2", context)
        write_text(folder / language / CATALOGUE_PATH / "index.html", site.render(page, language))
    write_site_dcat(views, guests, folder)
    if lines:
        write_text(folder / INCLUDED, included_json(lines))


def _write_own(site: Site, view: SiteRelease, folder: Path) -> None:
    for language in LANGUAGES:
        for name in KEPT:
            page = release_page(view, language, name)
            write_text(folder / language / page.path / "index.html", site.render(page, language, view))


def _make(part: Part, target: Path) -> Mapping[str, str]:
    """Render a part and put its files in place. Returns path to SHA-256."""
    scratch = target / SCRATCH
    part.write(scratch)
    files = {}
    for path in sorted(path for path in scratch.rglob("*") if path.is_file()):
        name = path.relative_to(scratch).as_posix()
        files[name] = hash_file(path)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        path.rename(target / name)
    if scratch.exists():  # a part may have no files, as of a release of another table
        shutil.rmtree(scratch)
    return files


def _place_files(views: Sequence[SiteRelease], target: Path, watch: Progress) -> None:
    """The files of every release, checked after copying: what was verified may have changed meanwhile."""
    watch.start("Copying the released files", len(views))
    for view in views:
        folder = target / FILES / view.manifest.folder
        copy_release(view, folder)
        changed = [entry.path for entry in view.manifest.files if hash_file(folder / entry.path) != entry.sha256]
        changed += [problem.where for problem in certificate_problems(folder, view.manifest, None)]
        if changed:
            raise Refused(
                "site.changed",
                "A file of the release changed while the site was built.",
                where=str(view.folder / changed[0]),
                do="Fetch the release again from its publisher.",
            )
        watch.advance()
    watch.finish()


def _finish(record: Record, target: Path, tombstones: Sequence[Tombstone]) -> None:
    """The files that are about the whole site."""
    if tombstones:
        write_text(target / TOMBSTONES, tombstones_json(tombstones))
    if record.origin:
        write_text(target / SITEMAP, sitemap(target, record.origin))
        write_text(target / ROBOTS, robots(record.origin))
    write_text(target / MARKER, record.to_json())
