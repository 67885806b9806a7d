"""The page on how fast the site is says what is stored."""

import json

from benchmarks.site_page import API, EXPLORER, PAGE, SITE, page_text


def test_page_is_made_from_what_is_stored() -> None:
    stored = [json.loads(path.read_text(encoding="utf-8")) for path in (SITE, EXPLORER, API)]
    assert PAGE.read_text(encoding="utf-8") == page_text(*stored), "write it anew: python -m benchmarks.site page"
