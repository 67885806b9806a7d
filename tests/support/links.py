"""Where the links of built pages lead. For tests only."""

from collections.abc import Iterable
from pathlib import Path


def lost(site: Path, text: str, addresses: Iterable[str]) -> list[str]:
    """Of the addresses on a page with this text those to nothing in the site: no file, no page, or no such place."""
    inside = [address for address in addresses if not address.startswith("https://")]
    return [address for address in inside if not _leads_somewhere(site, text, address)]


def _leads_somewhere(site: Path, text: str, address: str) -> bool:
    place, _, anchor = address.partition("#")
    if place:
        target = site / place.partition("?")[0].lstrip("/")
        page = target if target.is_file() else target / "index.html"
        if not page.is_file():
            return False
        text = page.read_text() if anchor else ""
    return not anchor or f'id="{anchor}"' in text
