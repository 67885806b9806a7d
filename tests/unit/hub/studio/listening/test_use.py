"""The page of use: sums that are rounded, and nothing that is few."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from ctdc.hub.studio.listening.use.tables import use_of
from ctdc.hub.studio.people.models import Person
from ctdc.hub.usage.kinds import KINDS, STATUSES
from ctdc.hub.usage.store import Counted, add
from ctdc.standard.languages import LANGUAGES

DAY = "2026-03-05"


def test_sums_are_made_before_they_are_rounded(tmp_path: Path) -> None:
    add(tmp_path, {Counted(f"2026-03-0{day}", "home", "en", "2xx"): 4 for day in range(1, 8)})
    add(tmp_path, {Counted(DAY, "story", "ar", "3xx"): 7, Counted(DAY, "other", "", "4xx"): 12})
    use = use_of(tmp_path, "2026-03")
    assert use is not None
    assert use.read == 35
    assert [(row.name, row.number) for row in use.kinds.rows] == [("home", 30), ("story", 5)]
    assert [(row.name, row.number) for row in use.languages.rows] == [("en", 30), ("ar", 5)]
    assert [row.number for row in use.days.rows] == [None, None, None, None, 10, None, None]
    assert [(row.name, row.number) for row in use.answers.rows] == [("2xx", 30), ("3xx", 5), ("4xx", 10)]


def test_a_month_that_is_not_there_is_the_newest(tmp_path: Path) -> None:
    assert use_of(tmp_path, "") is None
    for month in ("2026-01", "2026-03"):
        add(tmp_path, {Counted(f"{month}-01", "home", "en", "2xx"): 9})
    for asked, found in (("", "2026-03"), ("2026-01", "2026-01"), ("../../etc", "2026-03"), ("2027-01", "2026-03")):
        use = use_of(tmp_path, asked)
        assert use is not None and use.month == found
        assert use.months == ("2026-03", "2026-01")


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_its_words(
    everybody: dict[str, Person], signed_in: Callable[[Person], Client], own_place: Path, language: str
) -> None:
    client = signed_in(everybody["editor"])
    client.cookies["django_language"] = language
    assert client.get("/usage/").status_code == 200
    folder = own_place / "usage"
    add(folder, {Counted(DAY, kind, code, "2xx"): 20 for kind in KINDS for code in ("", *LANGUAGES)})
    add(folder, {Counted(DAY, "home", "en", status): 3 for status in STATUSES})
    page = client.get("/usage/").content.decode()
    assert page.count("<meter") >= len(KINDS)
    assert ">3<" not in page
    (folder / "usage-2026-03.json").write_text("{")
    assert "usage-2026-03.json" in client.get("/usage/").content.decode()
