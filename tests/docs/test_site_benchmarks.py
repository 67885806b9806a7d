"""The page on how fast the site is says what is stored."""

from benchmarks.site_page import PAGE, page_text, stored


def test_page_is_made_from_what_is_stored() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_text(*stored()), "write it anew: python -m benchmarks.site page"
