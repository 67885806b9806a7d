"""Plots are well-formed, tell what they show in words, and put marks where the figures belong."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from benchmarks.plot import Axis, Bar, Series, bars, lines, plain, ticks_of

SVG = "{http://www.w3.org/2000/svg}"


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def plot() -> ElementTree.Element:
    first = Series("a < b", ((1, 10.0), (2, 100.0), (3, 1000.0)))
    second = Series("other", ((1, 1000.0), (3, 10.0)), 1)
    return parsed(lines("T & t", "what it shows", [first, second], Axis("x", ticks=(1, 2, 3)), Axis("y", True)))


def test_a_plot_tells_what_it_shows_to_those_who_do_not_see_it():
    root = plot()
    assert root.attrib["role"] == "img"
    ids = root.attrib["aria-labelledby"].split()
    named = {each.attrib["id"]: each.text for each in root if "id" in each.attrib}
    assert [named[each] for each in ids] == ["T & t", "what it shows"]
    assert "a < b" in [text.text for text in root.iter(f"{SVG}text")]


def test_equal_ratios_are_equal_distances_on_a_logarithmic_axis():
    marks = [(float(mark.attrib["cx"]), float(mark.attrib["cy"])) for mark in plot().iter(f"{SVG}circle")][-3:]
    (x1, y1), (x2, y2), (x3, y3) = marks
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.11)
    assert y1 - y2 == pytest.approx(y2 - y3, abs=0.11)
    assert y1 > y2, "larger figures stand higher"


def test_series_differ_in_more_than_colour():
    root = plot()
    dashes = {each.attrib["style"].partition("dasharray:")[2] for each in root.iter(f"{SVG}polyline")}
    assert len(dashes) == 2
    assert list(root.iter(f"{SVG}circle"))
    assert list(root.iter(f"{SVG}polygon"))


def test_a_plot_fetches_nothing_and_knows_dark_pages():
    text = lines("t", "d", [Series("s", ((1, 2), (2, 3)))], Axis("x"), Axis("y"))
    assert "prefers-color-scheme: dark" in text
    assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "url(" not in text


def test_bars_grow_with_the_logarithm_and_carry_their_figures():
    groups = [("g", [Bar("one", 1.0, "1"), Bar("hundred", 100.0, "> 100"), Bar("none", None, "")])]
    root = parsed(bars("t", "d", groups))
    widths = [float(each.attrib["width"]) for each in root.iter(f"{SVG}rect") if "class" not in each.attrib]
    assert widths[1] > 100 * widths[0] > 0
    assert widths[2] == widths[0] == 2
    assert "> 100" in [text.text for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("low", "high", "logarithmic", "ticks"),
    [
        (0.002, 0.5, True, (0.001, 0.01, 0.1, 1)),
        (200, 500, True, (100, 200, 500, 1000)),
        (10, 10, True, (10, 20, 50, 100)),
        (0, 10, False, (0, 2, 4, 6, 8, 10)),
    ],
)
def test_ticks_are_round_and_enclose_the_figures(low, high, logarithmic, ticks):
    assert ticks_of(low, high, logarithmic) == pytest.approx(ticks)


def test_ticks_are_written_without_exponents():
    assert [plain(value) for value in (0.00001, 1.0, 10_000_000.0)] == ["0.00001", "1", "10,000,000"]


def test_nothing_to_plot_is_an_error():
    with pytest.raises(ValueError, match="nothing to plot"):
        lines("t", "d", [], Axis("x"), Axis("y"))
    with pytest.raises(ValueError, match="nothing to plot"):
        bars("t", "d", [("g", [Bar("none", None, "")])])
