"""Which kind of page an address is, in place of the address.

Promise: the kinds are a closed list, so that a total can never tell which country, story or chart somebody read, what
they searched for, or an address that only one person has.
"""

from __future__ import annotations

from ctdc.standard.languages import LANGUAGES

# Pages that there is one of, by their part of the address.
SINGLE = {
    "": "home",
    "about": "about",
    "accessibility": "about",
    "contact": "about",
    "contribute": "about",
    "dignity": "about",
    "faq": "about",
    "glossary": "about",
    "methods": "about",
    "mistakes": "about",
    "partners": "about",
    "standards": "about",
    "terms": "about",
    "answers": "answers",
    "api": "programs",
    "data": "data",
    "explorer": "explorer",
    "feedback": "feedback",
    "help": "help",
    "privacy": "privacy",
    "programs": "programs",
    "search": "search",
}
# Pages that there are many of: the list, and one of it.
MANY = {
    "charts": ("charts", "chart"),
    "codebook": ("codebook", "variable"),
    "corridors": ("journeys", "journey"),
    "countries": ("countries", "country"),
    "map": ("journeys", "journey"),
    "releases": ("releases", "release"),
    "stories": ("stories", "story"),
    "themes": ("themes", "theme"),
}
EMBED = "embed"
FILES = "files"
API = "api"
OTHER = "other"
KINDS = tuple(sorted({*SINGLE.values(), *(kind for pair in MANY.values() for kind in pair), EMBED, FILES, API, OTHER}))
STATUSES = ("2xx", "3xx", "4xx", "5xx")
# What a page brings with it, and what only programs ask for; a page is counted once.
UNCOUNTED = ("/assets/", "/favicon.ico", "/robots.txt", "/sitemap.xml")
PART_OF_A_PAGE = "/explorer/words.json"


def kind_of(path: str) -> tuple[str, str] | None:
    """The kind of page at an address and its language, "" where it has none; None for what is not counted."""
    if path.startswith(UNCOUNTED) or path.endswith(PART_OF_A_PAGE):
        return None
    if path.startswith("/api/"):
        return API, ""
    if path.startswith(("/release/", "/releases/")):
        return FILES, ""
    first, *parts = path.strip("/").split("/")
    return (_page(parts), first) if first in LANGUAGES else (OTHER, "")


def _page(parts: list[str]) -> str:
    if parts[:2] == ["explorer", "charts"] and len(parts) > 2:
        parts = parts[1:]
    if len(parts) <= 1 and (name := "".join(parts)) in SINGLE:
        return SINGLE[name]
    if len(parts) > 1 and "." in parts[-1]:
        return FILES
    whole, one = MANY.get(parts[0], (OTHER, OTHER))
    if len(parts) == 1:
        return whole
    return EMBED if parts[0] == "charts" and parts[2:] == ["embed"] else one


def status_class(status: int) -> str:
    """The kind of answer: ``2xx`` to ``5xx``."""
    return f"{min(max(status // 100, 2), 5)}xx"
