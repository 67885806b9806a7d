"""A mistake is said at its field, in the editor's language, by the rules of the site."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.translation import override

from ctdc.hub.site.stories.source import CHARTS, CONTENT, MEASURES, StoryFault, read_stories
from ctdc.hub.studio.editors import blocks, choices
from ctdc.hub.studio.editors.checking import form_errors, whole_story
from ctdc.hub.studio.editors.models import StoryPage
from ctdc.hub.studio.web.texts import text
from ctdc.standard.languages import LANGUAGES

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
Change = Callable[[StoryPage], Any]


def child(stream: Any, kind: str, at: int = 0) -> Any:
    """A block of a stream."""
    return [one for one in stream if one.block_type == kind][at]


def put(stream: str, kind: str, name: str, value: Any) -> Change:
    """A change of a field of the first block of a kind."""

    def change(story: StoryPage) -> None:
        child(getattr(story, stream), kind).value[name] = value

    return change


@pytest.mark.parametrize(
    ("change", "field", "inside", "key"),
    [
        (lambda story: setattr(story, "title", "The 3 of them"), "title", (), "figure"),
        (lambda story: setattr(story, "summary", " "), "summary", (), "empty"),
        (lambda story: setattr(story, "summary", "Of {nosuch}"), "summary", (), "unbound"),
        (lambda story: setattr(story, "slug", "Story_1"), "slug", (), "form"),
        (lambda story: setattr(story, "headline", "wimmen"), "headline", (), "unknown"),
        (lambda story: setattr(story, "category", "people"), "category", (), "choose"),
        (put("parts", "text", "text", "Of ٧ women"), "parts", ("text",), "figure"),
        (put("parts", "text", "text", "Of {wimmen}"), "parts", ("text",), "unknown"),
        (put("parts", "text", "text", "Of {women.size}"), "parts", ("text",), "brace"),
        (put("parts", "comparison", "smaller", ""), "parts", ("smaller",), "empty"),
        (put("parts", "comparison", "by", "women"), "parts", ("by",), "comparison"),
        (put("parts", "chart", "second", "gender"), "parts", ("first",), "dimensions"),
        (put("numbers", "share", "part", ""), "numbers", ("part",), "missing"),
        (put("numbers", "share", "called", "Women in 2024"), "numbers", ("called",), "figure"),
        (put("numbers", "difference", "first", "nobody"), "numbers", ("first",), "unknown"),
        (put("numbers", "difference", "name", "women"), "numbers", ("name",), "twice"),
    ],
)
def test_a_mistake_is_said_at_its_field(
    story: StoryPage, change: Change, field: str, inside: tuple[str, ...], key: str
) -> None:
    assert story.faults() == []
    change(story)
    (fault, *_) = (one for one in story.faults() if one.path[0] == field)
    assert fault.path[0] == field
    assert fault.path[2:] == inside
    start = text(f"editors.fault.{key}", named="@", allowed="@").split("@")[0]
    assert fault.message.startswith(start or "“")
    errors = dict(form_errors(story, story.faults()))
    assert field in errors


def test_a_text_that_takes_no_numbers_says_so_and_lists_none(story: StoryPage) -> None:
    story.summary = "Of {nosuch}"
    for language in LANGUAGES:
        with override(language):
            (fault,) = story.faults()
            assert fault.message == text("editors.fault.unbound", named="nosuch")
            assert "nosuch" in fault.message and " ." not in fault.message


def test_it_is_said_in_the_language_of_whoever_reads(story: StoryPage) -> None:
    story.title = "The 3 of them"
    said = set()
    for language in LANGUAGES:
        with override(language):
            said.add(story.faults()[0].message)
    assert len(said) == len(LANGUAGES)


def test_what_has_no_mistake_is_a_story_of_the_site(story: StoryPage) -> None:
    whole_story(story)
    child(story.parts, "text").value["text"] = "In 2024"
    with pytest.raises(StoryFault, match="A figure is typed"):
        whole_story(story)


def test_forms_offer_what_the_site_can_read() -> None:
    assert set(blocks.numbers().child_blocks) == set(MEASURES)
    for measure, (required, optional) in MEASURES.items():
        offered = set(blocks.numbers().child_blocks[measure].child_blocks)
        assert required | optional <= offered, measure
    assert {kind for kind, _ in choices.kinds()} == set(CHARTS)
    terms, _ = read_stories(CONTENT)
    assert {name for name, _ in choices.people()} == set(terms)
    for language in LANGUAGES:
        with override(language):
            for offered in (choices.people(), choices.questions(), choices.notes(), choices.kinds()):
                assert all(label.strip() for _, label in offered)
