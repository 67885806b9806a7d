"""Rendering a release into static pages, in five languages.

Promise: the pages show what is in the release and nothing else, whoever made it; the same release gives the same
bytes; no page needs a script, a cookie or anything from another site. The release's files are offered beside them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ctdc.foundation.files import atomic_folder
from ctdc.foundation.hashing import hash_file
from ctdc.foundation.progress import Progress, Silent
from ctdc.hub.site.charts import OF_ROWS, BarChart, Charts
from ctdc.hub.site.dashboards import Dashboards
from ctdc.hub.site.kit.files import chart_files
from ctdc.hub.site.kit.make import make_charts
from ctdc.hub.site.kit.pages import ChartLinks, chart_context
from ctdc.hub.site.place import Place
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.release.changelog import changelog_sections
from ctdc.release.citation import citation
from ctdc.release.codebook import codebook_intro, fact_sentence, table_heading
from ctdc.release.datapackage import DATAPACKAGE
from ctdc.release.linked_words import file_names, file_sentences
from ctdc.release.manifest import MANIFEST
from ctdc.release.numbers import date, number, number_range, percent, percent_range, size
from ctdc.release.protected import DATA_FILES, LINKED_SCHEMA, MEASUREMENTS, PRIVACY, SCHEMA
from ctdc.release.statement import privacy_statement
from ctdc.release.texts import RELEASE_TEXTS, Catalogue
from ctdc.standard.languages import AUTONYMS, LANGUAGES, direction
from ctdc.table.linked import LINKED

HERE = Path(__file__).parent
SITE_TEXTS = Catalogue(HERE / "texts")
ASSETS = ("site.css", "exit.js", "icon.svg")
FONTS = ("noto-naskh-arabic-400.woff2", "noto-naskh-arabic-700.woff2", "OFL.txt")
MARKER = "site.json"
PAGES: Mapping[str, str] = {
    "overview": "",
    "data": "data/",
    "codebook": "codebook/",
    "privacy": "privacy/",
    "help": "help/",
}
# A page that says nothing about its reader, in their language. It is opened only when they press the button.
NEUTRAL_PAGE = "https://{language}.wikipedia.org/"
LANGUAGE_ORDER = ("en", "ar", "fr", "de", "es")
MANY_CODES = 15  # longer lists of codes are folded away on the code book's page
HEADLINES = ("countries_exploitation", "years", "women", "children")
MOST_HEADLINES = 6  # beside the number of victims: two rows of the grid; the charts show the others


@dataclass(frozen=True)
class Headline:
    """One headline figure as text. `of`: what a share is a share of."""

    label: str
    value: str
    interval: str = ""
    of: str = ""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["site"] = Place()  # for pages that say nothing else
    return environment


def build_site(release: Path, out: Path, progress: Progress | None = None, place: Place | None = None) -> Path:
    """Render the release in the folder `release` into a new folder `out`, and return `out`.

    place: what surrounds the pages, where the site has more than this release (`ctdc.hub.site.export`). The release
    should have been verified. Raises UserError if `out` exists or a file of the release is missing.
    """
    watch = progress or Silent()
    view = replace(read_release(release), place=place or Place())
    dashboards = Dashboards(view, SITE_TEXTS)
    watch.start("Rendering the pages", len(LANGUAGES) + 1)
    with atomic_folder(out) as target:
        assets = _copy_assets(target)
        for language in LANGUAGES:
            for page in PAGES:
                text = release_page(view, dashboards, language, page, assets)
                _write(target / language / PAGES[page] / "index.html", text)
            for path, text in _dashboard_pages(dashboards, view, language, assets):
                _write(target / language / path / "index.html", text)
            _write_charts(view, dashboards, language, target, assets)
            watch.advance()
        _write(target / "index.html", _plain_page("root.html.j2", assets))
        _write(target / "404.html", _plain_page("notfound.html.j2", assets))
        copy_release(view, target / view.place.files.strip("/") / view.manifest.folder)
        _write(target / MARKER, f'{{"format": "ctdc-site/1", "release": "{view.manifest.id}"}}\n')
        watch.advance()
    watch.finish()
    return out


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def asset_names() -> Mapping[str, str]:
    """The address of each asset in a site, by the name of its file here."""
    names = {}
    for name in ASSETS:
        stem, _, suffix = name.rpartition(".")
        names[name] = f"/assets/{stem}.{hash_file(HERE / 'assets' / name)[:12]}.{suffix}"
    return names


def _write_charts(
    view: SiteRelease, dashboards: Dashboards, language: str, target: Path, assets: Mapping[str, str]
) -> None:
    """For each chart of the overview its page, its files, and the page of the chart alone."""
    folder = target / language / "charts"
    for made in make_charts(view, language, SITE_TEXTS):
        files = chart_files(made.chart)
        context = _frame(view, dashboards, language, "chart", f"charts/{made.chart.id}/", assets)
        context |= chart_context(made, files)
        context["row_texts"] = _row_texts(language) if made.of_rows else _texts(language)
        for template, place in (("kit_chart", ""), ("kit_embed", "embed")):
            page = _environment().get_template(f"{template}.html.j2").render(context)
            _write(folder / made.chart.id / place / "index.html", page)
        for name, data in files.items():
            (folder / name).write_bytes(data)


def _copy_assets(target: Path) -> Mapping[str, str]:
    """Copy style, script and fonts; style and script under names with their hash, so that they never go stale."""
    folder = target / "assets"
    (folder / "fonts").mkdir(parents=True)
    names = asset_names()
    for name, address in names.items():
        shutil.copyfile(HERE / "assets" / name, target / address.lstrip("/"))
    for name in FONTS:
        shutil.copyfile(HERE / "assets" / "fonts" / name, folder / "fonts" / name)
    return names


def copy_release(view: SiteRelease, target: Path) -> None:
    """Copy the files of a release, as its manifest lists them, into the folder `target`."""
    for path in (MANIFEST, *(entry.path for entry in view.manifest.files)):
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(view.folder / path, place)


def _plain_page(template: str, assets: Mapping[str, str]) -> str:
    languages = [
        {"code": code, "name": AUTONYMS[code], "direction": direction(code), "text": _texts(code)}
        for code in LANGUAGE_ORDER
    ]
    return _environment().get_template(template).render(languages=languages, assets=assets)


def _texts(language: str) -> Any:
    def text(key: str, **values: str) -> str:
        return SITE_TEXTS.text(language, key, **values)

    return text


def _row_texts(language: str) -> Any:
    """Like `_texts`, but what is said of people is said of linked rows."""

    def text(key: str, **values: str) -> str:
        return SITE_TEXTS.text(language, OF_ROWS.get(key, key), **values)

    return text


def release_page(view: SiteRelease, dashboards: Dashboards, language: str, page: str, assets: Mapping[str, str]) -> str:
    """One of `PAGES` in one language, where the release's place has it."""
    path = view.place.paths.get(page, PAGES[page])
    return framed_page(view, dashboards, language, page, path, assets, _CONTEXTS[page](view, language))


def framed_page(
    view: SiteRelease,
    dashboards: Dashboards,
    language: str,
    page: str,
    path: str,
    assets: Mapping[str, str],
    content: Mapping[str, Any],
) -> str:
    """The page of the template ``PAGE.html.j2`` with what it shows.

    dashboards: of the same release; path: below the language's folder.
    """
    context = _frame(view, dashboards, language, page, path, assets) | dict(content)
    return _environment().get_template(f"{page}.html.j2").render(context)


def _dashboard_pages(
    dashboards: Dashboards, view: SiteRelease, language: str, assets: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for page in dashboards.pages(language):
        context = _frame(view, dashboards, language, page.name, page.path, assets) | dict(page.context)
        yield page.path, _environment().get_template(page.template).render(context)


def _frame(
    view: SiteRelease, dashboards: Dashboards, language: str, page: str, path: str, assets: Mapping[str, str]
) -> dict[str, Any]:
    """What surrounds every page. path: below the language's folder, the same in every language."""
    place = view.place
    documents = [(name, f"/{language}/{at}", f"nav.{name}") for name, at in PAGES.items()]
    return {
        "site": place,
        "language": language,
        "direction": direction(language),
        "page": page,
        "t": _texts(language),
        "assets": assets,
        "navigation": [
            documents[0],
            *dashboards.navigation(language),
            *documents[1:],
            *((name, f"/{language}/{at}", key) for name, at, key in place.navigation),
        ],
        "documents": documents[1:],
        "languages": [(code, AUTONYMS[code], direction(code), f"/{code}/{path}") for code in LANGUAGE_ORDER],
        "neutral_page": NEUTRAL_PAGE.format(language=language),
        "title": view.manifest.info.title(language),
        "simulated": view.manifest.info.simulated,
        "publisher": view.manifest.info.publisher,
        "base": f"{place.files}{view.manifest.folder}/",
        "release": SITE_TEXTS.text(
            language, "footer.release", name=view.manifest.folder, date=date(language, view.manifest.created)
        ),
    }


def _overview(view: SiteRelease, language: str) -> dict[str, Any]:
    charts = Charts(view, language, SITE_TEXTS)
    victims = view.headlines["victims"]
    return {
        "heading": view.manifest.info.title(language),
        "victims": Headline(
            view.headline_labels["victims"][language],
            number(language, victims["count"]),
            number_range(language, victims["low95"], victims["high95"]),
        ),
        "headlines": _headlines(view, language),
        "rows": number(language, view.manifest.rows),
        "threshold": number(language, view.privacy["threshold"]),
        "time": charts.time(),
        "pyramid": charts.pyramid(),
        "groups": charts.groups(),
        "variables": charts.variables(),
        "countries": charts.countries(),
        "corridors": charts.corridors(),
        "linked": _linked(view, language),
        "more": ChartLinks(language),
    }


@dataclass(frozen=True)
class LinkedPart:
    """What the overview shows of linked rows. links: people by how many they have; text: reads ``chart.`` texts."""

    heading: str
    text: str
    total: str
    links: BarChart
    charts: tuple[BarChart, ...]
    texts: Any


def _linked(view: SiteRelease, language: str) -> LinkedPart | None:
    words, rows = view.vocabulary.linked, view.linked
    if words is None or rows is None:
        return None
    total, charts = rows.figures["total"], Charts(rows, language, SITE_TEXTS, of_rows=True)
    between = number_range(language, total["low95"], total["high95"])
    return LinkedPart(
        heading=words.labels[language],
        text=SITE_TEXTS.text(language, "rows.text", most=number(language, words.most)),
        total=SITE_TEXTS.text(language, "rows.total", count=number(language, max(0, total["count"])), range=between),
        links=Charts(view, language, SITE_TEXTS).links(),
        charts=(*charts.groups(), *charts.variables()),
        texts=_row_texts(language),
    )


def _headlines(view: SiteRelease, language: str) -> list[Headline]:
    found = []
    exploitation = [identifier for identifier in view.headlines if identifier.startswith("exploitation:")]
    exploitation.sort(key=lambda identifier: -view.headlines[identifier]["share"])
    for identifier in (*HEADLINES, *exploitation):
        headline = view.headlines.get(identifier)
        if headline is not None:
            of = "home.of_exploitation" if identifier in exploitation else "home.of_known"
            label = view.headline_labels[identifier][language]
            found.append(_headline(language, label, headline, SITE_TEXTS.text(language, of)))
    return found[:MOST_HEADLINES]


def _headline(language: str, label: str, headline: Mapping[str, Any], of: str) -> Headline:
    if headline["kind"] == "share":
        interval = percent_range(language, headline["low95"], headline["high95"])
        return Headline(label, percent(language, headline["share"]), interval, of)
    if headline["kind"] == "range":
        return Headline(label, f"{headline['first']}–{headline['last']}")
    return Headline(label, number(language, headline["value"]))


def _data(view: SiteRelease, language: str) -> dict[str, Any]:
    sections = changelog_sections(language, view.changes, view.vocabulary)
    info = view.manifest.info
    return {
        "heading": SITE_TEXTS.text(language, "data.title"),
        "files": offered_files(view, language),
        "citation": citation(language, info, view.manifest.created),
        "info": info,
        "identifier": view.manifest.id,
        "created": date(language, view.manifest.created),
        "folder": view.manifest.folder,
        "schema": view.manifest.schema,
        "changes_title": RELEASE_TEXTS.text(language, "changes.title"),
        "changes": sections,
    }


def _offered(view: SiteRelease) -> list[str]:
    words = view.vocabulary.linked
    names: list[str] = list(DATA_FILES)
    if words is not None:
        tables = [f"{name}.{end}" for name in file_names(words).values() for end in ("csv", "parquet")]
        names = [*tables, MEASUREMENTS, SCHEMA, LINKED_SCHEMA, DATAPACKAGE]
    data = [f"data/{name}" for name in (*names, "figures.json")]
    return [*data, "codebook/codebook.csv", "codebook/codebook.json", PRIVACY, MANIFEST]


def _about(view: SiteRelease, language: str, stem: str) -> str:
    """What a file is: of linked tables, whether it counts people or linked rows."""
    words = view.vocabulary.linked
    if words is not None:
        sentences = file_sentences(language, words)
        tables = {name: sentences[role] for role, name in file_names(words).items()}
        if stem in tables:
            return tables[stem]
    if stem == "figures" and view.place.shelf:
        return SITE_TEXTS.text(language, "releases.figures")  # the site's own may be those of a newer release
    return SITE_TEXTS.text(language, f"file.{stem}")


def offered_files(view: SiteRelease, language: str) -> list[dict[str, str]]:
    """The files that readers are offered: path, name, what it is, size, rows and checksum as text."""
    return [_file(view, language, path) for path in _offered(view)]


def _file(view: SiteRelease, language: str, path: str) -> dict[str, str]:
    entry = view.manifest.entry(path)
    stem = path.rpartition("/")[2].partition(".")[0]
    amount = entry.bytes if entry else (view.folder / path).stat().st_size
    return {
        "path": path,
        "name": path.rpartition("/")[2],
        "about": _about(view, language, stem),
        "size": size(language, amount),
        "rows": "" if entry is None or entry.rows is None else number(language, entry.rows),
        "sha256": entry.sha256 if entry else "",
    }


def _codebook(view: SiteRelease, language: str) -> dict[str, Any]:
    def release_text(key: str) -> str:
        return RELEASE_TEXTS.text(language, key)

    return {
        "heading": release_text("codebook.title"),
        "r": release_text,
        "intro": codebook_intro(language, view.vocabulary),
        "tables": list(_tables(view, language)),
        "many": MANY_CODES,
    }


def _tables(view: SiteRelease, language: str) -> Iterator[dict[str, Any]]:
    """The variables of each table: of one without a heading, of two linked ones under their names."""
    words = view.vocabulary.linked
    parts = [(view, words.main if words else "", "")]
    if words is not None and view.linked is not None:
        parts.append((view.linked, words.linked, LINKED))
    for part, name, start in parts:
        yield {
            "heading": table_heading(language, name) if name else "",
            "name": name,
            "start": start,
            "variables": part.vocabulary.variables,
            "groups": part.groups,
            "facts": [fact_sentence(language, fact, part.vocabulary) for fact in part.vocabulary.facts],
        }


def _privacy(view: SiteRelease, language: str) -> dict[str, Any]:
    return {
        "heading": RELEASE_TEXTS.text(language, "privacy.title"),
        "simulated_note": RELEASE_TEXTS.text(language, "privacy.simulated"),
        "sections": privacy_statement(language, view.privacy, view.vocabulary.linked),
    }


def _help(view: SiteRelease, language: str) -> dict[str, Any]:
    return {"heading": SITE_TEXTS.text(language, "help.title"), "parts": ("notice", "danger", "support", "trace")}


_CONTEXTS = {"overview": _overview, "data": _data, "codebook": _codebook, "privacy": _privacy, "help": _help}
