"""Pictures of charts: the same bytes every time, of the width that is promised, with no font but the package's own."""

import io
import re
from html import escape

import pytest
from PIL import Image
from tests.support.charts import overview_charts

from ctdc.hub.site.kit import png
from ctdc.hub.site.kit.canvas import FEW, UNKNOWN
from ctdc.hub.site.kit.svg import to_svg
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow
FULL = png.PIXELS  # before the tests of whole sites make pictures small


@pytest.fixture(scope="module")
def view(site_release) -> SiteRelease:
    return read_release(site_release)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_is_the_same_every_time_and_1200_pixels_wide(view, language, monkeypatch):
    monkeypatch.setattr(png, "PIXELS", FULL)
    chart = next(made.chart for made in overview_charts(view, language) if made.chart.kind == "pyramid")
    first = png.to_png(chart, keep=False)
    assert png.to_png(chart, keep=False) == first == png.to_png(chart)
    with Image.open(io.BytesIO(first)) as picture:
        assert picture.size[0] == FULL == 1200
        assert picture.convert("RGB").getpixel((2, 2)) == (255, 255, 255)


def test_every_letter_of_every_chart_is_in_the_fonts(view):
    """A letter that no font has is drawn as a box, so the picture without that letter is another one."""
    letters = {FEW, UNKNOWN}
    for language in LANGUAGES:
        for made in overview_charts(view, language):
            text = re.sub(r"<(title|desc)[^>]*>.*?</\1>", "", to_svg(made.chart).decode(), flags=re.DOTALL)
            letters |= set("".join(re.findall(r"<text[^>]*>([^<]*)<", text)))
    box = drawn("\U0010fffd")
    assert box != drawn(" ")
    missing = [letter for letter in sorted(letters) if drawn(letter) == box]
    assert len(letters) > 100 and missing == []


def drawn(letter: str) -> bytes:
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60"><text x="5" y="40" font-size="30">'
    return png._drawn(f"{head}{escape(letter)}</text></svg>", 60)


@pytest.mark.parametrize("weight", [400, 700])
def test_arabic_letters_are_joined(weight):
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="60">'
    text = f'<text x="5" y="40" font-size="30" font-weight="{weight}">%s</text></svg>'
    joined, apart = (png._drawn(head + text % letters, 200) for letters in ("سلم", "س\u200cل\u200cم"))
    assert joined != apart
