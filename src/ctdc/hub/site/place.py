"""Where the pages of a release stand in a site, and what stands around them.

Promise: frozen, and made of text only, so that a hash of it says whether a page has to be rendered again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Place:
    """The surroundings of pages; the default is a site of one release.

    files: address below which the folder of the release's files is; origin: the site's own address, such as
    ``https://data.example.org``, empty when it is not known; paths: pages that do not stand where they do in a site of
    one release, and where they do; navigation: (page, path, text key) of links that the header has besides; section:
    the page in the header that these pages belong to, empty when they are in the header themselves; shelf: the pages of
    this release, as in `navigation`, to be offered above their heading; newest: path of the newest release's pages
    where this release is an older one; documentation: address of the program's documentation, empty where the site has
    none. Paths are relative to ``/LANGUAGE/``.
    """

    files: str = "/release/"
    origin: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)
    navigation: tuple[tuple[str, str, str], ...] = ()
    section: str = ""
    shelf: tuple[tuple[str, str, str], ...] = ()
    newest: str = ""
    documentation: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The place as a JSON object."""
        return asdict(self)
