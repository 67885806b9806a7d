"""Between what the database holds of a story or a page and the plain values that its files hold.

Promise: nothing is lost on the way there and back, and nothing else knows both sides: what is checked, previewed and
published are these values, by the same functions of the site that read them from files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ctdc.hub.site.stories.source import LINKED_ROWS, RULES, VERDICTS, known_groups
from ctdc.hub.studio.editors.choices import JOIN

if TYPE_CHECKING:
    from ctdc.hub.studio.editors.models import StoryPage, TextPage

_OF_FORM = ("name", "called", "required")  # what a form has beside what a number is given


# ---- a story ----------------------------------------------------------------------------------------------------


def number_values(measure: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """A number as ``story.yaml`` has it."""
    found: dict[str, Any] = {"measure": measure}
    for key, given in value.items():
        if key in _OF_FORM or given in (None, ""):
            continue
        if key == "counted":
            found |= {key: LINKED_ROWS} if given else {}
        elif key == "of" and measure != "study" and given not in known_groups():
            found[key] = [given]  # a variable: a list of those of which a release has one
        else:
            found[key] = given
    return found


def chart_values(value: Mapping[str, Any]) -> dict[str, Any]:
    """A chart as ``story.yaml`` has it."""
    found: dict[str, Any] = {
        "kind": value["kind"],
        "dimensions": [one for one in (value["first"], value["second"]) if one],
    }
    found |= {key: value[key] for key in ("measure", "release") if value.get(key)}
    found |= {"counted": LINKED_ROWS} if value.get("counted") else {}
    chosen: dict[str, list[str]] = {}
    for one in value.get("filter") or []:
        name, _, code = one.partition(JOIN)
        chosen.setdefault(name, []).append(code)
    return found | ({"filter": chosen} if chosen else {})


def part_values(kind: str, key: str, value: Any) -> dict[str, Any]:
    """A part of the body as ``story.yaml`` has it. key: under which its words stand."""
    if kind == "chart":
        return {"chart": chart_values(value)}
    if kind == "heading":
        return {"heading": key}
    found = {"text": key} | ({"by": value["by"]} if kind == "comparison" else {})
    return found | ({"without": "leave out"} if value["leave_out"] else {})


def story_values(page: StoryPage, sisters: list[str]) -> dict[str, Any]:
    """A story as ``story.yaml`` has it. sisters: names of the stories beside it that the site has."""
    numbers = {child.value["name"]: number_values(child.block_type, child.value) for child in page.numbers}
    found: dict[str, Any] = {
        "category": page.category,
        "analysis": page.analysis,
        "sisters": sisters,
        "reviewed": page.reviewed,
        "source": page.locale.language_code,
        "headline": page.headline,
        "requires": [child.value["name"] for child in page.numbers if child.value["required"]],
        "numbers": numbers,
        "parts": [part_values(child.block_type, child.id, child.value) for child in page.parts],
        "notes": list(page.notes),
    }
    return found | ({"release": page.release} if page.release else {})


def part_words(kind: str, value: Any) -> Any:
    """The words of a heading or a text."""
    if kind == "heading":
        return value
    return {verdict: value[verdict] for verdict in VERDICTS} if kind == "comparison" else value["text"]


def story_words(page: StoryPage, source: StoryPage | None = None) -> dict[str, Any] | None:
    """The words of a page as ``LANGUAGE.yaml`` has them, for the parts of `source`; None where the page lacks one."""
    source = source or page
    parts = {child.id: child for child in page.parts}
    called = {child.id: child.value.get("called", "") for child in page.numbers}
    words: dict[str, Any] = {"title": page.title, "summary": page.summary, "headings": {}, "texts": {}, "numbers": {}}
    for child in source.parts:
        own = parts.get(child.id)
        if child.block_type == "chart":
            continue
        if own is None or own.block_type != child.block_type:
            return None
        place = words["headings" if child.block_type == "heading" else "texts"]
        place[child.id] = part_words(own.block_type, own.value)
    for child in source.numbers:
        if child.block_type in RULES:
            continue
        if child.id not in called:
            return None
        words["numbers"][child.value["name"]] = called[child.id]
    return words


# ---- from files -------------------------------------------------------------------------------------------------


def number_blocks(raw: Mapping[str, Any], words: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The stream of a story's numbers, in the order in which its words list them, as its page does."""
    order = {name: position for position, name in enumerate(words["numbers"])}
    for name, entry in sorted(raw["numbers"].items(), key=lambda item: order.get(item[0], -1)):
        value = {key: given for key, given in entry.items() if key != "measure"}
        value |= {"name": name, "called": words["numbers"].get(name, ""), "required": name in raw.get("requires", [])}
        value["counted"] = entry.get("counted") == LINKED_ROWS
        if isinstance(entry.get("of"), list):
            value["of"] = entry["of"][0]
        yield _block(entry["measure"], value)


def part_blocks(raw: Mapping[str, Any], words: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The stream of a story's body."""
    for entry in raw["parts"]:
        if "chart" in entry:
            yield _block("chart", _chart_value(entry["chart"]))
        elif "heading" in entry:
            yield _block("heading", words["headings"][entry["heading"]])
        else:
            said, leave_out = words["texts"][entry["text"]], entry.get("without") == "leave out"
            if "by" in entry:
                yield _block("comparison", {"by": entry["by"], **said, "leave_out": leave_out})
            else:
                yield _block("text", {"text": said, "leave_out": leave_out})


def _chart_value(chart: Mapping[str, Any]) -> dict[str, Any]:
    first, second = (*chart["dimensions"], "")[:2]
    found = {key: chart.get(key, "") for key in ("kind", "measure", "release")}
    given = {name: [codes] if isinstance(codes, str) else codes for name, codes in chart.get("filter", {}).items()}
    chosen = [f"{name}{JOIN}{code}" for name, codes in given.items() for code in codes]
    return found | {
        "first": first,
        "second": second,
        "filter": chosen,
        "counted": chart.get("counted") == LINKED_ROWS,
    }


# ---- a page about the data --------------------------------------------------------------------------------------


def page_values(page: TextPage) -> dict[str, Any]:
    """A page as its file has it."""
    sections = []
    for child in page.sections:
        body = [_body(one.block_type, one.value) for one in child.value["body"]]
        sections.append({"id": child.value["anchor"], "heading": child.value["heading"], "body": body})
    return {"nav": page.nav, "title": page.title, "lead": page.lead, "sections": sections}


def _body(kind: str, value: Any) -> Any:
    if kind == "text":
        return value
    if kind == "list":
        return {"list": list(value)}
    return {kind: dict(value) if kind == "example" else value}


def section_blocks(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The stream of a page's sections, of what its file holds."""
    return [
        _block(
            "section",
            {
                "anchor": section["id"],
                "heading": section["heading"],
                "body": [_body_block(entry) for entry in section["body"]],
            },
        )
        for section in raw["sections"]
    ]


def _body_block(entry: Any) -> dict[str, Any]:
    if isinstance(entry, str):
        return _block("text", entry)
    ((kind, value),) = entry.items()
    return _block(kind, [_block("item", one) for one in value] if kind == "list" else value)


def _block(kind: str, value: Any) -> dict[str, Any]:
    """A block as a stream stores it. By its id the same block is found again in other languages."""
    return {"type": kind, "value": value, "id": str(uuid4())}
