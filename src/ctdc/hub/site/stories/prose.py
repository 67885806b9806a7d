"""From a story's texts and a release's numbers to what a page shows, in one language.

Promise: a text appears only with all of its numbers; without one it says so or is left out, as the story has it. A
language that a story lacks is shown in the story's source language, as a whole and marked as such. Nothing here knows
HTML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from ctdc.hub.site.stories.numbers import CODE, PLAIN, POINTS, SHARE, TIMES, Numbers, Value
from ctdc.hub.site.stories.source import PLACEHOLDER, Bound, Part, Story, Words
from ctdc.release.numbers import END_ISOLATE, ISOLATE, number, number_range, percent, percent_range
from ctdc.release.texts import Catalogue
from ctdc.release.within import RECORDS
from ctdc.standard.languages import RIGHT_TO_LEFT

STORY_TEXTS = Catalogue(Path(__file__).parent / "texts")
NARROW = 0.01  # an interval of a share that is wider to one side makes a decimal meaningless


@dataclass(frozen=True)
class Shown:
    """A number, ready to print. name: within its story; address: its anchor on the page; query: for the explorer;
    label: what a rank names.
    """

    name: str
    called: str
    text: str
    interval: str
    bounded: bool
    query: str
    label: str = ""

    @property
    def anchor(self) -> str:
        """Where the number is explained on the story's page."""
        return f"number-{self.name.replace('_', '-')}"


@dataclass(frozen=True)
class Piece:
    """A stretch of a sentence: words or, where `shown` is set, a number. bare: without its interval."""

    text: str
    shown: Shown | None = None
    bare: bool = False


@dataclass(frozen=True)
class Paragraph:
    """A part of the body. kind: heading, text, few (a text that says what it cannot say) or chart; chart: which."""

    kind: str
    pieces: tuple[Piece, ...] = ()
    chart: Part | None = None


@dataclass(frozen=True)
class Told:
    """A story with its numbers, of one site. numbers: those of its release; values: by name."""

    story: Story
    numbers: Numbers
    values: Mapping[str, Value]

    @property
    def complete(self) -> bool:
        """Whether the release has what the story cannot do without."""
        return not any(self.values[name].absent for name in self.story.requires)

    def words(self, language: str) -> tuple[Words, str]:
        """The story's words, and the language that they are in."""
        there = language if language in self.story.words else self.story.source
        return self.story.words[there], there

    def shown(self, name: str, language: str, words: Words) -> Shown:
        """A number in a language. Raises KeyError for one that cannot be shown."""
        value = self.values[name]
        text, interval = texts_of(value, language)
        filters = () if self.story.numbers[name].of_rows else value.filter  # the explorer counts people
        query = urlencode([(variable, code) for variable, codes in filters for code in codes])
        return Shown(
            name,
            words.numbers.get(name, ""),
            text,
            interval,
            value.source == RECORDS,
            query,
            value.label.get(language, ""),
        )

    def body(self, language: str) -> list[Paragraph]:
        """What the page shows, from top to bottom; headings without anything below them are left out."""
        words, there = self.words(language)
        found: list[Paragraph] = []
        for part in self.story.parts:
            if part.kind == "heading":
                if found and found[-1].kind == "heading":
                    found.pop()
                found.append(Paragraph("heading", (Piece(words.headings[part.key]),)))
            elif part.kind == "chart":
                found.append(Paragraph("chart", chart=part))
            else:
                paragraph = self._paragraph(part, words, there)
                found += [paragraph] if paragraph else []
        return found[:-1] if found and found[-1].kind == "heading" else found

    def _paragraph(self, part: Part, words: Words, language: str) -> Paragraph | None:
        text = words.texts[part.key]
        if part.by and not self.values[part.by].there:
            return self._few([part.by], part, words, language)
        sentence = text if isinstance(text, str) else text[self.values[part.by].verdict]
        lacking = [found[1] for found in PLACEHOLDER.finditer(sentence) if not self.values[found[1]].there]
        if lacking:
            return self._few(lacking, part, words, language)
        return Paragraph("text", tuple(self._pieces(sentence, words, language)))

    def _few(self, lacking: Sequence[str], part: Part, words: Words, language: str) -> Paragraph | None:
        """What stands in the place of a text whose numbers are too few; nothing where there is no such question."""
        if not part.say or any(self.values[name].absent for name in lacking):
            return None
        called = "; ".join(dict.fromkeys(words.numbers[name] for name in lacking))
        if language == "ar":
            called = called.replace("; ", "؛ ")
        return Paragraph("few", (Piece(STORY_TEXTS.text(language, "stories.few", numbers=called)),))

    def _pieces(self, sentence: str, words: Words, language: str) -> list[Piece]:
        pieces, start = [], 0
        for found in PLACEHOLDER.finditer(sentence):
            pieces.append(Piece(sentence[start : found.start()]))
            shown = self.shown(found[1], language, words)
            label = self.values[found[1]].label.get(language, "")
            pieces.append(Piece(label) if found[2] == "label" else Piece("", shown, found[2] == "value"))
            start = found.end()
        return [*pieces, Piece(sentence[start:])]


def tell(story: Story, views: Mapping[str, Numbers]) -> Told | None:
    """The story with its numbers. views: of the site's releases by folder and id, and the newest as ``latest``.

    None when the site does not have the release that the story, or a number of it, is about.
    """
    charts = {part.chart["release"] for part in story.parts if part.chart and "release" in part.chart}
    if not {story.release, *charts, *(bound.release for bound in story.numbers.values())} <= views.keys():
        return None
    values: dict[str, Value] = {}
    for bound in story.numbers.values():
        values[bound.name] = views[bound.release].value(bound, values, story.numbers)
    return Told(story, views[story.release], values)


def texts_of(value: Value, language: str) -> tuple[str, str]:
    """The number and its interval as text; the interval is empty for what has no error, such as a year."""
    if value.unit == CODE:
        return value.code, ""
    if value.value is None:
        raise KeyError("a number that is too few to say has no text")
    if value.low == value.high:
        return _exact(value, language), ""
    digits = 1 if max(value.high - value.value, value.value - value.low) < NARROW else 0
    if value.unit == SHARE:
        return percent(language, value.value, digits), percent_range(language, value.low, value.high, digits)
    if value.unit == POINTS:
        ends = number_range(language, 100 * value.low, 100 * value.high, digits)
        return _points(language, 100 * value.value, digits), ends
    digits = 1 if value.unit == TIMES else 0
    between = "" if value.unit == PLAIN else number_range(language, value.low, value.high, digits)
    return number(language, value.value, digits), between


def _exact(value: Value, language: str) -> str:
    """A number without an error."""
    if value.value is None:
        raise KeyError("a number that is too few to say has no text")
    if value.unit == SHARE:
        return percent(language, value.value, 1)
    return _points(language, 100 * value.value, 1) if value.unit == POINTS else number(language, value.value)


def _points(language: str, points: float, digits: int) -> str:
    """A difference of shares with its unit; a minus sign stays before its number in right-to-left text too."""
    # A number with a decimal takes the form of many, whatever it is.
    unit = STORY_TEXTS.plural(language, "stories.points", 100 if digits else abs(round(points)))
    text = number(language, points, digits)
    text = f"{ISOLATE}{text}{END_ISOLATE}" if language in RIGHT_TO_LEFT else text
    return f"{text} {unit}"


def shown_bounds(story: Story) -> list[Bound]:
    """The numbers of a story that have an error, in order."""
    with_errors = ("count", "share", "difference", "ratio", "rank", "answered", "corridors")
    return [bound for bound in story.numbers.values() if bound.measure in with_errors]
