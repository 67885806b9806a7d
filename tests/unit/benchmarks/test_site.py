"""What the site's measurements and pictures are made into: small files, and a page with the stored figures."""

import io
from datetime import UTC, datetime

import pytest
from benchmarks.site import LARGEST, again, file_name, measure, median, screens, small
from benchmarks.site_page import coverage_rows, page_row, within_bars, worst
from benchmarks.templates import Template, read_newest, templates_of
from PIL import Image
from tests.support.protected_twin import GENDERS, write_protected

from ctdc.release.build import build
from ctdc.release.info import ReleaseInfo


def test_plain_picture_stays_sharp_and_small():
    memory = io.BytesIO()
    Image.new("RGB", (375, 900), "white").save(memory, "PNG")
    made = small(memory.getvalue())
    assert len(made) <= LARGEST
    assert Image.open(io.BytesIO(made)).size == (375, 900)


@pytest.mark.slow
def test_what_an_older_release_keeps_is_looked_at_too(tmp_path):
    """Given in any order, the newest is at the front and the one before it brings its pages."""
    found = []
    for year in (2026, 2028, 2027):
        protected = write_protected(
            tmp_path / f"p{year}", rows=400, codes={"gender": GENDERS, "isForcedLabour": ["1"]}, length=2
        )
        created = datetime(year, 3, 1, tzinfo=UTC)
        found.append(build(protected, tmp_path / "store", ReleaseInfo("a", simulated=True), None, created))
    newest, older = read_newest(found)
    assert (newest.folder, older.folder) == (found[1], found[2])
    paths = {template.path for template in templates_of(tmp_path, newest, older)}
    assert {"releases/", f"releases/{found[2].name}/", f"releases/{found[2].name}/privacy/"} <= paths
    assert read_newest(found[:1])[1] is None


def test_every_look_at_the_site_takes_all_its_releases():
    for command in (measure, again, screens):
        assert [given.nargs for given in command.params if given.name == "releases"] == [-1]


def test_pictures_are_called_after_their_pages():
    assert file_name(Template("overview", "overview.html.j2", ""), "ar", "phone") == "home.ar.phone.webp"
    assert file_name(Template("x", "y", "charts/age/embed/"), "en", "desktop") == "charts-age-embed.en.desktop.webp"


def seen(path: str, performance: int, lcp: float) -> dict[str, object]:
    scores = {"performance": performance, "accessibility": 100, "best-practices": 100, "seo": 100}
    return {"path": path, "scores": scores, "lcp": lcp, "tbt": 12.2, "cls": 0.0123, "bytes": 45_600}


def test_pages_that_miss_a_bar_come_first_and_then_those_painted_last():
    pages = [seen("en/", 100, 1234.5), seen("ar/help/", 94, 1000.0), seen("es/", 100, 1700.0), seen("de/", 99, 900.0)]
    assert [within_bars(page) for page in pages] == [True, False, False, True]
    assert [page["path"] for page in worst(pages)] == ["es/", "ar/help/", "en/", "de/"]
    assert page_row(pages[0]) == "| `en/` | 100 / 100 / 100 / 100 | 1234 | 12 | 0.012 | 46 |"


def test_coverage_is_weighed_by_the_questions_that_were_asked():
    found = [
        {"from": 1, "questions": 10, "covered": 0.5},
        {"from": 1, "questions": 30, "covered": 0.9},
        {"from": 10, "questions": 1000, "covered": 0.998},
        {"from": 50, "questions": 0, "covered": 0.0},
    ]
    assert coverage_rows(found) == ["| 1 to 9 | 40 | 80 % |", "| 10 to 49 | 1,000 | 99.8 % |"]


def test_of_three_looks_the_middle_of_each_figure_counts():
    looks = [seen("en/", 97, 1600.0), seen("en/", 99, 1200.0), seen("en/", 98, 1400.0)]
    looks[0]["tbt"], looks[1]["tbt"], looks[2]["tbt"] = 10.0, 90.0, 30.0
    found = median(looks)
    assert (found["lcp"], found["tbt"], found["scores"]["performance"]) == (1400.0, 30.0, 98)
    assert (found["path"], found["looks"]) == ("en/", 3)
