"""What a story and a page are put together from, in the editors' forms.

Promise: words are the only thing that is translated; what a number counts, and which chart is drawn, is the same in
every language. Fields of a number are those that its measure can have (`stories.source.MEASURES`), and no others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.validators import RegexValidator
from wagtail import blocks
from wagtail.fields import StreamField

from ctdc.hub.site.about.content import EXAMPLE, SHOWN
from ctdc.hub.site.stories.source import MEASURES, RULES, VERDICTS
from ctdc.hub.studio.editors import choices
from ctdc.hub.studio.web.texts import lazy_text, text


class Blocks(StreamField):  # type: ignore[misc]  # the library has no types
    """A stream whose blocks are no matter of the database: a changed label or list of codes is no migration."""

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """How a migration writes it: without its blocks."""
        name, _, _, kwargs = super().deconstruct()
        return name, "wagtail.fields.StreamField", [[]], kwargs | {"block_lookup": {}}


class Name(blocks.CharBlock):  # type: ignore[misc]
    """A name that a story gives to a number, or a page to a section: no word, and so never translated."""

    def get_translatable_segments(self, value: str) -> list[Any]:
        """Nothing."""
        return []


def _text(key: str, **options: Any) -> Any:
    """One paragraph of words."""
    return blocks.TextBlock(label=lazy_text(f"editors.block.{key}"), rows=3, required=False, **options)


def _line(key: str, **options: Any) -> Any:
    """One line of words."""
    return blocks.CharBlock(label=lazy_text(f"editors.block.{key}"), required=False, **options)


def _name(key: str, pattern: str = r"^[a-z_]+$") -> Any:
    check = RegexValidator(pattern, message=lazy_text(f"editors.block.{key}.pattern"))
    label, help_text = lazy_text(f"editors.block.{key}"), lazy_text(f"editors.block.{key}.help")
    return Name(label=label, help_text=help_text, max_length=60, validators=[check])


def _choice(key: str, of: Callable[[], Any], *, required: bool = True) -> Any:
    return blocks.ChoiceBlock(choices=of, label=lazy_text(f"editors.block.{key}"), required=required)


def _switch(key: str) -> Any:
    label, help_text = lazy_text(f"editors.block.{key}"), lazy_text(f"editors.block.{key}.help")
    return blocks.BooleanBlock(label=label, help_text=help_text, required=False)


# What each thing is that a measure can be given, in the order in which a form asks for it.
FIELDS: dict[str, Callable[[str, bool], Any]] = {
    "part": lambda measure, required: _choice("part", choices.people, required=required),
    "among": lambda measure, required: _choice("among", choices.people, required=required),
    "first": lambda measure, required: _name("first"),
    "second": lambda measure, required: _name("second"),
    "of": lambda measure, required: (
        _choice("study", choices.studies) if measure == "study" else _choice("of", choices.questions)
    ),
    "what": lambda measure, required: _choice("what", choices.figures),
    "place": lambda measure, required: blocks.IntegerBlock(
        label=lazy_text("editors.block.place"), min_value=1, default=1
    ),
    "as": lambda measure, required: _choice("as", lambda: [("count", text("editors.drawn.count"))], required=False),
    "within": lambda measure, required: _switch("within"),
    "counted": lambda measure, required: _switch("counted"),
}


def _number(measure: str) -> Any:
    """The form of a number of this measure."""
    required, optional = MEASURES[measure]
    children: list[tuple[str, Any]] = [("name", _name("name"))]
    if measure not in RULES:
        children.append(("called", _line("called", help_text=lazy_text("editors.block.called.help"))))
    children += [(key, make(measure, key in required)) for key, make in FIELDS.items() if key in required | optional]
    children += [("release", _choice("release", choices.releases, required=False)), ("required", _switch("required"))]
    label = lazy_text(f"editors.measure.{measure}")
    return blocks.StructBlock(children, label=label, icon="decimal", label_format="{name}", collapsed=True)


def numbers() -> Any:
    """The numbers of a story, one kind of block for each measure."""
    return blocks.StreamBlock([(measure, _number(measure)) for measure in MEASURES], required=False, collapsed=True)


def _chart() -> Any:
    children = [
        ("kind", _choice("kind", choices.kinds)),
        ("first", _choice("dimension", choices.questions)),
        ("second", _choice("dimension.second", choices.questions, required=False)),
        ("measure", _choice("measure", choices.drawn, required=False)),
        (
            "filter",
            blocks.ListBlock(_choice("code", choices.codes), label=lazy_text("editors.block.filter"), default=[]),
        ),
        ("release", _choice("release", choices.releases, required=False)),
        ("counted", _switch("counted")),
    ]
    return blocks.StructBlock(
        children, label=lazy_text("editors.block.chart"), icon="view", label_format="{kind} {first}"
    )


def parts() -> Any:
    """The body of a story, from top to bottom."""
    sentences = [(verdict, _text(f"verdict.{verdict}")) for verdict in VERDICTS]
    comparison = [("by", _name("by")), *sentences, ("leave_out", _switch("leave_out"))]
    return blocks.StreamBlock(
        [
            ("heading", _line("heading", icon="title")),
            (
                "text",
                blocks.StructBlock(
                    [("text", _text("text")), ("leave_out", _switch("leave_out"))],
                    label=lazy_text("editors.block.text"),
                    icon="pilcrow",
                    label_format="{text}",
                ),
            ),
            (
                "comparison",
                blocks.StructBlock(
                    comparison, label=lazy_text("editors.block.comparison"), icon="order", label_format="{by}"
                ),
            ),
            ("chart", _chart()),
        ],
        required=False,
    )


def sections() -> Any:
    """The sections of a page that is about the data."""
    body = blocks.StreamBlock(
        [
            ("text", _text("text", icon="pilcrow")),
            ("list", blocks.ListBlock(_text("item"), label=lazy_text("editors.block.list"), icon="list-ul")),
            ("example", blocks.StructBlock([(key, _text(f"example.{key}")) for key in EXAMPLE], icon="warning")),
            ("show", _choice("show", lambda: [(one, text(f"editors.show.{one}")) for one in SHOWN])),
        ],
        required=False,
        label=lazy_text("editors.block.body"),
    )
    children = [
        ("anchor", _name("anchor", r"^[a-z][a-z0-9-]*$")),
        ("heading", _line("heading")),
        ("body", body),
    ]
    label = lazy_text("editors.block.section")
    section = blocks.StructBlock(children, label=label, icon="title", label_format="{heading}", collapsed=True)
    return blocks.StreamBlock([("section", section)], required=False, collapsed=True)
