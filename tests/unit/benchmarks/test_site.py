"""What the site's measurements and pictures are made into: small files, and a page with the stored figures."""

import io

from benchmarks.site import LARGEST, file_name, page_text, small
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


def test_page_has_every_figure_that_was_stored():
    scores = {"performance": 97, "accessibility": 100, "best-practices": 100, "seo": 99}
    seen = {"path": "ar/help/", "scores": scores, "lcp": 1234.5, "tbt": 12.2, "cls": 0.0123, "bytes": 45_600}
    text = page_text(
        {
            "machine": {"processor": "P", "cores": 2, "system": "S"},
            "commit": {"commit": "abc"},
            "load": "0.1",
            "build": {"pages": 811, "full": 17.5, "again": 2.5, "search_index": 18_787},
            "lighthouse": [seen],
        }
    )
    assert "| `ar/help/` | 97 / 100 / 100 / 99 | 1234 | 12 | 0.012 | 46 |" in text
    assert all(figure in text for figure in ("811 pages", "17.5 s", "2.5 s", "19 kB"))
