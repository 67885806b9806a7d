"""What the site's measurements and pictures are made into: small files, and a page with the stored figures."""

import io

from benchmarks.site import LARGEST, file_name, small
from benchmarks.site_page import coverage_rows, page_row, within_bars, worst
from benchmarks.templates import Template
from PIL import Image


def test_plain_picture_stays_sharp_and_small():
    memory = io.BytesIO()
    Image.new("RGB", (375, 900), "white").save(memory, "PNG")
    made = small(memory.getvalue())
    assert len(made) <= LARGEST
    assert Image.open(io.BytesIO(made)).size == (375, 900)


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
