"""Which language stands in for one that is not there."""

import pytest

from ctdc.standard.languages import in_language, shown_in


@pytest.mark.parametrize(
    ("there", "wanted", "shown"),
    [
        (["ar", "de"], "de", "de"),
        (["ar", "en"], "de", "en"),
        (["es", "fr"], "de", "fr"),
        (["ar"], "de", "ar"),
        (["sw", "ar"], "de", "ar"),
        (["sw"], "de", "sw"),
        ([], "de", ""),
    ],
)
def test_the_default_stands_in_then_the_order_of_pages(there: list[str], wanted: str, shown: str) -> None:
    assert shown_in(there, wanted) == shown


def test_a_text_without_a_word_is_none() -> None:
    assert in_language({"de": "", "en": "Words"}, "de") == "Words"
    assert in_language({"de": ""}, "de") == ""
