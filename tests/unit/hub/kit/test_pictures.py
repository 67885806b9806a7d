"""Map, corridors, lines and tables as pictures: places, lengths and shades follow the numbers, and all is there."""

import math
import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from ctdc.hub.site.brand import SHADES
from ctdc.hub.site.chart_pages import standard_charts
from ctdc.hub.site.charts import DRAWN_CORRIDORS
from ctdc.hub.site.frame import SITE_TEXTS
from ctdc.hub.site.kit import atlas, colours, flows, panels
from ctdc.hub.site.kit.book import ChartBook
from ctdc.hub.site.kit.geo import LATITUDES, WIDTH, equal_earth, read_geometry
from ctdc.hub.site.kit.spec import ChartSpec
from ctdc.hub.site.kit.svg import to_svg
from ctdc.hub.site.kit.tables import to_csv
from ctdc.hub.site.kit.value import Chart
from ctdc.hub.site.view import SiteRelease, read_release
from ctdc.release.numbers import number
from ctdc.standard.languages import LANGUAGES

pytestmark = pytest.mark.slow
SVG = "{http://www.w3.org/2000/svg}"
MAP, FLOWS = ChartSpec("map", ("place",)), ChartSpec("flows", ("origin", "place"))
LINES = ChartSpec("lines", ("gender", "year"))


@pytest.fixture(scope="module")
def view(site_release) -> SiteRelease:
    return read_release(site_release)


def chart(view: SiteRelease, spec: ChartSpec, language: str = "en") -> Chart:
    made = ChartBook.of(view).draw(spec, language)
    assert made is not None
    return made.chart


def test_equal_earth_has_the_published_corners_and_keeps_areas():
    x, y = equal_earth(180, 0)[0], equal_earth(0, 90)[1]
    assert (x, y) == (pytest.approx(2.70663, abs=1e-5), pytest.approx(1.31737, abs=1e-5))
    small = 1e-3
    for latitude in (0.0, 40.0, 70.0):
        wide = equal_earth(small, latitude)[0]
        high = equal_earth(0, latitude + small)[1] - equal_earth(0, latitude)[1]
        on_sphere = math.radians(small) ** 2 * math.cos(math.radians(latitude))
        assert wide * high == pytest.approx(on_sphere, rel=1e-3)


def test_every_code_has_a_place_on_the_map(view):
    areas = {area.code: area for area in read_geometry().areas}
    codes = {code.code for code in view.words["CountryOfExploitation"].codes}
    assert codes - set(areas) <= {"ATA"}
    assert "XKX" not in areas
    for area in areas.values():
        assert -1 <= area.point[0] <= WIDTH + 1
    assert areas["RUS"].size > areas["CHN"].size > areas["DEU"].size
    assert areas["FRA"].point[1] < areas["ZAF"].point[1] and areas["USA"].point[0] < areas["CHN"].point[0]
    assert LATITUDES[0] < 0 < LATITUDES[1]


def test_no_shape_spans_the_whole_map():
    """A ring that crosses longitude 180 is cut there and does not run back across the picture."""
    for area in read_geometry().areas:
        for steps in re.findall(r"l([^z]*)z", area.path):
            moves = [int(part) for part in re.findall(r"-?\d+", steps)][::2]
            assert max(map(abs, moves)) < WIDTH / 4, area.code


def test_shades_are_the_classes_of_the_legend_and_what_is_below_the_threshold_is_hatched(view):
    drawn = chart(view, MAP)
    steps = atlas.classes(drawn)
    assert [step.shade for step in steps] == list(range(SHADES - len(steps), SHADES))
    shapes = "".join(atlas.map_shapes(drawn))
    for row in drawn.rows:
        found = re.search(rf'<path class="([^"]*)"[^>]*><title>{re.escape(row.label)}: ', shapes)
        if found is None:
            continue
        if row.count is None:
            assert found[1] == "area few"
        else:
            shade = int(found[1].rpartition("-")[2])
            step = next(step for step in steps if step.shade == shade)
            above = [other.low for other in steps if other.low > step.low]
            assert step.low <= round(row.count.value) < min([*above, float("inf")])
    assert shapes.count('class="area few"') > 5 and shapes.count("shade-") > 5


SMALL_PLACES = ("SGP", "HKG", "BHR", "MLT", "MUS")


def with_small_places(view, parts, language="en"):
    """The map with numbers of small places that are parts of the largest of them, and a country with far more."""
    drawn = chart(view, MAP, language)
    said = next(row for row in drawn.rows if row.count)
    numbers = {"USA": 1_000_000.0} | {code: 900.0 * part for code, part in zip(SMALL_PLACES, parts, strict=False)}
    rows = [
        replace(said, of=((said.of[0][0], code),), label=code, count=replace(said.count, value=value))
        for code, value in numbers.items()
    ]
    return replace(drawn, rows=tuple(rows))


def radii(drawn):
    """Of the circles of a map, by label."""
    circles = re.findall(r'<circle [^>]*? r="([\d.]+)"[^>]*><title>(\w+): ', "".join(atlas.map_shapes(drawn)))
    return {label: float(radius) for radius, label in circles}


def test_circles_have_areas_in_proportion_among_small_places(view):
    """However many more people there are in a large country, which has no circle."""
    parts = 1.0, 0.5, 0.25, 0.1
    found = radii(with_small_places(view, parts))
    assert list(found) == list(SMALL_PLACES[:4])  # the largest first, or it would hide others
    assert found["SGP"] == atlas.LARGEST
    for code, part in zip(SMALL_PLACES, parts, strict=False):
        assert (found[code] / atlas.LARGEST) ** 2 == pytest.approx(part, abs=0.01)


def test_small_places_without_people_are_dots(view):
    """Where no number is withheld, the largest of them can be zero or, by its noise, below."""
    for part in (0.0, -0.1):
        assert radii(with_small_places(view, (part,))) == {"SGP": atlas.SMALLEST}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_legend_of_circles_says_what_is_drawn(view, language):
    even, uneven = with_small_places(view, (1.0, 0.5), language), with_small_places(view, (1.0, 0.5, 0.01), language)
    least = 900 * (atlas.SMALLEST / atlas.LARGEST) ** 2
    smallest = even.text("kit.map.smallest", least=number(language, least))
    for drawn in (even, uneven):
        note = atlas.circles_note(drawn)
        assert even.text("kit.map.small", largest=number(language, 900)) in note
        assert (smallest in note) == (drawn is uneven)
        assert note.split()[-1] in " ".join(ElementTree.fromstring(to_svg(drawn)).itertext())
    assert radii(uneven)["BHR"] == atlas.SMALLEST
    assert atlas.circles_note(with_small_places(view, (), language)) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_on_boundaries_is_in_every_picture_of_a_map(view, language):
    text = " ".join(ElementTree.fromstring(to_svg(chart(view, MAP, language))).itertext())
    words = {"en": "United Nations", "fr": "Nations Unies", "de": "Vereinten Nationen", "es": "Naciones Unidas"}
    assert words.get(language, "الأمم المتحدة") in text and "1244" in text


@pytest.mark.parametrize("filters", [{}, {"gender": ("Woman",)}], ids=["all", "some"])
def test_files_of_ranked_countries_say_who_shapes_them(view, filters):
    drawn = chart(view, ChartSpec("bars", ("origin",), filters))
    assert SITE_TEXTS.text("en", "chart.coverage") in drawn.notes


def test_bands_are_as_thick_as_their_numbers_and_edges_as_their_intervals(view):
    drawn = chart(view, FLOWS)
    most = max(quantity.high for _, quantity in flows.shown(drawn))
    for band in flows.bands(drawn):
        for value in (band.quantity.value, band.quantity.high):
            assert flows._thickness(drawn, value) == pytest.approx(flows.THICKEST * value / most)
    assert 5 < len(flows.bands(drawn)) <= DRAWN_CORRIDORS
    for side in (0, 1):
        edges = sorted(
            (middle - half, middle + half)
            for band in flows.bands(drawn)
            for middle in [band.end if side else band.start]
            for half in [flows._thickness(drawn, band.quantity.high) / 2]
        )
        assert all(one[1] <= two[0] + 1e-9 for one, two in pairwise(edges))


def test_corridors_run_from_the_right_in_arabic_and_the_map_does_not(view):
    left, right = (first_place(chart(view, FLOWS, language)) for language in ("en", "ar"))
    assert left < 300 < right
    shapes = ["".join(atlas.map_shapes(chart(view, MAP, language))) for language in ("en", "ar")]
    assert len({tuple(re.findall(r' d="([^"]*)"', text)) for text in shapes}) == 1


def first_place(drawn: Chart) -> float:
    root = ElementTree.fromstring(to_svg(drawn))
    return float(next(part for part in root.iter(f"{SVG}rect") if part.get("class") == "node").get("x"))


def test_a_line_s_points_and_bands_are_where_the_numbers_are(view):
    drawn = chart(view, LINES)
    rows = [row for row in drawn.rows if row.series == drawn.rows[0].series]
    plot = ElementTree.fromstring(f"<svg>{''.join(panels.line_plot(drawn, rows, 0.0, 10.0))}</svg>")
    shown = [row for row in rows if row.share]
    heights = [float(point.get("cy")) for point in plot.iter("circle")]
    assert heights == pytest.approx([10 + panels.PLOT * (1 - drawn.part(row.share.value)) for row in shown], abs=1e-3)
    ends = [float(pair.split(",")[1]) for band in plot.iter("polygon") for pair in band.get("points").split()]
    parts = sorted(part for row in shown for part in (row.share.low, row.share.high))
    assert sorted(ends, reverse=True) == pytest.approx(
        [10 + panels.PLOT * (1 - drawn.part(v)) for v in parts], abs=1e-3
    )
    assert [point.get("class") for point in plot.iter("circle")][-2:] == ["point late"] * 2
    told = [part.get("aria-label") for part in plot.iter() if part.get("role") == "listitem"]
    assert len(told) == len(rows)


@pytest.mark.parametrize("shade", range(SHADES))
def test_words_on_shades_can_be_read(shade):
    light, dark = sorted((luminance(colours.shade(shade)), luminance(colours.on_shade(shade))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_standard_chart_is_whole_and_has_its_own_page(site, view):
    found = standard_charts(view, "en")
    assert {made.chart.kind for made in found.values()} >= {
        "bars",
        "cross",
        "heat",
        "multiples",
        "lines",
        "map",
        "flows",
    }
    for name, made in found.items():
        ElementTree.fromstring(to_svg(made.chart))
        assert to_csv(made.chart).count(b"\r\n") == len(made.chart.rows) + 1
        page = (site / "en/charts" / name / "index.html").read_text()
        home, _, anchor = re.search(r'href="/en/([^"]*)">[^<]*</a></p>\s*</div>\s*</main>', page)[1].partition("#")
        assert (site / "en" / home / "index.html").read_text().count(f'id="{anchor}"') == 1
