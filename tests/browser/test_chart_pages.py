"""Pages of charts in a real browser: accessible, on a narrow phone too, and shown within pages of others."""

from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
OVERFLOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
CHARTS = ("time", "age-gender", "group-means_of_control")


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_and_nothing_overflows(browser, address, language, width):
    for chart in CHARTS:
        for place in ("", "embed/"):
            context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
            page = context.new_page()
            page.goto(f"{address}/{language}/charts/{chart}/{place}")
            assert not page.evaluate(OVERFLOW), (chart, place)
            page.add_script_tag(path=AXE)
            found = page.evaluate("async () => (await axe.run()).violations.map(f => [f.id, f.nodes[0].html])")
            context.close()
            assert found == [], (chart, place)


def test_only_the_chart_alone_may_be_framed(browser, address):
    context = browser.new_context()
    answers = [context.request.get(f"{address}/en/charts/time/{place}").headers for place in ("", "embed/")]
    context.close()
    assert "frame-ancestors 'none'" in answers[0]["content-security-policy"]
    assert answers[0]["x-frame-options"] == "DENY"
    assert "frame-ancestors *" in answers[1]["content-security-policy"]
    assert "x-frame-options" not in answers[1]


def test_a_picture_s_text_takes_the_colour_that_a_reader_forces(browser, address):
    context = browser.new_context(forced_colors="active", color_scheme="dark")
    page = context.new_page()
    page.goto(f"{address}/en/charts/time.svg")
    colours = page.evaluate("[...document.querySelectorAll('text')].map(text => getComputedStyle(text).fill)")
    context.close()
    assert set(colours) == {"rgb(255, 255, 255)"}
