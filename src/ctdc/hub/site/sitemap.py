"""``sitemap.xml`` and ``robots.txt``: which pages there are, and in which languages, for search engines.

Promise: every page of a language is listed once, with its translations, except charts alone, which are parts of their
pages; nothing says when or by whom it is read.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import quoteattr

from ctdc.foundation.errors import UserError
from ctdc.standard.languages import LANGUAGES

SITEMAP = "sitemap.xml"
ROBOTS = "robots.txt"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    'xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
)


def checked_origin(url: str) -> str:
    """The address of a site without a slash at its end; "" for none. Raises UserError (``site.url``).

    Pages link to each other from the root of their host, so an address with a path cannot be right.
    """
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right or parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise UserError(
            "site.url",
            f"{url!r} cannot be the address of a site.",
            where="--url",
            allowed="scheme and host, without a path: https://data.example.org",
        )
    return f"{parts.scheme}://{parts.netloc}"


def sitemap(site: Path, origin: str) -> str:
    """The text of ``sitemap.xml`` for the pages below `site`, in the order of their addresses."""
    entries = []
    for path in sorted(_pages(site)):
        there = [language for language in LANGUAGES if (site / language / path / "index.html").is_file()]
        links = "".join(
            f'<xhtml:link rel="alternate" hreflang="{language}" href={quoteattr(_address(origin, language, path))}/>'
            for language in there
        )
        # A location's text needs no quotes, and the escaping of an attribute is right for it too.
        entries += [f"<url><loc>{quoteattr(_address(origin, at, path))[1:-1]}</loc>{links}</url>\n" for at in there]
    return HEAD + "".join(entries) + "</urlset>\n"


def robots(origin: str) -> str:
    """The text of ``robots.txt``."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {origin}/{SITEMAP}\n"


def _pages(site: Path) -> set[str]:
    """Paths of pages below their language's folder: "" for the overview."""
    found = {
        path.parent.relative_to(site / language).as_posix()
        for language in LANGUAGES
        for path in (site / language).rglob("index.html")
    }
    return {"" if path == "." else path for path in found if not path.endswith("/embed")}


def _address(origin: str, language: str, path: str) -> str:
    return f"{origin}/{language}/" + (f"{quote(path)}/" if path else "")
