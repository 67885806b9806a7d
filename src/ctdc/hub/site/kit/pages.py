"""The pages of charts: for each one its page and the chart alone, ready for their templates.

Promise: a page's addresses follow from its language, its chart and the question that makes it only, so a chart keeps
them from release to release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctdc.hub.site.kit.files import ENDINGS
from ctdc.hub.site.kit.make import Made
from ctdc.hub.site.kit.value import KIT_TEXTS, Chart, safe_name
from ctdc.release.numbers import size


@dataclass(frozen=True)
class ChartLinks:
    """Leads from a chart on another page to its own. start, query: what is before and behind the chart's name in its
    address, below the language.
    """

    language: str
    start: str = "charts/"
    query: str = ""

    @property
    def label(self) -> str:
        """What the link says."""
        return KIT_TEXTS.text(self.language, "kit.link")

    def to(self, drawn_id: str) -> str:
        """The address of the page of a drawn chart."""
        return f"/{self.language}/{self.start}{safe_name(drawn_id)}/{self.query}"


@dataclass(frozen=True)
class ChartLink:
    """Leads from one chart on another page to where it can be taken from. label: what the link says."""

    label: str
    address: str

    def to(self, drawn_id: str) -> str:
        """The address, whatever the chart's id is on the page."""
        return self.address


@dataclass(frozen=True)
class Download:
    """A file of a chart, as its page offers it."""

    address: str
    name: str
    about: str
    size: str


def chart_context(made: Made, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the templates of a chart's page and of the chart alone are filled with. files: content by name."""
    chart = made.chart
    return {
        "heading": chart.title,
        "description": (chart.title, *chart.summary),
        "picture": picture_of(chart),
        "chart": chart,
        "made": made,
        "k": chart.text,
        "downloads": [_download(made, ending, files) for ending in ENDINGS],
        "embed": chart.embed,
        "shown_on": f"/{chart.language}/{made.home}" + ("" if "#" in made.home else f"#{made.drawn.id}"),
    }


def picture_of(chart: Chart) -> tuple[str, str]:
    """The address of a chart's picture, and what it is called."""
    return chart.file("png"), chart.title


def _download(made: Made, ending: str, files: Mapping[str, bytes]) -> Download:
    chart, name = made.chart, f"{made.chart.id}.{ending}"
    about = chart.text(f"kit.file.{ending.partition('.')[0]}")
    return Download(chart.file(ending), name, about, size(chart.language, len(files[name])))
