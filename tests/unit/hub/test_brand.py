"""Colours and marks: what can be read is taken, everything else is refused with what was computed."""

from pathlib import Path

import pytest

from ctdc.foundation.errors import UserError
from ctdc.hub.site.brand import PAIRS, USUAL, brand, contrast, read_brand
from ctdc.hub.site.frame import HERE

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">{}</svg>'


def test_the_software_s_own_colours_are_those_of_the_style_sheet_and_can_be_read() -> None:
    style = (HERE / "assets" / "site.css").read_text(encoding="utf-8")
    for theme, colours in USUAL.items():
        for name, value in colours.items():
            assert f"--{name}: {value};" in style, (theme, name)
        for front, behind, least in PAIRS:
            assert contrast(colours[front], colours[behind]) >= least, (theme, front, behind)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")


def test_the_shipped_collaborative_has_no_brand_of_its_own() -> None:
    assert brand().style() == "" and brand().mark == ""


def test_colours_are_written_for_light_and_dark(tmp_path: Path) -> None:
    (tmp_path / "colours.toml").write_text('[light]\nlink = "#004488"\n[dark]\nlink = "#99ccff"\n')
    style = read_brand(tmp_path).style()
    assert ":root { --link: #004488; }" in style
    assert "(prefers-color-scheme: dark) { :root { --link: #99ccff; } }" in style


def test_what_is_chosen_for_light_screens_alone_is_not_on_dark_ones(tmp_path: Path) -> None:
    (tmp_path / "colours.toml").write_text('[light]\nlink = "#004488"\n')
    assert (
        f"(prefers-color-scheme: dark) {{ :root {{ --link: {USUAL['dark']['link']}; }} }}"
        in read_brand(tmp_path).style()
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[light]\nlink = "#cccccc"', "the contrast is 1.4"),
        ('[dark]\nlink = "#333333"', "[dark] link on paper"),
        ('[light]\ndeep = "#eeeeee"', "on-deep on deep"),
        ('[light]\nbar = "#0a0a0a"', "not on black"),
        ('[light]\nshade-1 = "#eef6f6"', "shade-1 is too near to shade-0"),
        ('[dark]\nshade-4 = "#12363d"', "on-shade on shade-4"),
        ('[light]\nshade-4 = "#0b3037"', "shade-5 is too near to shade-4"),
        ('[light]\nlink = "red"', "no colour"),
        ('[light]\nlink = "#FFF"', "no colour"),
        ('[light]\nlink = "#000000; } body { display: none"', "no colour"),
        ('[light]\nlinks = "#000000"', "unknown colour"),
        ('[night]\nlink = "#000000"', "no table 'night'"),
        ("[light", "not TOML"),
    ],
)
def test_other_colours_are_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "colours.toml").write_text(text)
    with pytest.raises(UserError) as caught:
        read_brand(tmp_path)
    assert said in caught.value.detail.what


def test_a_mark_of_shapes_is_taken(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(SVG.format('<g fill="#ffffff"><path d="M8 32a16 16 0 0 1 32 0z"/></g>'))
    found = read_brand(tmp_path)
    assert found.mark == '<g fill="#ffffff"><path d="M8 32a16 16 0 0 1 32 0z" /></g>'
    assert found.mark in found.icon()


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<path d="M0 0" onload="alert(1)"/>',
        '<a href="https://example.org"><path d="M0 0"/></a>',
        '<image href="https://example.org/x.png"/>',
        '<use href="#x"/>',
        "<style>path { fill: red }</style>",
        '<path d="M0 0" style="fill: red"/>',
        '<path d="M0 0" fill="url(https://example.org)"/>',
        '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>',
    ],
)
def test_a_mark_with_anything_else_is_refused(tmp_path: Path, inside: str) -> None:
    (tmp_path / "logo.svg").write_text(SVG.format(inside))
    with pytest.raises(UserError, match="The logo has an"):
        read_brand(tmp_path)


def test_what_is_no_svg_is_refused(tmp_path: Path) -> None:
    for text in ("<svg", "<html/>", '<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format(""), SVG.format(" " * 30_000)):
        (tmp_path / "logo.svg").write_text(text)
        with pytest.raises(UserError, match="logo"):
            read_brand(tmp_path)
